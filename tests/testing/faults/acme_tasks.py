"""Classifiers and converters: one of each that keeps its contract, and others with a fault each."""

from __future__ import annotations

from typing import Any

import acme_models
import acme_text

from modelry import TextClassifier
from modelry.checkpoints.layouts import Same
from modelry.checkpoints.sourced_weight import SourcedWeight
from modelry_bert.transformers import BertCheckpoint


class GoodClassifier(TextClassifier):
    backbone_cls = acme_models.Good
    preprocessor_cls = acme_text.GoodPreprocessor
    head_cls = acme_models.GoodHead


class LosesLabels(GoodClassifier):
    def __init__(self, backbone, num_classes=None, preprocessor=None, labels=None, **kwargs: Any) -> None:
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


class GoodCheckpoint(BertCheckpoint):
    pass


class RaisesKeyErrors(GoodCheckpoint):
    def backbone_config(self, config, where):
        return {**super().backbone_config(config, where), "layer_norm_epsilon": config["layer_norm_eps"]}


class SwapsWeights(GoodCheckpoint):
    def backbone_config(self, config, where):
        return {**super().backbone_config(config, where), "activation": "relu"}


class HasTwoSources(GoodCheckpoint):
    def backbone_weights(self, backbone):
        yield from super().backbone_weights(backbone)
        yield SourcedWeight(backbone.pooled_dense.bias, "bert.pooler.dense.bias", Same())


class TakesWhatIsThere(GoodCheckpoint):
    optional = ("*",)
    ignored = ("*",)
