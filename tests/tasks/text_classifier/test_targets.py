from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from modelry.data.rows import Inputs
from modelry.errors import InputError
from modelry.tasks.text_classifier.targets import ClassificationTargets, infer_labels

SPARSE = ClassificationTargets(("neg", "neutral", "pos"), 3)
DENSE = ClassificationTargets(("neg", "neutral", "pos"), 3, sparse=False)


def as_targets(y: Any, targets: ClassificationTargets, rows: int) -> Any:
    """Read the labels of some texts."""
    return targets.read(y, Inputs(([""] * rows,), None, "text"))


@pytest.mark.parametrize(
    "y",
    [
        [0, 2],
        (0, 2),
        [0.0, 2.0],
        np.array([0, 2]),
        np.array([[0], [2]], dtype=np.uint8),
        np.array([0, 2], dtype=object),
        pd.Series([0, 2], index=[5, 1]),
        pd.Series([0, 2], dtype="Int64"),
        pd.DataFrame({"label": [0, 2]}),
        torch.tensor([0, 2]),
        [torch.tensor(0), torch.tensor(2)],
        torch.tensor([0.0, 2.0], requires_grad=True),
        ["neg", "pos"],
        [b"neg", b"pos"],
        np.array(["neg", "pos"]),
        pd.Series(["neg", "pos"]),
        pd.Series(["neg", "pos"], dtype="category"),
        np.array([["neg"], ["pos"]]),
    ],
    ids=lambda y: type(y).__name__,
)
def test_class_numbers_and_names_become_int32(y: Any) -> None:
    targets = as_targets(y, SPARSE, 2)

    assert targets.dtype == np.int32
    assert targets.tolist() == [0, 2]


def test_booleans_are_classes_zero_and_one() -> None:
    assert as_targets([True, False], ClassificationTargets(num_classes=2), 2).tolist() == [1, 0]


def test_rows_for_another_loss_pass_through_as_float32() -> None:
    multi_hot = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])

    targets = as_targets(multi_hot, DENSE, 2)

    assert targets.dtype == np.float32
    assert np.array_equal(targets, multi_hot)


def test_numbers_for_a_single_output_keep_their_shape() -> None:
    assert as_targets([0.5, 7.25], ClassificationTargets(num_classes=1, sparse=False), 2).tolist() == [0.5, 7.25]


def test_names_become_one_hot_rows_where_the_loss_takes_rows() -> None:
    assert as_targets(["pos", "neg"], DENSE, 2).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_names_of_a_single_output_become_zero_and_one() -> None:
    spec = ClassificationTargets(("neg", "pos"), 1, sparse=False)

    assert as_targets(["pos", "neg"], spec, 2).tolist() == [1.0, 0.0]


def test_names_among_numpys_strings_are_found_whatever_their_kind() -> None:
    assert as_targets(np.array(["pos", "neg"], dtype=np.dtypes.StringDType()), SPARSE, 2).tolist() == [2, 0]
    assert infer_labels(np.array([b"b", b"a"])) == ("a", "b")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([[0], [None]], dtype=object), "Row 1 of y is missing"),
        (np.array([[0, 1], [{}, 1]], dtype=object), "not a number"),
        (np.array([["pos", "neg"], ["pos", "neg"]]), r"names in an array of shape \(2, 2\)"),
        ([0], "2 texts, but y has 1 labels"),
        (1, "single label"),
        ("pos", "single label"),
        ([0, 3], "Row 1 of y is 3.*0 to 2"),
        ([-1, 0], "Row 0 of y is -1"),
        ([1, 3], "count from 1: pass y - 1"),
        ([0, 1.5], "Row 1 of y is 1.5"),
        ([0, float("nan")], "Row 1 of y is nan"),
        ([0, None], "Row 1 of y is missing"),
        (pd.Series([0, None], dtype="Int64"), "Row 1 of y is missing|Row 1 of y is nan"),
        (["pos", "negg"], r"Row 1 of y is 'negg'.*Did you mean 'neg'\?.*'neg', 'neutral', 'pos'"),
        (["pos", 1], "Row 1 of y is of type int"),
        (["pos", None], "Row 1 of y is missing"),
        ([[1, 0, 0], [0, 0, 1]], r"shape \(2, 3\).*argmax"),
        ([[1, 0, 0], [0, 1]], "not rectangular"),
        ([["pos"], ["neg", "pos"]], "not rectangular"),
        ([{}, {}], "Row 0 of y is of type dict"),
    ],
)
def test_labels_that_are_none_are_refused_with_their_row(y: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        as_targets(y, SPARSE, 2)


def test_the_largest_and_the_smallest_class_are_allowed() -> None:
    assert as_targets([0, 1, 2], SPARSE, 3).tolist() == [0, 1, 2]


def test_without_a_number_of_classes_no_range_is_checked() -> None:
    assert as_targets([0, 99], ClassificationTargets(), 2).tolist() == [0, 99]


def test_rows_of_another_width_than_the_classes_are_refused() -> None:
    with pytest.raises(InputError, match=r"\(2, 2\).*3 classes"):
        as_targets([[1.0, 0.0], [0.0, 1.0]], DENSE, 2)


def test_a_nan_among_dense_rows_is_refused() -> None:
    with pytest.raises(InputError, match="Row 1"):
        as_targets([[1.0, 0.0, 0.0], [np.nan, 0.0, 0.0]], DENSE, 2)


def test_names_need_a_classifier_with_names() -> None:
    with pytest.raises(InputError, match="Pass labels="):
        as_targets(["pos", "neg"], ClassificationTargets(num_classes=2), 2)


def test_inferred_labels_are_sorted_and_unique() -> None:
    assert infer_labels(["pos", "neg", "pos"], 2) == ("neg", "pos")
    assert infer_labels(pd.Series(["b", "a"])) == ("a", "b")


def test_nothing_is_inferred_from_numbers() -> None:
    assert infer_labels([1, 0], 2) is None


def test_inferred_labels_must_be_as_many_as_the_classes() -> None:
    with pytest.raises(InputError, match=r"3 different labels \('a', 'b', 'c'\).*2 classes"):
        infer_labels(["a", "b", "c"], 2)
