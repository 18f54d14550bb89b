"""Cold start: loading, the first prediction, and the memory of both in a new process."""

from __future__ import annotations

import tempfile
from functools import partial

from check import check_same
from measure import Figures, Measurement, Setting, alternate, warm_up
from texts import write_texts
from workers import SIDES


def measure(setting: Setting) -> Figures:
    """Start a new process for each side in each run.

    A second process of the same user finds what the first one left: files in the page cache and, where a library keeps
    one, a cache of compiled programs. So each side is run once unmeasured. `cold` is modelry without the latter.
    """
    model, texts = setting.model("base"), str(write_texts(setting.cache, "short", 64))
    presets = {side: setting.presets.for_side(model, side) for side in SIDES}
    with setting.pythons.running(*SIDES) as workers:
        for side, worker in workers.items():
            worker.ask("load", name="base", preset=presets[side])
        check_same(workers, "base", texts)

    def start(side: str, **variables: str) -> dict[str, float]:
        with setting.pythons.start(side, **variables) as worker:
            worker.ask("ping")  # answers when everything is imported
            imported = worker.age
            loaded = worker.ask("load", name="base", preset=presets[side])
            predicted = worker.ask("predict", name="base", texts=texts, count=1)
            total = worker.age
        return {
            "import_seconds": imported,
            "load_seconds": loaded["seconds"],
            "first_prediction_seconds": total,
            "peak_after_load": loaded["peak_mb"],
            "peak_after_prediction": predicted["peak_mb"],
        }

    def cold() -> dict[str, float]:
        with tempfile.TemporaryDirectory() as empty:
            seconds = start("modelry-jax", JAX_COMPILATION_CACHE_DIR=empty)["first_prediction_seconds"]
        return {"cold_seconds": seconds}

    work: dict[str, Measurement] = {side: partial(start, side) for side in SIDES}
    warm_up(work)
    figures = alternate(setting.runs, {**work, "modelry-jax, cold": cold})
    peers = {side: figures["first_prediction_seconds"][side] for side in ("keras_hub", "transformers")}
    figures["cold_seconds"] = {"modelry-jax": figures["cold_seconds"]["modelry-jax, cold"], **peers}
    return figures
