"""ModernBERT for text classification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.tasks.text_classifier import FirstTokenHead, TextClassifier
from modelry_modernbert.backbone import ModernBertBackbone
from modelry_modernbert.text import ModernBertTextClassifierPreprocessor

if TYPE_CHECKING:
    from collections.abc import Mapping


class ModernBertTextClassifier(TextClassifier):
    """A `TextClassifier` with ModernBERT's backbone, preprocessor and head: `[CLS]`, a GELU layer, a norm, scores.

    Reference: [Warner et al., 2024](https://arxiv.org/abs/2412.13663).
    """

    backbone_cls = ModernBertBackbone
    preprocessor_cls = ModernBertTextClassifierPreprocessor
    head_cls = FirstTokenHead
    head_options: ClassVar[Mapping[str, Any]] = {
        "dropout": 0.0,
        "hidden_activation": "gelu",
        "hidden_dropout": 0.0,
        "hidden_bias": False,
        "hidden_norm": 1e-5,
    }
