"""Predicting on raw texts, each side warm: everything is loaded and compiled."""

from __future__ import annotations

from functools import partial

from check import check_same
from measure import Figures, Measurement, Setting, alternate, merged, rate, warm_up
from texts import write_texts
from workers import OURS, SIDES, Worker

from presets import SIZES

# KerasHub pads every text to one length, so a text costs the same whatever it says and however many there are.
FIXED = 32
GEMM_SHAPES = [[2048, 2048, 2048], [2048, 768, 3072], [2048, 3072, 768]]


def measure_short(setting: Setting) -> Figures:
    """1,024 short texts in float32, and the share of the machine's peak that goes into useful tokens."""
    count = setting.count(1024)
    with setting.pythons.running(*SIDES) as workers:
        texts = _prepare(setting, workers, "short", count)
        workers["keras_hub"].ask("load", name="128", preset=_preset(setting, "keras_hub"), sequence_length=128)
        few, more, some = (min(count, FIXED * times) for times in (1, 4, 8))
        hub, transformers = workers["keras_hub"], workers["transformers"]
        ours = {side: rate("short", workers[side], "predict", count, name="base", texts=texts) for side in OURS}
        peers = {
            "keras_hub": rate("short", hub, "predict", few, name="base", texts=texts),
            "keras_hub-128": rate("short", hub, "predict", more, name="128", texts=texts),
            "transformers": rate("short", transformers, "predict", count, name="base", texts=texts),
            # It takes the texts as they come, so more of them do not make it slower.
            "pipeline": rate("short", transformers, "predict_pipeline", some, name="base", texts=texts),
        }
        return _run(setting, workers, "short", {**ours, **peers}, texts, count)


def measure_mixed(setting: Setting) -> Figures:
    """256 texts from 9 to 231 tokens in float32."""
    count = setting.count(256)
    with setting.pythons.running(*SIDES) as workers:
        texts = _prepare(setting, workers, "mixed", count)
        counts = {"keras_hub": min(count, FIXED)}
        work = {
            side: rate("mixed", workers[side], "predict", counts.get(side, count), name="base", texts=texts)
            for side in SIDES
        }
        return _run(setting, workers, "mixed", work, texts, count)


def measure_bf16(setting: Setting) -> Figures:
    """The same texts in bfloat16."""
    parts = []
    with setting.pythons.running(*OURS, "transformers") as workers:
        for side, worker in workers.items():
            preset = setting.presets.for_side(setting.model("base"), side)
            worker.ask("load", name="base", preset=preset, dtype="bfloat16")
        for kind, count in (("short", setting.count(1024)), ("mixed", setting.count(256))):
            texts = str(write_texts(setting.cache, kind, count))
            counts = {"modelry-jax": count // 4}  # JAX multiplies bfloat16 slowly on a CPU
            work = {
                side: rate(f"{kind}_bf16", worker, "predict", counts.get(side, count), name="base", texts=texts)
                for side, worker in workers.items()
            }
            warm_up(work)
            parts.append(alternate(setting.runs, work))
    return merged(*parts)


def _preset(setting: Setting, side: str) -> str:
    return setting.presets.for_side(setting.model("base"), side)


def _prepare(setting: Setting, workers: dict[str, Worker], kind: str, count: int) -> str:
    """Load the model everywhere, check that it computes the same, and return the file of texts."""
    texts = str(write_texts(setting.cache, kind, count))
    for side, worker in workers.items():
        worker.ask("load", name="base", preset=_preset(setting, side))
    check_same(workers, "base", texts, ids=count, scores=8)
    return texts


def _run(
    setting: Setting, workers: dict[str, Worker], kind: str, work: dict[str, Measurement], texts: str, count: int
) -> Figures:
    """Warm up, measure, and relate our rates to the fastest matrix product of the same run."""
    peaks: dict[str, Measurement] = {f"{side}, peak": partial(_gemm, workers[side]) for side in OURS}
    warm_up(work)
    figures = alternate(setting.runs, {**work, **peaks})
    rows = workers["modelry-jax"].ask("ids", name="base", texts=texts, count=count)["ids"]
    flops = SIZES[setting.model("base")].useful_flops([len(row) for row in rows]) / count  # a text
    gemm = figures.pop("gemm")
    peaks_of = figures[f"{kind}_gemm"] = {side: gemm[f"{side}, peak"] for side in OURS}
    figures[f"{kind}_share"] = {side: shares(figures[kind][side], flops, peaks_of) for side in OURS}
    return figures


def shares(rates: list[float], flops: float, peaks: dict[str, list[float]]) -> list[float]:
    """Return the share of the machine's peak that useful operations reach, run by run.

    Args:
        rates: Texts per second.
        flops: Useful floating-point operations per text.
        peaks: For each backend, the rate of its fastest matrix product, in FLOP/s. The fastest backend counts.
    """
    fastest = [max(of_run) for of_run in zip(*peaks.values(), strict=True)]
    return [rate * flops / peak for rate, peak in zip(rates, fastest, strict=True)]


def _gemm(worker: Worker) -> dict[str, float]:
    return {"gemm": worker.ask("gemm", shapes=GEMM_SHAPES)["flops"]}
