"""The description of the task, which imports no Keras."""

from modelry.tasks import TaskSpec


class TextMatcherSpec(TaskSpec):
    """Matching: a vector for each query and each answer; those that belong together are close."""

    name = "text_matcher"
    class_name = "TextMatcher"
    pipeline_tag = "sentence-similarity"
    fresh = {"size": 4}
