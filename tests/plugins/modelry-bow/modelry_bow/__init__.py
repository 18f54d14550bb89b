"""Bags of embeddings for modelry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import lazy_exports

if TYPE_CHECKING:
    from modelry_bow.backbone import BowBackbone as BowBackbone
    from modelry_bow.preprocessor import BowTextClassifierPreprocessor as BowTextClassifierPreprocessor
    from modelry_bow.text_classifier import BowTextClassifier as BowTextClassifier

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "BowBackbone": "backbone",
        "BowTextClassifier": "text_classifier",
        "BowTextClassifierPreprocessor": "preprocessor",
    },
)
