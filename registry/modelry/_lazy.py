"""Public names that are imported on first use."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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
    package: str, names: Mapping[str, str], installed: Callable[[], Mapping[str, str]] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the `__getattr__` and `__dir__` of a public package of modelry.

    Args:
        package: The package's `__name__`.
        names: Public name → `"module:attribute"`.
        installed: Returns further names, which depend on the installed plugins.
    """

    def __getattr__(name: str) -> Any:  # noqa: N807 - the name that Python looks for
        found = names
        if name not in names and installed is not None and not name.startswith("__"):  # Python and pytest ask for those
            found = {**names, **installed()}
        if name not in found:
            from modelry.errors import did_you_mean

            raise AttributeError(f"module {package!r} has no attribute {name!r}.{did_you_mean(name, found)}")
        value = vars(sys.modules[package])[name] = resolve(found[name])
        return value

    def __dir__() -> list[str]:  # noqa: N807 - the name that Python looks for
        own = vars(sys.modules[package])
        return sorted({*(name for name in own if name.startswith("__")), *names})

    return __getattr__, __dir__
