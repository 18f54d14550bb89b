"""Random BERT classifiers to compare: sizes, tokenizer, preprocessor, head, and the texts to run them on."""

from __future__ import annotations

import random
from typing import Any

from texts import texts, vocabulary

TEXTS = 48  # of each kind per case; two batches of Keras' 32, the second one smaller

Case = dict[str, Any]


def cases(seed: int, count: int) -> list[Case]:
    """Return `count` random cases, among which every activation, casing and truncation occurs from two on."""
    return [_case(seed * 1000 + number, number) for number in range(count)]


def _case(seed: int, number: int) -> Case:
    rng = random.Random(seed)
    # A [PAD] spelt out in a text is masked by KerasHub and attended to by transformers and modelry.
    firsts, seconds = ([one.replace("[PAD]", "[MASK]") for one in texts(seed + more, TEXTS)] for more in (0, 500))
    heads = rng.choice((1, 2, 4))
    positions = rng.choice((24, 64, 130))
    uncased = number % 2 == 0
    num_classes = rng.choice((2, 3, 5))
    return {
        "name": f"{number}-{'uncased' if uncased else 'cased'}",
        "seed": seed,
        "firsts": firsts,
        "seconds": seconds,
        "y": [rng.randrange(num_classes) for _ in range(TEXTS)],
        "vocabulary": vocabulary(seed, firsts + seconds, rng.randrange(400, 900)),
        "tokenizer": {
            "lowercase": uncased,
            "strip_accents": rng.random() < 0.5,
            "special_tokens_in_strings": number % 3 == 1,
        },
        "preprocessor": {
            "sequence_length": rng.randrange(9, positions + 1),
            "truncate": ("round_robin", "waterfall")[number % 2],
        },
        "backbone": {
            "num_layers": rng.randrange(1, 4),
            "num_heads": heads,
            "hidden_dim": heads * rng.choice((4, 8, 12)),
            "intermediate_dim": rng.randrange(8, 50),
            "dropout": rng.choice((0.0, 0.1)),
            "max_sequence_length": positions,
            "num_segments": rng.choice((2, 3)),
        },
        "head": {
            "num_classes": num_classes,
            "activation": (None, "softmax", "linear")[number % 3],
            "dropout": rng.choice((0.0, 0.1, 0.3)),
        },
        "labels": [f"class {index} ✓" for index in range(num_classes)],
    }
