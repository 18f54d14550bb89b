"""The description of the task, which imports no Keras."""

from modelry.tasks import TaskSpec


class ImageClassifierSpec(TaskSpec):
    """Image classification: one label per image."""

    name = "image_classifier"
    class_name = "ImageClassifier"
    pipeline_tag = "image-classification"
    facts = ("labels",)
    fresh = {"labels": ("cat", "dog")}
