"""Classifiers: one that keeps its contract, and others with a fault each."""

from __future__ import annotations

from typing import Any

import acme_models
import acme_text

from modelry import TextClassifier


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
