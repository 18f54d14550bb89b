"""DeBERTa-v3 for text classification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from modelry.tasks.text_classifier import FirstTokenHead, TextClassifier
from modelry_deberta_v3.backbone import DebertaV3Backbone
from modelry_deberta_v3.text import DebertaV3TextClassifierPreprocessor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.backbones import Backbone


class DebertaV3TextClassifier(TextClassifier):
    """A `TextClassifier` with DeBERTa-v3's backbone, preprocessor and head as defaults.

    Reference: [He et al., 2021](https://arxiv.org/abs/2111.09543).

    Its `dropout` acts before the hidden layer of the head; after it acts that of the backbone, as in KerasHub.
    """

    keras_hub_class = "DebertaV3TextClassifier"
    backbone_cls = DebertaV3Backbone
    preprocessor_cls = DebertaV3TextClassifierPreprocessor
    head_cls = FirstTokenHead
    head_options: ClassVar[Mapping[str, Any]] = {"hidden_activation": "gelu"}

    @classmethod
    def head_arguments(cls, backbone: Backbone, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments with which `head_cls` is called; see `TextClassifier.head_arguments`."""
        dropout = cast("DebertaV3Backbone", backbone).dropout
        rates = {"hidden_dropout": given.get("dropout", 0.0), "dropout": dropout}
        return {**super().head_arguments(backbone, given), **rates}

    @property
    def dropout(self) -> float:
        """The rate of dropout before the hidden layer of the head; in it, for a head without one."""
        before = getattr(self.head, "hidden_dropout", None)
        return self.head.dropout if before is None else before
