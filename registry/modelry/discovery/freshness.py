"""Whether the installation may have changed since it was scanned."""

from __future__ import annotations

import os
import sys
import time

import attrs

from modelry.discovery.policy import VARIABLE, policy_file

_COARSEST = 2_000_000_000
"""Nanoseconds: some file systems count time in steps of two seconds, and two changes within one step look like one."""


@attrs.frozen
class Snapshot:
    """What a scan depended on, taken just before it."""

    variable: str
    places: tuple[tuple[str, int], ...]
    taken: int

    def is_current(self) -> bool:
        """Return whether a scan now would surely find the same."""
        now = snapshot()
        if (now.variable, now.places) != (self.variable, self.places):
            return False
        return all(changed < self.taken - _COARSEST for _, changed in self.places)


def snapshot() -> Snapshot:
    """Look at the environment variable, at `sys.path`, and at the time each of the places that they name changed."""
    taken, variable = time.time_ns(), os.environ.get(VARIABLE, "")
    places = (*(place for place in sys.path if isinstance(place, str)), *filter(None, (policy_file(variable),)))
    return Snapshot(variable, tuple((place, _changed(place)) for place in places), taken)


def _changed(place: str) -> int:
    try:
        return os.stat(place or ".").st_mtime_ns
    except OSError:
        return 0
