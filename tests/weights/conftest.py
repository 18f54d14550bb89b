import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import pytest

from .zoo import randomize, save_with_keras, small_model


@pytest.fixture
def model():
    return randomize(small_model())


@pytest.fixture
def keras_file(model, tmp_path):
    """A file that Keras itself wrote."""
    path = tmp_path / "keras.weights.h5"
    save_with_keras(model, path)
    return path
