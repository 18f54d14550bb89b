"""Several labels of a text, and numbers, as targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from modelry.data.batches import split_validation
from modelry.data.columns import TextReader
from modelry.data.rows import Inputs
from modelry.data.spec import DataSpec
from modelry.data.streams import StreamSource, stream_columns
from modelry.errors import InputError
from modelry.tasks.text_classifier.targets import ClassificationTargets, infer_labels

MULTI = ClassificationTargets(("neg", "neutral", "pos"), 3, problem_type="multi_label")
MARKED = [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
NUMBER = ClassificationTargets((), 1, problem_type="regression")
SPEC = DataSpec(lambda texts: np.zeros((len(texts), 1)), MULTI, TextReader())


def as_targets(y: Any, targets: ClassificationTargets, rows: int) -> Any:
    """Read the labels of some texts."""
    return targets.read(y, Inputs(([""] * rows,), None, "text"))


@pytest.mark.parametrize(
    "y",
    [
        [["neg", "pos"], [], ["neutral"]],
        [("pos", "neg"), (), ("neutral",)],
        [{"neg", "pos"}, set(), "neutral"],
        [np.array(["neg", b"pos"], object), np.array([]), np.array(["neutral"])],
        pd.Series([["neg", "pos"], [], ["neutral"]], index=[4, 5, 7]),
        MARKED,
        np.array(MARKED, bool),
        np.array(MARKED, object),
        torch.tensor(MARKED, requires_grad=False),
        pd.DataFrame(MARKED, columns=["a", "b", "c"]),
    ],
    ids=range(10),
)
def test_several_labels_become_rows_of_zeros_and_ones(y: Any) -> None:
    targets = as_targets(y, MULTI, 3)
    assert targets.dtype == np.float32
    assert targets.tolist() == MARKED


def test_a_name_alone_is_the_only_label_of_its_text() -> None:
    assert as_targets(["pos", "neg"], MULTI, 2).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert as_targets([["pos", "neg"], ["neg", "pos"]], MULTI, 2).tolist() == [[1, 0, 1], [1, 0, 1]]
    assert as_targets([[], []], MULTI, 2).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_a_single_output_takes_a_column() -> None:
    one = ClassificationTargets((), 1, problem_type="multi_label")
    assert as_targets([1, 0.25], one, 2).tolist() == [[1], [0.25]]  # a probability will do
    assert as_targets([1.5, -2], NUMBER, 2).tolist() == as_targets([[1.5], [-2]], NUMBER, 2).tolist() == [[1.5], [-2]]
    assert as_targets(["yes", "yes"], ClassificationTargets(("yes",), 1, problem_type="multi_label"), 2).tolist() == [
        [1],
        [1],
    ]


def test_several_numbers_for_each_text() -> None:
    spec = ClassificationTargets((), 2, problem_type="regression")
    assert as_targets(torch.tensor([[1, 2], [3, 4]]), spec, 2).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("y", "spec", "message"),
    [
        ([["neg"], ["po"]], MULTI, r"Row 1 of y is 'po', which is not a label.*Did you mean 'pos'"),
        ([["neg"], [3]], MULTI, "Row 1 of y is of type int: 3, while other labels are names"),
        ([["neg"], None], MULTI, r"Row 1 of y is missing \(None\)"),
        ([["neg"]], MULTI, "x has 2 texts, but y has 1 labels"),
        ([0, 2], MULTI, r"shape \(2,\), but a text may have any of 3 labels.*problem_type='single_label'"),
        ([[0, 1], [1, 0]], MULTI, r"shape \(2, 2\), but a text may have any of 3 labels"),
        ([[0, 1, 0], [0, 2, 0]], MULTI, "Row 1 of y has of type int: 2 for class 1"),
        ([[0, 1, 0], [0, np.nan, 0]], MULTI, r"Row 1 of y has missing \(nan\) for class 1"),
        ([["a"], ["b"]], ClassificationTargets((), 3, problem_type="multi_label"), "labels have none"),
        ([[1, 0], [1]], MULTI, "not rectangular"),
        (
            [["neg", "pos"], ["neg", "pos"]],
            ClassificationTargets(MULTI.labels, 3),
            "problem_type='multi_label' if a text may",
        ),
        (["neg", "pos"], NUMBER, "y holds names, but this classifier predicts numbers"),
        ([[1, 2], [3, 4]], NUMBER, r"shape \(2, 2\), but the classifier predicts 1 number"),
        ([1, np.inf], NUMBER, "Row 1 of y holds a number that is not finite"),
        ([1, None], NUMBER, r"Row 1 of y is missing \(None\)"),
    ],
)
def test_what_is_no_such_target_is_refused(y: Any, spec: ClassificationTargets, message: str) -> None:
    with pytest.raises(InputError, match=message):
        as_targets(y, spec, 2)


def test_names_are_found_inside_sets() -> None:
    assert infer_labels([["b", "a"], [], ["c"]], 3) == ("a", "b", "c")
    assert infer_labels(MARKED, 3) is None
    assert infer_labels([np.array(0), np.array(1)], 2) is None
    with pytest.raises(InputError, match="2 different labels"):
        infer_labels([["b", "a"], []], 3)


def test_a_regression_has_no_class_weights() -> None:
    with pytest.raises(InputError, match="class_weight is for classes, and a regression has none"):
        NUMBER.weights(None, {0: 2.0}, np.ones((2, 1), np.float32), Inputs((["", ""],)))


def test_sets_of_names_are_held_out_for_validation() -> None:
    (_, y, _), (_, held_out, _) = split_validation(["a", "b", "c"], [["pos"], [], ["neg", "pos"]], None, 0.34, SPEC)
    assert as_targets(y, MULTI, len(y)).tolist() == [[0, 0, 1]]
    assert as_targets(held_out, MULTI, len(held_out)).tolist() == [[0, 0, 0], [1, 0, 1]]


@pytest.mark.parametrize("batches", [False, True])
def test_a_stream_yields_sets_of_names(batches: bool) -> None:
    examples = [("a", ["pos"]), ("b", []), ("c", ["neg", "pos"])]
    stream = [([x for x, _ in examples], [y for _, y in examples])] if batches else examples
    ((_, targets),) = StreamSource(stream, SPEC, batch_size=4).batches()
    assert np.asarray(targets).tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 1]]
    assert [list(column) for (column,) in stream_columns(stream, SPEC, 4)] == [["a", "b", "c"]]
