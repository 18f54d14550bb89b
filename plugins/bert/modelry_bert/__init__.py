"""BERT for modelry.

Reference: [Devlin et al., 2018](https://arxiv.org/abs/1810.04805).
"""

import modelry  # noqa: F401 - chooses a Keras backend before the modules below import Keras
from modelry_bert.backbone import BertBackbone
from modelry_bert.head import BertClassificationHead
from modelry_bert.preprocessor import BertTextClassifierPreprocessor
from modelry_bert.text_classifier import BertTextClassifier
from modelry_bert.tokenizer import BertTokenizer

__all__ = [
    "BertBackbone",
    "BertClassificationHead",
    "BertTextClassifier",
    "BertTextClassifierPreprocessor",
    "BertTokenizer",
]
