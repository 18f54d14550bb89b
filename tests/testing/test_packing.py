from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import keras
import pytest

from modelry.models import BertBackbone
from modelry.testing.packing import check_packing

NGRAMS = Path(__file__).parents[1] / "third_party" / "hashed-ngrams" / "hashed_ngrams" / "__init__.py"
IDS = [[5, 6, 7], [8, 2], [9, 4, 3, 2, 1, 5, 5, 5], [6] * 15, [4, 7]]


def texts(**more: Any) -> list[dict[str, Any]]:
    return [
        {"token_ids": ids, "padding_mask": [1] * len(ids), **{name: make(ids) for name, make in more.items()}}
        for ids in IDS
    ]


@pytest.fixture
def bert() -> BertBackbone:
    keras.utils.set_random_seed(0)
    backbone = BertBackbone(
        vocabulary_size=20, num_layers=2, num_heads=2, hidden_dim=8, intermediate_dim=16, max_sequence_length=64
    )
    for weight in backbone.weights:  # as large as trained ones, so that differences show
        weight.assign(weight + 0.3 * keras.random.normal(weight.shape))
    return backbone


def segments(ids: list[int]) -> list[int]:
    return [0] * (len(ids) - len(ids) // 2) + [1] * (len(ids) // 2)


def test_bert(bert: BertBackbone) -> None:
    check_packing(bert, texts(segment_ids=segments))


@pytest.mark.parametrize("forgotten", ["positions", "document_ids"])
def test_the_check_finds_what_was_forgotten(bert: BertBackbone, monkeypatch: Any, forgotten: str) -> None:
    encode = bert.encode
    monkeypatch.setattr(type(bert), "encode", lambda self, **inputs: encode(**{**inputs, forgotten: None}))

    with pytest.raises(AssertionError, match="sequence_output of text"):
        check_packing(bert, texts(segment_ids=segments))


def test_the_check_finds_other_outputs(bert: BertBackbone, monkeypatch: Any) -> None:
    monkeypatch.setattr(type(bert), "outputs_of", lambda self, states: {"sequence_output": states})

    with pytest.raises(AssertionError, match="other outputs"):
        check_packing(bert, texts(segment_ids=segments))


def test_the_example_plugin() -> None:
    spec = importlib.util.spec_from_file_location("ngrams_of_a_third_party", NGRAMS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
        check_packing(module.NgramBackbone(vocabulary_size=20, hidden_dim=8), texts())
    finally:
        del sys.modules[spec.name]
