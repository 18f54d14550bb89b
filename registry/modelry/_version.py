"""The installed version of modelry, worked out only when somebody asks."""

from __future__ import annotations

import importlib.metadata

try:
    version = importlib.metadata.version("modelry")
except importlib.metadata.PackageNotFoundError:  # a source tree on the path, never installed
    version = "0+uninstalled"
