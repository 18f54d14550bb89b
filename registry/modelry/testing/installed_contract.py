"""The claims about the installation of a component, and the entry points behind it. Imports no Keras."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest

from modelry._lazy import resolve
from modelry.discovery.entry import RUNTIME
from modelry.discovery.registry import registry
from modelry.presets.task_spec import task_specs
from modelry.testing.contract import Contract, expect, fail
from modelry.testing.processes import discovery_of

if TYPE_CHECKING:
    from modelry.discovery.entry import Entry


class InstalledContract(Contract):
    """Claims about the installation of a component, which every contract makes; abstract."""

    @pytest.fixture
    def component(self, request: pytest.FixtureRequest) -> Any:
        """The component under test."""
        return request.getfixturevalue(self.subject)

    def test_it_is_registered(self, component: Any) -> None:
        """An installed distribution registers its class by an entry point."""
        cls = type(component)
        entry = owner_of(cls)
        if entry is None:
            declared = [one.target for one in registry.entries(self.kind)]
            fail(
                f"No installed distribution registers {cls.__name__} among the {self.kind} ({', '.join(declared)}).",
                "modelry finds classes by entry points alone, and saves presets of registered classes only.",
                entry_point(self.kind, cls),
            )
        expect(
            entry.kind == self.kind,
            f"{cls.__name__} is registered in modelry.{entry.kind}, but is one of the {self.kind}.",
            "the group of an entry point is the component's kind.",
            f'move the line to [project.entry-points."modelry.{self.kind}"], then run: pip install -e .',
        )
        expect(
            entry.load() is cls,
            f"The entry point {entry.name!r} of {entry.owner} leads to {entry.load()!r}, not to {cls!r}.",
            "an entry point names the class itself.",
            f'write NAME = "{cls.__module__}:{cls.__qualname__}", then run: pip install -e .',
        )

    def test_discovery_imports_no_keras(self, component: Any) -> None:
        """Discovery of the plugin's parts imports no Keras."""
        entry = owner_of(type(component))
        if entry is None:
            pytest.skip("the class is not registered; see test_it_is_registered")
        found = discovery_of(entry.distribution)
        for doing, culprit in found["culprits"].items():
            fail(
                f"{doing[0].upper()}{doing[1:]} imports {culprit['module']}, in {culprit['where']}",
                "discovery imports no Keras, so that `import modelry` and `modelry list` stay fast.",
                "move this import into the function that needs it, or to a module that only components import; "
                "a package's __init__.py can use modelry.plugin.lazy_exports.",
            )
        expect(
            not [one for one in found["failures"] if entry.distribution in one],
            f"A hook fails: {'; '.join(found['failures'])}",
            "hook modules import without error, and their hooks return what modelry.plugin says.",
            "run `modelry list presets`, which shows the same.",
        )


def owner_of(cls: type) -> Entry | None:
    """Return the entry of an installed distribution that registers a class, or `None`."""
    entry = registry.owner(cls)
    return None if entry is None or entry.distribution == RUNTIME else entry


def task_contracts() -> list[Any]:
    """Return the contracts of the installed tasks that have one: subclasses of `TaskContract`. Imports Keras."""
    return [resolve(spec.contract) for _, spec in task_specs() if spec.contract is not None]


def exports() -> dict[str, str]:
    """Return the names that the modules of these contracts export, for `modelry.testing`: name → `module:name`."""
    found: dict[str, str] = {}
    for contract in task_contracts():
        module = contract.__module__
        exported = getattr(importlib.import_module(module), "__all__", [contract.__name__])
        found |= {name: f"{module}:{name}" for name in exported}
    return found


def entry_point(kind: str, cls: type) -> str:
    """Return the advice to register a class."""
    return (
        f'add to pyproject.toml: [project.entry-points."modelry.{kind}"] '
        f'NAME = "{cls.__module__}:{cls.__qualname__}", then run: pip install -e .'
    )
