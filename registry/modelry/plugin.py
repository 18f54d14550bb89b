"""What the import-light modules of a plugin import: its `__init__.py` and its hook module.

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

Such a module is imported only when a hook must run, and then together with everybody else's: keep Keras out of it, and
out of the package's `__init__.py`, which Python runs first. The hooks are described in `modelry.discovery.specs`, and
there are groups for policies and observers too. A module may state which `API` it was written for: `API = 1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._lazy import resolve
from modelry.discovery.api import API
from modelry.discovery.exports import lazy_exports
from modelry.discovery.hook_values import BuiltinPreset, Command, Fetched, PresetLoaded, Published, keras_hub_presets

if TYPE_CHECKING:
    from modelry.discovery.specs import hookimpl as hookimpl

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


def __getattr__(name: str) -> object:
    # A package that has only `lazy_exports` from here must not import pluggy.
    if name != "hookimpl":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return resolve("modelry.discovery.specs:hookimpl")
