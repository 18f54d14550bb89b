"""Public names that are imported on first use."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import lazy_loader

if TYPE_CHECKING:
    from collections.abc import Callable


def resolve(target: str) -> object:
    """Import `target` and return the object that it names.

    Args:
        target: `package.module:attribute`, the attribute possibly dotted, or `package.module` for the module itself.
    """
    module, _, attribute = target.partition(":")
    found: object = importlib.import_module(module)
    for part in attribute.split(".") if attribute else ():
        found = getattr(found, part)
    return found


def attach(
    package: str, file: str, installed: str | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return the `__getattr__`, `__dir__` and `__all__` of a public package; its stub, `__init__.pyi`, lists the names.

    Args:
        package: The package's `__name__`.
        file: The package's `__file__`.
        installed: `module:function`, which returns the further names of installed plugins: name → `module:attribute`.
    """
    load, names, public = lazy_loader.attach_stub(package, file)

    def __getattr__(name: str) -> Any:  # noqa: N807 - the name that Python looks for
        if name in public:
            return load(name)
        further: Any = {}
        if installed is not None and not name.startswith("__"):  # Python and pytest ask for those
            find: Any = resolve(installed)
            further = find()
        if name not in further:
            from modelry.errors import did_you_mean

            near = did_you_mean(name, [*public, *further])
            raise AttributeError(f"module {package!r} has no attribute {name!r}.{near}")
        value = vars(sys.modules[package])[name] = resolve(further[name])
        return value

    return __getattr__, names, public
