"""Environment of a measurement: the machine and the versions of the libraries."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from workers import PROGRAMS, Pythons


def describe_machine() -> str:
    """Return processor, cores, memory, system and Python; nothing that identifies the owner."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores of {_processor()}, {memory:.0f} GiB of memory, {platform.system()}"


def describe_versions(pythons: Pythons) -> dict[str, str]:
    """Return the versions of each side's libraries."""
    found = {}
    for side in PROGRAMS:
        with pythons.start(side) as worker:
            versions = worker.ask("versions")["versions"]
        found[side] = ", ".join(f"{name} {version}" for name, version in versions.items())
    return {"Python": platform.python_version(), **found}


def _processor() -> str:
    try:
        info = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    name = re.search(r"^model name\s*: (.+)$", info, re.MULTILINE)
    flags = re.search(r"^flags\s*: (.+)$", info, re.MULTILINE)
    wide = "avx512_bf16" in flags[1].split() if flags else False
    return f"{name[1] if name else platform.machine()}{' with AVX512-BF16' if wide else ''}"
