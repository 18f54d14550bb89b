"""Read-only views of a preset's files: names, and local paths on demand."""

from __future__ import annotations

import abc
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import attrs

from modelry.errors import PresetFormatError, PresetNotFound, UnsafePresetError
from modelry.storage.paths import checked_name, is_file, paths_below, storage_errors
from modelry.strict_json import LARGEST, read_json_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelry.storage.remote_source import RemoteFile


def fingerprint(facts: os.stat_result) -> tuple[int, ...]:
    """Return values that differ between versions of a file: writing to it or renaming it changes its times."""
    return (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)


def is_same_file(path: Path, found: tuple[int, ...]) -> bool:
    """Return whether a file still has the fingerprint that was found before."""
    try:
        return fingerprint(path.stat()) == found
    except OSError:
        return False


class PresetFiles(abc.ABC):
    """A read-only view of one preset's files.

    Files are named by relative POSIX paths, such as `config.json` or `assets/tokenizer/vocabulary.txt`. A handler for
    a remote store fetches a file when its `path` is first asked for, so asking only for what is needed fetches only
    that.

    A subclass writes `reference`, `names` and `fetch`, `size` where a store knows sizes, and `download` where it can
    fetch several files at once.
    """

    @property
    @abc.abstractmethod
    def reference(self) -> str:
        """The preset as the user wrote it; used in messages."""

    @property
    def revision(self) -> str | None:
        """The version of the preset, such as a commit; `None` if its store has no versions."""
        return None

    @abc.abstractmethod
    def names(self) -> frozenset[str]:
        """Return the names of all files."""

    @abc.abstractmethod
    def fetch(self, name: str) -> Path:
        """Return a path on this machine that holds the file, fetching it first if necessary.

        Args:
            name: One of `names()`, and one that cannot lead out of a folder it is joined to. The same name may come
                more than once.

        Raises:
            StorageError: The file cannot be fetched.
        """

    @final
    def path(self, name: str) -> Path:
        """Return a path on this machine that holds the file.

        Raises:
            PresetNotFound: The preset has no such file.
            StorageError: The name leads out of the preset, or the file cannot be fetched.
        """
        if checked_name(name) not in self:
            raise PresetNotFound(f"Preset {self.reference!r} has no file {name!r}.")
        return self.fetch(name)

    def download(self, names: Iterable[str]) -> None:
        """Fetch files, so that `path` finds them; here one after the other.

        Raises:
            PresetNotFound: The preset lacks one of them.
            StorageError: One of them cannot be fetched.
        """
        for name in names:
            self.path(name)

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes; `None` if it is unknown before the file is fetched."""
        return None

    def is_local(self, name: str) -> bool:
        """Return whether a file is on this machine already, so that `path` need not fetch it."""
        return False

    def expected(self, name: str) -> RemoteFile | None:
        """Return the facts of a file in its store or a lock file, without the manifest; `None` if unknown."""
        return None

    def has_changed(self) -> bool:
        """Return whether a file that was read from this view has been replaced or written to since.

        False by default: the view of a store reads one version. A view of files that others may replace overrides it.
        What has been read is then read again, once.
        """
        return False

    def evict_if_corrupt(self, name: str) -> bool:
        """Hash the cached copy of a remote file, and remove it if it is damaged.

        Returns:
            Whether it was removed; then the next `path` fetches the file again.
        """
        return False

    def __contains__(self, name: str) -> bool:
        return name in self.names()


@attrs.define(eq=False)
class FolderFiles(PresetFiles):
    """The files of a folder on this machine.

    Attributes:
        folder: The folder.
        reference: The preset as the user wrote it.
        trusted: Whether files may be links out of the folder, as installers make them in what they install.
    """

    folder: Path
    reference: str
    trusted: bool = attrs.field(default=False, kw_only=True)
    _found: dict[str, tuple[int, ...]] = attrs.field(factory=dict, init=False)

    def names(self) -> frozenset[str]:
        """Return the names of all files; raises StorageError where a folder cannot be listed."""
        with storage_errors(f"The folder of preset {self.reference!r} cannot be listed"):
            return frozenset(
                path.relative_to(self.folder).as_posix() for path in paths_below(self.folder) if is_file(path)
            )

    def fetch(self, name: str) -> Path:
        """Return the path of a file.

        Raises:
            UnsafePresetError: It is a link that leads out of the folder.
            StorageError: It cannot be opened.
        """
        path = self.folder / name
        if not self.trusted:
            self._check_inside(name, path)
        # Opened here, so that readers need not explain missing rights.
        with storage_errors(f"{name} of preset {self.reference!r} cannot be read"), path.open("rb") as file:
            self._found.setdefault(name, fingerprint(os.fstat(file.fileno())))
        return path

    def has_changed(self) -> bool:
        """Return whether a file that was read has been replaced or written to since."""
        return not all(is_same_file(self.folder / name, found) for name, found in self._found.items())

    def _check_inside(self, name: str, path: Path) -> None:
        real, root = Path(os.path.realpath(path)), Path(os.path.realpath(self.folder))
        if not real.is_relative_to(root) and real.parent not in _hub_blobs(root):
            raise UnsafePresetError(
                f"{name} of preset {self.reference!r} is a link to {str(real)!r}, outside of the preset. It is not "
                "followed: a stranger's preset could read any file of this machine. If the link is yours, "
                "put a copy of the file in its place."
            )

    def size(self, name: str) -> int:
        """Return the size of a file in bytes; raises what `path` does."""
        return self.path(name).stat().st_size

    def is_local(self, name: str) -> bool:
        """Return whether the folder has the file."""
        return name in self

    def __contains__(self, name: str) -> bool:
        with storage_errors(f"{name} of preset {self.reference!r} cannot be looked for"):
            return is_file(self.folder / checked_name(name))


def _hub_blobs(folder: Path) -> set[Path]:
    """Return where the files of a snapshot in Hugging Face's cache really are, if `folder` lies in one."""
    repositories = [parent.parent for parent in folder.parents if parent.name == "snapshots"]
    return {place / "blobs" for repository in repositories for place in (repository, repository.parent)}


class ForwardingFiles(PresetFiles):
    """The files of another view; a subclass overrides what differs, and raises what the other raises.

    Args:
        files: The other view.
    """

    def __init__(self, files: PresetFiles) -> None:
        self._files = files

    @property
    def reference(self) -> str:
        """The preset as the user wrote it."""
        return self._files.reference

    @property
    def revision(self) -> str | None:
        """The version of the preset, if its store has versions."""
        return self._files.revision

    def names(self) -> frozenset[str]:
        """Return the names of all files."""
        return self._files.names()

    def fetch(self, name: str) -> Path:
        """Return the path of a file."""
        return self._files.path(name)

    def download(self, names: Iterable[str]) -> None:
        """Fetch files, as the other view does it."""
        self._files.download(names)

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes, if it is known."""
        return self._files.size(name)

    def is_local(self, name: str) -> bool:
        """Return whether a file is on this machine already."""
        return self._files.is_local(name)

    def expected(self, name: str) -> RemoteFile | None:
        """Return the facts of a file in its store or a lock file."""
        return self._files.expected(name)

    def has_changed(self) -> bool:
        """Return whether a file that was read has changed since."""
        return self._files.has_changed()

    def evict_if_corrupt(self, name: str) -> bool:
        """Remove the cached copy of a file if it is damaged, and return whether it was."""
        return self._files.evict_if_corrupt(name)

    def __contains__(self, name: str) -> bool:
        return name in self._files


def read_json(files: PresetFiles, name: str, limit: int = LARGEST) -> dict[str, Any]:
    """Read a file that must hold one JSON object, in at most `limit` bytes.

    Raises:
        PresetNotFound: The preset has no such file.
        UnsafePresetError: The file is too large, or written so that two readers would understand it differently.
        StorageError: The file cannot be read.
        PresetFormatError: The file is not UTF-8, not JSON, or holds something other than an object.
    """
    with storage_errors(f"{name} of preset {files.reference!r} cannot be read"):
        value = read_json_file(bounded(files, name, limit), f"{name} of preset {files.reference!r}", limit)
    if not isinstance(value, dict):
        raise PresetFormatError(
            f"{name} of preset {files.reference!r} must hold a JSON object, but holds a {type(value).__name__}."
        )
    return value


def bounded(files: PresetFiles, name: str, limit: int) -> Path:
    """Return the path of a file that is read as a whole, which must not be larger than `limit` bytes.

    Raises:
        PresetNotFound: The preset has no such file.
        UnsafePresetError: The file is larger; it is not even fetched where its store tells the size.
    """
    size = files.size(name)
    if size is None or size <= limit:
        path = files.path(name)
        size = path.stat().st_size
    if size > limit:
        raise UnsafePresetError(
            f"{name} of preset {files.reference!r} has {size:,} bytes, which is larger than {limit:,} bytes, and is "
            "read as a whole. Do not use this preset; report it to its publisher."
        )
    return path
