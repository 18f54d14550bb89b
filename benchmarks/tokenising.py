"""Turning texts into token ids, special tokens included, without a model."""

from __future__ import annotations

from check import check_same
from measure import Figures, Setting, alternate, rate, warm_up
from texts import write_texts
from workers import SIDES


def measure(setting: Setting) -> Figures:
    """100,000 short texts; KerasHub also pads its rows to 128, which it does in the same step."""
    count = setting.count(100_000)
    texts = str(write_texts(setting.cache, "short", count))
    sides = [side for side in SIDES if side != "modelry-torch"]  # the backend has no part in it
    with setting.pythons.running(*sides) as workers:
        for side, worker in workers.items():
            options = {"sequence_length": 128} if side == "keras_hub" else {}
            worker.ask("load", name="tiny", preset=setting.presets.for_side("tiny", side), **options)
        check_same(workers, "tiny", texts, ids=1000)
        work = {
            side: rate("tokenise", worker, "tokenise", count, name="tiny", texts=texts)
            for side, worker in workers.items()
        }
        warm_up(work)
        return alternate(setting.runs, work)
