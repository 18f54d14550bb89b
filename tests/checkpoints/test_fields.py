"""What transformers calls activations, and what it has no name for."""

import keras
import numpy as np
import pytest

from modelry.checkpoints.fields import ACTIVATIONS, Field
from modelry.errors import PresetFormatError, SaveError
from modelry.layers.functions import activation

FIELD = Field("activation", "hidden_act", str, "gelu_new", names=ACTIVATIONS)
AT = [-3.0, -0.5, 0.5, 3.0]

# What transformers 5.24 computes at these places.
VALUES = {
    "gelu": [-0.00405, -0.154269, 0.345731, 2.99595],
    "gelu_python": [-0.00405, -0.154269, 0.345731, 2.99595],
    "gelu_new": [-0.003637, -0.154286, 0.345714, 2.996363],
    "gelu_fast": [-0.003637, -0.154286, 0.345714, 2.996363],
    "gelu_pytorch_tanh": [-0.003637, -0.154286, 0.345714, 2.996363],
    "gelu_python_tanh": [-0.003637, -0.154286, 0.345714, 2.996363],
    "gelu_accurate": [-0.003637, -0.154286, 0.345714, 2.996363],
    "hardswish": [-0.0, -0.208333, 0.291667, 3.0],
    "linear": [-3.0, -0.5, 0.5, 3.0],
    "mish": [-0.145647, -0.220744, 0.375245, 2.986535],
    "relu": [0.0, 0.0, 0.5, 3.0],
    "relu6": [0.0, 0.0, 0.5, 3.0],
    "sigmoid": [0.047426, 0.377541, 0.622459, 0.952574],
    "silu": [-0.142278, -0.18877, 0.31123, 2.857723],
    "swish": [-0.142278, -0.18877, 0.31123, 2.857723],
    "tanh": [-0.995055, -0.462117, 0.462117, 0.995055],
}


def test_what_is_read_is_what_transformers_computes():
    assert VALUES.keys() == ACTIVATIONS.keys()
    for name, expected in VALUES.items():
        found = activation(FIELD.read({"hidden_act": name}, "config.json"))(keras.ops.convert_to_tensor(AT))
        np.testing.assert_allclose(keras.ops.convert_to_numpy(found), expected, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("name", ["leaky_relu", "elu", "gelu_10", "quick_gelu", "", "gelu_approximate"])
def test_what_modelry_computes_otherwise_is_refused(name):
    with pytest.raises(PresetFormatError, match=f"has hidden_act='{name}', which modelry does not compute"):
        FIELD.read({"hidden_act": name}, "config.json")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("gelu", "gelu"),
        ("gelu_approximate", "gelu_new"),
        ("gelu_fast", "gelu_new"),
        ("hard_silu", "hardswish"),
        ("swish", "silu"),
        ("relu", "relu"),
    ],
)
def test_what_is_written(ours, theirs):
    assert FIELD.write(ours) == theirs
    assert FIELD.read({"hidden_act": FIELD.write(ours)}, "config.json") == ACTIVATIONS.get(ours, ours)


@pytest.mark.parametrize("name", ["leaky_relu", "elu", "selu", "softplus", "hard_sigmoid", "exponential"])
def test_what_transformers_computes_otherwise_or_not_at_all_is_not_written(name):
    with pytest.raises(SaveError, match=f"activation='{name}' is not what transformers computes"):
        FIELD.write(name)


def test_a_missing_key_stands_for_its_default():
    assert FIELD.read({}, "config.json") == "gelu_approximate"
