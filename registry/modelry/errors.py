"""Every error that modelry raises on purpose.

```
ModelryError
├── PluginError                    something installed, or not installed, is in the way
│   ├── UnknownComponent           no installed plugin registers this name          (LookupError)
│   │   └── MissingPlugin          a preset names a plugin that is not installed
│   ├── AmbiguousName              two plugins register this name                   (LookupError)
│   ├── BrokenPlugin               a plugin registers this name but fails to import (ImportError)
│   └── IncompatiblePlugin         a plugin was made for another modelry            (ImportError)
├── PresetError                    a preset cannot be read, written or assembled    (ValueError)
│   ├── PresetNotFound             there is nothing where the reference points      (FileNotFoundError)
│   ├── PresetChanged              a preset was replaced while it was read
│   ├── PresetRefused              an installed policy does not allow this preset   (PermissionError)
│   ├── PresetFormatError          a file of the preset is damaged or not understood
│   │   ├── CorruptCache           a file in the cache is not what was fetched
│   │   └── UnsafePresetError      a preset tries what no honest one does, or wants more than its budget
│   ├── LockError                  a preset is not the one that a lock file says
│   ├── SignatureError             a preset is not signed with the key that was asked for
│   ├── WeightsError               the stored weights do not fit the model
│   └── SaveError                  a preset could not be written; nothing was changed
├── StorageError                   a reference cannot be parsed, reached or handled (ValueError)
│   ├── DeadlineExceeded           a store has not done in time what it was asked   (TimeoutError)
│   └── ChecksumMismatch           a file is not what a digest says of it, or its archive is damaged
└── InputError                     an argument or a value in the data is wrong      (ValueError)
    └── UnknownArgument            a keyword argument that nothing takes            (TypeError)
```

A message says what is wrong, where, and what to do next. Catch `ModelryError` to catch them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AmbiguousName",
    "BrokenPlugin",
    "ChecksumMismatch",
    "CorruptCache",
    "DeadlineExceeded",
    "IncompatiblePlugin",
    "InputError",
    "LockError",
    "MissingPlugin",
    "ModelryError",
    "PluginError",
    "PresetChanged",
    "PresetError",
    "PresetFormatError",
    "PresetNotFound",
    "PresetRefused",
    "SaveError",
    "SignatureError",
    "StorageError",
    "UnknownArgument",
    "UnknownComponent",
    "UnsafePresetError",
    "WeightsError",
]


class ModelryError(Exception):
    """The root of the tree."""


class PluginError(ModelryError):
    """Something installed, or not installed, is in the way."""


class UnknownComponent(PluginError, LookupError):
    """No installed plugin registers this name."""


class MissingPlugin(UnknownComponent):
    """A preset names a plugin that is not installed."""


class AmbiguousName(PluginError, LookupError):
    """Two or more plugins register this name."""


class BrokenPlugin(PluginError, ImportError):
    """A plugin registers this name, but importing what it registers fails."""


class IncompatiblePlugin(PluginError, ImportError):
    """A plugin was made for an older or a newer modelry than this one."""


class PresetError(ModelryError, ValueError):
    """A preset cannot be read, written or assembled."""


class PresetNotFound(PresetError, FileNotFoundError):
    """There is nothing where the reference points."""


class PresetChanged(PresetError):
    """A preset was replaced, or a file of it written to, while it was read."""


class PresetRefused(PresetError, PermissionError):
    """A policy that is installed here does not allow this preset."""


class PresetFormatError(PresetError):
    """A file of the preset is damaged, or holds something that is not understood."""


class CorruptCache(PresetFormatError):
    """A file in the cache is not what was fetched, and offline it cannot be fetched again."""


class UnsafePresetError(PresetFormatError):
    """A preset tries what no honest one does, or wants more of this machine than its budget allows."""


class LockError(PresetError):
    """A preset is not the one that a lock file says, or the lock file cannot be used."""


class SignatureError(PresetError):
    """A preset is not signed with the key that was asked for, or signatures cannot be made or checked here."""


class WeightsError(PresetError):
    """The stored weights do not fit the model."""


class SaveError(PresetError):
    """A preset could not be written; whatever stood there before still does."""


class StorageError(ModelryError, ValueError):
    """A reference cannot be parsed, reached, or handled by what is installed."""


class DeadlineExceeded(StorageError, TimeoutError):
    """A store has not done in time what it was asked for."""


class ChecksumMismatch(StorageError):
    """A file in a store is not what a digest says (the store's, a manifest's, a lock's), or its archive is damaged."""


class InputError(ModelryError, ValueError):
    """An argument, or a value in the data, is wrong."""


class UnknownArgument(InputError, TypeError):
    """A keyword argument that nothing here takes."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `" Did you mean 'x'?"` for the known name nearest to `name`, or an empty string."""
    import difflib  # takes a tenth of the time of `import modelry`, and is needed for errors only

    # Stricter than difflib: `roberta` is not a misspelling of `bert`.
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.8)
    return f" Did you mean {near[0]!r}?" if near else ""
