"""All that the hook module of a plugin imports.

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

Such a module is imported only when a hook must run, and then together with everybody else's: keep Keras out of it.
The hooks are described in `modelry.discovery.specs`.
"""

from modelry.discovery.specs import BuiltinPreset, hookimpl

__all__ = ["BuiltinPreset", "hookimpl"]
