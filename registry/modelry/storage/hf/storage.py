"""`hf://`: model repositories of the Hugging Face hub, or of a mirror; publishing makes one commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import attrs

from modelry.errors import DeadlineExceeded, InputError, ModelryError, StorageError
from modelry.storage.client_errors import publishing_error, publishing_too_slow, status_of
from modelry.storage.handler import MESSAGE
from modelry.storage.hf.reference import HubReference, chosen_endpoint, parse_hf
from modelry.storage.hf.source import LOG_IN, HubSource, explain_refusal, is_retryable_error
from modelry.storage.remote import RemoteStorage
from modelry.storage.retries import Cancellation, Retrying, call_within

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import ModelInfo

    from modelry.storage.handler import Release
    from modelry.storage.options import OpenOptions
    from modelry.storage.paths import Reference


@final
class HubStorage(RemoteStorage):
    """Opens presets on the Hugging Face hub, and publishes them there."""

    def source(self, reference: Reference, options: OpenOptions) -> HubSource:
        """Parse a reference; raises what `RemoteStorage.source` does."""
        return HubSource(_hub(reference, options), options.token)

    def publish(self, reference: Reference, release: Release, options: OpenOptions) -> str:
        """Make one commit, and repository and branch if they are missing; raises what `Storage.publish` does.

        Raises:
            InputError: The reference is pinned to a commit, or the repository is not as private as it is to be.
            StorageError: The hub refuses or cannot be reached, or somebody else has committed meanwhile.
            DeadlineExceeded: The hub takes longer than it may. No commit is made after that.
        """
        hub = _hub(reference, options)
        if hub.is_pinned:
            raise InputError(f"{hub.text!r} names a commit, which never changes. Publish to a branch, or leave it out.")
        cancellation = Cancellation()
        api = _client(hub, options, cancellation)
        retrying = Retrying(is_retryable_error, cancellation)
        try:
            size = sum(release.sizes().values())
            commit = call_within(
                lambda: retrying.call(lambda: _commit(api, hub, release, cancellation)),
                options.seconds_for(size),
                cancellation,
            )
        except DeadlineExceeded as error:
            raise publishing_too_slow(f"Cannot publish to {hub.text!r}", error, hub.page) from None
        except ModelryError:
            raise
        except Exception as error:
            if (refused := _refusal(error, hub)) is not None:
                raise refused from None
            raise publishing_error(f"Cannot publish to {hub.text!r}", error, None, options) from None
        return str(attrs.evolve(hub, revision=commit))


def _hub(reference: Reference, options: OpenOptions) -> HubReference:
    endpoint = chosen_endpoint(options.storage_options)
    hub = parse_hf(reference, options.revision)
    return attrs.evolve(hub, endpoint=endpoint, has_token=options.token is not None)


def _client(hub: HubReference, options: OpenOptions, cancellation: Cancellation) -> HfApi:
    """Return the hub's client, which makes no commit after cancellation."""
    from huggingface_hub import HfApi

    @final
    class Client(HfApi):
        # `create_commit` calls this between checking the model card and committing; it takes longest.
        def preupload_lfs_files(self, *args: Any, **kwargs: Any) -> None:
            cancellation.check("sending the files")
            super().preupload_lfs_files(*args, **kwargs)
            cancellation.check("committing the files")

    return Client(hub.endpoint, token=options.token, library_name="modelry")


def _commit(api: HfApi, hub: HubReference, release: Release, cancellation: Cancellation) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    cancellation.check("looking at the repository")
    told = _repository(api, hub, release.private)
    if release.private is not None and told.private is not release.private:
        raise InputError(
            f"private={release.private} was given, but {hub.repository!r} is there already and "
            f"{'private' if told.private else 'public'}. Change that at {hub.page}/settings, or leave it out."
        )
    there = {name.removeprefix(hub.prefix) for name in _names(told) if name.startswith(hub.prefix)}
    names = [name for name in release.ordered() if name not in release.if_missing or name not in there]
    operations: list[Any] = [CommitOperationAdd(hub.prefix + name, str(release.files[name])) for name in names]
    operations += [CommitOperationDelete(hub.prefix + name) for name in release.stale(there)]
    cancellation.check("checking the model card")
    try:
        made = api.create_commit(
            hub.repository,
            operations,
            commit_message=release.message or MESSAGE,
            revision=hub.revision,
            parent_commit=told.sha,
        )
    except RuntimeError as error:  # the client's wrapping of what went wrong with a large file
        raise error.__cause__ or error from None
    cancellation.check("looking at the commit")
    _check_complete(api.model_info(hub.repository, revision=made.oid), [hub.prefix + name for name in names], hub)
    return str(made.oid)


def _repository(api: HfApi, hub: HubReference, private: bool | None) -> ModelInfo:
    """Return the hub's facts about the branch, which is made if it is missing."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        return api.model_info(hub.repository, revision=hub.revision)
    except GatedRepoError:
        raise
    except RepositoryNotFoundError:
        api.create_repo(hub.repository, private=private, exist_ok=True)
    except RevisionNotFoundError:
        pass
    try:
        return api.model_info(hub.repository, revision=hub.revision)
    except RevisionNotFoundError:
        api.create_branch(hub.repository, branch=hub.revision, exist_ok=True)
    return api.model_info(hub.repository, revision=hub.revision)


def _check_complete(told: ModelInfo, names: list[str], hub: HubReference) -> None:
    missing = sorted(set(names) - set(_names(told)))
    if missing:
        raise StorageError(
            f"The hub left {missing[0]} out of {hub.text!r}. A .gitignore in the repository does so: remove what "
            "ignores files of presets from it, and publish again."
        )


def _names(told: ModelInfo) -> list[str]:
    return [one.rfilename for one in told.siblings or ()]


def _refusal(error: Exception, hub: HubReference) -> ModelryError | None:
    from huggingface_hub.errors import DisabledRepoError, GatedRepoError, OfflineModeIsEnabled

    if isinstance(error, (DisabledRepoError, GatedRepoError, OfflineModeIsEnabled)):
        return explain_refusal(error, hub)
    status, place = status_of(error), f"{hub.endpoint}/settings/tokens"
    if status in (401, 403, 404):
        whose = "the token that was given as token=" if hub.has_token else "your token (of HF_TOKEN, or of a login)"
        return StorageError(
            f"{hub.endpoint} does not let you publish to {hub.text!r}: {whose} is missing, not valid, or may not "
            f"write there. {place} makes one that may write to {hub.repository!r}; then {LOG_IN}."
        )
    if status in (409, 412):
        return StorageError(
            f"Somebody else has committed to {hub.repository!r} meanwhile, so nothing was published to "
            f"{hub.text!r}. Look at {hub.page}, and publish again."
        )
    return None
