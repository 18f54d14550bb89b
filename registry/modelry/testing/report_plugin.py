"""Collects what the contracts found, from this process or from the workers of pytest-xdist, and has it written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modelry.testing.report import Claim, Component, Report, environment
from modelry.testing.report_files import REPORT, write_report

if TYPE_CHECKING:
    from pathlib import Path

MEASURED = "modelry."


class ReportPlugin:
    """A pytest plugin that writes a report at the end of the run.

    Args:
        folder: Where to.

    Raises:
        pytest.UsageError: The folder holds something else than a report.
    """

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not (folder.is_dir() and (not any(folder.iterdir()) or (folder / REPORT).is_file())):
            raise pytest.UsageError(
                f"--modelry-report would write into {str(folder)!r}, which holds other things than a report. "
                "Write --modelry-report=DIR with a new folder, or put --modelry-report after the files to test."
            )
        self._folder = folder
        self._components: dict[str, Component] = {}
        self._claims: dict[str, dict[str, Claim]] = {}
        self._report: Report | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what became of a test."""
        properties = dict(report.user_properties)
        facts: Any = properties.get("modelry")
        if not facts:
            return
        measured = {key.removeprefix(MEASURED): value for key, value in properties.items() if key.startswith(MEASURED)}
        suite = facts["suite"]
        old = self._components.get(suite) or Component(facts["kind"], suite, {}, {})
        self._components[suite] = Component(
            old.kind, suite, facts.get("component") or old.facts, {**old.measured, **measured}
        )
        status, detail = _outcome(report)
        claims = self._claims.setdefault(suite, {})
        if report.when == "call" or status != "passed":
            claims[facts["name"]] = Claim(facts["name"], facts["claim"], status, detail)

    def pytest_sessionfinish(self) -> None:
        """Write the report."""
        suites = tuple(
            (component, tuple(self._claims.get(suite, {}).values())) for suite, component in self._components.items()
        )
        self._report = Report(environment(), suites)
        if suites:
            write_report(self._report, self._folder)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say in a line what the report says."""
        terminalreporter.section("modelry report", sep="-")
        if self._report is None or not self._report.suites:
            terminalreporter.write_line("No test of a modelry contract has run, so no report was written.")
            return
        terminalreporter.write_line(f"{self._report.summary()} Written to {self._folder}")


def _outcome(report: pytest.TestReport) -> tuple[str, str | None]:
    """Return the status of a claim, and the reason or the message."""
    known = getattr(report, "wasxfail", None)
    if report.outcome == "skipped" and known is not None:
        return "known exception", known.removeprefix("reason: ").removeprefix("known exception: ")
    if report.outcome == "skipped":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        return "skipped", reason.removeprefix("Skipped: ")
    return (report.outcome, None) if report.outcome == "passed" else ("failed", report.longreprtext)
