"""Publish a preset to Kaggle: every file is sent first, and one call makes a new version of all of them.

So no order of files is needed: a version is there as a whole or not at all, and no version ever changes. What is not
published again is not in the new version, but stays in the older ones.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, final

from modelry._progress import total
from modelry.errors import DeadlineExceeded, InputError, ModelryError, PresetNotFound
from modelry.storage.cache.cache import Cache
from modelry.storage.cache.layout import cache_layers
from modelry.storage.client_errors import publishing_error, publishing_too_slow
from modelry.storage.handler import PRESET_MARKER
from modelry.storage.integrity import MANIFEST
from modelry.storage.kaggle.client import (
    explain_publishing_refusal,
    is_retryable_error,
    models_client,
)
from modelry.storage.kaggle.reference import KaggleReference, parse_kaggle
from modelry.storage.kaggle.source import KaggleSource
from modelry.storage.kaggle.upload import (
    find_model,
    find_variation,
    kaggle_licence,
    make_model,
    make_variation,
    make_version,
    upload,
)
from modelry.storage.options import COMMON_OPTIONS, COMMON_PUBLISHING_OPTIONS
from modelry.storage.remote import RemoteStorage
from modelry.storage.remote_source import Snapshot
from modelry.storage.retries import Cancellation, Retrying, call_within

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelry.storage.handler import Release
    from modelry.storage.options import OpenOptions
    from modelry.storage.paths import Reference


T = TypeVar("T")

PATIENCE: Final = 600.0
"""Seconds to wait until Kaggle shows a version whose files it has, where the caller says nothing."""
PAUSE: Final = 2.0
"""Seconds between two looks."""


@final
class KaggleStorage(RemoteStorage):
    """Opens presets on Kaggle, and publishes them there."""

    def source(self, reference: Reference, options: OpenOptions) -> KaggleSource:
        """Parse a reference; raises what `RemoteStorage.source` does."""
        options.allow_only((*COMMON_OPTIONS, "revision", "token"), reference)
        kaggle = parse_kaggle(reference, options.revision)
        return KaggleSource(kaggle, Cache(cache_layers(options.cache_dir)), options.token)

    def publish(self, reference: Reference, release: Release, options: OpenOptions) -> str:
        """Make a version, and model and variation if they are missing; raises what `Storage.publish` does.

        Raises:
            InputError: The reference has a version, or what is there is not as private or under the licence, as said.
            DeadlineExceeded: Kaggle takes longer than it may. Nothing else is begun after that.
        """
        options.allow_only((*COMMON_PUBLISHING_OPTIONS, "token"), reference, "published")
        source = self.source(reference, options)
        kaggle, text = source.kaggle, source.kaggle.text
        if kaggle.is_pinned:
            raise InputError(
                f"{text!r} names a version, which never changes. Leave it out: publishing makes the next one."
            )
        try:
            with models_client(options.token) as client:
                return str(kaggle.at(_publish(client, source, release, options)))
        except ModelryError:
            raise
        except Exception as error:
            if (refused := explain_publishing_refusal(error, kaggle)) is not None:
                raise refused from None
            raise publishing_error(f"Cannot publish to {text!r}", error, None, options) from None


def _publish(client: Any, source: KaggleSource, release: Release, options: OpenOptions) -> int:
    api, kaggle, cancellation = client.models.model_api_client, source.kaggle, Cancellation()
    retrying = Retrying(is_retryable_error, cancellation)

    def step(what: str, call: Callable[[], T], size: int | None = None) -> T:
        try:
            return call_within(call, options.seconds_for(size), cancellation)
        except DeadlineExceeded as error:
            raise publishing_too_slow(f"{what} {kaggle.text!r}", error, kaggle.page) from None

    model = step("Cannot look at", lambda: find_model(api, kaggle, cancellation))
    variation = None if model is None else step("Cannot look at", lambda: find_variation(api, kaggle, cancellation))
    _check_agrees(model, variation, release, kaggle)
    tokens, sizes = {}, release.sizes()
    with total([*sizes.values()]):
        for name, path in release.files.items():
            send = partial(retrying.call, partial(upload, client, name, path, cancellation))
            tokens[name] = step(f"Cannot send {name} to", send, sizes[name])
    if model is None:
        private = release.private is not False
        step("Cannot make the model of", lambda: make_model(api, kaggle, cancellation, private=private))
    make = make_variation if variation is None else make_version
    step("Cannot make a version of", lambda: make(api, kaggle, tokens, release, cancellation))
    return _shown_in_time(source, release, 0 if variation is None else int(variation.version_number), options)


def _check_agrees(model: Any, variation: Any, release: Release, kaggle: KaggleReference) -> None:
    """Check that what is there is as the publisher says; a version changes nothing of it."""
    if model is not None and release.private not in (None, bool(model.is_private)):
        raise InputError(
            f"private={release.private} was given, but {kaggle.model!r} is of a model that is there already and "
            f"{'private' if model.is_private else 'public'}. Change that at {kaggle.page}, or leave it out."
        )
    if variation is None or release.licence is None:
        return
    if variation.license_name not in ("", kaggle_licence(release.licence)):
        raise InputError(
            f"licence={release.licence!r} was given, but {kaggle.model!r} is there already under "
            f"{variation.license_name!r}. Change that at {kaggle.page}, or leave it out."
        )


def _shown_in_time(source: KaggleSource, release: Release, before: int, options: OpenOptions) -> int:
    cancellation, seconds = Cancellation(), options.deadline or PATIENCE
    try:
        return call_within(lambda: _shown(source, release, before, cancellation), seconds, cancellation)
    except DeadlineExceeded:
        raise DeadlineExceeded(
            f"Kaggle has taken the files for {source.kaggle.text!r}, but has not shown a version with them for "
            f"{seconds:g} seconds. See {source.kaggle.page} before you publish again."
        ) from None


def _shown(source: KaggleSource, release: Release, before: int, cancellation: Cancellation) -> int:
    """Wait until Kaggle has taken the files in, and return the number of their version, newer than `before`.

    Others may have published since, so each of the newer versions is compared.
    """
    retrying = Retrying(is_retryable_error, cancellation)
    while True:
        newest = _resolve(source, retrying)
        for number in range(before + 1, 1 + int(newest.revision or 0)):
            if _is_release(source.at(str(number)), release, retrying):
                return number
        time.sleep(PAUSE)


def _resolve(source: KaggleSource, retrying: Retrying) -> Snapshot:
    try:
        return retrying.call(source.resolve)
    except PresetNotFound:
        return Snapshot(())


def _is_release(source: KaggleSource, release: Release, retrying: Retrying) -> bool:
    """Return whether a version has the files of a release, and its manifest to the byte."""
    snapshot = _resolve(source, retrying)
    sizes = {file.name: file.size for file in snapshot.files}
    if sizes.keys() != release.files.keys():
        return False
    if any(size not in (None, release.files[name].stat().st_size) for name, size in sizes.items()):
        return False
    name = MANIFEST if MANIFEST in sizes else PRESET_MARKER
    file = next(one for one in snapshot.files if one.name == name)

    def read() -> bytes:
        with source.read(snapshot, file, 0) as stream:
            return b"".join(stream.chunks)

    return retrying.call(read) == release.files[name].read_bytes()
