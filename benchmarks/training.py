"""Fine-tuning: one epoch, each side warm."""

from __future__ import annotations

from functools import partial

from check import check_same
from measure import Figures, Measurement, Setting, alternate, warm_up
from texts import write_texts
from workers import SIDES

# KerasHub's steps all cost the same: texts for its default length, and for a length of 128.
FEW, MORE = 64, 128


def measure(setting: Setting) -> Figures:
    """Train BERT-small on 1,024 texts as long as the sentences of SST-2, with two classes, in batches of 32."""
    model, count = setting.model("small"), setting.count(1024)
    texts = str(write_texts(setting.cache, "sentences", count))
    labels = [number % 2 for number in range(count)]
    counts = {"keras_hub": min(count, FEW)}
    with setting.pythons.running(*SIDES) as workers:
        for side, worker in workers.items():
            worker.ask("load", name="small", preset=setting.presets.for_side(model, side))
        check_same(workers, "small", texts)
        hub = workers["keras_hub"]
        hub.ask("load", name="128", preset=setting.presets.for_side(model, "keras_hub"), sequence_length=128)

        def train(side: str, name: str, number: int) -> dict[str, float]:
            seconds = workers[side].ask("fit", name=name, texts=texts, labels=labels[:number])["seconds"]
            return {"fit": number / seconds}

        work: dict[str, Measurement] = {side: partial(train, side, "small", counts.get(side, count)) for side in SIDES}
        work["keras_hub-128"] = partial(train, "keras_hub", "128", min(count, MORE))
        warm_up(work)
        return alternate(setting.runs, work)
