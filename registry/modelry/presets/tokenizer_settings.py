"""`tokenizer_config.json` of transformers: what it says of a tokenizer beside its vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.json_values import field
from modelry.presets.json_files import read_json

if TYPE_CHECKING:
    from modelry.storage.files import PresetFiles

SETTINGS = "tokenizer_config.json"


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
