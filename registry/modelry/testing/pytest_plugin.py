"""The pytest plugin: known exceptions, messages for missing fixtures and imports, and the fixture `isolated_registry`.

pytest loads it wherever modelry is installed, so it imports next to nothing before a contract is used.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from modelry.discovery.registry import Registry

STRICT = "[XPASS(strict)]"


@pytest.fixture
def isolated_registry() -> Iterator[Registry]:
    """Modelry's registry as in a new process; components that the test registers are removed after it."""
    from modelry import isolated

    with isolated() as registry:
        yield registry


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the known exceptions of a contract as tests that must fail."""
    reason = _known_exception(item)
    if reason is not None:
        item.add_marker(pytest.mark.xfail(reason=f"known exception: {reason}", strict=True))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Give advice where a fixture is missing or a known exception passes."""
    report = yield
    missing = _missing_fixture(item, call)
    if missing is not None:
        report.longrepr = missing
    if isinstance(report.longrepr, str) and report.longrepr.startswith(STRICT) and _known_exception(item) is not None:
        report.longrepr = (
            f"A declared exception is no longer needed: {item.name} passes.\n"
            f"  To do: remove it from known_exceptions of {_contract_of(item).__name__}."
        )
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Add the reason why a class cannot be imported from a plugin's package, if its entry points are the reason."""
    report = yield
    if report.failed and "cannot import name" in report.longreprtext:
        reason = missing_export(report.longreprtext)
        if reason is not None:
            report.longrepr = f"{report.longreprtext}\n\n{reason}"
    return report


def missing_export(error: str) -> str | None:
    """Return the reason for an ImportError of a name that a package with `lazy_exports` should have.

    Args:
        error: The text of the error.

    Returns:
        `None` where the error is another one, or no entry point leads into the package.
    """
    from modelry.discovery.entry import KINDS
    from modelry.discovery.registry import registry
    from modelry.errors import did_you_mean

    found = re.search(r"cannot import name '(?P<name>\w+)' from '(?P<package>[\w.]+)'", error)
    if found is None:
        return None
    package, name = found["package"], found["name"]
    inside = [entry for entry in registry.entries() if entry.target.startswith((f"{package}.", f"{package}:"))]
    owners = {entry.distribution: entry.owner for entry in inside}
    if not owners:
        return None
    declared = [entry for entry in registry.entries() if entry.distribution in owners]
    names = [entry.attribute for entry in declared if entry.kind in KINDS and entry.problem is None]
    wrong = [f"\n  {entry.owner} declares {entry.target}, but {entry.problem}." for entry in declared if entry.problem]
    return (
        f"{package} has no {name!r}, because no entry point of {' and '.join(owners.values())} registers it."
        f"{did_you_mean(name, names)} They register {', '.join(names)}.{''.join(wrong)}\n"
        "  Rule: a package with lazy_exports has the classes that its distribution's entry points register.\n"
        '  To do: correct [project.entry-points."modelry.…"] in pyproject.toml, then run: pip install -e .'
    )


def _missing_fixture(item: pytest.Item, call: pytest.CallInfo[None]) -> str | None:
    """Return the advice for a test that lacks a fixture which only the contract's author can write."""
    contract, error = _contract_of(item), call.excinfo and call.excinfo.value
    name = getattr(error, "argname", None)  # of pytest's FixtureLookupError, which is not public
    if contract is None or name not in contract.needs:
        return None
    return (
        f"{contract.__name__} has no fixture {name!r}.\n  Rule: {name!r} is {contract.needs[name]}.\n"
        f"  To do: write it, in the class or above it: @pytest.fixture, then def {name}(…): return …"
    )


def _known_exception(item: pytest.Item) -> str | None:
    contract = _contract_of(item)
    return None if contract is None else contract.known_exceptions.get(item.name)


def _contract_of(item: pytest.Item) -> Any:
    """Return the contract that a test belongs to, or `None`."""
    module = sys.modules.get("modelry.testing.contract")  # if it is not imported, no test belongs to one
    cls = getattr(item, "cls", None)
    return cls if module is not None and isinstance(cls, type) and issubclass(cls, module.Contract) else None


# So that the asserts of `check_packing` show their values.
pytest.register_assert_rewrite("modelry.testing.packing")
