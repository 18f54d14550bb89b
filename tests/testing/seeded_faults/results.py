"""The results of the kit's claims, read from the JUnit XML that pytest writes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

STATUSES = {"failure": "failed", "error": "failed", "skipped": "skipped"}


def read_results(file: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the `status` and the `detail` of each claim, by the suite without `Test` and the claim's name."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for case in ET.parse(file).getroot().iter("testcase"):
        suite = case.attrib.get("classname", "").rpartition(".Test")[2]
        if not suite:  # an error of collection
            continue
        row = {"status": "passed", "detail": None}
        for child in case:
            if child.tag in STATUSES:
                row = {"status": STATUSES[child.tag], "detail": child.text or child.attrib.get("message")}
        found.setdefault(suite, {})[case.attrib["name"]] = row
    return found
