"""Classifiers: one that keeps its contract, and others with a fault each."""

from __future__ import annotations

import itertools
from typing import Any

import acme_models
import acme_text
import numpy as np

from modelry import TextClassifier
from modelry.errors import InputError
from modelry.tasks.text_classifier import ClassifierHead


class GoodClassifier(TextClassifier):
    backbone_cls = acme_models.Good
    preprocessor_cls = acme_text.GoodPreprocessor
    head_cls = acme_models.GoodHead


class IsMisnamed(GoodClassifier):
    pass


class LosesLabels(GoodClassifier):
    def __init__(self, backbone, num_classes=None, preprocessor=None, labels=None, **kwargs: Any) -> None:
        super().__init__(backbone, num_classes, preprocessor, **kwargs)


class LosesProblemType(GoodClassifier):
    def __init__(self, backbone, num_classes=None, preprocessor=None, problem_type=None, **kwargs: Any) -> None:
        super().__init__(backbone, num_classes, preprocessor, **kwargs)


class SwallowsTaskArguments(GoodClassifier):
    def __init__(self, backbone, num_classes=None, preprocessor=None, **kwargs: Any) -> None:
        kwargs.pop("no_such_argument", None)
        super().__init__(backbone, num_classes, preprocessor, **kwargs)


class LearnsNothing(GoodClassifier):
    def fit(self, *arguments, **options):
        weights = self.get_weights()
        history = super().fit(*arguments, **options)
        history.history["loss"] = [1.0] * len(history.history["loss"])
        self.set_weights(weights)
        return history


class MixesScores(GoodClassifier):
    def predict(self, x, *arguments, **options):
        scores = super().predict(x, *arguments, **options)
        return scores + scores.mean(axis=0)


class PredictsOtherwise(GoodClassifier):
    def predict(self, *arguments, **options):
        return super().predict(*arguments, **options) + 1


class DoublesHalfPrecision(GoodClassifier):
    def predict(self, *arguments, **options):
        return super().predict(*arguments, **options) * (
            2 if self.backbone.dtype_policy.compute_dtype == "bfloat16" else 1
        )


class AnswersAnything(GoodClassifier):
    def predict(self, x, *arguments, **options):
        return super().predict(["film"] if x is None else x, *arguments, **options)


class ForgetsAdapters(GoodClassifier):
    def save_adapter(self, *arguments, **options):
        super().save_adapter(*arguments, **options)
        self.backbone.dense.lora_kernel_b.assign(self.backbone.dense.lora_kernel_b + 1.0)
        self.variables_changed()


class BreaksInInt8(GoodClassifier):
    def predict(self, *arguments, **options):
        scores = super().predict(*arguments, **options)
        return scores * np.nan if any(one.dtype == "int8" for one in self.variables) else scores


class IgnoresBackbones(GoodClassifier):
    @classmethod
    def from_preset(cls, preset, load_weights=True, **overrides):
        return super().from_preset(preset, load_weights and "num_classes" not in overrides, **overrides)


class LosesEmptyTexts(GoodClassifier):
    def predict(self, x, *arguments, **options):
        scores = super().predict(x, *arguments, **options)
        return np.where(np.array([bool(text) for text in x])[:, None], scores, np.nan)


class MixesPairs(GoodClassifier):
    def predict(self, x, *arguments, **options):
        scores = super().predict(x, *arguments, **options)
        return scores + scores.mean(axis=0) if isinstance(x, tuple) else scores


class SumsTheLoss(GoodClassifier):
    def evaluate(self, x, *arguments, **options):
        found = super().evaluate(x, *arguments, **options)
        return {"loss": found["loss"] * len(x)}


class TakesAnyLabel(GoodClassifier):
    def evaluate(self, *arguments, **options):
        try:
            return super().evaluate(*arguments, **options)
        except InputError:
            return {"loss": 0.0}


class LonelyHead(ClassifierHead):
    """Nobody registers it."""

    def __init__(self, num_classes, activation=None, dropout=0.1, **kwargs: Any) -> None:
        super().__init__(num_classes, activation, dropout, **kwargs)
        self.inner = acme_models.GoodHead(num_classes, activation, dropout, dtype=self.dtype_policy)

    def call(self, outputs, padding_mask=None, training=None):
        return self.inner(outputs, padding_mask=padding_mask, training=training)


class HasALonelyHead(GoodClassifier):
    head_cls = LonelyHead


class RenamesItself(GoodClassifier):
    numbers = itertools.count()

    def __init__(self, backbone, num_classes=None, preprocessor=None, name=None, **kwargs: Any) -> None:
        super().__init__(backbone, num_classes, preprocessor, name=f"task_{next(self.numbers)}", **kwargs)


class YieldsToSubclasses(GoodClassifier):
    def __new__(cls, *arguments: Any, **options: Any) -> Any:
        mine = YieldsToSubclasses.__subclasses__()
        return super().__new__(mine[-1] if mine else cls)


class HasTwoClasses(GoodClassifier):
    def predict(self, *arguments, **options):
        return super().predict(*arguments, **options)[:, :2]


class IgnoresHeads(GoodClassifier):
    def __init__(self, backbone, num_classes=None, preprocessor=None, head=None, **kwargs: Any) -> None:
        super().__init__(backbone, num_classes or head.num_classes, preprocessor, **kwargs)


class LoadsAnything(GoodClassifier):
    @classmethod
    def from_preset(cls, preset, load_weights=True, **overrides):
        return None


class RemembersItsProcess(GoodClassifier):
    def predict(self, *arguments, **options):
        return super().predict(*arguments, **options) * (1 + abs(hash("acme")) % 1000)
