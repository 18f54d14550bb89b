"""Publish a preset to a repository of the hub, as one commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from modelry.errors import InputError, ModelryError, StorageError
from modelry.storage.failures import publishing_failure, publishing_too_slow
from modelry.storage.hf.refusals import LOG_IN, Asked, is_passing, refusal
from modelry.storage.release import MESSAGE
from modelry.storage.retries import Retrying, status_of
from modelry.storage.time_limit import TookTooLong, Watch, within

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import ModelInfo

    from modelry.storage.options import OpenOptions
    from modelry.storage.release import Release


def publish_to_hub(asked: Asked, release: Release, options: OpenOptions) -> str:
    """Commit a preset, making repository and branch if they are missing; return the reference with the commit.

    Raises:
        InputError: The reference is pinned to a commit, or the repository is not as private as it is to be.
        StorageError: The hub refuses or cannot be reached, or somebody else has committed meanwhile.
        DeadlinePassed: The hub takes longer than it may. No commit is made after that.
    """
    if asked.hub.is_pinned:
        raise InputError(f"{asked.text!r} names a commit, which never changes. Publish to a branch, or leave it out.")
    watch = Watch()
    api = _client(asked, options, watch)
    retrying = Retrying(is_passing, watch)
    try:
        size = sum(release.sizes().values())
        commit = within(
            lambda: retrying.call(lambda: _commit(api, asked, release, watch)), options.time_for(size), watch
        )
    except ModelryError:
        raise
    except TookTooLong as error:
        raise publishing_too_slow(f"Cannot publish to {asked.text!r}", error, asked.page) from None
    except Exception as error:
        if (refused := _refusal(error, asked)) is not None:
            raise refused from None
        raise publishing_failure(f"Cannot publish to {asked.text!r}", error, None, options) from None
    return f"hf://{asked.hub.repository}@{commit}{'/' if asked.hub.folder else ''}{asked.hub.folder}"


def _client(asked: Asked, options: OpenOptions, watch: Watch) -> HfApi:
    """Return the hub's client, which makes no commit any more once it was given up."""
    from huggingface_hub import HfApi

    @final
    class Client(HfApi):
        # What `create_commit` calls between checking the model card and committing: all that takes long.
        def preupload_lfs_files(self, *args: Any, **kwargs: Any) -> None:
            watch.go_on("sending the files")
            super().preupload_lfs_files(*args, **kwargs)
            watch.go_on("committing the files")

    return Client(asked.endpoint, token=options.token, library_name="modelry")


def _commit(api: HfApi, asked: Asked, release: Release, watch: Watch) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    hub, prefix = asked.hub, f"{asked.hub.folder}/" if asked.hub.folder else ""
    watch.go_on("looking at the repository")
    told = _repository(api, asked, release.private)
    if release.private is not None and told.private is not release.private:
        raise InputError(
            f"private={release.private} was given, but {hub.repository!r} is there already and "
            f"{'private' if told.private else 'public'}. Change that at {asked.page}/settings, or leave it out."
        )
    there = {name.removeprefix(prefix) for name in _names(told) if name.startswith(prefix)}
    names = [name for name in release.ordered() if name not in release.if_missing or name not in there]
    operations: list[Any] = [CommitOperationAdd(prefix + name, str(release.files[name])) for name in names]
    operations += [CommitOperationDelete(prefix + name) for name in release.stale(there)]
    watch.go_on("checking the model card")
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
    watch.go_on("looking at the commit")
    _check_complete(api.model_info(hub.repository, revision=made.oid), [prefix + name for name in names], asked)
    return str(made.oid)


def _repository(api: HfApi, asked: Asked, private: bool | None) -> ModelInfo:
    """Return what the hub tells about the branch, which is made if it is missing."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    hub = asked.hub
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


def _check_complete(told: ModelInfo, names: list[str], asked: Asked) -> None:
    missing = sorted(set(names) - set(_names(told)))
    if missing:
        raise StorageError(
            f"The hub left {missing[0]} out of {asked.text!r}. A .gitignore in the repository does so: remove what "
            "ignores files of presets from it, and publish again."
        )


def _names(told: ModelInfo) -> list[str]:
    return [one.rfilename for one in told.siblings or ()]


def _refusal(error: Exception, asked: Asked) -> ModelryError | None:
    from huggingface_hub.errors import DisabledRepoError, GatedRepoError, OfflineModeIsEnabled

    if isinstance(error, (DisabledRepoError, GatedRepoError, OfflineModeIsEnabled)):
        return refusal(error, asked)
    status, place = status_of(error), f"{asked.endpoint}/settings/tokens"
    if status in (401, 403, 404):
        whose = "the token that was given as token=" if asked.has_token else "your token (of HF_TOKEN, or of a login)"
        return StorageError(
            f"{asked.endpoint} does not let you publish to {asked.text!r}: {whose} is missing, not valid, or may not "
            f"write there. {place} makes one that may write to {asked.hub.repository!r}; then {LOG_IN}."
        )
    if status in (409, 412):
        return StorageError(
            f"Somebody else has committed to {asked.hub.repository!r} meanwhile, so nothing was published to "
            f"{asked.text!r}. Look at {asked.page}, and publish again."
        )
    return None
