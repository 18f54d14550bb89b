"""A conformance report as files: text, JSON and a badge. Imports no Keras."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from pathlib import Path

    from modelry.testing.report import Claim, Component, Report

REPORT, TEXT, BADGE, PICTURE = "report.json", "report.txt", "badge.json", "badge.svg"
LABEL = "modelry"
COLOURS = {"brightgreen": "#2f9e44", "yellow": "#b58105", "red": "#c92a2a"}
CHARACTER, PADDING = 7, 12  # pixels of a badge
MARKS = {"passed": "ok", "failed": "FAILED", "known exception": "known", "skipped": "skipped"}


def write_report(report: Report, folder: Path) -> None:
    """Write all files of a report into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    badge = badge_of(report)
    (folder / TEXT).write_text(text_of(report), "utf-8")
    (folder / REPORT).write_text(json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n", "utf-8")
    (folder / BADGE).write_text(json.dumps(badge) + "\n", "utf-8")
    (folder / PICTURE).write_text(picture_of(badge), "utf-8")


def text_of(report: Report) -> str:
    """Return the report for people."""
    head = ", ".join(f"{name} {value}" for name, value in report.environment.items())
    parts = ["modelry conformance report", head, report.summary(), ""]
    for component, claims in report.suites:
        parts += [component.title, *_measured(component), *map(_line, claims), ""]
    return "\n".join(parts)


def badge_of(report: Report) -> dict[str, Any]:
    """Return the badge as shields.io's endpoint takes it."""
    counts = report.counts()
    kept = counts["passed"]
    if counts["failed"]:
        message, colour = f"{counts['failed']} of {kept + counts['failed']} claims failed", "red"
    elif counts["known exception"]:
        message, colour = f"{kept} claims kept, {counts['known exception']} known exceptions", "yellow"
    else:
        message, colour = f"{kept} claims kept", "brightgreen"
    return {"schemaVersion": 1, "label": LABEL, "message": message, "color": colour}


def picture_of(badge: dict[str, Any]) -> str:
    """Return a badge as SVG."""
    label, message = escape(badge["label"]), escape(badge["message"])
    left, right = (CHARACTER * len(badge[part]) + PADDING for part in ("label", "message"))
    colour = COLOURS[badge["color"]]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{label}: {message}">\n'
        f"<title>{label}: {message}</title>\n"
        f'<rect width="{left}" height="20" fill="#444"/>\n'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/>\n'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">\n'
        f'<text x="{left / 2:g}" y="14">{label}</text>\n'
        f'<text x="{left + right / 2:g}" y="14">{message}</text>\n'
        "</g>\n</svg>\n"
    )


def _measured(component: Component) -> list[str]:
    found = component.measured
    if not found:
        return []
    return [
        f"  {found['parameters']:,} parameters, loaded in {found['load_seconds']} s, "
        f"peak of the process {found['peak_megabytes']} MB"
    ]


def _line(claim: Claim) -> str:
    line = f"  {MARKS[claim.status]:8} {claim.claim} [{claim.name}]"
    detail = (claim.detail or "").strip().replace("\n", "\n             ")
    return f"{line}\n           {detail}" if detail else line
