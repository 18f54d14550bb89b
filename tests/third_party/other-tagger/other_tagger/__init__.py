"""A task with a name that another plugin has too."""

from modelry.tasks import TaskSpec


class OtherTaggerSpec(TaskSpec):
    """Another kind of tagging."""

    name = "word_tagger"
    class_name = "OtherTagger"
