"""DistilBERT for modelry.

Reference: [Sanh et al., 2019](https://arxiv.org/abs/1910.01108).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import lazy_exports

if TYPE_CHECKING:
    from modelry_distil_bert.backbone import DistilBertBackbone as DistilBertBackbone
    from modelry_distil_bert.text import (
        DistilBertTextClassifierPreprocessor as DistilBertTextClassifierPreprocessor,
    )
    from modelry_distil_bert.text import DistilBertTokenizer as DistilBertTokenizer
    from modelry_distil_bert.text_classifier import DistilBertTextClassifier as DistilBertTextClassifier

__getattr__, __dir__ = lazy_exports(__name__)
