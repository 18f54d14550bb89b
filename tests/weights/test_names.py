import random
import time
import warnings

import keras
import numpy as np
import pytest
from keras.src.utils.naming import to_snake_case

from modelry.errors import WeightsError
from modelry.weights.load import _snake_case, layer_weights

from .zoo import Attention, Block, datasets, numbers, save_with_keras, small_model


def assert_same_as_keras(model, path):
    """The names, and which variable each of them names."""
    for number, variable in enumerate(model.weights):
        if variable.dtype != "uint32":
            variable.assign(np.full(variable.shape, number))
    save_with_keras(model, path)
    stored = {name: values for name, values in datasets(path).items() if name.startswith("layers/")}
    named = layer_weights(model.layers)
    assert named.keys() == stored.keys()
    for name, variable in named.items():
        assert np.array_equal(numbers(variable), stored[name]), name


def test_names_are_the_dataset_paths_of_keras(model, tmp_path):
    assert_same_as_keras(model, tmp_path / "a.weights.h5")


def test_the_names_of_a_nested_layer():
    block = Block(4)
    block.build((None, None, 4))
    block(np.zeros((1, 2, 4), "float32"))
    names = layer_weights([keras.layers.Dropout(0.1), block], "encoder")
    assert "encoder/block/attention/query_dense/vars/1" in names
    assert "encoder/block/steps/dense_1/vars/0" in names
    assert "encoder/block/nested/container_1/dense/vars/0" in names
    assert names["encoder/block/vars/1"] is block.gate
    assert names["encoder/block/vars/2"] is block.shift  # trainable ones first
    # Seen in the list first, because `_norm` is private.
    assert "encoder/block/steps/layer_normalization/vars/0" in names
    assert not any("_norm/" in name for name in names)


def test_private_layers_of_any_name(tmp_path):
    """TensorFlow records the layers of a layer in one of its attributes, which must not come before any of theirs."""

    class Private(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self._alpha, self._zeta = keras.layers.Dense(3), keras.layers.Dense(3)

        def call(self, x):
            return self._zeta(self._alpha(x))

    assert_same_as_keras(keras.Sequential([keras.Input((3,)), Private()]), tmp_path / "a.weights.h5")


def test_models_inside_models(tmp_path):
    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.zoo = keras.layers.Dense(3)
            self.alone = [keras.layers.Dense(3)]

        def call(self, x):
            return self.zoo(self.alone[0](x))

    inner_input = keras.Input((3,))
    inner = keras.Model(inner_input, keras.layers.Dense(3)(keras.layers.Dense(3)(inner_input)))
    inner.extra = keras.layers.Dense(2)
    inner.extra.build((None, 3))
    inner.before_layers = inner.layers[-1]  # which go first nevertheless
    x = keras.Input((3,))
    assert_same_as_keras(keras.Model(x, Subclassed()(inner(x))), tmp_path / "a.weights.h5")


def test_convolutions_recurrent_cells_and_wrappers(tmp_path):
    layers = [
        keras.Input((8, 4)),
        keras.layers.Conv1D(4, 3, padding="same"),
        keras.layers.SeparableConv1D(4, 3, padding="same"),
        keras.layers.GroupNormalization(2),
        keras.layers.TimeDistributed(keras.layers.Dense(4)),
        keras.layers.Bidirectional(keras.layers.LSTM(3, return_sequences=True)),
        keras.layers.GRU(3),
        keras.layers.PReLU(),
    ]
    assert_same_as_keras(keras.Sequential(layers), tmp_path / "a.weights.h5")


def test_a_quantized_model(tmp_path):
    x = keras.Input((4,))
    model = keras.Model(x, keras.layers.Dense(3)(x))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # in Keras' own quantizer
        model.layers[1].quantize("int8")
    path = tmp_path / "a.weights.h5"
    save_with_keras(model, path)
    assert layer_weights(model.layers).keys() == datasets(path).keys()


def test_skipped_layers_keep_their_number_but_have_no_name(model):
    everything = layer_weights(model.layers)
    skipped = next(layer for layer in model.layers if isinstance(layer, Block))
    rest = layer_weights(model.layers, skip=[skipped])
    assert rest == {name: value for name, value in everything.items() if not name.startswith("layers/block/")}
    assert "layers/block_1/vars/0" in rest


def test_properties_are_not_run():
    class Touchy(Attention):
        ran = False

        @property
        def expensive(self):
            Touchy.ran = True
            return self._expensive

    layer = Touchy(4)
    layer._expensive = 1
    layer(np.zeros((1, 2, 4), "float32"))
    assert len(layer_weights([layer])) == 4
    assert not Touchy.ran


def test_a_layer_that_stores_something_else_is_refused():
    class Odd(keras.layers.Layer):
        def save_own_variables(self, store):
            store["table"] = np.zeros(3)

    with pytest.raises(WeightsError, match=r"'odd_one' \(Odd\) stores a ndarray as 'table'"):
        layer_weights([Odd(name="odd_one")])


def test_a_list_that_holds_itself_ends():
    layer = keras.layers.Layer()
    layer.loop = []
    layer.loop.append(layer.loop)
    assert layer_weights([layer]) == {}


def test_class_names_are_spelled_as_keras_spells_them():
    generator = random.Random(0)
    for _ in range(2000):
        name = "".join(generator.choices("ABCabc12_", k=generator.randint(1, 12)))
        assert _snake_case(name) == to_snake_case(name)


def test_naming_is_fast():
    model = small_model(blocks=24)
    layer_weights(model.layers)
    seconds = []
    for _ in range(5):
        start = time.process_time()
        layer_weights(model.layers)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.1  # 2 ms for BERT-base on an idle machine; this one has as many layers
