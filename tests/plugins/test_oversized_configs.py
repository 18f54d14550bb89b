"""Presets of this project's backbones that ask for too much are refused in bounded time and memory.

Nothing but the constructors tells how many weights and layers a config means: both are counted while they are created.
"""

from __future__ import annotations

import functools
import json
import resource
import threading
import time

import keras
import pytest

from modelry import Backbone, Budget, models, registry
from modelry.arguments import argument_defaults, argument_names
from modelry.errors import InputError, PresetFormatError, UnsafePresetError
from modelry.layers.transformer import transformer_layers
from modelry.storage.options import Tally
from modelry.weights.build import uninitialized

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
# Arguments that no weight or layer grows with.
HARMLESS = {
    "ESMBackbone": {"max_sequence_length", "max_wavelength", "pad_token_id"},
    "ModernBertBackbone": {
        *("global_every", "global_wavelength", "local_wavelength", "local_window", "max_sequence_length"),
    },
    "RoformerV2Backbone": {"max_wavelength"},
}
SMALL = Budget(layers=300, tensors=2_000, parameters=10**9)  # one number of a config may be that large
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


def saved(name, folder, **changes):
    """Save a preset of a small backbone, and change its config."""
    getattr(models, name)(**config_of(name)).save_to_preset(folder)
    change(folder, **changes)
    return folder


def change(folder, **changes):
    path = folder / "config.json"
    contents = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**contents, "config": {**contents["config"], **changes}}), "utf-8")


def measured(action):
    """Return the CPU seconds, and the greatest growth of the process in bytes, that an action takes."""
    seconds, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    action()
    return time.process_time() - seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) * 1024


def test_there_is_one_for_each_architecture():
    assert len(BACKBONES) == len(PACKAGES) + 1  # RoBERTa's distribution has two


@pytest.mark.parametrize("preset", PUBLISHED)
def test_published_models_are_counted_and_not_allocated(preset):
    name, *sizes, options = PUBLISHED[preset]
    config = {**config_of(name, *sizes), "num_groups": 1, "num_inner_repetitions": 1, **options}
    config["max_sequence_length"] = 512
    cls = getattr(models, name)
    parameters = registry.presets()[preset].parameters
    made = {}

    def create(**limits):
        with uninitialized(Tally(Budget(**limits), "It")):
            made["backbone"] = cls(**{key: value for key, value in config.items() if key in argument_names(cls)})

    _, memory = measured(lambda: create(parameters=parameters + 1000))  # dropout's generators have state
    assert memory < 200 * 2**20
    assert made["backbone"].count_params() == parameters
    with pytest.raises(UnsafePresetError, match=f"It wants .* parameters, and its budget is {parameters - 1:,}"):
        create(parameters=parameters - 1)


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("number", [10**9, 10**12])
def test_every_number_of_a_config_is_bounded(name, number, tmp_path):
    config = {**argument_defaults(getattr(models, name)), **config_of(name)}
    folder = saved(name, tmp_path / "preset")
    harmless, refused = set(), {}
    for argument, value in config.items():
        if type(value) is not int:
            continue
        change(folder, **{argument: number})

        def load(argument=argument):
            try:
                Backbone.from_preset(folder, load_weights=False, budget=SMALL)
            except (UnsafePresetError, PresetFormatError) as error:
                refused[argument] = str(error)
            else:
                harmless.add(argument)

        seconds, memory = measured(load)
        assert seconds < 20, argument  # a fraction of a second on a machine that has nothing else to do
        assert memory < 200 * 2**20, argument
        change(folder, **{argument: value})
    assert all("budget is" in reason or "has a bad" in reason for reason in refused.values())
    assert harmless <= HARMLESS.get(name, set())


@pytest.mark.parametrize("name", BACKBONES)
def test_layers_are_counted_before_there_are_weights(name, tmp_path):
    layers = {"num_groups": 10**9, "num_layers": 10**9} if name == "AlbertBackbone" else {"num_layers": 10**9}
    folder = saved(name, tmp_path / "preset", **layers)
    refused = (InputError, PresetFormatError) if name == "AlbertBackbone" else UnsafePresetError
    with pytest.raises(refused, match=r"layers that can be run|wants 301 layers, and its budget is 300\."):
        Backbone.from_preset(folder, budget=SMALL)


def test_a_model_without_end_is_over_the_default_budget(tmp_path):
    folder = saved("BertBackbone", tmp_path / "preset", num_layers=10**9)

    def load():
        with pytest.raises(UnsafePresetError, match=r"wants 5,001 layers, and its budget is 5,000\. .*Budget\(layers="):
            Backbone.from_preset(folder)

    seconds, memory = measured(load)
    assert seconds < 60  # two on a machine that has nothing else to do
    assert memory < 500 * 2**20


def test_the_budget_is_checked_in_every_thread_on_its_own():
    """A thread outside of any budget, or inside of a larger one, is not held to this one."""
    layers = functools.partial(transformer_layers, num_heads=2, intermediate_dim=8, dropout=0.1, activation="relu")
    made, entered, left = [], threading.Event(), threading.Event()

    def make_elsewhere():
        entered.wait(60)
        made.append(len(layers(20, layer_norm_epsilon=1e-5, dtype=None)))
        left.set()

    other = threading.Thread(target=make_elsewhere)
    other.start()
    original = vars(keras.Operation)["__new__"]
    with uninitialized(Tally(Budget(layers=5), "It")):
        entered.set()
        assert left.wait(60)
        with pytest.raises(UnsafePresetError, match="It wants 6 layers"):
            layers(6, layer_norm_epsilon=1e-5, dtype=None)
    other.join()
    assert made == [20]
    assert vars(keras.Operation)["__new__"] is original


def test_calls_of_one_layer_are_counted_too():
    def repeat(times):
        layer, x = keras.layers.Dense(4), keras.Input((4,))
        for _ in range(times):
            x = layer(x)

    with (
        uninitialized(Tally(Budget(layers=100), "It")),
        pytest.raises(UnsafePresetError, match="It wants 101 layers"),
    ):
        repeat(10**6)


def test_tables_that_are_no_weights_have_an_end_too():
    with pytest.raises(InputError, match="head_dim must be at most 65,536, not 10,000,000,000"):
        models.RoformerV2Backbone(**config_of("RoformerV2Backbone", head_size=10**10))
