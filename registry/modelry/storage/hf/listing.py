"""From what the hub tells of a repository to the files of a preset, with what proves each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelry.errors import PresetNotFound, StorageError, did_you_mean
from modelry.storage.hf.reference import is_commit
from modelry.storage.snapshot import RemoteFile, Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from huggingface_hub.hf_api import ModelInfo, RepoSibling

    from modelry.storage.hf.refusals import Asked

MOST_FILES: Final = 50_000
"""With more files than this, the hub's answer may lack some."""


def snapshot_of(told: ModelInfo, asked: Asked) -> Snapshot:
    """Return the files of the folder that was asked for, at the commit that the hub tells.

    Raises:
        PresetNotFound: The repository has no such folder.
        StorageError: It is a file; or what the hub tells cannot be right, or cannot be all.
    """
    if told.sha is None or not is_commit(told.sha):
        raise StorageError(
            f"{asked.endpoint} tells {told.sha!r} for the commit of {asked.text!r}, and a commit has 40 hexadecimal "
            "digits. Is it a Hugging Face hub?"
        )
    siblings = told.siblings or []
    if len(siblings) > MOST_FILES:
        raise StorageError(
            f"{asked.hub.repository!r} has more than {MOST_FILES:,} files, and the hub may not tell them all. "
            "Put the preset into a repository of its own."
        )
    prefix = f"{asked.hub.folder}/" if asked.hub.folder else ""
    files = tuple(_file(one, prefix) for one in siblings if one.rfilename.startswith(prefix))
    if not files and any(one.rfilename == asked.hub.folder for one in siblings):
        raise StorageError(f"{asked.text!r} is a file, and a preset is a folder. Name the folder that the file is in.")
    if not files:
        raise PresetNotFound(_nothing_there(siblings, asked))
    return Snapshot(files, told.sha)


def _file(told: RepoSibling, prefix: str) -> RemoteFile:
    name = told.rfilename.removeprefix(prefix)
    if told.lfs is not None:  # git has a pointer to it, so that git's own sum is not that of the content
        return RemoteFile(name, told.lfs.size, sha256=told.lfs.sha256)
    return RemoteFile(name, told.size, git_sha1=told.blob_id)


def _nothing_there(siblings: Sequence[RepoSibling], asked: Asked) -> str:
    if not asked.hub.folder:
        return f"{asked.hub.repository!r} (from {asked.text!r}) is empty at revision {asked.hub.revision!r}."
    folders = {one.rfilename.rpartition("/")[0] for one in siblings} - {""}
    return (
        f"{asked.hub.repository!r} has no folder {asked.hub.folder!r} at revision {asked.hub.revision!r} (from "
        f"{asked.text!r}).{did_you_mean(asked.hub.folder, folders)} {asked.page}/tree/main shows what it has."
    )
