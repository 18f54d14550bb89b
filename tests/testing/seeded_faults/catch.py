"""Running the plugin's own tests against a copy that pip has installed."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

from .fault import TESTS, copy_with
from .results import read_results

if TYPE_CHECKING:
    from pathlib import Path

    from .fault import Edit, Fault

INSTALL = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target")


class NotTested(Exception):
    """No claim was tested, for the reason that pytest gives."""


def claims_of(edits: tuple[Edit, ...], folder: Path, *selected: str) -> dict[str, dict[str, Any]]:
    """Return what the kit says of a changed copy: `Suite::claim` → its status and detail.

    Args:
        edits: The changes; none for the plugin as it is.
        folder: An empty folder, for the copy and what pip installs of it.
        *selected: The claims to test, `Suite::claim`; none for all of them.

    Raises:
        RuntimeError: pip fails.
        NotTested: pytest tested nothing.
    """
    copy = copy_with(edits, folder / "copy")
    command = [sys.executable, *INSTALL, str(folder / "site"), str(copy)]
    installed = subprocess.run(command, capture_output=True, text=True, check=False)
    if installed.returncode:
        raise RuntimeError(f"pip cannot install the copy:\n{installed.stderr}")
    # Each copy needs a process of its own, and in one that is forked Keras and the backend are imported already.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["keras", "pytest", "modelry.testing"])
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        pool.submit(_test, copy, folder, selected).result()
    results = read_results(folder / "results.xml")
    if not results:
        raise NotTested((folder / "output").read_text("utf-8"))
    return {f"{suite}::{name}": row for suite, claims in results.items() for name, row in claims.items()}


def caught(fault: Fault, folder: Path) -> tuple[bool, str]:
    """Return whether all the claims that must fail do and one of them names the fault, and what they say."""
    try:
        claims = claims_of(fault.edits, folder, *(f"{fault.suite}::{claim}" for claim in fault.claims))
    except NotTested as output:
        return not fault.claims and fault.words in str(output), str(output)
    messages = [claim["detail"] for claim in claims.values() if claim["status"] == "failed"]
    naming = [message for message in messages if fault.words in message]
    if len(messages) == len(fault.claims) and naming:
        return True, naming[0]
    passed = [f"{name} is {claim['status']}" for name, claim in claims.items() if claim["status"] != "failed"]
    return False, "\n".join((*passed, *messages))


def _test(copy: Path, folder: Path, selected: tuple[str, ...]) -> None:
    """Run pytest on a copy, as its author would; in a process of its own."""
    import pytest

    os.chdir(copy / "tests")
    sys.path.insert(0, str(folder / "site"))
    tests = [f"{copy / TESTS}::Test{one}" for one in selected] or [str(copy / TESTS)]
    options = ("-q", "-p", "no:cacheprovider", "--rootdir", str(copy), f"--junit-xml={folder / 'results.xml'}")
    with (folder / "output").open("w", encoding="utf-8") as output, contextlib.redirect_stdout(output):
        pytest.main([*options, *tests])
