"""Send a file to Kaggle, which gives a token for it; and the files of a version as Kaggle wants them told."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

from modelry.storage.kaggle.client import WAIT, answer
from modelry.storage.kaggle.digest import DamagedOnTheWay, md5_of
from modelry.storage.progress import sending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from modelry.storage.time_limit import Watch

_DONE = (200, 201)
_TAKEN = 600.0
"""Seconds in which Kaggle's storage has to answer for a file that has been sent."""


def upload(client: Any, name: str, path: Path, watch: Watch) -> str:
    """Send a file, and return the token by which a new version names it.

    kagglehub's own upload takes no token, and a file passes for sent after its connection has failed a few times.

    Args:
        client: Kaggle's client.
        name: The file, as it is named in the preset.
        path: The file on this machine.
        watch: What stops it amid the file, once it is given up.

    Raises:
        DamagedOnTheWay: What arrived is not what was sent.
        TookTooLong: It was given up.
        Exception: Whatever the client raises.
    """
    import requests
    from kagglesdk.blobs.types.blob_api_service import ApiBlobType, ApiStartBlobUploadRequest

    facts = path.stat()
    request = ApiStartBlobUploadRequest()
    request.type = ApiBlobType.MODEL
    request.name = name.rpartition("/")[2]
    request.content_length = facts.st_size
    request.last_modified_epoch_seconds = int(facts.st_mtime)
    begun = answer(lambda: client.blobs.blob_api_client.start_blob_upload(request))
    with sending(name, facts.st_size) as sent, _Watched(path, sent, watch) as file:
        # The address is a secret of its own: no token goes there. An empty file would be sent in chunks of no length.
        data = file if facts.st_size else b""
        headers = {"Content-Type": "application/octet-stream"}
        with requests.put(begun.create_url, data=data, headers=headers, timeout=(WAIT, _TAKEN)) as reply:
            reply.raise_for_status()
            if reply.status_code not in _DONE:
                raise DamagedOnTheWay(f"{name!r} has not arrived in full (status {reply.status_code})")
            _check(reply.headers, name, path)
    return str(begun.token)


def tree_of(tokens: Mapping[str, str]) -> Any:
    """Return the folder that the files make, given the token of each by its name."""
    from kagglesdk.datasets.types.dataset_api_service import ApiDatasetNewFile, ApiUploadDirectoryInfo

    folders = {"": ApiUploadDirectoryInfo()}

    def folder(path: str) -> Any:
        if path not in folders:
            parent, _, name = path.rpartition("/")
            made = folders[path] = ApiUploadDirectoryInfo()
            made.name = name
            folder(parent).directories.append(made)
        return folders[path]

    for name, token in tokens.items():
        file = ApiDatasetNewFile()
        file.token = token
        folder(name.rpartition("/")[0]).files.append(file)
    return folders[""]


def _check(headers: Mapping[str, str], name: str, path: Path) -> None:
    """Compare the sum of what arrived with the file's, if Kaggle's storage tells it."""
    told = md5_of(headers)
    if told is None:
        return
    with path.open("rb") as file:
        sent = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).digest()
    if told != sent:
        raise DamagedOnTheWay(f"{name!r} was damaged on its way to Kaggle: its MD5 sum is another there")


class _Watched(io.FileIO):
    """A file whose reading moves a bar, and ends where it is given up."""

    def __init__(self, path: Path, sent: Callable[[int], None], watch: Watch) -> None:
        super().__init__(path)
        self._sent = sent
        self._watch = watch

    def read(self, size: int | None = -1, /) -> bytes:
        self._watch.go_on()
        chunk = super().read(-1 if size is None else size)
        self._sent(len(chunk))
        return chunk
