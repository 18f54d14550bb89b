"""The rows of the table, each with its bar."""

from __future__ import annotations

from typing import Literal

import attrs
from workers import OURS

# How a figure is shown, and which of two is the better one.
Unit = Literal["s", "texts/s", "MB", "share", "x"]
JAX = OURS[:1]


@attrs.frozen
class Row:
    """One comparison.

    Attributes:
        group: The group of rows that is measured together.
        work: What is done.
        figure: The name of what is measured.
        unit: Its unit.
        peer: The side it is compared with; `None` if the figure itself has the bar.
        bar: The ratio to reach, at least, or for memory and growth, at most; without a peer, the figure, of seconds at
            most. `None` if there is no bar.
        judged: The backends of which the better one is held to the bar.
    """

    group: str
    work: str
    figure: str
    unit: Unit
    peer: str | None
    bar: float | None
    judged: tuple[str, ...] = OURS

    @property
    def at_most(self) -> bool:
        """True if less is better."""
        return self.unit in ("MB", "x") or (self.unit == "s" and self.peer is None)

    def ratio(self, ours: float, theirs: float | None) -> float | None:
        """Return how many times faster we are, or our share of their memory; of a row without a peer, the figure."""
        if self.peer is None:
            return ours
        if theirs is None:
            return None
        return theirs / ours if self.unit == "s" else ours / theirs


PEERS = {
    "keras_hub": "KerasHub",
    "keras_hub-128": "KerasHub, sequence_length=128",
    "transformers": "transformers",
    "pipeline": "transformers' pipeline",
    "pluggy": "pluggy, importing all of them",
}
LOOP = ("predict-short", "predict-mixed", "predict-bf16")  # groups in which transformers means a loop sorted by length

_LOAD, _FIRST = "from_preset after import, local folder", "new process to first prediction"
_COLD = "the same, nothing compiled before"
_PEAK_LOAD, _PEAK_FIRST = "peak memory after loading", "peak memory after the first prediction"
_SHORT, _MIXED = "predict 1,024 short texts, float32", "predict 256 mixed lengths, float32"
_INDEX = "CPU time of the first look-up, 1,000 distributions with 3 components each"
_FIT = "fit, one epoch of 1,024 sentences, BERT-small"

ROWS = (
    Row("load", _LOAD, "load_seconds", "s", "keras_hub", 20, JAX),
    Row("load", _LOAD, "load_seconds", "s", "transformers", 6),
    Row("load", _FIRST, "first_prediction_seconds", "s", "keras_hub", 5, JAX),
    Row("load", _FIRST, "first_prediction_seconds", "s", "transformers", 1.7),
    Row("load", _COLD, "cold_seconds", "s", "keras_hub", None, JAX),
    Row("load", _COLD, "cold_seconds", "s", "transformers", None, JAX),
    Row("load", _PEAK_LOAD, "peak_after_load", "MB", "keras_hub", 0.15, JAX),
    Row("load", _PEAK_LOAD, "peak_after_load", "MB", "transformers", 0.7),
    Row("load", _PEAK_FIRST, "peak_after_prediction", "MB", "keras_hub", 0.35, JAX),
    Row("load", _PEAK_FIRST, "peak_after_prediction", "MB", "transformers", 1.0),
    Row("memory", f"{_PEAK_LOAD} 1.5 GB in one file, by file size", "memory_single", "x", None, None),
    Row("memory", f"{_PEAK_LOAD} 1.5 GB in shards, by file size", "memory_sharded", "x", None, None),
    Row("memory", f"{_PEAK_FIRST} with one file, by file size", "memory_single_predicted", "x", None, None),
    Row("memory", f"{_PEAK_FIRST} with shards, by file size", "memory_sharded_predicted", "x", None, None),
    Row("predict-short", _SHORT, "short", "texts/s", "keras_hub", 45, JAX),
    Row("predict-short", _SHORT, "short", "texts/s", "keras_hub-128", 6, JAX),
    Row("predict-short", _SHORT, "short", "texts/s", "transformers", 1.8),
    Row("predict-short", _SHORT, "short", "texts/s", "pipeline", 2.7),
    Row("predict-mixed", _MIXED, "mixed", "texts/s", "keras_hub", 12, JAX),
    Row("predict-mixed", _MIXED, "mixed", "texts/s", "transformers", 1.9),
    Row("predict-bf16", "predict 1,024 short texts, bfloat16", "short_bf16", "texts/s", "transformers", 1.0),
    Row("predict-bf16", "predict 256 mixed lengths, bfloat16", "mixed_bf16", "texts/s", "transformers", 1.4),
    Row("predict-short", "share of GEMM peak in useful tokens, short", "short_share", "share", None, 0.65),
    Row("predict-mixed", "share of GEMM peak in useful tokens, mixed", "mixed_share", "share", None, 0.65),
    Row("fit", _FIT, "fit", "texts/s", "keras_hub", 15, JAX),
    Row("fit", _FIT, "fit", "texts/s", "keras_hub-128", 2.5, JAX),
    Row("fit", _FIT, "fit", "texts/s", "transformers", 1.3),
    Row("tokenise", "tokenise 100,000 short texts", "tokenise", "texts/s", "keras_hub", 4, JAX),
    Row("tokenise", "tokenise 100,000 short texts", "tokenise", "texts/s", "transformers", 1.0, JAX),
    Row("growth", "growth of cost, predict 1,000 → 100,000 texts", "predict", "x", None, 1.0, JAX),
    Row("growth", "growth of cost, first look-up with 10 → 1,000 plugins", "index", "x", None, 1.0, JAX),
    Row("growth", "growth of cost, load 0.1 → 1.5 GB", "load", "x", None, 1.0, JAX),
    Row("installed", _INDEX, "index_cpu_seconds", "s", None, 0.12, JAX),
    Row("installed", _INDEX, "index_cpu_seconds", "s", "pluggy", None, JAX),
)
GROUPS = tuple(dict.fromkeys(row.group for row in ROWS))
