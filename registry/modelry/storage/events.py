"""What is called when something was fetched or published, so that the plugins that observe hear of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.discovery.hook_values import Fetched, Published
from modelry.discovery.registry import registry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelry.storage.release import Release


def announce_fetched(reference: str, files: Iterable[str], size: int, seconds: float) -> None:
    """Tell the observers of a download that is complete. A handler that fetches nothing has nothing to tell.

    Args:
        reference: What the user wrote to name the preset, `Reference.text`.
        files: The files that were fetched, named as in the preset.
        size: Their size in bytes, as they lie on this machine.
        seconds: How long fetching took, on the wall clock.
    """
    if registry.hooks.has_observers:
        registry.hooks.announce(Fetched(reference, tuple(files), size, seconds))


def announce_published(reference: str, release: Release, seconds: float) -> None:
    """Tell the observers of a preset that was published; modelry does so for every handler.

    Args:
        reference: The reference that opens it, without the secrets in it.
        release: What was published.
        seconds: How long publishing took, on the wall clock.
    """
    if registry.hooks.has_observers:
        sizes = release.sizes()
        registry.hooks.announce(Published(reference, tuple(sizes), sum(sizes.values()), seconds))
