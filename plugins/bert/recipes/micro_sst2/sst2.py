"""The data set: sentences from film reviews, and whether they praise the film."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from pathlib import Path

    from modelry import TextClassifier

LABELS = ("negative", "positive")


@attrs.frozen
class Split:
    """Some sentences and the number of each one's label."""

    texts: list[str]
    labels: list[int]


def read(folder: Path, name: str) -> Split:
    """Read `train`, `dev` or `test`: a file `{name}.tsv` of lines `sentence<TAB>0` or `sentence<TAB>1`."""
    lines = (folder / f"{name}.tsv").read_text("utf-8").splitlines()
    rows = [line.rsplit("\t", 1) for line in lines if line]
    return Split([text for text, _ in rows], [int(label) for _, label in rows])


def accuracy(classifier: TextClassifier, split: Split) -> float:
    """Return the part of the sentences that a classifier gets right."""
    return float((classifier.predict(split.texts, verbose=0).argmax(axis=1) == split.labels).mean())
