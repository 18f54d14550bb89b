"""DistilBERT for text classification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.tasks.text_classifier import FirstTokenHead, TextClassifier
from modelry_distil_bert.backbone import DistilBertBackbone
from modelry_distil_bert.text import DistilBertTextClassifierPreprocessor

if TYPE_CHECKING:
    from collections.abc import Mapping


class DistilBertTextClassifier(TextClassifier):
    """A `TextClassifier` with DistilBERT's backbone and preprocessor as defaults.

    The head is a ReLU layer on the first token's state, which dropout follows, and one that scores.

    Reference: [Sanh et al., 2019](https://arxiv.org/abs/1910.01108).
    """

    keras_hub_class = "DistilBertTextClassifier"
    backbone_cls = DistilBertBackbone
    preprocessor_cls = DistilBertTextClassifierPreprocessor
    head_cls = FirstTokenHead
    head_options: ClassVar[Mapping[str, Any]] = {"dropout": 0.2, "hidden_activation": "relu", "hidden_dropout": 0.0}
