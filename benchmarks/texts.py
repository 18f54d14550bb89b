"""English-like texts of known lengths, the same on every machine, and the vocabulary that spells them.

The words are those of the vocabulary of `bert_micro_sst2`, frequent ones more often than rare ones. Some are two pieces
long, as many as in real sentences, so a tokenizer has its usual work. How many tokens a text has is drawn from one of
three distributions, and is exact.
"""

from __future__ import annotations

import itertools
import json
import random
from bisect import bisect
from functools import cache
from pathlib import Path

PRESET = Path(__file__).parents[1] / "plugins/bert/modelry_bert/presets/bert_micro_sst2"
VOCABULARY_SIZE = 30522  # BERT-base's
TWO_PIECES = 0.15  # of all words, as in SST-2 with the vocabulary of BERT-base

# Tokens per text, special tokens included: a share of the texts → how long the longest of them is.
Quantiles = tuple[tuple[float, int], ...]
LENGTHS: dict[str, Quantiles] = {
    # The sentences of SST-2's train split, counted with the vocabulary of BERT-base: 23 on average.
    "sentences": (
        *((0.0, 3), (0.05, 8), (0.1, 10), (0.2, 13), (0.3, 17), (0.4, 19), (0.5, 22)),
        *((0.6, 25), (0.7, 29), (0.8, 33), (0.9, 38), (0.95, 43), (0.99, 52), (1.0, 67)),
    ),
    # Short reviews, questions, messages: the same shape, 18 on average.
    "short": (
        *((0.0, 5), (0.05, 6), (0.1, 8), (0.2, 10), (0.3, 13), (0.4, 15), (0.5, 17)),
        *((0.6, 19), (0.7, 22), (0.8, 25), (0.9, 30), (0.95, 34), (0.99, 42), (1.0, 60)),
    ),
    # From a sentence to a page, all lengths alike.
    "mixed": ((0.0, 9), (1.0, 231)),
}


def texts(kind: str, count: int) -> list[str]:
    """Return `count` texts of a kind; fewer are the first of more."""
    rng = random.Random(f"modelry {kind}")
    return [_text(rng, LENGTHS[kind]) for _ in range(count)]


def write_texts(folder: Path, kind: str, count: int) -> Path:
    """Write texts as JSON, unless they are there; return the file."""
    file = folder / f"texts-{kind}-{count}.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(texts(kind, count)), "utf-8")
    return file


def write_vocabulary(file: Path) -> None:
    """Write a vocabulary of BERT-base's size: that of `bert_micro_sst2`, then tokens that no text has."""
    known = _vocabulary()
    unused = [f"[unused{number}]" for number in range(VOCABULARY_SIZE - len(known))]
    file.write_text("".join(f"{token}\n" for token in (*known, *unused)), "utf-8")


def _text(rng: random.Random, quantiles: Quantiles) -> str:
    words, weights, stems, endings = _words()
    left = _length(rng.random(), quantiles) - 2  # without [CLS] and [SEP]
    chosen = []
    while left:
        if left > 1 and rng.random() < TWO_PIECES:
            chosen.append(_compound(rng, stems, endings))
            left -= 2
        else:
            chosen.append(rng.choices(words, cum_weights=weights)[0])
            left -= 1
    return " ".join(chosen)


def _length(share: float, quantiles: Quantiles) -> int:
    place = bisect([part for part, _ in quantiles], share)
    (low, shortest), (high, longest) = quantiles[place - 1], quantiles[place]
    return round(shortest + (longest - shortest) * (share - low) / (high - low))


def _compound(rng: random.Random, stems: list[str], endings: list[str]) -> str:
    """Return a word that is not a token itself and that WordPiece, longest piece first, splits into two."""
    known = _known()
    while True:
        stem, ending = rng.choice(stems), rng.choice(endings)
        word = stem + ending
        if not any(word[:stop] in known for stop in range(len(stem) + 1, len(word) + 1)):
            return word


@cache
def _vocabulary() -> tuple[str, ...]:
    return tuple((PRESET / "assets/tokenizer/vocabulary.txt").read_text("utf-8").split("\n")[:-1])


@cache
def _known() -> frozenset[str]:
    return frozenset(_vocabulary())


@cache
def _words() -> tuple[list[str], list[float], list[str], list[str]]:
    """Return words, their cumulated weights, and stems and endings to make words of."""
    words = [token for token in _vocabulary() if token.isascii() and token.isalpha() and len(token) > 1]
    weights = list(itertools.accumulate(1 / (10 + place) for place in range(len(words))))
    stems = [word for word in words if len(word) > 3]
    endings = [token[2:] for token in _vocabulary() if token.startswith("##") and token[2:].isalpha()]
    return [*words, ",", "."], [*weights, weights[-1] * 1.05, weights[-1] * 1.1], stems, endings
