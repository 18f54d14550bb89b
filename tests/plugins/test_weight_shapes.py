"""Every backbone of this project tells the shapes of its weights, so that its presets are held against their budget."""

from __future__ import annotations

import math
import time

import pytest

from modelry import Budget, models, registry
from modelry.arguments import argument_defaults
from modelry.errors import InputError, UnsafePresetError
from modelry.storage.budget import Tally

from .test_packages import PACKAGES

BACKBONES = sorted(
    entry.attribute
    for entry in registry.entries()
    if entry.kind == "backbones" and (entry.distribution or "").replace("-", "_") in PACKAGES
)
ABSENT = {"FNetBackbone": ("num_heads",), "RoformerV2Backbone": ("max_sequence_length",)}
OWN = {
    "AlbertBackbone": {"embedding_dim": 6, "num_groups": 3, "num_inner_repetitions": 2},
    "ElectraBackbone": {"embedding_dim": 6},
    "RoformerV2Backbone": {"head_size": 6},
}
# The class → what adds or removes weights, or changes the shape of some.
OPTIONS = {
    "AlbertBackbone": ({"num_groups": 1}, {"embedding_dim": 8}),
    "DebertaV3Backbone": ({"bucket_size": 3},),
    "ElectraBackbone": ({"embedding_dim": 8},),
    "ESMBackbone": (
        {"use_bias": False},
        {"use_pre_layer_norm": True},
        {"position_embedding_type": "absolute", "dropped_token_id": 3},
    ),
    "ModernBertBackbone": ({"attention_bias": True}, {"feedforward_bias": True}, {"num_layers": 0}),
    "RoformerV2Backbone": ({"use_bias": True}, {"num_segments": 5}),
}
# KerasHub's name of a preset → its class and sizes. How many parameters it has, its plugin says.
PUBLISHED = {
    "albert_base_en_uncased": ("AlbertBackbone", 30_000, 12, 12, 768, 3072, {"embedding_dim": 128}),
    "albert_extra_extra_large_en_uncased": ("AlbertBackbone", 30_000, 12, 64, 4096, 16_384, {"embedding_dim": 128}),
    "bert_base_en_uncased": ("BertBackbone", 30_522, 12, 12, 768, 3072, {}),
    "deberta_v3_base_en": ("DebertaV3Backbone", 128_100, 12, 12, 768, 3072, {}),
    "distil_bert_base_en_uncased": ("DistilBertBackbone", 30_522, 6, 12, 768, 3072, {}),
    "esm2_t6_8M": ("ESMBackbone", 33, 6, 20, 320, 1280, {}),
    "f_net_base_en": ("FNetBackbone", 32_000, 12, None, 768, 3072, {}),
}


def config_of(name, vocabulary_size=20, num_layers=3, num_heads=2, hidden_dim=8, intermediate_dim=12, **options):
    vocabulary = "vocab_size" if name == "ElectraBackbone" else "vocabulary_size"
    sizes = {
        vocabulary: vocabulary_size,
        "num_layers": num_layers,
        "num_heads": num_heads,
        "hidden_dim": hidden_dim,
        "intermediate_dim": intermediate_dim,
        "max_sequence_length": 16,
    }
    return {
        **{key: value for key, value in sizes.items() if key not in ABSENT.get(name, ())},
        **OWN.get(name, {}),
        **options,
    }


def shapes_of(name, config):
    cls = getattr(models, name)
    return cls.weight_shapes({**argument_defaults(cls), **config})


def add_up(shapes):
    tally = Tally(Budget(), "It")
    for shape in shapes:
        tally.add(shape, itemsize=1)


def test_there_is_one_for_each_architecture():
    assert len(BACKBONES) == len(PACKAGES) + 1  # RoBERTa's distribution has two


@pytest.mark.parametrize("name", BACKBONES)
def test_the_shapes_are_those_of_the_weights(name):
    for options in ({}, *OPTIONS.get(name, ())):
        config = config_of(name, **options)
        weights = getattr(models, name)(**config).weights
        assert sorted(shapes_of(name, config)) == sorted(tuple(one.shape) for one in weights) != [], options


@pytest.mark.parametrize("preset", PUBLISHED)
def test_their_sum_is_what_published_models_have(preset):
    name, *sizes, options = PUBLISHED[preset]
    config = {**config_of(name, *sizes), "num_groups": 1, "num_inner_repetitions": 1, **options}
    config["max_sequence_length"] = 512
    assert sum(map(math.prod, shapes_of(name, config))) == registry.presets()[preset].parameters


@pytest.mark.parametrize("name", BACKBONES)
def test_a_model_without_end_is_over_the_budget_at_once(name):
    layers = "num_groups" if name == "AlbertBackbone" else "num_layers"
    start = time.perf_counter()
    with pytest.raises(UnsafePresetError, match="It wants 50,001 tensors"):
        add_up(shapes_of(name, config_of(name, **{layers: 10**9})))
    assert time.perf_counter() - start < 5  # a fraction of a second on a machine that has nothing else to do


def test_tables_that_are_no_weights_have_an_end_too():
    with pytest.raises(InputError, match="head_dim must be at most 65,536, not 10,000,000,000"):
        models.RoformerV2Backbone(**config_of("RoformerV2Backbone", head_size=10**10))
