"""Programs that JAX compiled for a model, kept on disk for the next process.

JAX brings the cache and has it switched off. Here it is switched on, unless somebody decided about it before.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import platform
import warnings
from pathlib import Path
from typing import Any

import keras
import platformdirs

VARIABLE = "MODELRY_COMPILATION_CACHE"
OFF = "off"
MIN_SECONDS = 0.1  # of compiling; JAX's default of 1 leaves out most programs that predict
MAX_BYTES = 1 << 30


def enable_compilation_cache() -> None:
    """Let JAX keep compiled programs, once in a process, if it is the backend and neither user nor program chose."""
    if keras.backend.backend() == "jax":
        _enable()


@functools.cache
def _enable() -> None:
    chosen = os.environ.get(VARIABLE)
    if chosen == OFF:
        return
    import jax

    config: Any = jax.config
    if config.jax_compilation_cache_dir is not None or not config.jax_enable_compilation_cache:
        return
    folder = Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("modelry", appauthor=False) / "jax"
    folder /= _processor()
    if not _is_writable(folder):
        if chosen:
            warnings.warn(
                f"{VARIABLE} is {chosen!r}, where nothing can be written, so compiled programs are not kept. "
                f"Set it to another folder, or to {OFF!r}.",
                stacklevel=2,
            )
        return
    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        config.update("jax_persistent_cache_min_compile_time_secs", MIN_SECONDS)
    # Without filelock JAX can neither limit the cache nor keep processes from reading what others are still writing.
    if config.jax_compilation_cache_max_size == -1 and importlib.util.find_spec("filelock") is not None:
        config.update("jax_compilation_cache_max_size", MAX_BYTES)
    config.update("jax_compilation_cache_dir", str(folder))


def _is_writable(folder: Path) -> bool:
    """Whether this process can write to `folder`, which is made for this user alone where it is missing."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def _processor() -> str:
    """A name for this kind of processor: home folders are shared by machines, and programs for one fail on another."""
    kind = platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            first = iter(file.readline, "\n")  # the processors are separated by empty lines, and alike
            kind += "".join(line for line in first if line.startswith(("flags", "Features", "model name")))
    except OSError:
        kind += platform.processor()
    return hashlib.sha256(kind.encode()).hexdigest()[:12]
