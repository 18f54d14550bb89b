"""From images to arrays."""

import numpy as np
from modelry.errors import InputError
from modelry.preprocessing import Preprocessor


class PixelPreprocessor(Preprocessor):
    """Scales pixels from 0…255 to 0…1.

    Args:
        size: The height and the width of an image.
    """

    noun = "image"

    def __init__(self, size=8):
        self.size = size

    def columns(self, x):
        """Return images as one array `(n, size, size, 3)`."""
        images = np.asarray(x)
        if images.shape[1:] != (self.size, self.size, 3):
            raise InputError(f"x has the shape {images.shape}. Pass images of shape (n, {self.size}, {self.size}, 3).")
        return (images,)

    def is_example(self, x):
        """Return whether x is one image."""
        return len(x.shape) == 3

    def arrays(self, columns):
        """Return the backbone's input."""
        return {"images": columns[0].astype("float32") / 255}
