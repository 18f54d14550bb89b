"""RoBERTa and XLM-RoBERTa for text classification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.tasks.text_classifier import FirstTokenHead, TextClassifier
from modelry_roberta.backbone import RobertaBackbone, XLMRobertaBackbone
from modelry_roberta.text import RobertaTextClassifierPreprocessor, XLMRobertaTextClassifierPreprocessor

if TYPE_CHECKING:
    from collections.abc import Mapping


class RobertaTextClassifier(TextClassifier):
    """A `TextClassifier` with RoBERTa's backbone, preprocessor and head: `<s>`, a tanh layer, scores.

    Reference: [Liu et al., 2019](https://arxiv.org/abs/1907.11692).
    """

    keras_hub_class = "RobertaTextClassifier"
    backbone_cls = RobertaBackbone
    preprocessor_cls = RobertaTextClassifierPreprocessor
    head_cls = FirstTokenHead
    head_options: ClassVar[Mapping[str, Any]] = {"dropout": 0.0, "hidden_activation": "tanh"}


class XLMRobertaTextClassifier(RobertaTextClassifier):
    """A `TextClassifier` with XLM-RoBERTa's backbone and preprocessor, and RoBERTa's head.

    Reference: [Conneau et al., 2019](https://arxiv.org/abs/1911.02116).
    """

    keras_hub_class = "XLMRobertaTextClassifier"
    backbone_cls = XLMRobertaBackbone
    preprocessor_cls = XLMRobertaTextClassifierPreprocessor
