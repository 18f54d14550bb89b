"""What lets `model.save("x.keras")` and `keras.models.load_model` find our classes."""

from __future__ import annotations

import keras


def register_for_saving(cls: type) -> None:
    """Register a class with Keras, so that `model.save("x.keras")` can name it and `load_model` find it."""
    package = cls.__module__.partition(".")[0]
    keras.saving.register_keras_serializable(package=package)(cls)
