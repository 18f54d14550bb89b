"""`tokenizer_config.json` of transformers: what it says of a tokenizer beside its vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.errors import PresetFormatError
from modelry.storage.files import read_json
from modelry.strict_json import field

if TYPE_CHECKING:
    from collections.abc import Collection

    from modelry.storage.files import PresetFiles

SETTINGS = "tokenizer_config.json"
GENERIC = ("PreTrainedTokenizer", "TokenizersBackend")
"""The classes, without `Fast`, that take `tokenizer.json` as it is; others take their settings from `SETTINGS`."""


def tokenizer_setting(files: PresetFiles, key: str, kinds: type | tuple[type, ...], default: Any) -> Any:
    """Return a setting of a checkpoint's tokenizer.

    Args:
        files: The checkpoint.
        key: The setting.
        kinds: The type or types of its value.
        default: What a missing setting, or a missing file, stands for.

    Raises:
        PresetFormatError: The file is damaged, or the value is of another type.
    """
    settings = read_json(files, SETTINGS) if SETTINGS in files else {}
    return field(settings, key, kinds, f"{SETTINGS} of preset {files.reference!r}", default)


def token_setting(files: PresetFiles, key: str, default: str | None) -> str | None:
    """Return a token that is a setting of a checkpoint's tokenizer: a text, or an object with `content`.

    Raises:
        PresetFormatError: The file is damaged, or the value is neither.
    """
    found = tokenizer_setting(files, key, (str, dict), default)
    return field(found, "content", str, f"{key} in {SETTINGS}") if isinstance(found, dict) else found


def tokenizer_class(files: PresetFiles, known: Collection[str]) -> str | None:
    """Return the name of the class that transformers has for a checkpoint's tokenizer, without a last `Fast`.

    Args:
        files: The checkpoint.
        known: The classes that split texts in the way that is to be read.

    Returns:
        One of `known`; or `None` where nothing is said, so that transformers takes the architecture's own.

    Raises:
        PresetFormatError: It is another one, or the file is damaged.
    """
    stated = tokenizer_setting(files, "tokenizer_class", str, None)
    if stated is None and "config.json" in files:  # where older checkpoints have it
        stated = field(read_json(files, "config.json"), "tokenizer_class", str, "config.json", None)
    found: str | None = None if stated is None else stated.removesuffix("Fast")
    if found is not None and found not in known:
        raise PresetFormatError(
            f"Preset {files.reference!r} has a {stated}, which splits texts in a way of its own; only "
            f"{', '.join(known)} are read here. Build the tokenizer yourself and pass preprocessor=."
        )
    return found
