"""Names of files, references to presets, secrets in URIs, and errors of this machine's file system."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import unicodedata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NoReturn, TypeAlias
from urllib.parse import unquote, urlsplit

import attrs

from modelry.errors import InputError, ModelryError, StorageError, UnsafePresetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def check_names(names: Iterable[str], reference: str) -> None:
    """Check that a listing's names are relative, can be written on any system, and do not fall together on one.

    Raises:
        UnsafePresetError: One is not.
    """
    seen: dict[str, str] = {}
    for name in names:
        problem = _problem(name)
        if problem is None:
            key = unicodedata.normalize("NFC", name).casefold()
            problem = f"is the same as {seen[key]!r} on some systems" if key in seen else None
            seen[key] = name
        if problem is not None:
            raise UnsafePresetError(
                f"{reference!r} lists a file {name!r}, whose name {problem}. A preset with such a name is not opened; "
                "tell its publisher."
            )


def check_plain(name: str, where: str) -> None:
    """Check the name by which one file of a preset, which messages call `where`, refers to another.

    Raises:
        UnsafePresetError: It is not made of plain characters only, or could lead out of the preset.
    """
    if _problem(name) or not all(map(_PLAIN.fullmatch, name.split("/"))):
        raise UnsafePresetError(
            f"{where} refers to the file {name!r:.200}. Only relative names of ASCII letters, digits and '_.-' are "
            "followed, so that none leads out of the preset. Do not use this preset; tell its publisher."
        )


def _problem(name: str) -> str | None:
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or "\\" in name or ":" in name:
        return "leads out of the preset or names a drive"
    if any(unicodedata.category(character).startswith("C") for character in name):
        return "holds control characters"
    if any(part in ("", ".") or part.rstrip(" .") != part or _DEVICE.fullmatch(part) for part in parts):
        return "cannot be written on every system"
    if len(name.encode()) > 1024 or any(len(part.encode()) > 240 for part in parts):
        return "is too long"
    return None


def checked_name(name: str) -> str:
    """Return `name` if it stays inside a preset.

    Raises:
        StorageError: The name is empty, absolute, or climbs out with `..`.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or "\\" in name or "\0" in name or ":" in parts[0] or ".." in parts:
        raise StorageError(f"{name!r} is not a file name inside a preset; only relative names without '..' are.")
    return name


_NOTHING_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}

_RIGHTS = "Ask its owner for the right to do so, or use a copy in a place of your own."
_PLACE = "Use another place."
_ADVICE = {
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.ENAMETOOLONG: "No file can have that name: use a shorter one.",
    errno.ENOTDIR: "A part of that path is a file: check the path.",
    errno.ELOOP: "Links lead in a circle there: put a folder in the place of one.",
    errno.ENOENT: "It is gone: check the path, and try again.",
    errno.ENOSPC: "Make room there, or use another place.",
    errno.EDQUOT: "Make room there, or use another place.",
    errno.EROFS: _PLACE,
    errno.EMFILE: "Close files that this process has open, or raise its limit (`ulimit -n`).",
}
_FAILING = "The disk, or the network that it is on, may be failing: try again, or use a copy elsewhere."


@contextlib.contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Turn an `OSError` of the block into a `StorageError` with advice.

    `what` is the failed action, with the path and the preset: `"The folder of preset './p' cannot be listed"`.
    """
    try:
        yield
    except ModelryError:  # some are an OSError too
        raise
    except OSError as error:
        raise StorageError(f"{what}: {explain(error)}") from error


def explain(error: OSError) -> str:
    """Return the problem, the path, and advice, as sentences."""
    where = f" ({error.filename!r:.300})" if error.filename is not None else ""
    return f"{error.strerror or error}{where}. {_ADVICE.get(error.errno or 0, _FAILING)}"


def is_possible(path: str) -> bool:
    """Return whether a path can be one of this machine's at all: some characters cannot be in any."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def paths_below(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield every path below a folder, not following links; raises OSError where a folder cannot be listed."""

    def refuse_publishing(error: OSError) -> NoReturn:
        raise error

    for place, folders, others in os.walk(folder, onerror=refuse_publishing):
        yield from (Path(place, name) for name in (*folders, *others))


def is_file(path: str | os.PathLike[str]) -> bool:
    """Return whether there is a file; raises OSError if that is not known, as in a folder without access."""
    return stat.S_ISREG(_mode(path))


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Return whether there is a folder; raises what `is_file` does."""
    return stat.S_ISDIR(_mode(path))


def _mode(path: str | os.PathLike[str]) -> int:
    """Return the mode of a file or folder, 0 if there is nothing."""
    try:
        return os.stat(path).st_mode
    except OSError as error:
        if error.errno in _NOTHING_THERE:
            return 0
        raise
    except ValueError:  # a path that is not possible
        return 0


HIDDEN = "***"

# A user name without a password is not a secret where it names an account or, on Azure, a container.
_NAMES_A_PLACE = {"sftp", "ssh", "abfs", "abfss", "az"}
# Values in queries that are not secrets: they name a version of a file.
_SHOWN = {"generation", "revision", "snapshot", "version", "versionid"}

# The scheme is searched only at the start of a word, or a long word would be searched from each of its characters.
_USER = re.compile(r"(?<![A-Za-z0-9+.-])(?P<scheme>[A-Za-z0-9+.-]+)://(?P<user>[^/?#\s'\"]+)@")
# A password in which such a character is not quoted: nothing reads the URI, and the message that says so must not show
# it. What looks like the port of a host is none.
_UNQUOTED = re.compile(
    r"(?<![A-Za-z0-9+.-])(?P<scheme>https?|webdavs?|sftp|ssh)://"
    r"(?P<user>[^/?#\s'\":@]*:(?!:|\d+(?:[/?#]|$))(?:(?!::)\S){0,256})@",
    re.IGNORECASE,
)
_VALUE = re.compile(r"(?P<name>[?&][\w.~%-]+=)(?P<value>[^&#\s'\"]*?)(?=::|[&#\s'\"]|$)")


def redact(text: str) -> str:
    """Return `text` with passwords and the values of queries in all URIs in it replaced by `***`."""
    return _VALUE.sub(_without_value, _USER.sub(_without_user, _UNQUOTED.sub(_without_user, text)))


def hidden_values(text: str) -> list[tuple[str, str]]:
    """Return name and value of each value that `redact` takes out of the queries of the URIs in `text`."""
    shown = (found for found in _VALUE.finditer(text) if found["name"][1:-1].lower() not in _SHOWN)
    return [(found["name"][1:-1], found["value"]) for found in shown]


def _without_user(found: re.Match[str]) -> str:
    if found["scheme"].lower() in _NAMES_A_PLACE:
        name, colon, _ = found["user"].partition(":")
        return f"{found['scheme']}://{name}{colon and ':' + HIDDEN}@"
    return f"{found['scheme']}://{HIDDEN}@"


def _without_value(found: re.Match[str]) -> str:
    return found[0] if found["name"][1:-1].lower() in _SHOWN else found["name"] + HIDDEN


# What signs a request says who asks and until when, and not for what. A name that may mean something else as well is
# taken for what it says: fetching a file twice does no harm, but mistaking one for another does.
_SIGNS = re.compile(
    r"x-(amz|goog|ms|oss|cos)-.*|(\w+[-_])?(token|secret|password|signature|credentials?)|sig"
    r"|(api|access)[-_]?key([-_]?id)?|auth|authorization|key-pair-id|googleaccessid|awsaccesskeyid|ossaccesskeyid",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"sig|signature", re.IGNORECASE)
_BESIDE_SIGNATURE = re.compile(
    r"expires|policy|s[eiprstv]|srt|sip|spr|ses|sdd|sk(oid|tid|t|e|s|v)|saoid|suoid|scid", re.IGNORECASE
)


def identifying_values(query: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the names and values of a query that say what is meant: all but credentials and what signs the request."""
    is_signed = any(_SIGNATURE.fullmatch(name) for name, _ in query)
    for name, value in query:
        if not (_SIGNS.fullmatch(name) or (is_signed and _BESIDE_SIGNATURE.fullmatch(name))):
            yield name, value


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
