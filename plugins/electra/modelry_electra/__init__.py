"""ELECTRA for modelry.

Reference: [Clark et al., 2020](https://arxiv.org/abs/2003.10555).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import lazy_exports

if TYPE_CHECKING:
    from modelry_electra.backbone import ElectraBackbone as ElectraBackbone
    from modelry_electra.text import ElectraTextClassifierPreprocessor as ElectraTextClassifierPreprocessor
    from modelry_electra.text import ElectraTokenizer as ElectraTokenizer
    from modelry_electra.text_classifier import ElectraTextClassifier as ElectraTextClassifier

__getattr__, __dir__ = lazy_exports(__name__)
