"""Text classification: the task, its heads and its preprocessor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._lazy import attach

if TYPE_CHECKING:
    from modelry.tasks.text_classifier.heads import AttentionPoolHead as AttentionPoolHead
    from modelry.tasks.text_classifier.heads import ClassifierHead as ClassifierHead
    from modelry.tasks.text_classifier.heads import FirstTokenHead as FirstTokenHead
    from modelry.tasks.text_classifier.heads import LastTokenHead as LastTokenHead
    from modelry.tasks.text_classifier.heads import MaxPoolHead as MaxPoolHead
    from modelry.tasks.text_classifier.heads import MeanPoolHead as MeanPoolHead
    from modelry.tasks.text_classifier.heads import PooledHead as PooledHead
    from modelry.tasks.text_classifier.heads import PooledOutputHead as PooledOutputHead
    from modelry.tasks.text_classifier.preprocessor import TextClassifierPreprocessor as TextClassifierPreprocessor
    from modelry.tasks.text_classifier.spec import TextClassifierSpec as TextClassifierSpec
    from modelry.tasks.text_classifier.task import TextClassifier as TextClassifier

_PUBLIC = {
    "AttentionPoolHead": "modelry.tasks.text_classifier.heads:AttentionPoolHead",
    "ClassifierHead": "modelry.tasks.text_classifier.heads:ClassifierHead",
    "FirstTokenHead": "modelry.tasks.text_classifier.heads:FirstTokenHead",
    "LastTokenHead": "modelry.tasks.text_classifier.heads:LastTokenHead",
    "MaxPoolHead": "modelry.tasks.text_classifier.heads:MaxPoolHead",
    "MeanPoolHead": "modelry.tasks.text_classifier.heads:MeanPoolHead",
    "PooledHead": "modelry.tasks.text_classifier.heads:PooledHead",
    "PooledOutputHead": "modelry.tasks.text_classifier.heads:PooledOutputHead",
    "TextClassifier": "modelry.tasks.text_classifier.task:TextClassifier",
    "TextClassifierPreprocessor": "modelry.tasks.text_classifier.preprocessor:TextClassifierPreprocessor",
    "TextClassifierSpec": "modelry.tasks.text_classifier.spec:TextClassifierSpec",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = attach(__name__, _PUBLIC)
