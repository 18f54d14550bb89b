"""The task: a score per label for each image."""

import keras
import numpy as np
from modelry.data import Targets
from modelry.errors import InputError
from modelry.tasks import Task

from pixel_classifier.backbone import PixelBackbone
from pixel_classifier.preprocessor import PixelPreprocessor


class ImageTargets(Targets):
    """The name of a label for each image."""

    def __init__(self, labels):
        self.numbers = {label: number for number, label in enumerate(labels)}

    def read(self, y, inputs):
        """Return the number of each label."""
        for row, label in enumerate(y):
            if label not in self.numbers:
                raise InputError(f"Row {row} of y is {label!r}, not one of {', '.join(self.numbers)}.")
        return np.array([self.numbers[label] for label in y], "int32")


class ImageClassifier(Task):
    """Labels images.

    Args:
        backbone: The backbone.
        labels: The names of the labels.
        preprocessor: Turns images into the backbone's inputs.
        compile: Whether to compile with the defaults.
        **kwargs: `name`, `trainable`.
    """

    task = "image_classifier"
    backbone_cls = PixelBackbone
    preprocessor_cls = PixelPreprocessor
    learning_rate = 1e-2
    resets = ("labels",)

    def __init__(self, backbone, labels, preprocessor=None, compile=True, **kwargs):
        features = backbone(backbone.input)["features"]
        pooled = keras.layers.GlobalAveragePooling2D(dtype=backbone.dtype_policy)(features)  # (B, F)
        scores = keras.layers.Dense(len(labels), dtype=backbone.dtype_policy, name="logits")(pooled)  # (B, C)
        super().__init__(backbone=backbone, preprocessor=preprocessor, outputs=scores, **kwargs)
        self.labels = tuple(labels)
        if compile:
            self.compile()

    def sample_inputs(self, texts):
        """Return images of random pixels, as many as there are texts."""
        size = self.backbone.size
        return np.random.default_rng(0).integers(0, 256, (len(texts), size, size, 3), "uint8")

    def targets(self):
        """Return the reader of labels."""
        return ImageTargets(self.labels)

    def auto_loss(self):
        """Return the cross-entropy of the scores."""
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def label(self, images):
        """Return the best label of each image."""
        return [self.labels[index] for index in self.predict(images, verbose=0).argmax(-1)]
