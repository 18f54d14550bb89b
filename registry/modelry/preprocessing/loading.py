"""Loading and saving of the preprocessor of a preset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from modelry.discovery.registry import registry
from modelry.errors import PresetNotFound
from modelry.presets.components import announced, create, find_entry, load_class
from modelry.presets.keras_hub import PREPROCESSOR
from modelry.presets.parts import replace_parts, write_tokenizer
from modelry.presets.read import ready_recipe
from modelry.presets.recipe import Part
from modelry.storage.options import take_options
from modelry.strict_json import write_json
from modelry.tokenizers.tokenizer import Tokenizer, build_tokenizer

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from modelry.presets.parts import Serialized
    from modelry.presets.recipe import Recipe
    from modelry.storage.reference import Preset


class LoadedPreprocessor(Protocol):
    """A preprocessor, as far as loading it goes."""

    tokenizer_cls: ClassVar[type[Tokenizer] | None]


P = TypeVar("P", bound=LoadedPreprocessor)


@announced
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


class SavedPreprocessor(Protocol):
    """A preprocessor, as far as saving it goes."""

    def serialized(self) -> Serialized:
        """Return the contents of `preprocessor.json`."""

    def components(self) -> Mapping[str, Any]:
        """Return kind → part, such as the tokenizer."""


def write_preprocessor(folder: Path, preprocessor: SavedPreprocessor, config: Serialized | None = None) -> None:
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


def put_preprocessor(preset_dir: str | os.PathLike[str], preprocessor: SavedPreprocessor) -> None:
    """Put a preprocessor and its parts into an existing preset; see `Preprocessor.save_to_preset`."""
    parts = preprocessor.components()
    components = {"preprocessors": preprocessor, **parts}
    replace_parts(preset_dir, components, preprocessor.serialized(), parts.get("tokenizers"))
