from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import modelry.data
from modelry.data.columns import TextReader
from modelry.data.rows import Inputs, RowPreprocessor, TokenizedTexts, joined_inputs, read_columns, tokenized
from modelry.errors import InputError

from .fakes import Pieces


def test_tokenized_texts_know_their_lengths() -> None:
    rows = (np.array([1, 2, 3], np.int32), np.array([1], np.int32))

    texts = TokenizedTexts(rows, rows)

    assert len(texts) == 2
    assert texts.lengths.dtype == np.int64
    assert texts.lengths.tolist() == [3, 1]


def test_no_rows_have_no_lengths() -> None:
    assert TokenizedTexts((), ()).lengths.tolist() == []


def test_a_row_preprocessor_differs_from_a_callable(packer: object) -> None:
    assert isinstance(packer, RowPreprocessor)
    assert not isinstance(len, RowPreprocessor)


@pytest.mark.parametrize("offsets", [False, True])
def test_examples_are_taken_and_joined_with_their_tokens(offsets: bool) -> None:
    texts = ["a", "bc d", "efg"]
    whole = tokenized(Pieces(), Inputs((texts,), None, "text"), offsets)
    parts = [tokenized(Pieces(), Inputs((part,), None, "text"), offsets) for part in (texts[:1], texts[1:])]

    for found in (joined_inputs(parts), whole.take(np.array([2, 0, 1])).take(np.array([1, 2, 0]))):
        assert (found.columns, found.noun, len(found)) == ((texts,), "text", 3)
        assert found.rows is not None
        assert whole.rows is not None
        for name in ("token_ids", "segment_ids", "offsets"):
            one, other = getattr(found.rows, name), getattr(whole.rows, name)
            assert (one is None) == (other is None) == (name == "offsets" and not offsets)
            assert [row.tolist() for row in one or ()] == [row.tolist() for row in other or ()]


def test_arrays_are_taken_and_joined_as_arrays() -> None:
    numbers = np.arange(6).reshape(3, 2)
    found = joined_inputs([Inputs((numbers[:2], ["a", "b"])), Inputs((numbers[2:], ["c"]))]).take(np.array([2, 0]))

    assert found.rows is None
    assert isinstance(found.columns[0], np.ndarray)
    assert found.columns[0].tolist() == [[4, 5], [0, 1]]
    assert found.columns[1] == ["c", "a"]


def test_columns_of_a_reader_must_have_one_length() -> None:
    class Careless(TextReader):
        def columns(self, x: object) -> tuple[list[str], ...]:
            return x  # type: ignore[return-value]

    assert read_columns(Careless(), (["a"], ["b"])) == (["a"], ["b"])
    for columns in ((["a"], ["b", "c"]), ([], []), ()):
        with pytest.raises(InputError, match="Pass at least one text, in columns of one length"):
            read_columns(Careless(), columns)


def test_every_public_name_is_there_and_a_description_of_data_needs_no_keras() -> None:
    assert all(hasattr(modelry.data, name) for name in modelry.data.__all__)
    assert set(modelry.data.__all__) <= set(dir(modelry.data))
    with pytest.raises(AttributeError, match="has no attribute 'TokenTarget'"):
        modelry.data.TokenTarget  # noqa: B018
    code = """
import sys
from modelry.data import DataSpec, Inputs, Targets, TextReader, TokenizedTexts, TokenTargets, as_text_columns
print("keras" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
