"""Reading from a Hugging Face hub: listings, files, and errors of its client."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

import attrs

from modelry.errors import ModelryError, PresetNotFound, StorageError, did_you_mean
from modelry.storage.client_errors import explaining, is_retryable, status_of
from modelry.storage.hf.reference import PUBLIC, HubReference, is_commit
from modelry.storage.remote_source import ByteStream, RemoteFile, RemoteSource, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from huggingface_hub.hf_api import ModelInfo, RepoSibling


LISTING_TIMEOUT: Final = 30
"""Seconds to wait for the hub to tell about a repository."""


@final
@attrs.frozen
class HubSource(RemoteSource):
    """A folder of a model repository, at a revision.

    Attributes:
        hub: The reference.
        token: The token to show; `None` for the one that the client finds by itself.
    """

    hub: HubReference
    token: str | None = attrs.field(default=None, repr=False)

    @property
    def uri(self) -> str:
        """The reference in its one spelling, with the hub it is for unless that is the public one."""
        return f"{self.hub}" if self.hub.endpoint == PUBLIC else f"{self.hub} at {self.hub.endpoint}"

    @property
    def is_pinned(self) -> bool:
        """True if the reference has the id of a commit."""
        return self.hub.is_pinned

    def at(self, revision: str) -> HubSource:
        """Return the same folder at a commit; raises what `RemoteSource.at` does."""
        if not is_commit(revision) or (self.is_pinned and self.hub.revision != revision):
            raise StorageError(f"{self.hub.text!r} cannot be opened at {revision!r}, which is not a commit of it.")
        return attrs.evolve(self, hub=attrs.evolve(self.hub, revision=revision))

    def resolve(self) -> Snapshot:
        """Ask for commit and files in one request; raises what `RemoteSource.resolve` does."""
        from huggingface_hub import HfApi

        with explaining(partial(explain_refusal, hub=self.hub)):
            told = HfApi(self.hub.endpoint, library_name="modelry").model_info(
                self.hub.repository,
                revision=self.hub.revision,
                files_metadata=True,
                timeout=LISTING_TIMEOUT,
                token=self.token,
            )
        return snapshot_of(told, self.hub)

    @contextmanager
    def read(self, snapshot: Snapshot, file: RemoteFile, offset: int) -> Iterator[ByteStream]:
        """Stream a file of the commit; raises what `RemoteSource.read` does."""
        from huggingface_hub import constants, get_session, hf_hub_url
        from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # type: ignore[attr-defined]

        path = self.hub.prefix + file.name
        url = hf_hub_url(self.hub.repository, path, revision=snapshot.revision, endpoint=self.hub.endpoint)
        headers = build_hf_headers(token=self.token, library_name="modelry") | {"Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        wait = constants.HF_HUB_DOWNLOAD_TIMEOUT
        # The client's session takes the token off where a redirect leads to another host.
        with get_session().stream("GET", url, headers=headers, timeout=wait, follow_redirects=True) as response:
            with explaining(partial(explain_refusal, hub=self.hub)):
                hf_raise_for_status(response)
            # As they come: what waits for a chunk to be full is lost with the connection.
            yield ByteStream(response.iter_bytes(), offset if response.status_code == 206 else 0)

    def local_copy(self, snapshot: Snapshot, file: RemoteFile) -> Path | None:
        """Return where the hub's own cache has the file, which transformers and others fill."""
        from huggingface_hub import try_to_load_from_cache

        path = self.hub.prefix + file.name
        found = try_to_load_from_cache(self.hub.repository, path, revision=snapshot.revision)
        return Path(found) if isinstance(found, str) else None

    def is_transient(self, error: Exception) -> bool:
        """Return whether another try may help."""
        return is_retryable_error(error)

    def advice(self, error: Exception) -> str | None:
        """Return what to do where the hub cannot be reached."""
        if not is_retryable_error(error):
            return None
        return (
            f"{self.hub.endpoint} is busy, or cannot be reached from here. Check the network and HF_ENDPOINT, or try "
            "again later; offline=True opens what was fetched before."
        )


MOST_FILES: Final = 50_000
"""With more files than this, the hub's answer may lack some."""


def snapshot_of(told: ModelInfo, hub: HubReference) -> Snapshot:
    """Return the files of the folder that was asked for, at the commit that the hub tells.

    Raises:
        PresetNotFound: The repository has no such folder.
        StorageError: It is a file; or what the hub tells cannot be right, or cannot be all.
    """
    if told.sha is None or not is_commit(told.sha):
        raise StorageError(
            f"{hub.endpoint} reports {told.sha!r} as the commit of {hub.text!r}, and a commit has 40 hexadecimal "
            "digits. Is it a Hugging Face hub?"
        )
    siblings = told.siblings or []
    if len(siblings) > MOST_FILES:
        raise StorageError(
            f"{hub.repository!r} has more than {MOST_FILES:,} files, and the hub may not list them all. "
            "Put the preset into a repository of its own."
        )
    files = tuple(_file(one, hub.prefix) for one in siblings if one.rfilename.startswith(hub.prefix))
    if not files and any(one.rfilename == hub.folder for one in siblings):
        raise StorageError(f"{hub.text!r} is a file, and a preset is a folder. Name the folder that the file is in.")
    if not files:
        raise PresetNotFound(_nothing_there(siblings, hub))
    return Snapshot(files, told.sha)


def _file(told: RepoSibling, prefix: str) -> RemoteFile:
    name = told.rfilename.removeprefix(prefix)
    if told.lfs is not None:  # git has a pointer to it, so that git's own sum is not that of the content
        return RemoteFile(name, told.lfs.size, sha256=told.lfs.sha256)
    return RemoteFile(name, told.size, git_sha1=told.blob_id)


def _nothing_there(siblings: Sequence[RepoSibling], hub: HubReference) -> str:
    if not hub.folder:
        return f"{hub.repository!r} (from {hub.text!r}) is empty at revision {hub.revision!r}."
    folders = {one.rfilename.rpartition("/")[0] for one in siblings} - {""}
    return (
        f"{hub.repository!r} has no folder {hub.folder!r} at revision {hub.revision!r} (from "
        f"{hub.text!r}).{did_you_mean(hub.folder, folders)} {hub.page}/tree/main shows what it has."
    )


LOG_IN = "run `hf auth login`, set HF_TOKEN, or pass token="


def explain_refusal(error: Exception, hub: HubReference) -> ModelryError | None:
    """Return the error for a refusal of the hub; `None` if it has not refused, only failed."""
    from huggingface_hub import errors

    shown = repr(hub.text)
    if isinstance(error, errors.GatedRepoError):
        return StorageError(
            f"{shown} is gated: who uses it must accept its terms first. Open {hub.page}, log in, and accept them. "
            f"Then let modelry show who you are: {LOG_IN}. A fine-grained token must allow to read gated repositories."
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        private = f"its owner must have let you in, and your token must allow to read it: {LOG_IN}"
        return PresetNotFound(
            f"{hub.endpoint} shows no model repository {hub.repository!r} (from {shown}). Check the spelling. "
            f"If it is private, {private}."
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return PresetNotFound(
            f"{hub.repository!r} has no branch, tag or commit {hub.revision!r} (from {shown}). "
            f"{hub.page}/tree/main lists those that there are."
        )
    if isinstance(error, errors.EntryNotFoundError):
        return PresetNotFound(f"The hub has a file of {shown} no more, though it lists it. Load it again.")
    if isinstance(error, errors.DisabledRepoError):
        return StorageError(f"{shown} was disabled by its owner or by the hub. {hub.page} may say why.")
    if isinstance(error, errors.OfflineModeIsEnabled):
        return StorageError(
            f"{shown} would have to be fetched, and HF_HUB_OFFLINE keeps its client off the network. Unset it."
        )
    return _refusal_by_status(error, hub)


def _refusal_by_status(error: Exception, hub: HubReference) -> ModelryError | None:
    status = status_of(error)
    if status == 401:
        whose = "The token that was given as token=" if hub.has_token else "Your token (of HF_TOKEN, or of a login)"
        return StorageError(
            f"{whose} is not valid: {hub.endpoint} refuses it, so {hub.text!r} cannot be read. It may be misspelt, "
            f"expired or revoked. {hub.endpoint}/settings/tokens makes a new one; then {LOG_IN}."
        )
    if status == 403:
        return StorageError(
            f"{hub.endpoint} does not let you read {hub.text!r}. See {hub.page}, and check at "
            f"{hub.endpoint}/settings/tokens that your token may read it."
        )
    return None


def is_retryable_error(error: Exception) -> bool:
    """Return whether another try may help after an error of the client."""
    from huggingface_hub.errors import HTTPError, OfflineModeIsEnabled  # type: ignore[attr-defined] # httpx's own

    return is_retryable(error, (HTTPError, OSError)) and not isinstance(error, OfflineModeIsEnabled)
