"""What every task does: a backbone, its preprocessor and a head, in one Keras model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import keras

from modelry.backbones.backbone import Backbone
from modelry.backbones.base_model import FunctionalModel
from modelry.backbones.keras_saving import register_for_saving
from modelry.errors import InputError
from modelry.preprocessing.preprocessor import Preprocessor
from modelry.tasks.base.saving import save_task
from modelry.tasks.base.summary import print_preprocessor

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from modelry.storage.reference import Preset


class Task(FunctionalModel):
    """A functional Keras model for one task, with the preprocessing inside; abstract.

    Args:
        backbone: The backbone.
        preprocessor: What turns raw inputs into the backbone's; `None` to pass the backbone's inputs directly. Any
            callable will do.
        outputs: The model's outputs, connected to `backbone.input`.
        **kwargs: `name`, `trainable`.

    Raises:
        InputError: The preprocessor's rows are longer than the backbone has positions.

    Attributes:
        task: The task's name, as the last part of the names under which architectures register their parts for it.
        backbone_cls: The class of backbone it takes.
        preprocessor_cls: The class of preprocessor it takes by default.
    """

    task: ClassVar[str | None] = None
    backbone_cls: ClassVar[type[Backbone]] = Backbone
    preprocessor_cls: ClassVar[type[Preprocessor]] = Preprocessor  # type: ignore[type-abstract] # any concrete one will do

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        register_for_saving(cls.preprocessor_cls)
        if cls.preprocessor_cls.tokenizer_cls is not None:
            register_for_saving(cls.preprocessor_cls.tokenizer_cls)

    def __init__(self, *, backbone: Backbone, preprocessor: Any, outputs: Any, **kwargs: Any) -> None:
        super().__init__(inputs=backbone.input, outputs=outputs, **kwargs)
        if backbone.quantization_mode is None:  # Keras would quantize the task again
            self.dtype_policy = backbone.dtype_policy  # what `compile` looks at, to scale the loss in float16
        self.backbone = backbone
        self.preprocessor = preprocessor

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
        """What turns raw inputs into the backbone's, or `None`. It can be set at any time."""
        return self._preprocessor

    @preprocessor.setter
    def preprocessor(self, value: Any) -> None:
        if value is not None and not callable(value):
            raise InputError(f"preprocessor must be a Preprocessor, another callable, or None, not {value!r}.")
        self._preprocessor = value
        self.check_sequence_length()

    def check_sequence_length(self) -> None:
        """Check that the preprocessor's rows are no longer than the backbone has positions.

        Raises:
            InputError: They are.
        """
        longest = getattr(self.backbone, "max_sequence_length", None)
        length = getattr(self.preprocessor, "sequence_length", None)
        if longest is not None and length is not None and length > longest:
            raise InputError(
                f"sequence_length={length} is more than the {longest} positions of {type(self.backbone).__name__}. "
                f"Set it to {longest} or less."
            )

    @classmethod
    def from_preset(cls, preset: Preset, load_weights: bool = True, **overrides: Any) -> Self:
        """Load a preset; see the subclasses."""
        raise NotImplementedError(f"{cls.__name__} is abstract. Call from_preset on a task such as TextClassifier.")

    def save_to_preset(
        self,
        preset_dir: str | os.PathLike[str],
        max_shard_size: float | None = 10,
        format: str = "modelry",  # noqa: A002 - the word for it
        dtype: str | None = None,
        **publishing: Any,
    ) -> None:
        """Write everything that `from_preset` reads: configs, vocabulary, labels and weights.

        The folder is written beside its destination and then renamed, so a failure leaves an older preset as it was.
        Optimizer state is not part of a preset.

        Args:
            preset_dir: The folder to write. It may be missing, empty, or hold an older preset, which is replaced;
                other files in it stay. Or a URI such as `s3://bucket/folder`, to which the preset is published.
            max_shard_size: The greatest size of a file of backbone weights, in GiB; `None` for a single file.
            format: `"modelry"` is KerasHub's layout; where the architecture exists there, KerasHub reads it too.
                `"transformers"` is what `AutoModelForSequenceClassification` and `AutoTokenizer` read; it has no place
                for an activation of the scores and for how texts are truncated.
            dtype: `"bfloat16"`, `"float16"` or `"float32"`, to store weights in another precision than the model has;
                the model stays as it is, and so does the precision that it computes in after loading.
            **publishing: For a URI, the options of `modelry.upload_preset`, such as `private=` or `deadline=`.

        Raises:
            SaveError: The folder cannot be written, or holds files but no preset; transformers cannot compute the
                same; or a weight has numbers that `dtype` cannot hold.
            StorageError: The URI is malformed, cannot be written to, or its store refuses.
            InputError: An option is wrong, or there is no use for it.
        """
        save_task(self, preset_dir, max_shard_size, format, dtype, publishing)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, the backbone and the preprocessor serialized as Keras does it."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it is saved.")

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Self:
        """Create a task from what `get_config` returned."""
        read = keras.saving.deserialize_keras_object
        return cls(
            **{
                key: read(value, custom_objects=custom_objects) if isinstance(value, dict) else value
                for key, value in config.items()
            }
        )

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile as the saved model was; Keras calls this in `load_model`."""
        self.compile(**keras.saving.deserialize_keras_object(dict(config)))
        if getattr(self, "optimizer", None) is not None and self.built:
            self.optimizer.build(self.trainable_variables)

    def summary(self, *args: Any, **kwargs: Any) -> None:
        """Print the preprocessor, then the layers; the arguments are those of `keras.Model.summary`."""
        print_preprocessor(self, kwargs.get("print_fn"))
        super().summary(*args, **kwargs)
