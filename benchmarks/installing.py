"""Cost of a thousand installed plugins: modelry's first look-up against pluggy, which imports all of them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from measure import Figures, Setting, alternate, warm_up
from workers import OURS

if TYPE_CHECKING:
    from pathlib import Path

PLUGGY = "pluggy"
GROUP = "synthetic"  # the group of pluggy's plugins, so that it imports these alone
KINDS = {"backbones": "Backbone", "tokenizers": "Tokenizer", "preprocessors": "Preprocessor"}
METADATA = "Metadata-Version: 2.1\nName: synthetic-{number}\nVersion: 1.0\nRequires-Dist: modelry\n"


def measure(setting: Setting) -> Figures:
    """Return the CPU seconds of each side, each time in a new process, with the metadata in the page cache.

    pluggy is given what suits it best: one group, one plugin in each distribution, and modules that import nothing.
    """
    count = 20 if setting.quick else 1_000
    folder = str(write_plugins(setting.cache / f"distributions-{count}", count))

    def ours() -> dict[str, float]:
        with setting.pythons.start(OURS[0], PYTHONPATH=folder) as worker:
            answers = [worker.ask("find", kind=kind, component=f"synthetic_{count - 1}") for kind in KINDS]
        assert all(answer["entries"] >= count for answer in answers)
        return {"index_cpu_seconds": sum(answer["cpu_seconds"] for answer in answers)}

    def eager() -> dict[str, float]:
        with setting.pythons.start(PLUGGY, PYTHONPATH=folder) as worker:
            answer = worker.ask("load_all", group=GROUP)
        assert answer["count"] == count
        return {"index_cpu_seconds": answer["cpu_seconds"]}

    work = {OURS[0]: ours, PLUGGY: eager}
    warm_up(work)  # Python writes the modules' bytecode
    return alternate(setting.runs, work)


def write_plugins(folder: Path, count: int) -> Path:
    """Write `count` installed distributions of one module with a component of each of three kinds."""
    shutil.rmtree(folder, ignore_errors=True)
    classes = "\n\n\n".join(f'class {name}:\n    """A component."""' for name in KINDS.values())
    for number in range(count):
        module = f"synthetic_{number}"
        info = folder / f"{module}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(METADATA.format(number=number), "utf-8")
        entries = [f"[modelry.{kind}]\n{module} = {module}:{name}\n" for kind, name in KINDS.items()]
        (info / "entry_points.txt").write_text("\n".join([*entries, f"[{GROUP}]\n{module} = {module}\n"]), "utf-8")
        (folder / f"{module}.py").write_text(f'"""A plugin."""\n\n\n{classes}\n', "utf-8")
    return folder
