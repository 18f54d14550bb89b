"""Warnings that point at the line of the user."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn as if from the first caller outside modelry, where Python shows a DeprecationWarning."""
    level, _ = _users_frame()
    warnings.warn(message, category, stacklevel=level - 1)


def warn_user_and_go_on(message: str, category: type[Warning]) -> None:
    """Warn like `warn_user`, but never raise, not even under `python -W error`."""
    level, frame = _users_frame()
    try:
        warnings.warn(message, category, stacklevel=level - 1)
    except category as raised:
        warnings.showwarning(raised, category, frame.f_code.co_filename, frame.f_lineno)


def _users_frame() -> tuple[int, FrameType]:
    """Return the first frame outside modelry, and its distance from this one."""
    level, frame = 1, sys._getframe(0)
    while frame.f_back and str(frame.f_globals.get("__name__")).partition(".")[0] == "modelry":
        level, frame = level + 1, frame.f_back
    return level, frame
