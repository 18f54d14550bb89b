"""The classes that a package registers, as attributes of the package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._backend import require_backend
from modelry.discovery.default import registry
from modelry.discovery.names import KINDS, MODEL_KINDS
from modelry.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelry.discovery.entry import Entry


def lazy_exports(package: str) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the `__getattr__` and `__dir__` of a package whose registered classes are imported when they are used.

    ```python
    __getattr__, __dir__ = lazy_exports(__name__)
    ```

    in the package's `__init__.py` is all that `from acme_models import AcmeBackbone` takes.

    Args:
        package: The package's `__name__`.
    """

    def __getattr__(name: str) -> object:  # noqa: N807 - the name that Python looks for
        # Names with an underscore are probed for by the import system and by inspection tools; no class has one.
        exported = {} if name.startswith("_") else _exported(package)
        if name not in exported:
            hint = f"{did_you_mean(name, exported)} It has what its entry points register: " if exported else ""
            raise AttributeError(f"module {package!r} has no attribute {name!r}.{hint}{', '.join(sorted(exported))}")
        if exported[name].kind in MODEL_KINDS:
            require_backend()
        return exported[name].load()

    def __dir__() -> list[str]:  # noqa: N807 - the name that Python looks for
        return sorted(_exported(package))

    return __getattr__, __dir__


def _exported(package: str) -> dict[str, Entry]:
    """Return the sound entries whose classes are defined inside `package`, by the names of these classes."""
    return {
        entry.attribute: entry
        for entry in registry.entries()
        if entry.kind in KINDS and entry.problem is None and entry.target.startswith(f"{package}.")
    }
