"""Preprocessors: raw inputs to columns, and columns to arrays; loaded from presets and saved in them."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from modelry.arguments import config_of
from modelry.discovery.registry import registry
from modelry.errors import PresetNotFound, SaveError
from modelry.presets.builtin import BuiltinPresets
from modelry.presets.components import create, find_entry, load_class, preset_loader, serialized
from modelry.presets.keras_hub import PREPROCESSOR
from modelry.presets.read import ready_recipe
from modelry.presets.recipe import Part
from modelry.presets.replace import replace_parts
from modelry.presets.write import write_tokenizer
from modelry.storage.options import take_options
from modelry.strict_json import write_json
from modelry.tokenizers.tokenizer import Tokenizer, build_tokenizer

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from modelry.presets.components import Serialized
    from modelry.presets.recipe import Recipe
    from modelry.storage.paths import Preset
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
        parts = self.components()
        replace_parts(preset_dir, {"preprocessors": self, **parts}, self.serialized(), parts.get("tokenizers"))


P = TypeVar("P", bound="Preprocessor")


@preset_loader
def load_preprocessor(cls: type[P], preset: Preset, overrides: Mapping[str, Any]) -> P:
    """Load a preset's preprocessor, which must be a `cls`."""
    options, overrides = take_options(overrides)
    return build_preprocessor(ready_recipe(preset, options), cls, overrides)


def build_preprocessor(recipe: Recipe, cls: type[P], overrides: Mapping[str, Any], names: Sequence[str] = ()) -> P:
    """Build the preprocessor of a Recipe.

    Args:
        recipe: The Recipe.
        cls: The class that it must be an instance of.
        overrides: Constructor arguments that replace the saved ones.
        names: The registered names of preprocessors for presets without a fitting one; the first one counts. Without
            any, `cls` itself, or the only preprocessor of the architecture, is the default.

    Raises:
        PresetNotFound: The preset has no preprocessor, and nothing says which one is the default.
        MissingPlugin: No installed plugin registers it.
        PresetError: It is not a `cls`.
    """
    inputs = recipe.inputs()
    part = inputs.preprocessor
    if part is None or (names and not _is(part, cls, names[0])):  # another task's does not fit
        settings = inputs.settings if part is None else _shared_settings(part)
        part = Part("preprocessors", names[0] if names else _default(recipe, cls), settings)
    found = load_class(recipe, part, cls)
    config = dict(part.config)
    if found.tokenizer_cls is not None:
        config["tokenizer"] = overrides.get("tokenizer") or build_tokenizer(recipe, found.tokenizer_cls, {})
    return create(found, config, overrides, recipe)


def _is(part: Part, cls: type, default: str) -> bool:
    """Return whether a part is a `cls`; one for the same task that is not installed counts, so that loading says so."""
    if not registry.has("preprocessors", part.name):
        return part.short_name.rpartition(".")[2] == default.rpartition(".")[2]
    found = registry.load("preprocessors", part.name)
    return isinstance(found, type) and issubclass(found, cls)


def _shared_settings(part: Part) -> dict[str, Any]:
    """Return the settings that the preprocessors of all tasks on one backbone have in common."""
    return {name: value for name, value in part.config.items() if name == "sequence_length"}


def _default(recipe: Recipe, cls: type) -> str:
    """Return the registered name of the default preprocessor."""
    backbone = find_entry(recipe, recipe.backbone)  # only its own distribution is asked, so that nobody slips in
    own = [
        entry
        for entry in registry.entries("preprocessors")
        if entry.distribution == backbone.distribution and entry.name.startswith(f"{backbone.name}.")
    ]
    owner = registry.owner(cls)
    if owner in own:
        own = [owner]
    if len(own) == 1:
        return own[0].qualified
    listed = ", ".join(entry.attribute for entry in own) or "none"
    raise PresetNotFound(
        f"Preset {recipe.files.reference!r} has no preprocessor, and its architecture registers not one but: {listed}. "
        "Call from_preset of the class that fits, or create the preprocessor yourself."
    )


def write_preprocessor(folder: Path, preprocessor: Preprocessor, config: Serialized | None = None) -> None:
    """Write the files of a preprocessor, and of its tokenizer if it has one, into a folder that has none.

    Args:
        folder: The folder.
        preprocessor: The preprocessor.
        config: The result of `preprocessor.serialized()`, where the caller has it already.
    """
    config = preprocessor.serialized() if config is None else config
    write_json(folder / PREPROCESSOR, config)
    tokenizer = preprocessor.components().get("tokenizers")
    if tokenizer is not None:
        write_tokenizer(folder, tokenizer, config["config"]["tokenizer"])
