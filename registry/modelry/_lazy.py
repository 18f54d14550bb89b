"""Public names that are imported on first use."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

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


def attach(package: str, names: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the `__getattr__` and `__dir__` of a public package of modelry.

    Args:
        package: The package's `__name__`.
        names: Public name → `"module:attribute"`.
    """

    def __getattr__(name: str) -> object:  # noqa: N807 - the name that Python looks for
        if name not in names:
            from modelry.errors import did_you_mean

            raise AttributeError(f"module {package!r} has no attribute {name!r}.{did_you_mean(name, names)}")
        value = vars(sys.modules[package])[name] = resolve(names[name])
        return value

    def __dir__() -> list[str]:  # noqa: N807 - the name that Python looks for
        own = vars(sys.modules[package])
        return sorted({*(name for name in own if name.startswith("__")), *names})

    return __getattr__, __dir__
