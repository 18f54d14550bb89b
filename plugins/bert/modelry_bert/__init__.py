"""BERT for modelry.

Reference: [Devlin et al., 2018](https://arxiv.org/abs/1810.04805).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import lazy_exports

if TYPE_CHECKING:
    from modelry_bert.backbone import BertBackbone as BertBackbone
    from modelry_bert.text import BertTextClassifierPreprocessor as BertTextClassifierPreprocessor
    from modelry_bert.text import BertTokenizer as BertTokenizer
    from modelry_bert.text_classifier import BertClassificationHead as BertClassificationHead
    from modelry_bert.text_classifier import BertTextClassifier as BertTextClassifier

__getattr__, __dir__ = lazy_exports(__name__)
