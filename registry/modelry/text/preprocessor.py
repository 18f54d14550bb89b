"""What every preprocessor does."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np

from modelry.arguments import config_of
from modelry.data.columns import as_text_columns
from modelry.errors import InputError, SaveError
from modelry.presets.builtin import BuiltinPresets
from modelry.text.loading import load_preprocessor
from modelry.text.saving import put_preprocessor

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from modelry.data.rows import TokenizedTexts
    from modelry.storage.reference import Preset
    from modelry.text.tokenizer import Tokenizer

Padding = Literal["bucket", "fixed"]


class Preprocessor(abc.ABC):
    """Turns texts into the padded arrays that a backbone takes.

    It works in two steps, so that batches can be formed by length in between: `tokenize` turns texts into ragged rows
    of token ids, `pad` turns some of the rows into arrays of one length. Calling a preprocessor does both, padding to
    `sequence_length`.

    A subclass keeps each constructor argument as an attribute of the same name.

    Attributes:
        tokenizer_cls: The class of tokenizer it needs.
        presets: The built-in presets that have a preprocessor of this class, by name.
        keras_hub_class: The name of the KerasHub class that packs texts in the same way, if there is one.
        tokenizer: The tokenizer.
        sequence_length: The greatest number of tokens of a row, special tokens included. It can be set at any time.
        padding: `"bucket"` lets `fit`, `evaluate` and `predict` pad each batch only as far as its own texts need;
            `"fixed"` pads all of them to `sequence_length`, for architectures whose output padding changes.
    """

    tokenizer_cls: ClassVar[type[Tokenizer]]
    presets = BuiltinPresets()
    keras_hub_class: ClassVar[str | None] = None
    tokenizer: Tokenizer
    padding: Padding

    @abc.abstractmethod
    def tokenize(self, columns: tuple[Sequence[str], ...]) -> TokenizedTexts:
        """Tokenize and truncate texts, and add the special tokens.

        Args:
            columns: One column of texts, or two of the same length for sentence pairs.
        """

    @abc.abstractmethod
    def pad(self, packed: TokenizedTexts, rows: Sequence[int] | np.ndarray, length: int) -> dict[str, np.ndarray]:
        """Return the model's inputs for some of the packed rows, each array of shape `(len(rows), length)`."""

    @property
    def sequence_length(self) -> int:
        """The greatest number of tokens of a row."""
        return self._sequence_length

    @sequence_length.setter
    def sequence_length(self, value: int) -> None:
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 3:
            raise InputError(f"sequence_length must be a whole number of tokens, at least 3, not {value!r}.")
        self._sequence_length = int(value)

    def __call__(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Preprocess texts, padded to `sequence_length`.

        Args:
            x: A text; a column of texts; or a pair of columns `(first, second)` for sentence pairs.
            y: Passed through.
            sample_weight: Passed through.

        Returns:
            The model's inputs: arrays of shape `(texts, sequence_length)`, or `(sequence_length,)` for a single
            text. With `y` or `sample_weight`, a tuple of inputs and these.
        """
        single = isinstance(x, str)
        packed = self.tokenize(as_text_columns([x] if single else x))
        features = self.pad(packed, range(len(packed)), self.sequence_length)
        if single:
            features = {name: array[0] for name, array in features.items()}
        if sample_weight is not None:
            return features, y, sample_weight
        return features if y is None else (features, y)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; the tokenizer is an object."""
        return config_of(self)

    def keras_hub_config(self) -> dict[str, Any] | None:
        """Return the config under which KerasHub's class packs texts in the same way, or `None` if it cannot."""
        return None if self.keras_hub_class is None else self.get_config()

    def save_for_transformers(self, folder: Path) -> None:
        """Write the files from which transformers makes a tokenizer that packs texts in the same way.

        Raises:
            SaveError: This preprocessor does not say how, or transformers has no such tokenizer.
        """
        raise SaveError(
            f"{type(self).__name__} does not say how transformers is to pack texts in the same way. Save with "
            "preprocessor=None, or in modelry's own format."
        )

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create a preprocessor from what `get_config` returned, or what Keras made of it in a `.keras` file."""
        tokenizer = config["tokenizer"]
        if isinstance(tokenizer, Mapping):
            import keras

            tokenizer = keras.saving.deserialize_keras_object(tokenizer)
        return cls(**{**config, "tokenizer": tokenizer})

    @classmethod
    def from_preset(cls, preset: Preset, **overrides: Any) -> Self:
        """Load the preprocessor of a preset. No weights are read.

        Args:
            preset: A built-in name, a folder, or a URI; or a list of places with the same files.
            **overrides: Constructor arguments that replace the saved ones, such as `sequence_length`;
                and how the preset is opened (`revision`, `token`, `offline`, `budget` and so on), as in
                `TextClassifier.from_preset`.

        Raises:
            PresetError: The preset is missing, damaged, has no tokenizer, or is of another architecture.
            UnknownArgument: An override is no argument of the preprocessor.
        """
        return load_preprocessor(cls, preset, overrides)

    def save_to_preset(self, preset_dir: str | os.PathLike[str]) -> None:
        """Put this preprocessor, and its tokenizer, into a preset that is there, in place of the ones in it.

        `Backbone.save_to_preset(…, preprocessor=…)` and `Task.save_to_preset` write both at once. The preset is written
        whole or not at all.

        Args:
            preset_dir: The folder of a preset in KerasHub's layout, as `save_to_preset` writes it.

        Raises:
            SaveError: There is no such preset, or it cannot be written.
            InputError: `preset_dir` is no folder.
            PresetFormatError: The preset is damaged.
        """
        put_preprocessor(preset_dir, self)
