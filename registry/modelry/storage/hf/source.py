"""Reading from a Hugging Face hub: listings, files, and errors of its client."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

import attrs

from modelry.errors import ModelryError, PresetNotFound, StorageError, did_you_mean
from modelry.storage.client_errors import is_retryable, status_of
from modelry.storage.hf.reference import PUBLIC, HubRequest, is_commit
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
        asked: The reference, with its hub.
        token: The token to show; `None` for the one that the client finds by itself.
    """

    asked: HubRequest
    token: str | None = attrs.field(default=None, repr=False)

    @property
    def uri(self) -> str:
        """The reference in its one spelling, with the hub it is for unless that is the public one."""
        place = "" if self.asked.endpoint == PUBLIC else f" at {self.asked.endpoint}"
        return f"{self.asked.hub}{place}"

    @property
    def is_pinned(self) -> bool:
        """True if the reference has the id of a commit."""
        return self.asked.hub.is_pinned

    def at(self, revision: str) -> HubSource:
        """Return the same folder at a commit; raises what `RemoteSource.at` does."""
        hub = self.asked.hub
        if not is_commit(revision) or (hub.is_pinned and hub.revision != revision):
            raise StorageError(f"{self.asked.text!r} cannot be opened at {revision!r}, which is not a commit of it.")
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
            if (refused := explain_refusal(error, self.asked)) is not None:
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
                if (refused := explain_refusal(error, self.asked)) is not None:
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
        """Return whether another try may help."""
        return is_retryable_error(error)

    def advice(self, error: Exception) -> str | None:
        """Return what to do where the hub cannot be reached."""
        if not is_retryable_error(error):
            return None
        return (
            f"{self.asked.endpoint} is busy, or cannot be reached from here. Check the network and HF_ENDPOINT, or try "
            "again later; offline=True opens what was fetched before."
        )

    def _path(self, file: RemoteFile) -> str:
        """Return where a file of the preset is in the repository."""
        return f"{self.asked.hub.folder}/{file.name}" if self.asked.hub.folder else file.name


MOST_FILES: Final = 50_000
"""With more files than this, the hub's answer may lack some."""


def snapshot_of(told: ModelInfo, asked: HubRequest) -> Snapshot:
    """Return the files of the folder that was asked for, at the commit that the hub tells.

    Raises:
        PresetNotFound: The repository has no such folder.
        StorageError: It is a file; or what the hub tells cannot be right, or cannot be all.
    """
    if told.sha is None or not is_commit(told.sha):
        raise StorageError(
            f"{asked.endpoint} reports {told.sha!r} as the commit of {asked.text!r}, and a commit has 40 hexadecimal "
            "digits. Is it a Hugging Face hub?"
        )
    siblings = told.siblings or []
    if len(siblings) > MOST_FILES:
        raise StorageError(
            f"{asked.hub.repository!r} has more than {MOST_FILES:,} files, and the hub may not list them all. "
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


def _nothing_there(siblings: Sequence[RepoSibling], asked: HubRequest) -> str:
    if not asked.hub.folder:
        return f"{asked.hub.repository!r} (from {asked.text!r}) is empty at revision {asked.hub.revision!r}."
    folders = {one.rfilename.rpartition("/")[0] for one in siblings} - {""}
    return (
        f"{asked.hub.repository!r} has no folder {asked.hub.folder!r} at revision {asked.hub.revision!r} (from "
        f"{asked.text!r}).{did_you_mean(asked.hub.folder, folders)} {asked.page}/tree/main shows what it has."
    )


LOG_IN = "run `hf auth login`, set HF_TOKEN, or pass token="


def explain_refusal(error: Exception, asked: HubRequest) -> ModelryError | None:
    """Return the error for a refusal of the hub; `None` if it has not refused, only failed."""
    from huggingface_hub import errors

    hub, shown = asked.hub, repr(asked.text)
    if isinstance(error, errors.GatedRepoError):
        return StorageError(
            f"{shown} is gated: who uses it must accept its terms first. Open {asked.page}, log in, and accept them. "
            f"Then let modelry show who you are: {LOG_IN}. A fine-grained token must allow to read gated repositories."
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        private = f"its owner must have let you in, and your token must allow to read it: {LOG_IN}"
        return PresetNotFound(
            f"{asked.endpoint} shows no model repository {hub.repository!r} (from {shown}). Check the spelling. "
            f"If it is private, {private}."
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return PresetNotFound(
            f"{hub.repository!r} has no branch, tag or commit {hub.revision!r} (from {shown}). "
            f"{asked.page}/tree/main lists those that there are."
        )
    if isinstance(error, errors.EntryNotFoundError):
        return PresetNotFound(f"The hub has a file of {shown} no more, though it lists it. Load it again.")
    if isinstance(error, errors.DisabledRepoError):
        return StorageError(f"{shown} was disabled by its owner or by the hub. {asked.page} may say why.")
    if isinstance(error, errors.OfflineModeIsEnabled):
        return StorageError(
            f"{shown} would have to be fetched, and HF_HUB_OFFLINE keeps its client off the network. Unset it."
        )
    return _refusal_by_status(error, asked)


def _refusal_by_status(error: Exception, asked: HubRequest) -> ModelryError | None:
    status = status_of(error)
    if status == 401:
        whose = "The token that was given as token=" if asked.has_token else "Your token (of HF_TOKEN, or of a login)"
        return StorageError(
            f"{whose} is not valid: {asked.endpoint} refuses it, so {asked.text!r} cannot be read. It may be misspelt, "
            f"expired or revoked. {asked.endpoint}/settings/tokens makes a new one; then {LOG_IN}."
        )
    if status == 403:
        return StorageError(
            f"{asked.endpoint} does not let you read {asked.text!r}. See {asked.page}, and check at "
            f"{asked.endpoint}/settings/tokens that your token may read it."
        )
    return None


def is_retryable_error(error: Exception) -> bool:
    """Return whether another try may help after an error of the client."""
    from huggingface_hub.errors import HTTPError, OfflineModeIsEnabled  # type: ignore[attr-defined] # httpx's own

    return is_retryable(error, (HTTPError, OSError)) and not isinstance(error, OfflineModeIsEnabled)
