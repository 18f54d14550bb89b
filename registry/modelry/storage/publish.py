"""From the files of a preset to the store that a URI names."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from modelry.errors import StorageError
from modelry.storage.events import announce_published
from modelry.storage.names import check_names
from modelry.storage.open import handler_of
from modelry.storage.release import MARK, refuse

if TYPE_CHECKING:
    from modelry.storage.options import OpenOptions
    from modelry.storage.reference import Reference
    from modelry.storage.release import Release


def publish(reference: Reference, release: Release, options: OpenOptions) -> str:
    """Publish a preset where a reference points.

    Args:
        reference: Where, with a scheme.
        release: What.
        options: `revision`, `token`, `storage_options`, `deadline` and `offline`.

    Returns:
        The reference that opens it, pinned to what was published where the store has versions.

    Raises:
        UnsafePresetError: A file has a name that could do harm elsewhere.
        StorageError: The reference is malformed, its store cannot be published to or reached, or refuses.
        InputError: Something is said that the store has no use for.
    """
    if reference.scheme == "file":
        refuse(reference, "it is a folder of this machine, which save_to_preset writes")
    handler = handler_of(reference)
    if options.is_offline:
        raise StorageError(
            f"Nothing is published to {reference.text!r} while offline. Pass offline=False, or unset MODELRY_OFFLINE."
        )
    check_names(release.files, reference.text)
    if MARK not in release.files:
        raise StorageError(f"What is to be published to {reference.text!r} is no preset: it has no {MARK}.")
    start = time.perf_counter()
    published = handler.publish(reference, release, options)
    announce_published(published, release, time.perf_counter() - start)
    return published
