"""The pytest plugin: `--modelry-report`, known exceptions, and the fixture `isolated_registry`.

pytest loads it wherever modelry is installed, so it imports next to nothing before a contract or the report is used.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from modelry.discovery.registry import Registry

STRICT = "[XPASS(strict)]"


@pytest.fixture
def isolated_registry() -> Iterator[Registry]:
    """Modelry's registry as in a new process; what the test registers is forgotten after it."""
    from modelry import isolated

    with isolated() as registry:
        yield registry


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--modelry-report`."""
    parser.getgroup("modelry").addoption(
        "--modelry-report",
        nargs="?",
        const="modelry-report",
        metavar="DIR",
        help="write what modelry's contracts found, as text, JSON and a badge, to DIR (./modelry-report)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Start collecting for the report, where one was asked for and this is no worker of pytest-xdist."""
    folder = config.getoption("modelry_report", None)
    if folder is not None and not hasattr(config, "workerinput"):
        from modelry.testing.report_plugin import ReportPlugin

        config.pluginmanager.register(ReportPlugin(config.invocation_params.dir / folder), "modelry-report")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the known exceptions of a contract: they may fail, and must."""
    reason = _known_exception(item)
    if reason is not None:
        item.add_marker(pytest.mark.xfail(reason=f"known exception: {reason}", strict=True))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Say what to do where a fixture is missing or a known exception is none any more; and what was tested."""
    report = yield
    missing = _missing_fixture(item, call)
    if missing is not None:
        report.longrepr = missing
    if isinstance(report.longrepr, str) and report.longrepr.startswith(STRICT) and _known_exception(item) is not None:
        report.longrepr = (
            f"A declared exception is no longer needed: {item.name} passes.\n"
            f"  To do: remove it from known_exceptions of {_contract_of(item).__name__}."
        )
    if item.config.getoption("modelry_report", None) is not None and _contract_of(item) is not None:
        from modelry.testing.facts import facts_of

        report.user_properties.append(("modelry", facts_of(item)))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Say why a class cannot be imported from a plugin's package, where its entry points are the reason."""
    report = yield
    if report.failed and "cannot import name" in report.longreprtext:
        from modelry.testing.imports import missing_export

        reason = missing_export(report.longreprtext)
        if reason is not None:
            report.longrepr = f"{report.longreprtext}\n\n{reason}"
    return report


def _missing_fixture(item: pytest.Item, call: pytest.CallInfo[None]) -> str | None:
    """Return what to say of a fixture that only the contract's author can write, if that is what the test lacks."""
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
    module = sys.modules.get("modelry.testing.contract")  # not imported: then no test belongs to one
    cls = getattr(item, "cls", None)
    return cls if module is not None and isinstance(cls, type) and issubclass(cls, module.Contract) else None


# Written out, so that the modules' own asserts explain themselves too.
pytest.register_assert_rewrite("modelry.testing.shared_rows")
