"""Models and helpers that the tests of this folder share."""

import warnings
from pathlib import Path

import h5py
import keras
import numpy as np

FIXTURES = Path(__file__).parent.parent / "fixtures"


class Attention(keras.layers.Layer):
    """Publishes a private layer, as Keras' own attention does."""

    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self._query_dense = keras.layers.EinsumDense("bte,ehd->bthd", (None, 2, width // 2), bias_axes="hd")
        self._output_dense = keras.layers.EinsumDense("bthd,hde->bte", (None, width), bias_axes="e")
        self._dropout = keras.layers.Dropout(0.1)

    @property
    def query_dense(self):
        return self._query_dense

    @property
    def broken(self):
        raise AttributeError("never to be evaluated")

    def call(self, x):
        return self._output_dense(self._dropout(self.query_dense(x)))


class Block(keras.layers.Layer):
    """Layers in attributes, lists, nested lists and dictionaries; one of them twice; and a variable of its own."""

    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.attention = Attention(width)
        self._norm = keras.layers.LayerNormalization()
        self.steps = [keras.layers.Dense(width), self._norm, keras.layers.Dense(width), "text"]
        self.nested = {"b": [keras.layers.Dense(width)], "a": (keras.layers.Dense(width), self.steps[0])}

    def build(self, shape):
        self.scale = self.add_weight(name="scale", shape=(shape[-1],), initializer="ones")
        self.shift = self.add_weight(name="shift", shape=(shape[-1],), trainable=False, initializer="zeros")
        self.gate = self.add_weight(name="gate", shape=(), initializer="ones")

    def call(self, x):
        x = self.attention(x) * self.scale + self.shift
        for step in (*self.steps[:3], *self.nested["b"], *self.nested["a"]):
            x = step(x)
        return x * self.gate


def small_model(width=8, blocks=2, classes=3, dtype=None):
    """Every kind of layer that the fixtures have, and two blocks as custom as they come."""
    tokens = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(11, width, dtype=dtype)(tokens)
    x = keras.layers.LayerNormalization(dtype=dtype)(x)
    for _ in range(blocks):
        x = Block(width, dtype=dtype)(x)
    x = keras.layers.MultiHeadAttention(2, width // 2, dropout=0.1, dtype=dtype)(x, x)
    shared = keras.layers.Dense(width, dtype=dtype)
    x = shared(shared(x))
    x = keras.Sequential([keras.layers.Dense(width, dtype=dtype), keras.layers.BatchNormalization(dtype=dtype)])(x)
    x = keras.layers.GlobalAveragePooling1D()(keras.layers.Dropout(0.1)(x))
    return keras.Model(tokens, keras.layers.Dense(classes, dtype=dtype)(x))


def save_with_keras(model, path, **options):
    """`model.save_weights`, which under NumPy 2 warns about Keras' own variables."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        model.save_weights(path, **options)


def load_with_keras(model, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        model.load_weights(path)


def datasets(path):
    """Every dataset of an HDF5 file, by path, as bytes-comparable arrays."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
    return found


def numbers(variable):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return keras.ops.convert_to_numpy(variable.value)


def randomize(model, seed=0):
    """Different values in every variable, so that no mix-up goes unnoticed; positive, for the variances."""
    generator = np.random.default_rng(seed)
    for variable in model.weights:
        if variable.name != "seed_generator_state":
            variable.assign(generator.uniform(0.05, 0.35, variable.shape).astype("float32"))
    return model
