import keras
import numpy as np
import pytest

from modelry import Backbone
from modelry.errors import InputError, UnknownArgument
from modelry.models import BertBackbone

SIZES = {"vocabulary_size": 50, "num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}


def inputs(*rows, length):
    token_ids = np.zeros((len(rows), length), "int32")
    for place, row in enumerate(rows):
        token_ids[place, : len(row)] = row
    return {"token_ids": token_ids, "segment_ids": 0 * token_ids, "padding_mask": (token_ids > 0).astype("int32")}


@pytest.fixture
def backbone():
    keras.utils.set_random_seed(0)
    return BertBackbone(**SIZES, max_sequence_length=32)


def test_outputs(backbone):
    outputs = backbone(inputs([5, 6, 7], [8], length=4))
    assert tuple(outputs["sequence_output"].shape) == (2, 4, 8)
    assert tuple(outputs["pooled_output"].shape) == (2, 8)


def test_padding_changes_nothing(backbone):
    short = keras.ops.convert_to_numpy(backbone(inputs([5, 6, 7], length=3))["sequence_output"])
    padded = keras.ops.convert_to_numpy(backbone(inputs([5, 6, 7], [1] * 20, length=20))["sequence_output"])
    np.testing.assert_allclose(padded[0, :3], short[0], atol=1e-5)


def test_several_texts_in_a_row_do_not_see_each_other(backbone):
    alone = [
        keras.ops.convert_to_numpy(backbone(inputs(row, length=len(row)))["sequence_output"])
        for row in ([5, 6, 7], [8, 9])
    ]
    row = inputs([5, 6, 7, 8, 9], length=6)
    positions, document_ids = np.array([[0, 1, 2, 0, 1, 0]]), np.array([[1, 1, 1, 2, 2, 0]])
    packed = backbone.encode(**row, positions=positions, document_ids=document_ids)
    packed = keras.ops.convert_to_numpy(packed)[0]
    np.testing.assert_allclose(packed[:3], alone[0][0], atol=1e-5)
    np.testing.assert_allclose(packed[3:5], alone[1][0], atol=1e-5)
    assert np.isfinite(packed).all()


def test_no_two_kernels_start_equal(backbone):
    kernels = [keras.ops.convert_to_numpy(weight).ravel()[:8] for weight in backbone.weights if "kernel" in weight.path]
    assert len({tuple(kernel) for kernel in kernels}) == 2 * 6 + 1


def test_config_round_trip(backbone):
    config = backbone.get_config()
    again = BertBackbone.from_config(config)
    assert again.get_config() == config
    assert again.count_params() == backbone.count_params()
    assert isinstance(again, Backbone)


def test_keras_hub_computes_only_its_own_variant():
    assert set(BertBackbone(**SIZES).keras_hub_config()) >= set(SIZES)
    assert "activation" not in BertBackbone(**SIZES).keras_hub_config()
    assert BertBackbone(**SIZES, activation="gelu").keras_hub_config() is None
    assert BertBackbone(**SIZES, layer_norm_epsilon=1e-5).keras_hub_config() is None


@pytest.mark.parametrize("policy", ["float32", "bfloat16", "mixed_bfloat16"])
def test_dtype_policies(policy):
    backbone = BertBackbone(**SIZES, dtype=policy)
    assert backbone.dtype_policy.name == policy
    assert {variable.dtype for variable in backbone.weights} == {"bfloat16" if policy == "bfloat16" else "float32"}
    output = backbone(inputs([5, 6, 7], length=3))["sequence_output"]
    assert keras.backend.standardize_dtype(output.dtype) == ("float32" if policy == "float32" else "bfloat16")


def test_functional_composition_as_in_keras_hub(backbone):
    x = backbone(backbone.input)["pooled_output"]
    model = keras.Model(backbone.input, keras.layers.Dense(3)(x))
    assert tuple(model(inputs([5, 6], length=2)).shape) == (1, 3)


def test_misspelt_argument():
    with pytest.raises(
        UnknownArgument, match=r"BertBackbone takes no argument 'hidden_dims'.*Did you mean 'hidden_dim'"
    ):
        BertBackbone(**SIZES, hidden_dims=3)


@pytest.mark.parametrize("change", [{"num_heads": 3}, {"activation": "geluu"}])
def test_impossible_sizes(change):
    with pytest.raises(InputError, match=r"equal heads|Did you mean"):
        BertBackbone(**{**SIZES, **change})
