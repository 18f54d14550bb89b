"""Choice of Keras' backend, JAX, PyTorch or TensorFlow, before Keras is imported.

Keras falls back to TensorFlow when nobody chose, and on its first import writes that fallback into `keras.json` as if
somebody had. Without TensorFlow both end in an ImportError, so a choice that cannot work is ignored here.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys

from modelry.errors import PluginError

BACKENDS = ("jax", "torch", "tensorflow")
"""In the order in which they are tried."""


def choose_backend() -> None:
    """Set `KERAS_BACKEND` to an installed backend, unless the configured one works or Keras is already imported."""
    if "keras" in sys.modules or os.environ.get("KERAS_BACKEND"):
        return
    if _is_installed(_configured()):
        return
    usable = next(filter(_is_installed, BACKENDS), None)
    if usable is not None:
        os.environ["KERAS_BACKEND"] = usable


def require_backend() -> None:
    """Check that importing Keras can work; the rooms that import it call this first.

    Raises:
        PluginError: The backend that Keras would use is not installed.
    """
    if "keras" in sys.modules:
        return
    choose_backend()
    asked = os.environ.get("KERAS_BACKEND")
    if asked and not _is_installed(asked):
        others = [name for name in BACKENDS if _is_installed(name)]
        instead = f", or set KERAS_BACKEND={others[0]}, which is installed" if others else ""
        install = f'pip install "modelry[{asked}]"' if asked in BACKENDS else f"pip install {shlex.quote(asked)}"
        raise PluginError(f"KERAS_BACKEND is {asked!r}, but {asked} is not installed. Run: {install}{instead}.")
    if not asked and not _is_installed(_configured()):
        raise PluginError(
            "Keras needs JAX, PyTorch or TensorFlow to run models, and none of them is installed. "
            'Run: pip install "modelry[jax]" (or [torch], or [tensorflow]).'
        )


def backend() -> str:
    """Return the backend that Keras takes, or would take if it were imported now."""
    choose_backend()
    return os.environ.get("KERAS_BACKEND") or _configured()


def floatx() -> str:
    """Return the dtype that Keras gives weights where nobody chooses one, without importing it."""
    return _setting("floatx", "float32") or "float32"


def installed_backends() -> tuple[str, ...]:
    """Return the backends that are installed."""
    return tuple(filter(_is_installed, BACKENDS))


def _configured() -> str:
    """Return the backend that Keras itself would take: `keras.json`'s, else TensorFlow."""
    return _setting("backend", "tensorflow")


def _setting(name: str, default: str) -> str:
    """Return the value in `keras.json`, the default if there is none, and `None` if the value is not a string."""
    try:
        with open(_config_path(), encoding="utf-8") as file:
            import json  # most machines have no such file, and then nothing here needs it

            value = json.load(file)[name]
    except (OSError, ValueError, KeyError, TypeError):
        return default
    return value if isinstance(value, str) else ""


def _config_path() -> str:
    """Return where Keras looks for its configuration."""
    folder = os.environ.get("KERAS_HOME")
    if folder is None:
        home = os.path.expanduser("~")
        folder = os.path.join(home if os.access(home, os.W_OK) else "/tmp", ".keras")
    return os.path.expanduser(os.path.join(folder, "keras.json"))


def _is_installed(backend: str) -> bool:
    try:
        spec = importlib.util.find_spec(backend)
    except (ImportError, ValueError):
        return False
    # A folder that happens to be called `jax` is found too, as a namespace package without an origin.
    return spec is not None and spec.origin is not None
