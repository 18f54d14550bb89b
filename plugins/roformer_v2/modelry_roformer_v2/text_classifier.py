"""RoFormer-V2 for text classification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.tasks.text_classifier import FirstTokenHead, TextClassifier
from modelry_roformer_v2.backbone import RoformerV2Backbone
from modelry_roformer_v2.text import RoformerV2TextClassifierPreprocessor

if TYPE_CHECKING:
    from collections.abc import Mapping


class RoformerV2TextClassifier(TextClassifier):
    """A `TextClassifier` with RoFormer-V2's backbone, preprocessor and head: `[CLS]`, a tanh layer, scores.

    Reference: [Su et al., 2021](https://arxiv.org/abs/2104.09864).
    """

    keras_hub_class = "RoformerV2TextClassifier"
    backbone_cls = RoformerV2Backbone
    preprocessor_cls = RoformerV2TextClassifierPreprocessor
    head_cls = FirstTokenHead
    head_options: ClassVar[Mapping[str, Any]] = {"dropout": 0.0, "hidden_activation": "tanh"}
