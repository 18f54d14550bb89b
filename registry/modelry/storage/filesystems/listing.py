"""What a file system of fsspec lists, and what its clients call a missing file though it is something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.errors import ModelryError
from modelry.storage.retries import looks_transient, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def find(filesystem: Any, root: str) -> dict[str, Mapping[str, Any]]:
    """Return path → facts of every file below a folder, or of the file at `root`; nothing if nothing is there.

    Raises:
        Exception: Whatever the client raises.
    """
    try:
        found = filesystem.find(root, detail=True)
    except FileNotFoundError as error:
        raise_other(error)
        return {}
    if not isinstance(found, dict):  # as Azure's client has it where `root` is a file
        found = {path: {} for path in found}
    return {path: info for path, info in found.items() if path[-1] != "/"}


def name_of(path: str, root: str) -> str:
    """Return how a preset in the folder `root` names the file at `path`; the empty text for `root` itself."""
    root = root.rstrip("/")
    return path[len(root) :].removeprefix("/") if path.startswith(root) else path


def raise_other(error: FileNotFoundError) -> None:
    """Raise what a client calls a missing file though it is something else: fsspec does so for all errors of HTTP."""
    cause = error.__cause__
    if isinstance(cause, ModelryError):  # a guard's
        raise cause from None
    if isinstance(cause, Exception) and status_of(cause) not in (None, 404, 410):
        raise cause from None
    if isinstance(cause, Exception) and looks_transient(cause):
        raise cause from None
