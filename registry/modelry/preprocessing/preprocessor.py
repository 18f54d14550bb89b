"""The base class of preprocessors: raw inputs to columns, and columns to the arrays that a backbone takes."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from modelry.arguments import config_of
from modelry.errors import SaveError
from modelry.preprocessing.loading import load_preprocessor, put_preprocessor
from modelry.presets.builtin import BuiltinPresets
from modelry.presets.parts import serialized

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from modelry.presets.parts import Serialized
    from modelry.storage.reference import Preset
    from modelry.tokenizers.tokenizer import Tokenizer


class Preprocessor(abc.ABC):
    """Turns raw inputs into the arrays that a backbone takes; abstract.

    Columns in, arrays out: `columns` checks what a user passes as `x` and splits it into columns with one value for
    each example; `arrays` turns columns into arrays with one row for each example. The inputs need not be texts. A
    preprocessor of texts derives from `TextPreprocessor`, which has a tokenizer and pads each batch on its own.

    A subclass keeps each constructor argument as an attribute of the same name.

    ```python
    class ImagePreprocessor(Preprocessor):
        def __init__(self, size=32):
            self.size = size

        def columns(self, x):
            images = np.asarray(x)
            if images.ndim != 4:
                raise InputError(f"x must be images of shape (n, height, width, 3), not {images.shape}.")
            return (images,)

        def is_example(self, x):
            return np.ndim(x) == 3

        def arrays(self, columns):
            return {"images": keras.ops.convert_to_numpy(keras.ops.image.resize(columns[0], (self.size, self.size)))}
    ```

    Attributes:
        presets: The built-in presets that have a preprocessor of this class, by name.
        keras_hub_class: The name of the KerasHub class that gives the same arrays, if there is one.
        tokenizer_cls: The class of its tokenizer; `None` for preprocessors without one.
        noun: The name of an example in messages, such as `"image"`.
    """

    presets = BuiltinPresets()
    keras_hub_class: ClassVar[str | None] = None
    tokenizer_cls: ClassVar[type[Tokenizer] | None] = None
    tokenizer: Tokenizer
    noun: ClassVar[str] = "example"

    @abc.abstractmethod
    def columns(self, x: Any) -> tuple[Sequence[Any], ...]:
        """Return the columns of `x`, all of the same length: one value for each example.

        Raises:
            InputError: `x` is not an input of this preprocessor; the message names the row.
        """

    @abc.abstractmethod
    def arrays(self, columns: tuple[Sequence[Any], ...]) -> dict[str, np.ndarray]:
        """Return the backbone's inputs by name, each of shape `(examples, ...)`."""

    def is_example(self, x: Any) -> bool | None:
        """Return whether `x` is a single example rather than a batch; `None` where `x` alone does not tell.

        Streams yield either, so this decides what an element of a stream is.
        """
        return None

    def __call__(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Preprocess one example or a batch of them.

        Args:
            x: An example, or examples as `columns` takes them.
            y: Passed through.
            sample_weight: Passed through.

        Returns:
            The backbone's inputs: arrays of shape `(examples, ...)`, without the first axis for a single example. With
            `y` or `sample_weight`, a tuple of inputs and these.
        """
        single = self.is_example(x) is True
        arrays = self.arrays(self.columns([x] if single else x))
        if single:
            arrays = {name: array[0] for name, array in arrays.items()}
        if sample_weight is not None:
            return arrays, y, sample_weight
        return arrays if y is None else (arrays, y)

    def components(self) -> Mapping[str, Any]:
        """Return the parts that are saved with it: `{"tokenizers": tokenizer}` if it has a `tokenizer_cls`."""
        return {} if self.tokenizer_cls is None else {"tokenizers": self.tokenizer}

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; its parts are objects."""
        return config_of(self)

    def keras_hub_config(self) -> dict[str, Any] | None:
        """Return the config under which KerasHub's class gives the same arrays, or `None` if it cannot."""
        return None if self.keras_hub_class is None else self.get_config()

    def serialized(self) -> Serialized:
        """Return the contents of a preset's `preprocessor.json`."""
        written = serialized(self, self.keras_hub_config(), self.get_config())
        parts = {} if self.tokenizer_cls is None else {"tokenizer": self.tokenizer.serialized()}
        return {**written, "config": {**written["config"], **parts}}

    def save_for_transformers(self, folder: Path) -> None:
        """Write the files from which transformers makes a preprocessor that gives the same arrays.

        Raises:
            SaveError: This preprocessor does not say how, or transformers has none like it.
        """
        raise SaveError(
            f"{type(self).__name__} does not say how transformers can preprocess in the same way. Save with "
            "preprocessor=None, or in modelry's own format."
        )

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create a preprocessor from the result of `get_config`, or from what Keras made of it in a `.keras` file."""
        parts = {name: part for name, part in config.items() if isinstance(part, Mapping) and "class_name" in part}
        if parts:
            import keras

            parts = {name: keras.saving.deserialize_keras_object(part) for name, part in parts.items()}
        return cls(**{**config, **parts})

    @classmethod
    def from_preset(cls, preset: Preset, **overrides: Any) -> Self:
        """Load the preprocessor of a preset. No weights are read.

        Args:
            preset: A built-in name, a folder, or a URI; or a list of places with the same files.
            **overrides: Constructor arguments that replace the saved ones, such as `sequence_length`;
                and how the preset is opened (`revision`, `token`, `offline`, `budget` and so on), as in
                `modelry.Task.from_preset`.

        Raises:
            PresetError: The preset is missing, damaged, has no tokenizer, or is of another architecture.
            UnknownArgument: An override is not an argument of the preprocessor.
        """
        return load_preprocessor(cls, preset, overrides)

    def save_to_preset(self, preset_dir: str | os.PathLike[str]) -> None:
        """Put this preprocessor, with its parts, into an existing preset in place of the old one.

        `Backbone.save_to_preset(…, preprocessor=…)` and `Task.save_to_preset` write both at once. The preset is written
        whole or not at all.

        Args:
            preset_dir: The folder of a preset in KerasHub's layout, as `save_to_preset` writes it.

        Raises:
            SaveError: There is no such preset, or it cannot be written.
            InputError: `preset_dir` is not a folder.
            PresetFormatError: The preset is damaged.
        """
        put_preprocessor(preset_dir, self)
