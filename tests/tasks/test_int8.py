import gc
import json
import shutil

import numpy as np
import pytest

from modelry import Backbone, TextClassifier
from modelry.errors import InputError, PresetFormatError, SaveError
from modelry.tasks.text_classifier.heads import MeanPoolHead

from .conftest import BERT, FIXTURES, TEXTS

# Keras' own: its variables are turned into arrays in a manner that NumPy would have otherwise.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

KERAS_HUB = FIXTURES / "keras_hub" / "bert_int8"


def scores(classifier):
    return classifier.predict(TEXTS, verbose=0)


@pytest.fixture(scope="module", autouse=True)
def little_garbage():
    """Keras collects all garbage for each variable that it deletes; what is there already is left out."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def quantized():
    classifier = TextClassifier.from_preset(BERT, labels=["a", "b", "c"])
    before = scores(classifier)
    classifier.quantize("int8")
    np.testing.assert_allclose(scores(classifier), before, atol=0.2 * np.abs(before).max())
    return classifier


@pytest.fixture(scope="module")
def preset(quantized, tmp_path_factory):
    folder = tmp_path_factory.mktemp("int8")
    quantized.save_to_preset(folder / "p")
    return folder / "p"


def test_a_whole_task_comes_back_head_included(quantized, preset, tmp_path):
    again = TextClassifier.from_preset(preset)
    assert [variable.dtype for variable in again.weights] == [variable.dtype for variable in quantized.weights]
    assert sum(variable.dtype == "int8" for variable in again.weights) == 16
    assert again.head.output_dense.quantization_mode == "int8"
    np.testing.assert_array_equal(scores(again), scores(quantized))
    again.save_to_preset(tmp_path / "q")
    for name in ("config.json", "task.json", "model.weights.h5", "task.weights.h5"):
        assert (tmp_path / "q" / name).read_bytes() == (preset / name).read_bytes()


def test_configs_say_which_layers_are_quantized(preset):
    task = json.loads((preset / "task.json").read_text())
    assert list(task["config"]["dtype"]["config"]["policy_map"]) == ["head/logits"]
    backbone = json.loads((preset / "config.json").read_text())["config"]["dtype"]["config"]
    assert backbone["default_policy"] == "float32"
    assert "transformer_layer_0/self_attention/query" in backbone["policy_map"]
    assert task["registered_name"] == "modelry_bert>BertTextClassifier"  # which KerasHub cannot load


def test_a_head_of_another_kind_and_a_fresh_one(make, tmp_path):
    classifier = make(num_classes=None, head=MeanPoolHead(3, hidden_dim=4))
    classifier.quantize("int8")
    classifier.save_to_preset(tmp_path / "p")
    np.testing.assert_array_equal(scores(TextClassifier.from_preset(tmp_path / "p")), scores(classifier))
    fresh = TextClassifier.from_preset(tmp_path / "p", num_classes=4)
    assert fresh.head.output_dense.quantization_mode is None
    assert scores(fresh).shape == (len(TEXTS), 4)


def test_a_preset_of_keras_hub_s():
    backbone = Backbone.from_preset(KERAS_HUB)
    expected = np.load(KERAS_HUB / "outputs.npz")
    ids = expected["token_ids"]
    outputs = backbone.predict(
        {"token_ids": ids, "segment_ids": 0 * ids, "padding_mask": (ids > 0).astype("int32")}, verbose=0
    )
    real = ids > 0
    np.testing.assert_allclose(outputs["sequence_output"][real], expected["sequence_output"][real], atol=1e-4)
    np.testing.assert_allclose(outputs["pooled_output"], expected["pooled_output"], atol=1e-4)
    assert sum(variable.dtype == "int8" for variable in backbone.weights) == 15


def test_what_cannot_be(quantized, preset, make, tmp_path):
    with pytest.raises(InputError, match=r"dtype= is for float presets"):
        TextClassifier.from_preset(preset, dtype="bfloat16")
    with pytest.raises(SaveError, match=r"quantized, and transformers cannot"):
        quantized.save_to_preset(tmp_path / "q", format="transformers")
    with pytest.raises(InputError, match=r"is quantized, and adapters"):
        quantized.enable_lora(2)
    adapted = make()
    adapted.enable_lora(2)
    with pytest.raises(InputError, match=r"merge_lora\(\) first"):
        adapted.quantize("int8")
    other = make()
    other.quantize("int4")
    with pytest.raises(SaveError, match=r"is quantized to int4, and presets hold int8 only"):
        other.save_to_preset(tmp_path / "q")


@pytest.mark.parametrize(
    ("dtype", "message"),
    [
        ("float8_from_float32", "quantized to 'float8'; only int8"),
        ({"class_name": "QuantizedDTypePolicy", "config": {"mode": "int4"}}, "quantized to 'int4'"),
        ({"class_name": "DTypePolicyMap", "config": {"policy_map": {"x": {"class_name": "Evil"}}}}, "not understood"),
        ({"class_name": "DTypePolicyMap", "config": {}}, "'policy_map'"),
        ({"class_name": "DTypePolicyMap", "config": {"policy_map": {"(x+)+": "int8_from_what"}}}, "int8"),
    ],
)
def test_policies_are_held_against_a_list(preset, tmp_path, dtype, message):
    shutil.copytree(preset, tmp_path / "p")
    path = tmp_path / "p" / "task.json"
    task = json.loads(path.read_text())
    task["config"]["backbone"]["config"]["dtype"] = dtype
    path.write_text(json.dumps(task))
    with pytest.raises(PresetFormatError, match=message):
        TextClassifier.from_preset(tmp_path / "p")
