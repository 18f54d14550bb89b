"""Facts about the machine for bug reports, found without Keras."""

from __future__ import annotations

import importlib.metadata
import os
import platform

import platformdirs

from modelry._backend import backend
from modelry._version import version
from modelry.discovery.policy import VARIABLE

CACHE_VARIABLE = "MODELRY_COMPILATION_CACHE"


def environment() -> dict[str, str]:
    """Return the facts by name: versions, the settings that modelry reads, and the platform."""
    chosen = backend()
    return {
        "modelry": version,
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "Keras": _version("keras"),
        "backend": f"{chosen} {_version(chosen)}",
        "platform": platform.platform(),
        VARIABLE: os.environ.get(VARIABLE, ""),
        "compilation cache": _cache(),
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return "not installed"


def _cache() -> str:
    """Return the folder of compiled programs, unless JAX itself is configured otherwise."""
    return os.environ.get(CACHE_VARIABLE) or str(platformdirs.user_cache_path("modelry", appauthor=False) / "jax")
