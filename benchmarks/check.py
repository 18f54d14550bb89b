"""All sides must compute the same before any of them is timed: a fast wrong answer is worth nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers import Worker

TOLERANCE = 1e-4
SPREAD = 100 * TOLERANCE  # scores that hardly depend on the text would agree whatever was computed


class Disagreement(Exception):
    """The sides do not compute the same."""


def check_same(workers: Mapping[str, Worker], name: str, texts: str, ids: int = 64, scores: int = 8) -> None:
    """Compare the token ids and the scores of a few texts.

    Args:
        workers: The sides; each has loaded the model.
        name: The name under which it was loaded.
        texts: A file of texts.
        ids: How many texts to compare the token ids of.
        scores: How many to compare the scores of.

    Raises:
        Disagreement: They differ, or the scores are the same for all texts.
    """
    first, *others = workers
    rows = {side: worker.ask("ids", name=name, texts=texts, count=ids)["ids"] for side, worker in workers.items()}
    values = {
        side: np.array(worker.ask("scores", name=name, texts=texts, count=scores)["scores"])
        for side, worker in workers.items()
    }
    for other in others:
        if rows[other] != rows[first]:
            raise Disagreement(f"{first} and {other} tokenise the texts of {texts} differently.")
        gap = float(np.abs(values[other] - values[first]).max())
        if not gap <= TOLERANCE:
            raise Disagreement(f"{first} and {other} score the texts of {texts} differently, by up to {gap:.1e}.")
    spread = float(np.ptp(values[first], axis=0).max())
    if spread < SPREAD:
        raise Disagreement(f"All texts of {texts} get nearly the same scores (range {spread:.1e}).")
    gaps = {other: float(np.abs(values[other] - values[first]).max()) for other in others}
    shown = ", ".join(f"{gap:.0e} from {side}" for side, gap in gaps.items())
    print(f"  same ids; scores of {first} differ by at most {shown}, and range over {spread:.2f}", flush=True)
