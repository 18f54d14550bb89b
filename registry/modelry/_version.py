"""The installed version of modelry, worked out only when somebody asks."""

from __future__ import annotations

import importlib.metadata

UNINSTALLED = "0+uninstalled"
"""The version of a source tree on the path."""

try:
    version = importlib.metadata.version("modelry")
except importlib.metadata.PackageNotFoundError:
    version = UNINSTALLED

__version__ = version
