"""References: the strings and paths that say where a preset is."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote, urlsplit

import attrs

from modelry.errors import InputError, StorageError
from modelry.storage.os_errors import is_possible
from modelry.storage.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Sequence


_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)


Preset: TypeAlias = "str | os.PathLike[str] | Sequence[str | os.PathLike[str]]"
"""A built-in name, a folder or a URI, or a list of several places with the same files."""


def display_name(preset: Preset) -> str:
    """Return the preset's name for messages, without secrets."""
    places = [preset] if isinstance(preset, (str, os.PathLike)) else preset
    return ", ".join(redact(os.fspath(place)) for place in places)


@attrs.frozen
class Reference:
    """A parsed reference.

    Attributes:
        text: What the user wrote, without the secrets in it; for messages. A `Path` of one part, `x`, is `./x`.
        scheme: The URI scheme in lower case; `"file"` for plain paths.
        path: What follows `scheme://`, which may hold secrets; for `"file"`, a path of this machine.
    """

    text: str
    scheme: str
    path: str = attrs.field(repr=lambda path: repr(redact(f"x://{path}").removeprefix("x://")))

    def __str__(self) -> str:
        return self.text

    @property
    def may_be_a_name(self) -> bool:
        """True if this can be a built-in name: a text without separators that begins with neither `.` nor `~`."""
        return self.scheme == "file" and not self.text.startswith((".", "~")) and not set(self.text) & {"/", "\\"}


def parse_reference(reference: str | os.PathLike[str]) -> Reference:
    """Parse a folder's path or a `scheme://` URI.

    Args:
        reference: A `str` or path-like folder, `file:///folder`, or any other `scheme://…`.

    Raises:
        InputError: `reference` is not a string or a path.
        StorageError: The string is empty or is not a reference this can parse.
    """
    if not isinstance(reference, (str, os.PathLike)):
        raise InputError(
            f"A preset is named by a string or a path, not by {reference!r} ({type(reference).__name__}). "
            "Pass a built-in name, a folder, or a URI such as 'package://distribution/path'."
        )
    text = os.fspath(reference)
    if not isinstance(text, str) or not text.strip() or not is_possible(text):
        raise StorageError(f"{text!r} names no preset. Pass a built-in name, a folder, or a URI.")
    matched = _SCHEME.fullmatch(text)
    if matched is None or isinstance(reference, Path):
        plain = Reference(text, "file", os.path.expanduser(text))
        is_path = not isinstance(reference, str) and plain.may_be_a_name
        return attrs.evolve(plain, text=f"./{text}") if is_path else plain
    scheme = matched["scheme"].lower()
    if scheme == "file":
        return Reference(text, "file", _file_path(text))
    return Reference(redact(text), scheme, matched["rest"])


def _file_path(uri: str) -> str:
    """Return the path of a `file://` URI, which may only name this machine."""
    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        raise StorageError(
            f"{uri!r} names the host {parts.netloc!r}, but file:// reads this machine only. "
            "An absolute path takes three slashes: 'file:///folder'."
        )
    if not parts.path:
        raise StorageError(f"{uri!r} names no folder. An absolute path takes three slashes: 'file:///folder'.")
    path = unquote(parts.path)
    if not is_possible(path):
        raise StorageError(f"{uri!r} names no folder: {path!r} holds a character that no path can have.")
    return path
