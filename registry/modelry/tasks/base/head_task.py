"""What a text task with a head on its backbone does: which head it has by default, and what of it KerasHub knows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import keras

from modelry.arguments import KERAS_ARGUMENTS, argument_defaults, config_of
from modelry.backbones import int8, lora
from modelry.backbones.weights import head_weights
from modelry.errors import InputError
from modelry.runtime.lazy_optimizer import LateOptimizer
from modelry.runtime.onednn import release
from modelry.tasks.base.adapters import save_adapter
from modelry.tasks.base.shared_rows import are_shared, score_shared
from modelry.tasks.base.text_task import TextTask
from modelry.tasks.text_classifier.heads import MeanPoolHead
from modelry.weights.load import load_weights
from modelry.weights.save import save_hdf5
from modelry.weights.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelry.backbones.backbone import Backbone
    from modelry.presets.adapter import Origin
    from modelry.tasks.base.head import Head


class HeadTask(TextTask):
    """A backbone, a preprocessor and a head; abstract.

    Args:
        backbone: The backbone.
        preprocessor: What turns texts into the backbone's inputs; `None` to pass those directly.
        head: What scores the backbone's outputs.
        **kwargs: `name`, `trainable`.

    Attributes:
        head_cls: The class of head it has by default.
        head_options: The arguments of that class which differ from its own defaults, such as those of a hidden layer.
        origin: The preset that the backbone was loaded from, or `None`.
    """

    head_cls: ClassVar[type[Head]] = MeanPoolHead
    head_options: ClassVar[Mapping[str, Any]] = {}
    optimizer = LateOptimizer()
    origin: Origin | None = None

    def __init__(self, *, backbone: Backbone, preprocessor: Any, head: Head, **kwargs: Any) -> None:
        outputs = head(backbone(backbone.input), padding_mask=backbone.input.get("padding_mask"))  # (B, C)
        super().__init__(backbone=backbone, preprocessor=preprocessor, outputs=outputs, **kwargs)
        self.head = head

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Score the backbone's inputs, or rows that several texts share; see `modelry.data.packing`."""
        if are_shared(inputs):
            return score_shared(self.backbone, self.head, inputs, training)
        return super().call(inputs, training=training, mask=mask)

    @classmethod
    def head_arguments(cls, backbone: Backbone, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments with which `head_cls` is called, besides `name` and `dtype`.

        A subclass whose head depends on its backbone, or names an argument otherwise, overrides this.

        Args:
            backbone: The backbone that the head is for.
            given: The classifier's own arguments for its head, as far as they were given.
        """
        return {**cls.head_options, **given}

    @classmethod
    def make_head(cls, backbone: Backbone, given: Mapping[str, Any]) -> Head:
        """Return a fresh head of this class's own kind; the arguments are those of `head_arguments`."""
        return cls.head_cls(**cls.head_arguments(backbone, given), dtype=backbone.dtype_policy, name="head")

    def enable_lora(self, rank: int, target_layer_names: Sequence[str] | None = None) -> None:
        """Freeze the backbone, and add a low-rank adapter to some of its layers, which is trained with the head.

        An optimizer that was in use begins anew. `fit` and `predict` are as before; what is saved with
        `save_to_preset` has the adapters in its weights, and `save_adapter` saves them alone.

        Reference: [Hu et al., 2021](https://arxiv.org/abs/2106.09685).

        Args:
            rank: The rank of the adapters: how many numbers each input and output of a layer gets.
            target_layer_names: The names of the dense layers; `None` for those of queries and values, as the backbone's
                `default_lora_layer_names` tells them.

        Raises:
            InputError: There are adapters already, the rank is no positive number, or no dense layer has such a name.
        """
        lora.enable(self.backbone, rank, target_layer_names)
        self.variables_changed()

    def merge_lora(self) -> None:
        """Add the adapters to the weights they belong to; then nothing is left of them, and scores are the same.

        Raises:
            InputError: The model has none.
        """
        if not lora.adapted(self.backbone):
            raise InputError("The model has no adapters to merge. Call enable_lora(rank) before training.")
        lora.merge(self.backbone)
        self.origin = None
        self.variables_changed()

    def save_adapter(
        self, preset_dir: str | os.PathLike[str], base: str | os.PathLike[str] | None = None, **publishing: Any
    ) -> None:
        """Write the adapters, the head and the labels, as a small preset that names the preset they belong to.

        `from_preset` loads it together with that preset, which must have the very weights that the backbone was trained
        on; this is checked now, and when it is loaded.

        Args:
            preset_dir: The folder to write, or a URI to publish to; as in `save_to_preset`.
            base: The preset that the adapters belong to; `None` for the one that the model was loaded from.
            **publishing: For a URI, the options of `modelry.upload_preset`.

        Raises:
            InputError: The model has no adapters, its base is not known, or `base` has other weights.
            SaveError: The folder cannot be written, or holds files but no preset.
            ModelryError: The base cannot be loaded, or the URI cannot be written to.
        """
        save_adapter(self, preset_dir, base, publishing)

    def has_task_weights(self) -> bool:
        """Whether there are weights outside the backbone."""
        return bool(head_weights(self.head))

    def save_task_weights(self, filepath: str | os.PathLike[str]) -> None:
        """Write the weights of the head alone, as in the `task.weights.h5` of a preset.

        Args:
            filepath: Where to; it ends in `.weights.h5`.

        Raises:
            InputError: It does not.
            SaveError: A weight cannot be written.
        """
        save_hdf5(_weights_file(filepath), head_weights(self.head))

    def load_task_weights(self, filepath: str | os.PathLike[str]) -> None:
        """Read the weights of the head alone, from what `save_task_weights` wrote, here or in KerasHub.

        Args:
            filepath: The file; it ends in `.weights.h5`.

        Raises:
            InputError: It does not.
            PresetNotFound: There is no such file.
            WeightsError: Its weights are those of another head. Nothing has changed then.
            PresetFormatError: The file is damaged.
        """
        path = _weights_file(filepath)
        load_weights(head_weights(self.head), open_store(path), where=str(path))
        release(self)

    def quantize(self, mode: str | None = None, config: Any = None, filters: Any = None, **kwargs: Any) -> None:
        """Put the kernels and tables of the model, its head's included, into fewer bits, for predictions.

        With `"int8"` they take a quarter of the memory. `save_to_preset` and `from_preset` keep them so.

        Args:
            mode: `"int8"`; Keras' other modes work as far as they do in Keras, and cannot be saved.
            config: A `keras.quantizers.QuantizationConfig`, in place of the mode.
            filters: Which layers; `None` for all that can be quantized. See `keras.Model.quantize`.
            **kwargs: Passed to `keras.Model.quantize`.

        Raises:
            InputError: The model has adapters.
        """
        if lora.adapted(self.backbone):
            raise InputError("The model has adapters. Call merge_lora() first, then quantize.")
        super().quantize(mode, config=config, filters=int8.can_quantize if filters is None else filters, **kwargs)
        self.origin = None
        self.variables_changed()

    def variables_changed(self) -> None:
        """Forget what was compiled for the variables that the model had, and let the optimizer begin anew."""
        release(self)
        self.train_function = self.test_function = self.predict_function = None
        optimizer = vars(self).get("_optimizer")
        if isinstance(optimizer, keras.optimizers.Optimizer) and optimizer.built:
            self.optimizer = type(optimizer).from_config(optimizer.get_config())

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

    @property
    def hidden_dim(self) -> int | None:
        """The size of the head's hidden layer; `None` if it has none, or one as wide as its input."""
        return getattr(self.head, "hidden_dim", None)

    @property
    def own_arguments(self) -> dict[str, Any]:
        """The constructor's arguments for the head, which are those of KerasHub's class of the same architecture."""
        own = {"num_classes": self.num_classes, "activation": self.activation, "dropout": self.dropout}
        return {**own, "hidden_dim": self.hidden_dim} if "hidden_activation" in self.head_options else own

    @property
    def has_own_head(self) -> bool:
        """Whether the constructor makes an equal head of `own_arguments`."""
        return self.makes_head_of(self)

    @classmethod
    def makes_head_of(cls, task: HeadTask) -> bool:
        """Whether this class, given the `own_arguments` of a task, makes a head equal to the task's."""
        if type(task.head) is not cls.head_cls:
            return False
        made = {**argument_defaults(cls.head_cls), **cls.head_arguments(task.backbone, task.own_arguments)}
        return all(made.get(name) == value for name, value in config_of(task.head, without=KERAS_ARGUMENTS).items())


def _weights_file(path: str | os.PathLike[str]) -> Path:
    if not os.fspath(path).endswith(".weights.h5"):
        raise InputError(f"The name of a file of weights ends in .weights.h5, and {os.fspath(path)!r} does not.")
    return Path(path)
