"""Requests that publish to Kaggle: send a file, make a model, a variation or a version."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any, Final

from modelry._progress import sending
from modelry.storage.client_errors import status_of
from modelry.storage.handler import MESSAGE
from modelry.storage.kaggle.client import (
    WAIT,
    Denied,
    TransferCorrupted,
    call_in_time,
    fill_request,
    is_retryable_error,
    md5_of,
)
from modelry.storage.retries import Retrying

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from modelry.storage.handler import Release
    from modelry.storage.kaggle.reference import KaggleReference
    from modelry.storage.retries import Cancellation


_DONE = (200, 201)
_TAKEN = 600.0
"""Seconds in which Kaggle's storage has to answer for a file that has been sent."""


def upload(client: Any, name: str, path: Path, cancellation: Cancellation) -> str:
    """Send a file, and return the token by which a new version names it.

    kagglehub's own upload takes no token, and a file passes for sent after its connection has failed a few times.

    Raises:
        TransferCorrupted: What arrived is not what was sent.
        Cancelled: It was cancelled.
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
    begun = call_in_time(lambda: client.blobs.blob_api_client.start_blob_upload(request))
    with sending(name, facts.st_size) as sent, _Watched(path, sent, cancellation) as file:
        # The address is a secret of its own: no token goes there. An empty file would be sent in chunks of no length.
        data = file if facts.st_size else b""
        headers = {"Content-Type": "application/octet-stream"}
        with requests.put(begun.create_url, data=data, headers=headers, timeout=(WAIT, _TAKEN)) as reply:
            reply.raise_for_status()
            if reply.status_code not in _DONE:
                raise TransferCorrupted(f"{name!r} has not arrived in full (status {reply.status_code})")
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
        raise TransferCorrupted(f"{name!r} was damaged on its way to Kaggle: its MD5 sum is another there")


class _Watched(io.FileIO):
    """A file whose reading moves a progress bar, and stops on cancellation."""

    def __init__(self, path: Path, sent: Callable[[int], None], cancellation: Cancellation) -> None:
        super().__init__(path)
        self._sent = sent
        self._watch = cancellation

    def read(self, size: int | None = -1, /) -> bytes:
        self._watch.check()
        chunk = super().read(-1 if size is None else size)
        self._sent(len(chunk))
        return chunk


def find_model(api: Any, kaggle: KaggleReference, cancellation: Cancellation) -> Any:
    """Return what Kaggle tells of the model; `None` if it shows none."""
    from kagglesdk.models.types import model_api_service as types

    request = types.ApiGetModelRequest()
    request.owner_slug, request.model_slug = kaggle.owner, kaggle.name
    # 403 is also what is said of a model that is not there
    return _if_there(lambda: api.get_model(request), (403, 404), cancellation)


def find_variation(api: Any, kaggle: KaggleReference, cancellation: Cancellation) -> Any:
    """Return what Kaggle tells of the variation; `None` if the model has no such."""
    from kagglesdk.models.types import model_api_service as types

    request = fill_request(types.ApiGetModelInstanceRequest(), kaggle)
    return _if_there(lambda: api.get_model_instance(request), (404,), cancellation)


def _if_there(ask: Callable[[], Any], absent: tuple[int, ...], cancellation: Cancellation) -> Any:
    try:
        return Retrying(is_retryable_error, cancellation).call(lambda: call_in_time(ask))
    except Exception as error:
        if status_of(error) in absent:
            return None
        raise


def make_model(api: Any, kaggle: KaggleReference, cancellation: Cancellation, *, private: bool) -> None:
    """Make a model, without variations yet."""
    from kagglesdk.models.types import model_api_service as types

    request = types.ApiCreateModelRequest()
    request.owner_slug, request.slug, request.title = kaggle.owner, kaggle.name, kaggle.name
    request.is_private = private
    _make(lambda: api.create_model(request), cancellation)


def make_variation(
    api: Any, kaggle: KaggleReference, tokens: Mapping[str, str], release: Release, cancellation: Cancellation
) -> None:
    """Make a variation, with the files that were sent as its first version."""
    from kagglesdk.models.types import model_api_service as types

    named, tree = fill_request(types.ApiGetModelInstanceRequest(), kaggle), tree_of(tokens)
    request, body = types.ApiCreateModelInstanceRequest(), types.ApiCreateModelInstanceRequestBody()
    request.owner_slug, request.model_slug = named.owner_slug, named.model_slug
    body.instance_slug, body.framework = named.instance_slug, named.framework
    body.files, body.directories = tree.files, tree.directories
    if release.licence is not None:
        body.license_name = kaggle_licence(release.licence)
    request.body = body
    _make(lambda: api.create_model_instance(request), cancellation)


def make_version(
    api: Any, kaggle: KaggleReference, tokens: Mapping[str, str], release: Release, cancellation: Cancellation
) -> None:
    """Make another version of a variation, of the files that were sent."""
    from kagglesdk.models.types import model_api_service as types

    request = fill_request(types.ApiCreateModelInstanceVersionRequest(), kaggle)
    body, tree = types.ApiCreateModelInstanceVersionRequestBody(), tree_of(tokens)
    body.version_notes = release.message or MESSAGE
    body.files, body.directories = tree.files, tree.directories
    request.body = body
    _make(lambda: api.create_model_instance_version(request), cancellation)


def _make(ask: Callable[[], Any], cancellation: Cancellation) -> None:
    """Make a call that must not be made twice; retry only if Kaggle reports that it was not done."""

    def call() -> None:
        told = call_in_time(ask)
        if told.error:
            raise Denied(told.error, told.error_code or None)

    Retrying(lambda error: status_of(error) in (429, 503), cancellation).call(call)


_NAMES: Final = {
    "AGPL-3.0": "GNU Affero General Public License 3.0",
    "Apache-2.0": "Apache 2.0",
    "BSD-3-Clause": "BSD-3-Clause",
    "CC-BY-4.0": "Attribution 4.0 International (CC BY 4.0)",
    "CC-BY-NC-4.0": "Attribution-NonCommercial 4.0 International (CC BY-NC 4.0)",
    "CC-BY-NC-ND-4.0": "Attribution-NonCommercial-NoDerivatives 4.0 International (CC BY-NC-ND 4.0)",
    "CC-BY-NC-SA-4.0": "CC BY-NC-SA 4.0",
    "CC-BY-ND-4.0": "Attribution-NoDerivatives 4.0 International (CC BY-ND 4.0)",
    "CC-BY-SA-4.0": "CC BY-SA 4.0",
    "CC0-1.0": "CC0: Public Domain",
    "GPL-2.0": "GPL 2",
    "GPL-3.0": "GPL 3",
    "LGPL-3.0": "GNU Lesser General Public License 3.0",
    "MIT": "MIT",
    "ODC-By-1.0": "ODC Attribution License (ODC-By)",
    "PDDL-1.0": "ODC Public Domain Dedication and Licence (PDDL)",
}
_BY_ID: Final = {one.lower(): name for one, name in _NAMES.items()}


def kaggle_licence(licence: str) -> str:
    """Return what Kaggle calls a licence that is given by its SPDX identifier; any other text as it is."""
    plain = licence.lower().removesuffix("-only").removesuffix("-or-later")
    return _BY_ID.get(plain, licence)
