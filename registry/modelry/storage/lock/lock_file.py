"""A lock file on the disk: read, looked up, written whole or not at all."""

from __future__ import annotations

import os
import secrets
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from modelry.errors import InputError, LockError, did_you_mean
from modelry.storage.cache.layout import key_of
from modelry.storage.lock.format import parse_lock, render
from modelry.storage.queries import lasting
from modelry.storage.redact import HIDDEN, hidden_values, redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.storage.lock.locked import LockedPreset
    from modelry.storage.reference import Reference


@attrs.frozen
class LockFile:
    """The presets of a lock file.

    Attributes:
        path: The file.
        presets: Key → what is locked; see `key`.
    """

    path: Path
    presets: Mapping[str, LockedPreset]

    def key(self, reference: Reference) -> str:
        """Return how the file names a preset: by its reference without secrets.

        Where values that are left out of it say what is meant, a hash of them tells it from others. A folder at or
        below that of the lock file is `./…`, so that both can be moved together.

        Raises:
            InputError: The lock file would be a file of the preset itself.
        """
        if reference.scheme != "file":
            uri = f"{reference.scheme}://{reference.path.rstrip('/')}"
            meant = sorted(lasting(hidden_values(uri)))
            return f"{redact(uri)}#{key_of(meant)[:16]}" if meant else redact(uri)
        place, lock = Path(os.path.abspath(reference.path)), Path(os.path.abspath(self.path))
        if lock.is_relative_to(place):
            raise InputError(
                f"The lock file {str(lock)!r} would lie in the preset {reference.text!r}, and so be a file of it. Keep "
                "it in another folder."
            )
        if place.is_relative_to(lock.parent):
            return f"./{place.relative_to(lock.parent).as_posix()}"
        return place.as_uri()

    def reference(self, key: str) -> str:
        """Return what to open for a key.

        Raises:
            LockError: The key does not tell, because a value is left out of it.
        """
        if HIDDEN in key and not key.startswith(("./", "file://")):
            raise LockError(
                f"{key!r} in the lock file {str(self.path)!r} stands for a preset whose reference holds what no lock "
                f"file does, in place of {HIDDEN}. Name the preset on the command line, with its whole reference in "
                "quotes."
            )
        return str(self.path.parent / key) if key.startswith("./") else key

    def find(self, reference: Reference) -> LockedPreset:
        """Return what is locked of a preset.

        Raises:
            LockError: It is not in the file.
        """
        key = self.key(reference)
        if key not in self.presets:
            named = shlex.quote(reference.text.split(" (")[0])
            named += f", with what stands in place of {HIDDEN}" if HIDDEN in named else ""
            raise LockError(
                f"{reference.text!r} is not in the lock file {str(self.path)!r}, and only what is in it may be "
                f"loaded.{did_you_mean(key, self.presets)} Run: modelry lock {named}"
            )
        return self.presets[key]

    def write(self) -> None:
        """Write the file; raises LockError where that is not possible."""
        fresh = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        try:
            try:
                fresh.write_text(render(self.presets), encoding="utf-8")
                os.replace(fresh, self.path)
            finally:
                fresh.unlink(missing_ok=True)
        except (OSError, ValueError) as error:
            raise LockError(f"The lock file {str(self.path)!r} cannot be written: {error}.") from error


def read_lock(path: Path) -> LockFile:
    """Read a lock file.

    Raises:
        LockError: There is none, or it cannot be used.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LockError(
            f"There is no lock file {str(path)!r}, and without it nothing may be loaded. Make one with `modelry lock`, "
            "or leave out lock= and MODELRY_LOCK."
        ) from None
    except (OSError, ValueError) as error:  # no text, or no path
        raise LockError(f"The lock file {str(path)!r} cannot be read: {error}.") from error
    return LockFile(path, parse_lock(text, repr(str(path))))
