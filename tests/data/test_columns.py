from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelry.data.columns import WordReader, as_text_columns
from modelry.errors import InputError


class FakeStringTensor:
    """A TensorFlow string tensor, as far as anyone here looks: `.numpy()` gives bytes."""

    shape = (2,)

    def numpy(self) -> Any:
        return np.array([b"a", "ü".encode()], dtype=object)


TEXTS = (["a", "ü"],)
PAIRS = (["a", "b"], ["c", "d"])


@pytest.mark.parametrize(
    "x",
    [
        ["a", "ü"],
        ("a", "ü"),
        [b"a", "ü".encode()],
        [np.str_("a"), "ü"],
        np.array(["a", "ü"]),
        np.array(["a", "ü"], dtype=object),
        np.array([["a"], ["ü"]]),
        np.array([b"a", "ü".encode()]),
        pd.Series(["a", "ü"], index=[7, 3]),
        pd.Series(["a", "ü"], dtype="category"),
        pd.Series(["a", "ü"], dtype=object).array,
        pd.Index(["a", "ü"]),
        FakeStringTensor(),
        {"text": ["a", "ü"]},
        pd.DataFrame({"text": ["a", "ü"]}),
        (["a", "ü"],),
    ],
    ids=lambda x: type(x).__name__,
)
def test_every_spelling_of_two_texts_is_one_column_of_plain_str(x: Any) -> None:
    columns = as_text_columns(x)

    assert columns == TEXTS
    assert all(type(text) is str for text in columns[0])


@pytest.mark.parametrize(
    "x",
    [
        (["a", "b"], ["c", "d"]),
        (("a", "b"), np.array(["c", "d"])),
        (pd.Series(["a", "b"]), ["c", "d"]),
        {"text": ["a", "b"], "text_pair": ["c", "d"]},
        {"text_pair": np.array(["c", "d"]), "text": ("a", "b")},
        pd.DataFrame({"text_pair": ["c", "d"], "text": ["a", "b"]}),
        [("a", "c"), ("b", "d")],
        [["a", "c"], ["b", "d"]],
        np.array([["a", "c"], ["b", "d"]]),
    ],
    ids=lambda x: type(x).__name__,
)
def test_every_spelling_of_two_pairs_is_two_columns(x: Any) -> None:
    assert as_text_columns(x) == PAIRS


def test_an_empty_text_is_a_text() -> None:
    assert as_text_columns(["", "a"]) == (["", "a"],)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ("a movie", r"single string.*\['a movie'\]"),
        (b"a movie", "single string"),
        (np.str_("a"), "single string"),
        (np.array("a"), "single value"),
        (3, "single value"),
        (None, "single value"),
        ([], "empty"),
        ((), "empty"),
        (np.array([], dtype=str), "empty"),
        (pd.DataFrame({"text": []}), "empty"),
        ({"text": [], "text_pair": []}, "empty"),
        (["a", None], r"Row 1 of 'text' is missing"),
        ([None, "a"], r"Row 0 of 'text' is missing"),
        ((None, "a"), r"Row 0 of 'text' is missing"),
        (pd.Series(["a", "b", None], dtype="string"), r"Row 2 of 'text' is missing \(<NA>\)"),
        (pd.Series(["a", None]), r"Row 1 of 'text' is missing"),
        (["a", 3], r"Row 1 of 'text' is of type int: 3"),
        (np.array([1.0, 2.0]), r"Row 0 of 'text' is of type float"),
        ([b"a", b"\xff"], r"Row 1 of 'text' holds bytes that are not UTF-8"),
        ((["a"], ["b", "c"]), "1 and 2 texts"),
        ((["a", "b"], [0, 1]), "Row 0 of 'text_pair'.*pass labels as y"),
        ((["a"], ["b"], ["c"]), "3 columns"),
        ([("a", "b", "c")], "Row 0 of x holds 3 values"),
        ([["a"], ["b"]], "Row 0 of x holds 1 values"),
        ([("a", "b"), "c"], "Row 1 of x is of type str"),
        ([("a", "b"), ("c", None)], "Row 1 of 'text_pair' is missing"),
        ([(["a"], ["b"])], "Row 0 of 'text'.*nested too deep"),
        (np.array([[["a"]]]), "nested|holds 1 values"),
        (np.array([["a", "b", "c"]]), "holds 3 values"),
        ({"texts": ["a"]}, r"column 'texts'.*Did you mean 'text'\?"),
        ({"text_pair": ["a"]}, "no column 'text'"),
        ({}, "no column 'text'"),
        ({"text": "a"}, "single value"),
        (pd.DataFrame({"text": ["a"], "label": [1]}), "column 'label'.*labels as y"),
    ],
)
def test_other_values_than_texts_are_refused_with_their_row(x: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        as_text_columns(x)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ("a b", "x is of type str"),
        (["a b", "c"], "Row 0 of x is of type str"),
        ([["a"], None], "Row 1 of x is missing"),
        ([["a b"]], "Row 0 of x has the word 'a b'"),
        ([["a", ""]], "Row 0 of x has the word ''"),
        ([[1]], "Row 0 of x has the word 1"),
        ([], "x is empty"),
    ],
)
def test_words_that_would_not_be_found_again_are_refused(x, message):
    with pytest.raises(InputError, match=re.escape(message)):
        WordReader().columns(x)


def test_words_become_one_column_of_texts():
    assert WordReader().columns([["A", "film"], [], ("No",)]) == (["A film", "", "No"],)
    assert WordReader().is_example(["A", "film"]) is True
    assert WordReader().is_example([["A", "film"]]) is False
    assert WordReader().is_example([]) is None
