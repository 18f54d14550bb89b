from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from modelry._backend import backend

if TYPE_CHECKING:
    from pathlib import Path


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Run the kit on PyTorch, where it takes a fraction of the time, and on the others for BERT; goldens run on all."""
    is_kit = collection_path.name == "test_conformance.py" and collection_path.parent.name != "bert"
    return True if is_kit and backend() != "torch" else None


@pytest.fixture
def transformers_logits(checkpoint: Path) -> dict[str | tuple[str, str], list[float]]:
    """The texts and pairs of a checkpoint's golden.json and their logits, for a `CheckpointContract`."""
    golden = json.loads((checkpoint / "golden.json").read_text("utf-8"))
    # The rest is longer than golden.json's max_length, at which transformers cut it.
    texts, pairs = golden["texts"], list(zip(golden["texts"], golden["texts"][::-1], strict=True))
    rows = [
        *zip(texts, golden["input_ids"], golden["logits"], strict=True),
        *zip(pairs, golden["pair_input_ids"], golden["pair_logits"], strict=True),
    ]
    return {text: logits for text, ids, logits in rows if len(ids) < golden["max_length"]}
