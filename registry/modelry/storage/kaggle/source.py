"""Reading variations of models from Kaggle."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, final

import attrs

from modelry.errors import PresetNotFound, StorageError
from modelry.storage.client_errors import explaining
from modelry.storage.kaggle.client import (
    call_in_time,
    checked,
    explain_refusal,
    fill_request,
    is_retryable_error,
    models_client,
    set_read_timeout,
)
from modelry.storage.kaggle.reference import KaggleReference, is_version
from modelry.storage.remote_source import ByteStream, RemoteFile, RemoteSource, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry.errors import ModelryError
    from modelry.storage.cache.cache import Cache


CHUNK: Final = 1 << 20
"""Bytes that are taken from a connection at once."""


@final
@attrs.frozen
class KaggleSource(RemoteSource):
    """A variation of a model.

    kagglehub's own downloads check no file names, and two at once leave damaged files in its cache that pass for whole;
    so only its credentials and its client are used, and modelry's cache does the rest.

    Attributes:
        kaggle: The reference.
        cache: The cache, which may have an earlier listing.
        token: The token to show; `None` for what kagglehub finds by itself.
    """

    kaggle: KaggleReference
    cache: Cache = attrs.field(repr=False)
    token: str | None = attrs.field(default=None, repr=False)

    @property
    def uri(self) -> str:
        """The reference in its one spelling."""
        return str(self.kaggle)

    @property
    def is_pinned(self) -> bool:
        """True if the reference has a version."""
        return self.kaggle.is_pinned

    def at(self, revision: str) -> KaggleSource:
        """Return the same variation at a version; raises what `RemoteSource.at` does."""
        if not is_version(revision) or self.kaggle.version not in (None, int(revision)):
            raise StorageError(f"{self.kaggle.text!r} cannot be opened at {revision!r}, which is not a version of it.")
        return attrs.evolve(self, kaggle=self.kaggle.at(int(revision)))

    def resolve(self) -> Snapshot:
        """Ask for the newest version, unless one is given, and for its files; raises as `RemoteSource.resolve` does."""
        kaggle = self.kaggle
        with explaining(self._explain), models_client(self.token) as client:
            version = kaggle.version or self._newest(client)
            earlier = self.cache.recall(self.uri)
            if earlier is not None and earlier.revision == str(version):  # versions never change
                return earlier
            files = tuple(self._list(client, kaggle.at(version)))
        if not files:
            raise PresetNotFound(f"Version {version} of {kaggle.text!r} has no files. {kaggle.page} shows others.")
        return Snapshot(files, str(version))

    @contextmanager
    def read(self, snapshot: Snapshot, file: RemoteFile, offset: int) -> Iterator[ByteStream]:
        """Stream a file of the version, from its start; raises what `RemoteSource.read` does.

        What was fetched before is fetched again, because only the sum of the whole file is known.
        """
        from kagglesdk.models.types.model_api_service import ApiDownloadModelInstanceVersionRequest

        pinned = self.kaggle.at(int(snapshot.revision or 0))
        request = fill_request(ApiDownloadModelInstanceVersionRequest(), pinned)
        request.path = file.name
        with models_client(self.token) as client:
            with explaining(self._explain):
                response = call_in_time(lambda: client.models.model_api_client.download_model_instance_version(request))
            with response:
                set_read_timeout(response)
                yield ByteStream(checked(response.iter_content(CHUNK), response.headers, file.name))

    def is_transient(self, error: Exception) -> bool:
        """Return whether another try may help."""
        return is_retryable_error(error)

    def advice(self, error: Exception) -> str | None:
        """Return what to do where Kaggle cannot be reached."""
        if not is_retryable_error(error):
            return None
        return (
            "Kaggle is busy, or cannot be reached from here. Check the network, or try again later; offline=True opens "
            "what was fetched before."
        )

    def _newest(self, client: Any) -> int:
        from kagglesdk.models.types.model_api_service import ApiGetModelInstanceRequest

        request = fill_request(ApiGetModelInstanceRequest(), self.kaggle)
        return int(call_in_time(lambda: client.models.model_api_client.get_model_instance(request)).version_number)

    def _list(self, client: Any, pinned: KaggleReference) -> Iterator[RemoteFile]:
        """Yield the files of a version, page by page."""
        from kagglesdk.models.types.model_api_service import ApiListModelInstanceVersionFilesRequest

        request = fill_request(ApiListModelInstanceVersionFilesRequest(), pinned)
        seen: set[str] = set()
        while request.page_token not in seen:
            seen.add(request.page_token)
            page = call_in_time(lambda: client.models.model_api_client.list_model_instance_version_files(request))
            for told in page.files or ():
                # A size of 0 is also what the client has where Kaggle tells none. Versions never change.
                yield RemoteFile(told.name, told.size or None, validator=f"version {pinned.version}")
            request.page_token = page.next_page_token or ""

    def _explain(self, error: Exception) -> ModelryError | None:
        response = getattr(error, "response", None)
        if response is not None:
            response.close()  # the rest is not read
        return explain_refusal(error, self.kaggle)
