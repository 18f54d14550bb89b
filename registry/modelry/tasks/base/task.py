"""The generic task: a backbone, a preprocessor and what belongs to the task, in one Keras model."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar, Self

import keras

from modelry.arguments import KERAS_ARGUMENTS, config_of
from modelry.backbones.backbone import Backbone
from modelry.backbones.base_model import register_for_saving
from modelry.errors import InputError
from modelry.preprocessing.preprocessor import Preprocessor
from modelry.presets.task_spec import TaskSpec, find_spec, task_of
from modelry.runtime.onednn import release
from modelry.tasks.base.adapters import AdaptableModel
from modelry.tasks.base.head import call_packed, is_packed
from modelry.tasks.base.loading import create_task, load_task
from modelry.tasks.base.saving import load_task_weights, save_task, save_task_weights
from modelry.weights.load import layer_weights

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from modelry.presets.recipe import Recipe
    from modelry.storage.paths import Preset
    from modelry.tasks.base.head import Head

NOT_OWN = ("backbone", "preprocessor", "compile", "inputs", "outputs", *KERAS_ARGUMENTS)


class Task(AdaptableModel):
    """A functional Keras model for one task, with the preprocessing inside.

    `Task.from_preset` loads whatever task a preset holds. A subclass names its `task`, which is registered in
    `modelry.task_specs`, builds its outputs in the constructor, and keeps each constructor argument as an attribute of
    the same name; saving, loading and configs follow from that.

    Args:
        backbone: The backbone.
        preprocessor: Turns raw inputs into the backbone's; `None` to pass the backbone's inputs directly. Any callable
            will do.
        head: The layers between the backbone's outputs and the task's, if they are one `Head`; packing needs one.
        inputs: The model's inputs; the backbone's by default.
        outputs: The model's outputs; those of `head` by default.
        **kwargs: `name`, `trainable`.

    Raises:
        InputError: The backbone is of another class, or the preprocessor's rows are longer than it has positions.

    Attributes:
        task: The name of its task spec.
        backbone_cls: The class of backbone it takes.
        preprocessor_cls: The class of preprocessor it takes by default.
        resets: Arguments of `from_preset` that ask for new, untrained weights outside the backbone.
    """

    task: ClassVar[str | None] = None
    backbone_cls: ClassVar[type[Backbone]] = Backbone
    preprocessor_cls: ClassVar[type[Preprocessor]] = Preprocessor  # type: ignore[type-abstract]
    resets: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        register_for_saving(cls.preprocessor_cls)
        if cls.preprocessor_cls.tokenizer_cls is not None:
            register_for_saving(cls.preprocessor_cls.tokenizer_cls)

    def __init__(
        self,
        *,
        backbone: Backbone,
        preprocessor: Any = None,
        head: Head | None = None,
        inputs: Any = None,
        outputs: Any = None,
        **kwargs: Any,
    ) -> None:
        self.check_backbone(backbone)
        if outputs is None:
            if head is None:
                raise InputError(f"{type(self).__name__} must pass head= or outputs= to Task's constructor.")
            mask = backbone.input.get("padding_mask") if isinstance(backbone.input, dict) else None
            outputs = head(backbone(backbone.input), padding_mask=mask)
        super().__init__(inputs=backbone.input if inputs is None else inputs, outputs=outputs, **kwargs)
        if backbone.quantization_mode is None:  # Keras would quantize the task again
            self.dtype_policy = backbone.dtype_policy  # what `compile` looks at, to scale the loss in float16
        self.backbone = backbone
        self.preprocessor = preprocessor
        self.head = head

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the outputs for the backbone's inputs, or for packed rows."""
        if self.head is not None and is_packed(inputs):
            return call_packed(self.backbone, self.head, inputs, self.output_per == "token", training)
        return super().call(inputs, training=training, mask=mask)

    @classmethod
    def spec(cls) -> TaskSpec:
        """Return the registered description of this kind of task.

        Raises:
            InputError: The class names no task.
            UnknownComponent: No installed plugin registers it.
        """
        name = task_of(cls)
        if name is None:
            raise InputError(f"{cls.__name__} has no task name. Set task = '…', and register it in modelry.task_specs.")
        return find_spec(name)

    @classmethod
    def arguments(cls) -> tuple[str, ...]:
        """Return the names of the constructor's arguments; `head` only where a subclass takes one from its caller."""
        names = super().arguments()
        constructors = (vars(base).get("__init__") for base in cls.__mro__[: cls.__mro__.index(Task)])
        takes_head = any("head" in inspect.signature(one).parameters for one in constructors if one is not None)
        return names if takes_head else tuple(name for name in names if name != "head")

    @classmethod
    def check_backbone(cls, backbone: Any) -> Backbone:
        """Return the backbone if this task takes it.

        Raises:
            InputError: It is of another class.
        """
        if not isinstance(backbone, cls.backbone_cls):
            raise InputError(f"{cls.__name__} needs a {cls.backbone_cls.__name__}, not a {type(backbone).__name__}.")
        return backbone

    @property
    def preprocessor(self) -> Any:
        """The callable that turns raw inputs into the backbone's, or `None`. It can be set at any time."""
        return self._preprocessor

    @preprocessor.setter
    def preprocessor(self, value: Any) -> None:
        if value is not None and not callable(value):
            raise InputError(f"preprocessor must be a Preprocessor, another callable, or None, not {value!r}.")
        if isinstance(value, Preprocessor):
            for part in (value, *value.components().values()):
                register_for_saving(type(part))
        self._preprocessor = value
        self.check_preprocessor()

    def check_preprocessor(self) -> None:
        """Check that the preprocessor's rows are no longer than the backbone has positions.

        Raises:
            InputError: They are longer.
        """
        longest = getattr(self.backbone, "max_sequence_length", None)
        length = getattr(self.preprocessor, "sequence_length", None)
        if longest is not None and length is not None and length > longest:
            raise InputError(
                f"sequence_length={length} is more than the {longest} positions of {type(self.backbone).__name__}. "
                f"Set it to {longest} or less."
            )

    @property
    def supports_packing(self) -> bool:
        """True if token rows are packed in `fit`, `evaluate` and `predict`."""
        # A mesh of devices splits arrays by their first axis, and rows and documents would not stay together.
        packs = self.head is not None and self.backbone.supports_packing
        return packs and keras.distribution.distribution() is None

    @property
    def layers(self) -> list[keras.layers.Layer]:
        """The layers, with those of the head in the head's place.

        KerasHub's tasks have no head object, so this is what makes `save_weights` and `load_weights` read each other's
        files, and `get_layer("logits")` find the same layer.
        """
        head = getattr(self, "head", None)
        layers: list[keras.layers.Layer] = []
        for layer in super().layers:
            layers += head._flatten_layers(include_self=False, recursive=False) if layer is head else [layer]
        return layers

    def own_layers(self) -> list[keras.layers.Layer]:
        """Return the layers outside the backbone, in the order that numbers them in files."""
        others = (keras.layers.InputLayer,)
        return [layer for layer in self.layers if layer is not self.backbone and not isinstance(layer, others)]

    def own_weights(self) -> dict[str, keras.Variable]:
        """Return the variables outside the backbone by stored name.

        The layers of a head are stored as if they were layers of the task itself, where KerasHub's tasks have them.
        """
        return layer_weights(self.own_layers())

    # Presets

    @classmethod
    def from_preset(cls, preset: Preset, load_weights: bool = True, **overrides: Any) -> Self:
        """Load a task.

        On `Task` itself the preset decides which task it is; on the class of a task, such as `TextClassifier`, which
        architecture; on the class of one architecture, the preset must be of that architecture.

        Args:
            preset: A built-in name (`cls.presets`), a folder, or a URI such as `s3://…`; or a list of places with the
                same files, of which the next is used where one fails.
            load_weights: Whether to read the weights; otherwise all are initialised at random.
            **overrides: Arguments of the constructor that replace the saved ones. Those in `resets` ask for new,
                untrained weights outside the backbone; a preset without such weights gets new ones too. `backbone` and
                `preprocessor` replace a whole part (`preprocessor=None`: take the backbone's inputs), `dtype` and
                `sequence_length` what was saved about them, and `base` the preset that an adapter names.
                `compile=False` leaves the model uncompiled. How the preset is opened: `revision`, its version; `token`
                and `storage_options`, for the store or its client; `cache_dir`, the folder of fetched files;
                `offline`, whether only they may be used; `verify="full"`, whether all of them are hashed again;
                `deadline`, the seconds that the store may take; `lock`, the lock file that must have the preset;
                `public_key`, the key that must have signed it; `budget`, a `modelry.Budget`, the most that it may take
                of this machine.

        Raises:
            UnsafePresetError: The preset attempts something unsafe, or wants more than its budget.
            PresetError: The preset is missing, damaged, of another architecture or task, or its weights do not fit.
            StorageError: The reference is malformed, or the store cannot be read.
            UnknownComponent: A plugin that the preset needs is not installed.
            InputError: An override is missing, unknown, or contradicts another.
        """
        return load_task(cls, preset, load_weights, overrides)

    @classmethod
    def override_names(cls) -> tuple[str, ...]:
        """Return the names of the overrides that `from_preset` takes, besides those of how a preset is opened."""
        return (*(name for name in cls.arguments() if name not in ("inputs", "outputs")), "sequence_length", "dtype")

    @classmethod
    def restores(cls, recipe: Recipe, overrides: Mapping[str, Any]) -> bool:
        """Return whether the weights outside the backbone come from the preset.

        Raises:
            InputError: The overrides contradict the preset or each other.
        """
        saved = recipe.task
        return saved is not None and saved.weights is not None and not set(cls.resets) & overrides.keys()

    @classmethod
    def check_restored(cls, recipe: Recipe, overrides: Mapping[str, Any], backbone: Backbone) -> None:
        """Check that the weights to restore belong to what this class builds, where their shapes do not tell.

        Raises:
            InputError: They belong to something else.
        """

    @classmethod
    def from_parts(
        cls, recipe: Recipe, overrides: Mapping[str, Any], backbone: Backbone, preprocessor: Any, dtype: Any
    ) -> Self:
        """Create the task of a Recipe on its backbone; weights are placed afterwards.

        Args:
            recipe: The preset. Its `task` is `None` if the preset holds another kind of task, or none.
            overrides: The arguments of `from_preset`.
            backbone: The backbone.
            preprocessor: The preprocessor.
            dtype: The dtype policy for layers outside the backbone.
        """
        return create_task(cls, recipe, overrides, backbone, preprocessor, dtype)

    def facts(self) -> dict[str, Any]:
        """Return the facts that a preset keeps about the task: the arguments that its spec lists, as JSON values."""
        found = {name: getattr(self, name) for name in self.spec().facts}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}

    def saved_parts(self) -> dict[str, Any]:
        """Return role → component besides backbone and preprocessor, as a preset's `task.json` holds them."""
        found = {role: getattr(self, role, None) for role in self.spec().parts}
        return {role: part for role, part in found.items() if part is not None}

    def saved_config(self) -> dict[str, Any]:
        """Return the constructor's arguments that are neither parts nor facts, as a preset's `task.json` holds them."""
        spec = self.spec()
        return config_of(self, without=(*NOT_OWN, *spec.parts, *spec.facts, "head"))

    def save_to_preset(
        self,
        preset_dir: str | os.PathLike[str],
        max_shard_size: float | None = 10,
        format: str = "modelry",  # noqa: A002 - the word for it
        dtype: str | None = None,
        **publishing: Any,
    ) -> None:
        """Write everything that `from_preset` reads: configs, vocabulary, facts about the task, and weights.

        The folder is written beside its destination and then renamed, so a failure leaves an older preset as it was.
        Optimizer state is not part of a preset.

        Args:
            preset_dir: The folder to write. It may be missing, empty, or hold an older preset, which is replaced;
                other files in it stay. Or a URI such as `s3://bucket/folder`, to which the preset is published.
            max_shard_size: The greatest size of a file of backbone weights, in GiB; `None` for a single file.
            format: `"modelry"` is KerasHub's layout; where the architecture and the task exist there, KerasHub reads it
                too. `"transformers"` is the layout of `save_pretrained` there; it has no place for an activation of the
                outputs and for how inputs are truncated.
            dtype: `"bfloat16"`, `"float16"` or `"float32"`, to store weights in another precision than the model has;
                the model stays as it is, and so does the precision that it computes in after loading.
            **publishing: For a URI, the options of `modelry.upload_preset`, such as `private=` or `deadline=`.

        Raises:
            SaveError: The folder cannot be written, or holds files but no preset; transformers cannot compute the
                same; or a weight has numbers that `dtype` cannot hold.
            StorageError: The URI is malformed, cannot be written to, or its store refuses.
            InputError: An option is wrong, or has no effect here.
        """
        save_task(self, preset_dir, max_shard_size, format, dtype, publishing)

    def has_task_weights(self) -> bool:
        """Return whether there are weights outside the backbone."""
        return any(layer.weights for layer in self.own_layers())

    def save_task_weights(self, filepath: str | os.PathLike[str]) -> None:
        """Write the weights outside the backbone, as in the `task.weights.h5` of a preset.

        Args:
            filepath: The file to write; its name ends in `.weights.h5`.

        Raises:
            InputError: The name has another ending.
            SaveError: A weight cannot be written.
        """
        save_task_weights(self, filepath)

    def load_task_weights(self, filepath: str | os.PathLike[str]) -> None:
        """Read the weights outside the backbone from a file of `save_task_weights`, modelry's or KerasHub's.

        Args:
            filepath: The file; its name ends in `.weights.h5`.

        Raises:
            InputError: The name has another ending.
            PresetNotFound: There is no such file.
            WeightsError: The weights belong to other layers. Nothing has changed then.
            PresetFormatError: The file is damaged.
        """
        load_task_weights(self, filepath)
        release(self)

    def comparable(self, outputs: Any, other: Any) -> Any:
        """Return outputs in a form that can be compared with those of the same task in another format, `other`."""
        return outputs

    # Keras

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, the parts serialized as Keras does it."""
        write = keras.saving.serialize_keras_object
        own = {name: getattr(self, name) for name in self.arguments() if name not in NOT_OWN}
        return {
            "backbone": write(self.backbone),
            "preprocessor": write(self.preprocessor),
            "name": self.name,
            "trainable": self.trainable,
            **{name: write(one) if isinstance(one, keras.layers.Layer) else one for name, one in own.items()},
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Self:
        """Create a task from the return value of `get_config`."""
        read = keras.saving.deserialize_keras_object
        return cls(
            **{
                key: read(value, custom_objects=custom_objects) if isinstance(value, dict) else value
                for key, value in config.items()
            }
        )

    def summary(self, *args: Any, **kwargs: Any) -> None:
        """Print the preprocessor, then the layers; the arguments are those of `keras.Model.summary`."""
        describe = getattr(self.preprocessor, "print_summary", None)
        if describe is not None:
            describe(kwargs.get("print_fn"))
        super().summary(*args, **kwargs)
