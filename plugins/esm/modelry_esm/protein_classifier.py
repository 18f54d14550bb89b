"""ESM for the classification of proteins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.tasks.text_classifier import FirstTokenHead, TextClassifier
from modelry_esm.backbone import ESMBackbone
from modelry_esm.protein import ESMProteinClassifierPreprocessor

if TYPE_CHECKING:
    from collections.abc import Mapping


class ESMProteinClassifier(TextClassifier):
    """A `TextClassifier` whose texts are proteins, with ESM's backbone, preprocessor and head as defaults.

    The head is a tanh layer on the first token's state, and one that scores.

    Reference: [Lin et al., 2023](https://doi.org/10.1126/science.ade2574).
    """

    keras_hub_class = "ESMProteinClassifier"
    backbone_cls = ESMBackbone
    preprocessor_cls = ESMProteinClassifierPreprocessor
    head_cls = FirstTokenHead
    head_options: ClassVar[Mapping[str, Any]] = {"dropout": 0.0, "hidden_activation": "tanh"}
