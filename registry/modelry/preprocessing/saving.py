"""Write a preprocessor into a new preset, or into an existing one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from modelry.presets.keras_hub import PREPROCESSOR
from modelry.presets.parts import replace_parts, write_tokenizer
from modelry.strict_json import write_json

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from modelry.presets.parts import Serialized


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
