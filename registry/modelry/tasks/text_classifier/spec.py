"""Description of text classification for the rest of the core; imports no Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from modelry.arguments import KERAS_ARGUMENTS, argument_defaults, config_of, one_of
from modelry.discovery.registry import registry
from modelry.errors import InputError, PresetFormatError, SaveError
from modelry.presets.components import owner_of
from modelry.presets.task_spec import ForeignTask, Part, TaskSpec
from modelry.strict_json import check_keys, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from modelry.checkpoints.checkpoint import Checkpoint
    from modelry.checkpoints.weights import SourcedWeight
    from modelry.presets.task_spec import SavedTask


SINGLE_LABEL: Literal["single_label"] = "single_label"
MULTI_LABEL: Literal["multi_label"] = "multi_label"
REGRESSION: Literal["regression"] = "regression"

PROBLEM_TYPES: tuple[str, ...] = (SINGLE_LABEL, MULTI_LABEL, REGRESSION)
"""A text has one of the classes; any number of them; or none, but a number for each score."""

_ACTIVATIONS = {SINGLE_LABEL: ("linear", "softmax"), MULTI_LABEL: ("linear", "sigmoid"), REGRESSION: ("linear",)}


def problem_type_of(problem_type: str | None, activation: str) -> str:
    """Return a problem type that goes with an output activation; the activation tells one that is `None`.

    Raises:
        InputError: There is no such problem type, or it does not go with the activation.
    """
    if problem_type is None:
        return MULTI_LABEL if activation == "sigmoid" else SINGLE_LABEL
    possible = _ACTIVATIONS[one_of("problem_type", problem_type, PROBLEM_TYPES)]
    if activation not in possible:
        raise InputError(
            f"activation={activation!r} does not go with problem_type={problem_type!r}, whose scores are "
            f"{' or '.join(map(repr, possible))}."
        )
    return problem_type


def goes_with(problem_type: str, activation: str) -> bool:
    """Return whether scores of such an activation can mean this."""
    return activation in _ACTIVATIONS.get(problem_type, ())


def score_names(problem_type: str, labels: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """Return what `classify` calls each score: a label or its index, and `value` or `value_0`, … in a regression."""
    if problem_type == REGRESSION:
        return ("value",) if count == 1 else tuple(f"value_{index}" for index in range(count))
    return tuple(labels or map(str, range(count)))


_TRANSFORMERS_PROBLEM_TYPES = {
    SINGLE_LABEL: "single_label_classification",
    MULTI_LABEL: "multi_label_classification",
    REGRESSION: "regression",
}


class TextClassifierSpec(TaskSpec):
    """Text classification: one label per text, several, or numbers.

    A preset keeps two facts about it: `labels`, the names of the classes by index, and `problem_type`.
    """

    name = "text_classifier"
    class_name = "TextClassifier"
    keras_hub_tasks = ("ProteinClassifier", "Classifier")  # the second as KerasNLP called it
    keras_hub_preprocessors = ("ProteinClassifierPreprocessor", "Preprocessor")
    transformers_suffix = "ForSequenceClassification"
    pipeline_tag = "text-classification"
    parts: ClassVar[Mapping[str, str]] = {"head": "heads"}
    facts = ("labels", "problem_type")
    commands: ClassVar[Mapping[str, str]] = {"classify": "modelry.tasks.text_classifier.command:classify"}
    exports: ClassVar[Mapping[str, str]] = {
        "ClassifierHead": "modelry.tasks.text_classifier.heads:ClassifierHead",
        "PooledHead": "modelry.tasks.text_classifier.heads:PooledHead",
        "TextClassifierPreprocessor": "modelry.tasks.text_classifier.preprocessor:TextClassifierPreprocessor",
    }
    fresh: ClassVar[Mapping[str, Any]] = {"num_classes": 2}
    contract = "modelry.tasks.text_classifier.testing:TextClassifierContract"
    reads_version_1 = True

    def read_facts(self, facts: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """Check labels and problem type; see `TaskSpec.read_facts`."""
        check_keys(facts, self.facts, where)
        labels = field(facts, "labels", list, where, None)
        if labels is not None and not all(isinstance(label, str) for label in labels):
            raise PresetFormatError(f"'labels' in {where} must hold texts only, not {labels!r:.200}.")
        problem_type = field(facts, "problem_type", str, where, None)
        if problem_type not in (None, *PROBLEM_TYPES):
            raise PresetFormatError(
                f"{where} has the problem_type {problem_type!r}, which this modelry does not know. It knows "
                f"{', '.join(PROBLEM_TYPES)}. Run: pip install --upgrade modelry"
            )
        return {"labels": None if labels is None else tuple(labels), "problem_type": problem_type}

    def describe(self, saved: SavedTask) -> Mapping[str, Any]:
        """Return labels, number of classes and problem type."""
        labels, count = saved.facts.get("labels"), saved.config.get("num_classes")
        return {
            "labels": None if labels is None else list(labels),
            "num_classes": count,
            "problem_type": None if count is None else problem_type_in(saved),
        }

    def needs(self, saved: SavedTask | None) -> str | None:
        """Return the arguments that a fresh head needs."""
        if saved is not None and is_trained(saved):
            return None
        return "num_classes= or labels=; the preset has no trained head, so it gets a new, untrained one"

    def usage(self, reference: str) -> Iterable[str]:
        """Yield the lines that load a classifier and classify a text."""
        yield "from modelry import TextClassifier"
        yield ""
        yield f"classifier = TextClassifier.from_preset({reference!r})"
        yield 'classifier.classify(["A text to classify"])'

    def card(self, saved: SavedTask) -> Iterator[str]:
        """Yield the list of labels."""
        labels = saved.facts.get("labels")
        if labels:
            yield from ("## Labels", "", *(f"{index}. {label}" for index, label in enumerate(labels)), "")

    def from_transformers(self, checkpoint: Checkpoint, config: Mapping[str, Any], where: str) -> ForeignTask:
        """Read head, labels and problem type of a `…ForSequenceClassification`."""
        labels = _read_labels(config, where)
        problem_type = _read_problem_type(config, labels, where)
        facts = {"labels": None if problem_type == REGRESSION else labels, "problem_type": problem_type}
        count, others = {"num_classes": len(labels)}, checkpoint.head_config(config, where)
        head = checkpoint.head_name(config)
        if head is None:
            return ForeignTask({**count, **others}, {}, facts)
        return ForeignTask(count, {"head": Part("heads", head, {**count, **others})}, facts)

    def to_transformers(self, checkpoint: Checkpoint, task: Any, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return head, labels and problem type as `config.json` says them.

        Raises:
            SaveError: transformers does not have this kind of head.
        """
        written = checkpoint.written_config(task.backbone.get_config(), task.head.get_config())
        labels = task.labels or tuple(f"LABEL_{index}" for index in range(task.num_classes))
        return {
            **written,
            **_kind_of_head(checkpoint, task, written),
            "id2label": {str(index): label for index, label in enumerate(labels)},
            "label2id": {label: index for index, label in enumerate(labels)},
            "problem_type": _TRANSFORMERS_PROBLEM_TYPES[task.problem_type],
        }

    def transformers_weights(self, checkpoint: Checkpoint, task: Any) -> Iterable[SourcedWeight]:
        """Yield where a checkpoint stores the weights of the head."""
        return checkpoint.head_weights(task.head)


def problem_type_in(saved: SavedTask) -> str:
    """Return the problem type of a saved classifier; its activation tells one that the preset does not say."""
    config = saved.parts.get("head", saved.part).config
    return problem_type_of(saved.facts.get("problem_type"), config.get("activation", "linear"))


def is_trained(saved: SavedTask) -> bool:
    """Return whether a preset has a head with its weights."""
    return "num_classes" in saved.config and saved.weights is not None


def _read_labels(config: Mapping[str, Any], where: str) -> tuple[str, ...]:
    # transformers leaves id2label out of a config that has the two default labels.
    names = field(config, "id2label", dict, where, {"0": "LABEL_0", "1": "LABEL_1"})
    try:
        by_index = {int(index): str(label) for index, label in names.items()}
        return tuple(by_index[index] for index in range(len(by_index)))
    except (KeyError, ValueError):
        raise PresetFormatError(f"id2label in {where} must name the classes 0 to n-1, not {list(names)}.") from None


def _read_problem_type(config: Mapping[str, Any], labels: tuple[str, ...], where: str) -> str:
    """Return the problem type. As in transformers, a head of one score predicts a number unless the config says."""
    name = field(config, "problem_type", str, where, None)
    if name is None:
        return REGRESSION if len(labels) == 1 else SINGLE_LABEL
    for ours, theirs in _TRANSFORMERS_PROBLEM_TYPES.items():
        if theirs == name:
            return ours
    known = ", ".join(_TRANSFORMERS_PROBLEM_TYPES.values())
    raise PresetFormatError(f"{where} has the problem_type {name!r}, not one of {known}.")


def _kind_of_head(checkpoint: Checkpoint, task: Any, written: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the keys of `config.json` that name the kind of head."""
    own_task = f"{owner_of(task.backbone).name}.text_classifier"
    cls: Any = registry.load("tasks", own_task) if registry.has("tasks", own_task) else type(task)
    if isinstance(task, cls) and task.has_own_head:
        return {}
    keys = checkpoint.heads.get(owner_of(task.head).name)
    if keys is not None:
        read = {**argument_defaults(type(task.head)), **checkpoint.head_config(written, "config.json")}
        own = config_of(task.head, without=(*KERAS_ARGUMENTS, "num_classes", "activation"))
        if own == {name: read[name] for name in own}:
            return keys
    raise SaveError(
        f"transformers has the head of a {cls.__name__}; it cannot compute the {type(task.head).__name__} of this "
        f"{type(task).__name__}. Save in modelry's own format."
    )
