"""ESM, a language model of proteins, for modelry.

Reference: [Lin et al., 2023](https://doi.org/10.1126/science.ade2574).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import lazy_exports

if TYPE_CHECKING:
    from modelry_esm.backbone import ESMBackbone as ESMBackbone
    from modelry_esm.protein import ESMProteinClassifierPreprocessor as ESMProteinClassifierPreprocessor
    from modelry_esm.protein import ESMTokenizer as ESMTokenizer
    from modelry_esm.protein_classifier import ESMProteinClassifier as ESMProteinClassifier

__getattr__, __dir__ = lazy_exports(__name__)
