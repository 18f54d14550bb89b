"""The image classifier keeps modelry's contracts."""

import keras
import numpy as np
import pytest
from modelry.testing import BackboneContract, TaskContract
from pixel_classifier import ImageClassifier, PixelBackbone, PixelPreprocessor


class TestPixelBackbone(BackboneContract):
    """Convolutions, which know neither tokens nor padding."""

    @pytest.fixture
    def backbone(self):
        """A small backbone."""
        keras.utils.set_random_seed(0)
        return PixelBackbone(size=6, filters=4)

    @pytest.fixture
    def inputs(self):
        """Two images."""
        generator = np.random.default_rng(0)
        return [{"images": generator.random((6, 6, 3), "float32")} for _ in range(3)]


class TestImageClassifier(TaskContract):
    """A classifier without a tokenizer."""

    @pytest.fixture
    def task(self):
        """A classifier that knows nothing yet."""
        keras.utils.set_random_seed(0)
        return ImageClassifier(PixelBackbone(size=6, filters=4), ["cat", "dog"], PixelPreprocessor(6))

    @pytest.fixture
    def examples(self, task):
        """Images of random pixels."""
        return list(task.sample_inputs([""] * 6))

    def batch(self, task, examples):
        """Return images as one array."""
        return np.stack(examples)

    def labels(self, task, examples):
        """Return a label for each image."""
        return ["cat" if image.mean() > 127 else "dog" for image in examples]

    def wrong_inputs(self, examples):
        """Return what is not images of the right size."""
        return super().wrong_inputs(examples) | {"texts": ["a cat"], "larger images": np.zeros((1, 9, 9, 3))}
