"""Growth of cost with the number of texts, with the number of plugins, and with the size of a model."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

from measure import Figures, Measurement, Setting, alternate, merged, warm_up
from texts import PRESET, write_texts
from workers import OURS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# What is varied → its unit.
AXES = {"predict": "texts", "index": "plugins", "load": "GB"}


def measure(setting: Setting) -> Figures:
    """Return the seconds at each size, as figures such as `growth predict 1000`, and the growth of each as `predict`.

    Growth is 1 where ten times as much takes ten times as long, and less where it takes less.
    """
    figures = merged(_predict(setting), _index(setting), _load(setting))
    for what in AXES:
        figures[what] = {side: _excess(found) for side in OURS if (found := points(figures, what, side))}
    return figures


def measure_large(setting: Setting) -> Figures:
    """Return the peak memory after loading a 1.5 GB model and after one prediction, by the size of its files.

    Weights that are mapped into memory are not read before they are used, so loading alone would flatter.
    """
    texts = str(write_texts(setting.cache, "short", 64))
    shapes = {"single": "tiny", "sharded": "tiny"} if setting.quick else {"single": "large", "sharded": "large-sharded"}
    parts = []
    for shape, name in shapes.items():
        preset, size = setting.presets.path(name), setting.presets.weight_bytes(name) / 1e6
        _load_once(setting, "modelry-jax", preset)  # fills the page cache

        def peak(side: str, preset: str = preset, size: float = size, shape: str = shape) -> dict[str, float]:
            with setting.pythons.start(side) as worker:
                loaded = worker.ask("load", name="model", preset=preset)["peak_mb"]
                predicted = worker.ask("predict", name="model", texts=texts, count=1)["peak_mb"]
            return {f"memory_{shape}": loaded / size, f"memory_{shape}_predicted": predicted / size}

        parts.append(alternate(setting.runs, {side: partial(peak, side) for side in OURS}))
    return merged(*parts)


def points(figures: Figures, what: str, side: str) -> list[tuple[float, list[float]]]:
    """Return the sizes at which something was measured, in order, and the seconds of each run."""
    found = {}
    for figure, sides in figures.items():
        if figure.startswith(f"growth {what} ") and side in sides:
            found[float(figure.split()[-1])] = sides[side]
    return sorted(found.items())


def _excess(found: list[tuple[float, list[float]]]) -> list[float]:
    """Return by how much more the time grew than the size did, for each run."""
    (small, least), *_, (big, most) = found
    return [(last / first) / (big / small) for first, last in zip(least, most, strict=True)]


def _predict(setting: Setting) -> Figures:
    """Predict more and more short texts with `bert_micro_sst2`."""
    counts = (100, 200, 400) if setting.quick else (1_000, 10_000, 100_000)
    texts = str(write_texts(setting.cache, "short", counts[-1]))
    with setting.pythons.running(*OURS) as workers:
        for worker in workers.values():
            worker.ask("load", name="micro", preset=str(PRESET))

        def seconds(side: str, count: int) -> float:
            answer: float = workers[side].ask("predict", name="micro", texts=texts, count=count)["seconds"]
            return answer

        return _at_sizes(setting, "predict", counts, OURS, seconds)


def _index(setting: Setting) -> Figures:
    """Look a component up for the first time, with more and more plugins installed."""
    counts = (5, 10, 20) if setting.quick else (10, 100, 1_000)
    folders = {count: _plugins(setting.cache / f"plugins-{count}", count) for count in counts}

    def seconds(side: str, count: int) -> float:
        with setting.pythons.start(side, PYTHONPATH=str(folders[int(count)])) as worker:
            answer = worker.ask("find", kind="backbones", component=f"synthetic_{count - 1}")
        assert answer["entries"] >= count
        found: float = answer["seconds"]
        return found

    return _at_sizes(setting, "index", counts, OURS[:1], seconds)


def _load(setting: Setting) -> Figures:
    """Load larger and larger models, each in a new process."""
    names = ("tiny", "small") if setting.quick else ("small", "base", "large")
    presets = {round(setting.presets.weight_bytes(name) / 1e9, 3): setting.presets.path(name) for name in names}

    def seconds(side: str, size: float) -> float:
        answer: float = _load_once(setting, side, presets[size])["seconds"]
        return answer

    return _at_sizes(setting, "load", tuple(presets), OURS, seconds)


def _at_sizes(
    setting: Setting, what: str, sizes: tuple[float, ...], sides: tuple[str, ...], seconds: Callable[..., float]
) -> Figures:
    """Measure all sizes in each run, after a first run that does not count."""

    def run(side: str) -> dict[str, float]:
        return {f"growth {what} {size}": seconds(side, size) for size in sizes}

    work: dict[str, Measurement] = {side: partial(run, side) for side in sides}
    warm_up(work)
    return alternate(setting.runs, work)


def _load_once(setting: Setting, side: str, preset: str) -> dict[str, float]:
    with setting.pythons.start(side) as worker:
        return worker.ask("load", name="model", preset=preset)


def _plugins(folder: Path, count: int) -> Path:
    """Write the metadata of `count` installed distributions with a backbone each, and return their folder."""
    shutil.rmtree(folder, ignore_errors=True)
    for number in range(count):
        info = folder / f"synthetic_{number}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: synthetic-{number}\nVersion: 1.0\n", "utf-8")
        entry = f"[modelry.backbones]\nsynthetic_{number} = synthetic_{number}:Backbone\n"
        (info / "entry_points.txt").write_text(entry, "utf-8")
    return folder
