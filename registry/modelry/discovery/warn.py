"""Warnings that point at the user's line."""

from __future__ import annotations

import sys
import warnings


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn as if from the first caller outside modelry, the only place where Python shows a DeprecationWarning."""
    level, frame = 1, sys._getframe(0)
    while frame.f_back and str(frame.f_globals.get("__name__")).partition(".")[0] == "modelry":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
