"""Converters: one that keeps its contract, and others with a fault each."""

from __future__ import annotations

from modelry.checkpoints.weights import Same, SourcedWeight
from modelry_bert.transformers import BertCheckpoint


class GoodCheckpoint(BertCheckpoint):
    model_type = "goodcheckpoint"

    def __init_subclass__(cls):
        cls.model_type = cls.__name__.lower()


class RaisesKeyErrors(GoodCheckpoint):
    def backbone_config(self, config, where):
        return {**super().backbone_config(config, where), "layer_norm_epsilon": config["layer_norm_eps"]}


class RaisesTypeErrors(GoodCheckpoint):
    def backbone_config(self, config, where):
        size = config.get("hidden_size", 8) // 1
        return {**super().backbone_config(config, where), "hidden_dim": size}


class KeepsItsSize(GoodCheckpoint):
    def backbone_config(self, config, where):
        return {**super().backbone_config(config, where), "vocabulary_size": 400}


class ReadsTheHeadTwice(GoodCheckpoint):
    def head_weights(self, head):
        yield from [*super().head_weights(head)] * 2


class KeepsAccents(GoodCheckpoint):
    def tokenizer_config(self, files):
        return {**super().tokenizer_config(files), "strip_accents": False}


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
