"""ALBERT for modelry.

Reference: [Lan et al., 2019](https://arxiv.org/abs/1909.11942).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import lazy_exports

if TYPE_CHECKING:
    from modelry_albert.backbone import AlbertBackbone as AlbertBackbone
    from modelry_albert.text import AlbertTextClassifierPreprocessor as AlbertTextClassifierPreprocessor
    from modelry_albert.text import AlbertTokenizer as AlbertTokenizer
    from modelry_albert.text_classifier import AlbertTextClassifier as AlbertTextClassifier

__getattr__, __dir__ = lazy_exports(__name__)
