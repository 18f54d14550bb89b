import contextlib
import json
from pathlib import Path

import keras
import numpy as np
import pytest

from modelry import Backbone, TextClassifier
from modelry.cli.file_run import work_of
from modelry.cli.plan import plan_of
from modelry.errors import InputError, PresetError, PresetFormatError, UnsafePresetError
from modelry.presets.read import read_recipe
from modelry.tasks.text_classifier.heads import MeanPoolHead

from .conftest import LABELS, TEXTS


def numbers(variable):
    return keras.ops.convert_to_numpy(variable.value)


def scores(classifier):
    return classifier.predict(TEXTS, verbose=0)


@pytest.fixture
def base(make, tmp_path):
    make(labels=["bad", "good"]).save_to_preset(tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture
def trained(base):
    classifier = TextClassifier.from_preset(base)
    classifier.enable_lora(2)
    classifier.compile(optimizer=keras.optimizers.Adam(0.05))
    classifier.fit(TEXTS, LABELS, batch_size=4, epochs=2, verbose=0)
    return classifier


def test_only_adapters_and_head_are_trained(base, trained):
    names = sorted(variable.name for variable in trained.trainable_variables)
    assert names == ["bias", "kernel", *["lora_kernel_a"] * 2, *["lora_kernel_b"] * 2]
    plain = TextClassifier.from_preset(base)
    frozen = {variable.path: variable for variable in trained.backbone.variables}
    for variable in plain.backbone.variables:
        if variable.name != "seed_generator_state":
            np.testing.assert_array_equal(numbers(frozen[variable.path]), numbers(variable))
    assert np.abs(scores(plain) - scores(trained)).max() > 0.01
    assert all(numbers(one).any() for one in trained.trainable_variables if one.name == "lora_kernel_b")


def test_new_adapters_change_nothing_and_rows_are_still_shared(base):
    classifier = TextClassifier.from_preset(base)
    before = scores(classifier)
    classifier.enable_lora(3)
    assert classifier.supports_packing
    np.testing.assert_allclose(scores(classifier), before, atol=1e-6)


def test_merging_keeps_the_scores_and_leaves_a_plain_model(base, trained):
    before = scores(trained)
    alone = np.concatenate([trained.predict_on_batch([text]) for text in TEXTS])
    np.testing.assert_allclose(alone, before, atol=1e-5)  # rows that texts share, with adapters
    np.testing.assert_allclose(trained.predict(TEXTS * 16, verbose=0)[: len(TEXTS)], before, atol=1e-5)
    trained.merge_lora()
    np.testing.assert_allclose(scores(trained), before, atol=1e-5)
    plain = TextClassifier.from_preset(base)
    assert [one.path for one in trained.weights] == [one.path for one in plain.weights]
    assert len(trained.trainable_variables) == len(plain.trainable_variables)
    trained.fit(TEXTS, LABELS, verbose=0)
    trained.enable_lora(1)
    trained.fit(TEXTS, LABELS, verbose=0)


def test_a_backbone_takes_adapters_itself(base, tmp_path):
    classifier = TextClassifier.from_preset(base)
    before = scores(classifier)
    classifier.backbone.enable_lora(2)
    assert sorted(one.name for one in classifier.backbone.trainable_variables) == [
        *["lora_kernel_a"] * 2,
        *["lora_kernel_b"] * 2,
    ]
    np.testing.assert_allclose(scores(classifier), before, atol=1e-6)
    classifier.compile(optimizer=keras.optimizers.Adam(0.05))
    classifier.fit(TEXTS, LABELS, epochs=2, verbose=0)
    assert not np.allclose(scores(classifier), before)
    classifier.save_adapter(tmp_path / "adapter")
    np.testing.assert_array_equal(scores(TextClassifier.from_preset(tmp_path / "adapter")), scores(classifier))
    classifier.backbone.save_to_preset(tmp_path / "merged")
    assert not any("lora" in one.name for one in Backbone.from_preset(tmp_path / "merged").weights)


def test_a_backbone_says_which_layers_have_adapters(base):
    backbone = Backbone.from_preset(base)
    assert {"query", "value"} < set(backbone.default_lora_layer_names())
    backbone.default_lora_layer_names = lambda: ["key"]
    backbone.enable_lora(1)
    assert len(backbone.trainable_variables) == 2
    with pytest.raises(InputError, match="has adapters already"):
        backbone.enable_lora(1)


@pytest.mark.parametrize("layout", ["modelry", "transformers"])
def test_a_whole_preset_has_the_adapters_in_its_weights(trained, tmp_path, layout):
    before = [numbers(one).copy() for one in trained.weights]
    trained.save_to_preset(tmp_path / "p", format=layout)
    for one, other in zip(trained.weights, before, strict=True):
        np.testing.assert_array_equal(numbers(one), other)
    again = TextClassifier.from_preset(tmp_path / "p")
    np.testing.assert_allclose(scores(again), scores(trained), atol=1e-5)
    assert not any("lora" in one.name for one in again.weights)


def test_an_adapter_is_a_small_preset_of_its_own(base, trained, tmp_path):
    trained.save_adapter(tmp_path / "adapter")
    files = {path.name for path in (tmp_path / "adapter").iterdir()}
    assert files == {"adapter.safetensors", "config.json", "modelry.json", "task.json"}
    config = json.loads((tmp_path / "adapter" / "config.json").read_text())
    assert (config["base"], config["rank"], len(config["layers"])) == (str(base), 2, 2)
    again = TextClassifier.from_preset(tmp_path / "adapter")
    assert again.labels == ("bad", "good")
    np.testing.assert_array_equal(scores(again), scores(trained))
    again.fit(TEXTS, LABELS, verbose=0)  # goes on with the adapters
    again.save_adapter(tmp_path / "adapter")  # in place of the older one
    np.testing.assert_array_equal(scores(TextClassifier.from_preset(tmp_path / "adapter")), scores(again))


def test_an_adapter_with_a_base_that_lies_elsewhere_now(base, trained, tmp_path):
    trained.save_adapter(tmp_path / "adapter")
    base.rename(tmp_path / "moved")
    with pytest.raises(PresetError):
        TextClassifier.from_preset(tmp_path / "adapter")
    again = TextClassifier.from_preset(tmp_path / "adapter", base=tmp_path / "moved")
    np.testing.assert_array_equal(scores(again), scores(trained))


def test_an_adapter_with_a_head_of_another_kind_and_another_length(base, tmp_path):
    classifier = TextClassifier.from_preset(base, num_classes=3, head="mean_pool", sequence_length=8)
    classifier.enable_lora(1, ["query"])
    classifier.save_adapter(tmp_path / "adapter")
    again = TextClassifier.from_preset(tmp_path / "adapter")
    assert type(again.head) is MeanPoolHead
    assert again.preprocessor.sequence_length == 8
    np.testing.assert_array_equal(scores(again), scores(classifier))
    fresh = TextClassifier.from_preset(tmp_path / "adapter", num_classes=5)
    assert fresh.num_classes == 5
    assert sum("lora" in one.name for one in fresh.weights) == 2


def test_the_adapter_says_what_it_was_trained_on(base, trained, make, tmp_path):
    trained.save_adapter(tmp_path / "adapter")
    other = make()
    other.backbone.variables[0].assign(other.backbone.variables[0] + 1)
    other.save_to_preset(base)
    with pytest.raises(PresetFormatError, match=r"was trained on other weights than preset .*base=.*the version"):
        TextClassifier.from_preset(tmp_path / "adapter")
    with pytest.raises(InputError, match="other weights than its base"):
        trained.save_adapter(tmp_path / "again")


def test_commands_explain_an_adapter_and_tell_two_of_one_base_apart(trained, tmp_path):
    for name in ("first", "second"):
        trained.fit(TEXTS, LABELS, verbose=0)
        trained.save_adapter(tmp_path / name)
    assert plan_of(str(tmp_path / "first"), "float32")["problems"] == []
    works = [work_of(read_recipe(tmp_path / name), {}) for name in ("first", "first", "second")]
    assert works[0] == works[1] != works[2]
    weights = tmp_path / "first/adapter.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    assert work_of(read_recipe(tmp_path / "first"), {}) != works[0]


@pytest.mark.parametrize("spell", [str, Path])
def test_the_adapter_names_what_was_opened_where_a_folder_has_the_name_of_a_builtin_preset(
    base, trained, tmp_path, monkeypatch, spell
):
    monkeypatch.chdir(tmp_path)
    base.rename(tmp_path / "bert_micro_sst2")
    with contextlib.nullcontext() if spell is Path else pytest.warns(UserWarning, match="The built-in one is used"):
        classifier = TextClassifier.from_preset(spell("bert_micro_sst2"))
    classifier.enable_lora(1, ["query"])
    with contextlib.nullcontext() if spell is Path else pytest.warns(UserWarning, match="The built-in one is used"):
        classifier.save_adapter(tmp_path / "adapter")
    named = json.loads((tmp_path / "adapter/config.json").read_text())["base"]
    assert named == ("bert_micro_sst2" if spell is str else str(tmp_path / "bert_micro_sst2"))


def test_no_adapter_of_an_adapter(trained, tmp_path):
    trained.save_adapter(tmp_path / "adapter")
    trained.save_adapter(tmp_path / "second")
    with pytest.raises(PresetFormatError, match=r"is an adapter itself, and chains are not followed"):
        TextClassifier.from_preset(tmp_path / "second", base=tmp_path / "adapter")


def test_an_adapter_from_a_store_names_no_folder_of_this_machine(base, trained, tmp_path):
    with pytest.raises(InputError, match=r"a folder of this machine.*Publish the base"):
        trained.save_adapter("memory://lora/adapter")
    trained.save_to_preset("memory://lora/merged")
    whole = TextClassifier.from_preset("memory://lora/merged")
    whole.enable_lora(2)
    whole.save_adapter("memory://lora/adapter")
    np.testing.assert_array_equal(scores(TextClassifier.from_preset("memory://lora/adapter")), scores(whole))


@pytest.mark.parametrize(
    "base", ["/etc", "file:///etc", "https://10.0.0.1/base", "s3://bucket/base", "zip://p::hf://a/b", "memory://b/c"]
)
def test_where_an_adapter_from_a_store_may_not_lead(base):
    from modelry.presets.adapter import checked_base

    with pytest.raises(UnsafePresetError, match=r"If you trust it, pass base="):
        checked_base(base, "https://example.org/adapter")


def test_where_an_adapter_may_lead():
    from modelry.presets.adapter import checked_base

    for base in ("bert_micro_sst2", "hf://a/b", "https://example.org/base"):
        assert checked_base(base, "https://example.org/adapter") == base
    assert checked_base("/models/base", "./adapter") == "/models/base"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"adapter": "dora"}, "of the kind 'dora'"),
        ({"rank": 0}, "all are positive"),
        ({"rank": 3}, "does not fit"),
        ({"rank": 10**12}, "budget|more than"),
        ({"layers": ["layers/nothing"]}, "which its base has not"),
        ({"trust": True}, "'trust', which is not known"),
        ({"base": 3}, "'base'"),
    ],
)
def test_a_damaged_adapter(trained, tmp_path, change, message):
    trained.save_adapter(tmp_path / "adapter")
    path = tmp_path / "adapter" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(PresetError, match=message):
        TextClassifier.from_preset(tmp_path / "adapter")


def test_misuse(make, base):
    classifier = make()
    with pytest.raises(InputError, match="no adapters to merge"):
        classifier.merge_lora()
    with pytest.raises(InputError, match="no adapters"):
        classifier.save_adapter("p")
    with pytest.raises(InputError, match="rank must be"):
        classifier.enable_lora(0)
    with pytest.raises(InputError, match=r"no dense layer called qeury.*attention_output"):
        classifier.enable_lora(2, ["qeury"])
    classifier.enable_lora(2)
    with pytest.raises(InputError, match="already"):
        classifier.enable_lora(2)
    with pytest.raises(InputError, match=r"Pass base="):
        classifier.save_adapter("p")
    with pytest.raises(InputError, match="base= is for adapters"):
        TextClassifier.from_preset(base, base=base)
