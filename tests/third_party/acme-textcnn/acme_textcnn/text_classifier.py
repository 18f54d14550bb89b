"""The classifier."""

from modelry.models import PooledOutputHead, TextClassifier

from acme_textcnn.backbone import TextCnnBackbone
from acme_textcnn.text import TextCnnPreprocessor


class TextCnnTextClassifier(TextClassifier):
    """Classifies by the strongest response of each filter."""

    backbone_cls = TextCnnBackbone
    preprocessor_cls = TextCnnPreprocessor
    head_cls = PooledOutputHead
    learning_rate = 2e-3
