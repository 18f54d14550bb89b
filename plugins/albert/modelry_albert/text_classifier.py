"""ALBERT for text classification."""

from __future__ import annotations

from modelry.tasks.text_classifier import PooledOutputHead, TextClassifier
from modelry_albert.backbone import AlbertBackbone
from modelry_albert.text import AlbertTextClassifierPreprocessor


class AlbertTextClassifier(TextClassifier):
    """A `TextClassifier` with ALBERT's backbone, preprocessor and head as defaults.

    Reference: [Lan et al., 2019](https://arxiv.org/abs/1909.11942).
    """

    keras_hub_class = "AlbertTextClassifier"
    backbone_cls = AlbertBackbone
    preprocessor_cls = AlbertTextClassifierPreprocessor
    head_cls = PooledOutputHead
    learning_rate = 1e-5
