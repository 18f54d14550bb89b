"""The encoder."""

import keras
from modelry.backbones import Backbone


class PixelBackbone(Backbone):
    """Two convolutions.

    Args:
        size: The height and the width of an image.
        filters: The number of filters (F).
        dtype: The dtype policy; `None` for Keras' global one.
        **kwargs: `name`, `trainable`.
    """

    def __init__(self, size=8, filters=8, dtype=None, **kwargs):
        self.size = size
        self.filters = filters
        self.first = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", dtype=dtype, name="first")
        self.second = keras.layers.Conv2D(filters, 3, strides=2, activation="relu", dtype=dtype, name="second")
        images = keras.Input((size, size, 3), name="images")  # (B, H, W, 3)
        x = self.second(self.first(images))  # (B, H/2, W/2, F)
        super().__init__(inputs={"images": images}, outputs={"features": x}, dtype=dtype, **kwargs)
