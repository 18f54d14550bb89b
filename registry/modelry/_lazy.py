"""Import what a `module:attribute` string names, at the moment it is needed."""

from __future__ import annotations

import importlib


def resolve(target: str) -> object:
    """Import `target` and return what it names.

    Args:
        target: `package.module:attribute`, the attribute possibly dotted, or `package.module` for the module itself.
    """
    module, _, attribute = target.partition(":")
    found: object = importlib.import_module(module)
    for part in attribute.split(".") if attribute else ():
        found = getattr(found, part)
    return found
