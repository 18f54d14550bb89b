"""The classifier."""

from __future__ import annotations

from modelry import TextClassifier
from modelry_bow.backbone import BowBackbone
from modelry_bow.preprocessor import BowTextClassifierPreprocessor


class BowTextClassifier(TextClassifier):
    """Classifies by the mean of the embeddings, as `TextClassifier` does unless `head_cls` says otherwise."""

    backbone_cls = BowBackbone
    preprocessor_cls = BowTextClassifierPreprocessor
    learning_rate = 1e-2
