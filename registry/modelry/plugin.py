"""Import-light API for the `__init__.py` and the hook module of a plugin.

```toml
[project.entry-points."modelry.plugin"]
acme = "modelry_acme.plugin"
```

```python
from modelry.plugin import BuiltinPreset, hookimpl

@hookimpl
def modelry_presets():
    yield BuiltinPreset("acme_base_en", "hf://acme/base-en", architecture="acme", parameters=109_000_000)
```

Such a module is imported only when one of its hooks must run. Keep Keras out of it, and out of the package's
`__init__.py`, which Python runs first. `docs/hooks.md` describes the hooks. A module may state the plugin API it was
written for: `API = 1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._backend import require_backend
from modelry._lazy import resolve
from modelry.discovery.entry import API, KINDS, MODEL_KINDS
from modelry.discovery.hook_values import BuiltinPreset, Command, Fetched, PresetLoaded, Published, keras_hub_presets
from modelry.discovery.registry import registry
from modelry.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelry.discovery.entry import Entry
    from modelry.discovery.hookspecs import hookimpl as hookimpl

__all__ = [
    "API",
    "BuiltinPreset",
    "Command",
    "Fetched",
    "PresetLoaded",
    "Published",
    "hookimpl",
    "keras_hub_presets",
    "lazy_exports",
]


def lazy_exports(package: str) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` for a package, so that its registered classes are imported on first use.

    ```python
    __getattr__, __dir__ = lazy_exports(__name__)
    ```

    in the package's `__init__.py` is enough for `from acme_models import AcmeBackbone`.

    Args:
        package: The package's `__name__`.
    """

    def __getattr__(name: str) -> object:  # noqa: N807 - the name that Python looks for
        # The import system and inspection tools probe for names with an underscore; no class has one.
        exported = {} if name.startswith("_") else _exported(package)
        if name not in exported:
            hint = f"{did_you_mean(name, exported)} Its entry points register: " if exported else ""
            raise AttributeError(f"module {package!r} has no attribute {name!r}.{hint}{', '.join(sorted(exported))}")
        if exported[name].kind in MODEL_KINDS:
            require_backend()
        return exported[name].load()

    def __dir__() -> list[str]:  # noqa: N807 - the name that Python looks for
        return sorted(_exported(package))

    return __getattr__, __dir__


def _exported(package: str) -> dict[str, Entry]:
    """Return the well-formed entries whose classes are defined inside `package`, by the names of these classes."""
    return {
        entry.attribute: entry
        for entry in registry.entries()
        if entry.kind in KINDS and entry.problem is None and entry.target.startswith(f"{package}.")
    }


def __getattr__(name: str) -> object:
    # A package that needs only `lazy_exports` must not import pluggy.
    if name != "hookimpl":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return resolve("modelry.discovery.hookspecs:hookimpl")
