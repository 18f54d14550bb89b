from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelry.data.rows import Inputs
from modelry.errors import InputError
from modelry.tasks.text_classifier.targets import ClassificationTargets

SPEC = ClassificationTargets(("neg", "pos"), 2)
TARGETS = np.array([0, 1, 1], np.int32)


def as_weights(sample_weight: Any, class_weight: Any, values: Any, targets: ClassificationTargets) -> Any:
    """Weights of some texts."""
    return targets.weights(sample_weight, class_weight, values, Inputs(([""] * len(values),), None, "text"))


def test_no_weights_are_no_weights() -> None:
    assert as_weights(None, None, TARGETS, SPEC) is None


@pytest.mark.parametrize("weights", [[1, 2, 3], np.array([[1.0], [2.0], [3.0]]), pd.Series([1, 2, 3])])
def test_sample_weights_become_float32(weights: Any) -> None:
    result = as_weights(weights, None, TARGETS, SPEC)

    assert result is not None
    assert result.dtype == np.float32
    assert result.tolist() == [1, 2, 3]


@pytest.mark.parametrize("class_weight", [{1: 4.0}, {"pos": 4.0}, {0: 1.0, "pos": 4.0}, {np.int64(1): 4}])
def test_a_class_weight_multiplies_the_sample_weights(class_weight: Any) -> None:
    assert np.array_equal(as_weights(None, class_weight, TARGETS, SPEC), [1, 4, 4])
    assert np.array_equal(as_weights([1, 2, 0.5], class_weight, TARGETS, SPEC), [1, 8, 2])


def test_a_class_weight_finds_the_class_of_one_hot_rows() -> None:
    rows = np.array([[0, 1], [1, 0]], np.float32)

    assert np.array_equal(as_weights(None, {1: 3.0}, rows, ClassificationTargets((), 2, sparse=False)), [3, 1])


def test_a_single_output_has_two_classes() -> None:
    spec = ClassificationTargets((), 1, sparse=False)

    assert np.array_equal(as_weights(None, {1: 3.0}, np.array([[0.0], [1.0]]), spec), [1, 3])


@pytest.mark.parametrize(
    ("sample_weight", "class_weight", "message"),
    [
        ([1, 2], None, r"shape \(2,\), but there are 3 texts"),
        (2.0, None, r"shape \(\)"),
        ([[1, 2], [3, 4], [5, 6]], None, r"shape \(3, 2\)"),
        ([1, np.inf, 2], None, "Row 1 of sample_weight is inf"),
        (["a", "b", "c"], None, "not a number"),
        (None, {"poss": 1.0}, r"'poss'.*Did you mean 'pos'\?"),
        (None, {2: 1.0}, "weight for 2"),
        (None, {-1: 1.0}, "weight for -1"),
        (None, {0: float("nan")}, "nan"),
        (None, [1.0, 2.0], "is a list"),
    ],
)
def test_weights_that_fit_nothing_are_refused(sample_weight: Any, class_weight: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        as_weights(sample_weight, class_weight, TARGETS, SPEC)


def test_a_class_weight_is_refused_for_several_classes_at_once() -> None:
    with pytest.raises(InputError, match="marks several"):
        as_weights(None, {0: 2.0}, np.array([[1, 1], [1, 0]], np.float32), ClassificationTargets((), 2, sparse=False))
