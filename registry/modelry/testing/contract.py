"""Base classes of all contracts, and the messages of failed claims. Imports no Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import pytest

from modelry._lazy import resolve
from modelry.discovery.names import RUNTIME
from modelry.discovery.registry import registry
from modelry.errors import InputError, did_you_mean
from modelry.presets.task_spec import task_specs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.discovery.entry import Entry

class Contract:
    """Claims about one component, each of them a test; abstract.

    A subclass whose name begins with `Test` overrides the fixtures and is collected by pytest.

    Attributes:
        kind: The kind of component, as in the group of entry points.
        subject: The fixture that gives the component.
        needs: The fixtures that only the author can write, each with a description. They may stand in the class, in
            the module, or in a conftest.py.
        known_exceptions: Names of tests that are known to fail, each with the reason. They run nevertheless; a test
            that passes is then an error, so that the list never outlives its reasons.
    """

    kind: ClassVar[str]
    subject: ClassVar[str]
    needs: ClassVar[Mapping[str, str]] = {}
    known_exceptions: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        tests = [name for name in dir(cls) if name.startswith("test_")]
        for name, reason in cls.known_exceptions.items():
            if name not in tests:
                raise InputError(
                    f"{cls.__name__}.known_exceptions names {name!r}, which is not one of its tests."
                    f"{did_you_mean(name, tests)} The tests are {', '.join(tests)}."
                )
            if not isinstance(reason, str) or not reason.strip():
                raise InputError(f"{cls.__name__}.known_exceptions gives no reason for {name!r}. Say why it fails.")


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
        from modelry.testing.processes import discovery_of

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
    """Return the contract of each installed task: a subclass of `TaskContract`. Imports Keras."""
    return [resolve(spec.contract) for _, spec in task_specs() if spec.contract is not None]


def entry_point(kind: str, cls: type) -> str:
    """Return the advice to register a class."""
    return (
        f'add to pyproject.toml: [project.entry-points."modelry.{kind}"] '
        f'NAME = "{cls.__module__}:{cls.__qualname__}", then run: pip install -e .'
    )


def fail(what: str, rule: str, to_do: str) -> NoReturn:
    """Fail the test with a message in three parts, without a traceback through the kit.

    Args:
        what: The problem, with the values found.
        rule: The behaviour that modelry relies on.
        to_do: The remedy.
    """
    __tracebackhide__ = True
    pytest.fail(f"{what}\n  Rule: {rule}\n  To do: {to_do}", pytrace=False)


def expect(condition: Any, what: str, rule: str, to_do: str) -> None:
    """Fail as `fail` does unless the condition holds."""
    __tracebackhide__ = True
    if not condition:
        fail(what, rule, to_do)
