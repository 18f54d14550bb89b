"""The description of the task, which imports no Keras."""

from modelry.checkpoints import Names, field
from modelry.tasks import ForeignTask, TaskSpec


class WordTaggerSpec(TaskSpec):
    """Tagging: one label per word."""

    name = "word_tagger"
    class_name = "WordTagger"
    transformers_suffix = "ForTokenClassification"
    pipeline_tag = "token-classification"
    facts = ("labels",)
    preprocessors = ("text_classifier",)  # any preprocessor of single texts will do
    commands = {"tag-words": "word_tagger.command:tag_words"}
    fresh = {"labels": ("O", "X")}

    def read_facts(self, facts, where):
        """Check the labels."""
        super().read_facts(facts, where)
        return {"labels": tuple(str(label) for label in field(facts, "labels", list, where))}

    def usage(self, reference):
        """Yield the lines that load a tagger and tag a sentence."""
        yield "from modelry import WordTagger"
        yield ""
        yield f"tagger = WordTagger.from_preset({reference!r})"
        yield 'tagger.tag([["My", "parcel", "is", "in", "Leeds"]])'

    def from_transformers(self, checkpoint, config, where):
        """Read the labels of a `…ForTokenClassification`."""
        names = field(config, "id2label", dict, where, {"0": "LABEL_0", "1": "LABEL_1"})
        return ForeignTask(facts={"labels": tuple(str(names[str(index)]) for index in range(len(names)))})

    def to_transformers(self, checkpoint, task, config):
        """Return the labels."""
        return {
            "id2label": {str(index): label for index, label in enumerate(task.labels)},
            "label2id": {label: index for index, label in enumerate(task.labels)},
        }

    def transformers_weights(self, checkpoint, task):
        """Yield where a checkpoint stores the layer that scores tokens."""
        return Names().dense(task.head.scores, "classifier")
