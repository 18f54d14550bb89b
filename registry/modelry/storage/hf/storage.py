"""`hf://`: model repositories of the Hugging Face hub, or of a mirror of it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

import attrs

from modelry.errors import StorageError
from modelry.storage.hf.endpoint import PUBLIC, chosen_endpoint
from modelry.storage.hf.listing import snapshot_of
from modelry.storage.hf.publishing import publish_to_hub
from modelry.storage.hf.reference import is_commit, parse_hf
from modelry.storage.hf.refusals import Asked, is_passing, refusal
from modelry.storage.remote import RemoteSource, RemoteStorage
from modelry.storage.snapshot import ByteStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry.storage.options import OpenOptions
    from modelry.storage.reference import Reference
    from modelry.storage.release import Release
    from modelry.storage.snapshot import RemoteFile, Snapshot

LISTING_TIMEOUT: Final = 30
"""Seconds to wait for the hub to tell about a repository."""


@final
class HubStorage(RemoteStorage):
    """Opens presets on the Hugging Face hub, and publishes them there."""

    def source(self, reference: Reference, options: OpenOptions) -> HubSource:
        """Parse a reference; raises what `RemoteStorage.source` does."""
        return HubSource(_asked(reference, options), options.token)

    def publish(self, reference: Reference, release: Release, options: OpenOptions) -> str:
        """Make one commit; raises what `Storage.publish` does."""
        return publish_to_hub(_asked(reference, options), release, options)


def _asked(reference: Reference, options: OpenOptions) -> Asked:
    endpoint = chosen_endpoint(options.storage_options)
    return Asked(reference.text, parse_hf(reference, options.revision), endpoint, options.token is not None)


@final
@attrs.frozen
class HubSource(RemoteSource):
    """A folder of a model repository, at a revision.

    Attributes:
        asked: What was asked of which hub.
        token: The token to show; `None` for the one that the client finds by itself.
    """

    asked: Asked
    token: str | None = attrs.field(default=None, repr=False)

    @property
    def uri(self) -> str:
        """The reference in its one spelling, with the hub it is for unless that is the public one."""
        place = "" if self.asked.endpoint == PUBLIC else f" at {self.asked.endpoint}"
        return f"{self.asked.hub}{place}"

    @property
    def is_pinned(self) -> bool:
        """Whether the reference has the id of a commit."""
        return self.asked.hub.is_pinned

    def at(self, revision: str) -> HubSource:
        """Return the same folder at a commit; raises what `RemoteSource.at` does."""
        hub = self.asked.hub
        if not is_commit(revision) or (hub.is_pinned and hub.revision != revision):
            raise StorageError(f"{self.asked.text!r} cannot be opened at {revision!r}, which is no commit of it.")
        return attrs.evolve(self, asked=attrs.evolve(self.asked, hub=attrs.evolve(hub, revision=revision)))

    def resolve(self) -> Snapshot:
        """Ask for commit and files in one request; raises what `RemoteSource.resolve` does."""
        from huggingface_hub import HfApi

        hub = self.asked.hub
        try:
            told = HfApi(self.asked.endpoint, library_name="modelry").model_info(
                hub.repository,
                revision=hub.revision,
                files_metadata=True,
                timeout=LISTING_TIMEOUT,
                token=self.token,
            )
        except Exception as error:
            if (refused := refusal(error, self.asked)) is not None:
                raise refused from None  # the client's error may hold a signed URL
            raise
        return snapshot_of(told, self.asked)

    @contextmanager
    def read(self, snapshot: Snapshot, file: RemoteFile, offset: int) -> Iterator[ByteStream]:
        """Stream a file of the commit; raises what `RemoteSource.read` does."""
        from huggingface_hub import constants, get_session, hf_hub_url
        from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # type: ignore[attr-defined]

        hub, endpoint = self.asked.hub, self.asked.endpoint
        path = self._path(file)
        url = hf_hub_url(hub.repository, path, revision=snapshot.revision, endpoint=endpoint)
        headers = build_hf_headers(token=self.token, library_name="modelry") | {"Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        wait = constants.HF_HUB_DOWNLOAD_TIMEOUT
        # The client's session takes the token off where a redirect leads to another host.
        with get_session().stream("GET", url, headers=headers, timeout=wait, follow_redirects=True) as response:
            try:
                hf_raise_for_status(response)
            except Exception as error:
                if (refused := refusal(error, self.asked)) is not None:
                    raise refused from None  # the client's error may hold a signed URL
                raise
            # As they come: what waits for a chunk to be full is lost with the connection.
            yield ByteStream(response.iter_bytes(), offset if response.status_code == 206 else 0)

    def local_copy(self, snapshot: Snapshot, file: RemoteFile) -> Path | None:
        """Return where the hub's own cache has the file, which transformers and others fill."""
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(self.asked.hub.repository, self._path(file), revision=snapshot.revision)
        return Path(found) if isinstance(found, str) else None

    def is_transient(self, error: Exception) -> bool:
        """Return whether trying again may help."""
        return is_passing(error)

    def advice(self, error: Exception) -> str | None:
        """Return what to do where the hub cannot be reached."""
        if not is_passing(error):
            return None
        return (
            f"{self.asked.endpoint} is busy, or cannot be reached from here. Check the network and HF_ENDPOINT, or try "
            "again later; offline=True opens what was fetched before."
        )

    def _path(self, file: RemoteFile) -> str:
        """Return where a file of the preset is in the repository."""
        return f"{self.asked.hub.folder}/{file.name}" if self.asked.hub.folder else file.name
