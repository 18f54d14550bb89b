"""Locks between processes. They save bandwidth, and nothing else: everything is right without them.

On some network file systems locks do nothing, or nobody gives one back.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry.storage.cache.layout import Layout

LONGEST_WAIT = 600.0
"""Seconds to wait for somebody else to fetch a file, before fetching it beside them."""


@contextlib.contextmanager
def locked(layout: Layout, key: str) -> Iterator[None]:
    """Hold the lock of a key while the block runs, if that can be had."""
    import filelock

    path = layout.lock(key)
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError, NotImplementedError):  # a time-out is an OSError
            path.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(filelock.FileLock(path, timeout=LONGEST_WAIT, mode=0o664))
        yield
