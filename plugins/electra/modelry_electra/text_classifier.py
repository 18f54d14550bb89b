"""ELECTRA for text classification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.tasks.text_classifier import FirstTokenHead, TextClassifier
from modelry_electra.backbone import ElectraBackbone
from modelry_electra.text import ElectraTextClassifierPreprocessor

if TYPE_CHECKING:
    from collections.abc import Mapping


class ElectraTextClassifier(TextClassifier):
    """A `TextClassifier` with ELECTRA's backbone, preprocessor and head: `[CLS]`, a GELU layer, scores.

    Reference: [Clark et al., 2020](https://arxiv.org/abs/2003.10555).
    """

    backbone_cls = ElectraBackbone
    preprocessor_cls = ElectraTextClassifierPreprocessor
    head_cls = FirstTokenHead
    head_options: ClassVar[Mapping[str, Any]] = {"hidden_activation": "gelu"}
