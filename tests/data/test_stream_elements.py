from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from modelry.data.streams import Element, as_element, is_example, stack
from modelry.errors import InputError
from modelry.tasks.text_classifier.targets import ClassificationTargets

from .fakes import spec_of

SPARSE = ClassificationTargets(num_classes=3)
DENSE = ClassificationTargets(num_classes=3, sparse=False)
TWO = ClassificationTargets(num_classes=2)
SETS = ClassificationTargets(("acting", "plot"), 2, problem_type="multi_label")
NUMBER = ClassificationTargets(num_classes=1, problem_type="regression")
NUMBERS = ClassificationTargets(num_classes=2, problem_type="regression")


@pytest.mark.parametrize(
    ("value", "x", "y", "weight"),
    [
        ("a", "a", None, None),
        (["a", "b"], ["a", "b"], None, None),
        ((["a", "b"],), ["a", "b"], None, None),
        (("a", "b"), "a", "b", None),
        ((["a"], [1]), ["a"], [1], None),
        ([("a", "b"), [1, 0]], ("a", "b"), [1, 0], None),
        ([("a", "b"), [1, 0], [1.0, 2.0]], ("a", "b"), [1, 0], [1.0, 2.0]),
        ({"text": ["a"]}, {"text": ["a"]}, None, None),
    ],
)
def test_a_tuple_is_x_y_and_weight_and_a_list_of_strings_is_texts(value: Any, x: Any, y: Any, weight: Any) -> None:
    element = as_element(value)

    assert (element.x, element.y, element.sample_weight) == (x, y, weight)


@pytest.mark.parametrize("value", [("a",) * 4, (), [["a"]] * 4])
def test_other_tuples_are_refused(value: Any) -> None:
    with pytest.raises(InputError, match="tuple of"):
        as_element(value)


@pytest.mark.parametrize(
    ("x", "y", "targets", "expected"),
    [
        ("a", 1, SPARSE, True),
        (b"a", None, SPARSE, True),
        (np.array("a"), 1, SPARSE, True),
        ({"text": "a", "text_pair": "b"}, 1, SPARSE, True),
        (("a", "b"), 1, SPARSE, True),
        (("a", "b"), torch.tensor(1), SPARSE, True),
        (("a", "b"), "pos", SPARSE, True),
        (("a", "b"), [0.0, 1.0, 0.0], DENSE, True),
        ((np.str_("a"), b"b"), ["pos", "neg", "pos"], DENSE, False),
        (("a", "b"), ["pos", "neg"], DENSE, False),
        (("a", "b"), [1, 0], DENSE, False),
        (("a", "b"), [1, 0], TWO, False),
        (("a", "b"), 1, TWO, True),
        (("a", "b"), [], SETS, True),
        (("a", "b"), ["plot", "acting"], SETS, True),
        (("a", "b"), {"plot"}, SETS, True),
        (("a", "b"), np.array([0, 1]), SETS, True),
        (("a", "b"), [["plot"], []], SETS, False),
        (("a", "b"), np.array([[0, 1], [1, 1]]), SETS, False),
        (("a", "b"), [0.5, 1.5], NUMBERS, True),
        (("a", "b"), np.zeros((2, 2)), NUMBERS, False),
        (("a", "b"), [0.5, 1.5], NUMBER, False),
        (("a", "b"), 0.5, NUMBER, True),
        ((np.array("a"), torch.tensor(3)), None, SPARSE, True),  # as of tf.data: a batch would be one array
        (["a"], [1], SPARSE, False),
        (np.array(["a"]), [1], SPARSE, False),
        ({"text": ["a"], "text_pair": ["b"]}, [1], SPARSE, False),
        (("a", "b"), [1, 0], SPARSE, False),
        (("a", "b"), np.zeros((2, 3)), DENSE, False),
        ((["a"], ["b"]), [1], SPARSE, False),
        (("a", "b", "c"), [1, 0, 1], SPARSE, False),
    ],
)
def test_a_single_example_is_distinguished_from_a_batch(
    x: Any, y: Any, targets: ClassificationTargets, expected: bool
) -> None:
    assert is_example(Element(x, y), spec_of(len, targets=targets)) is expected


@pytest.mark.parametrize(
    ("y", "targets"), [(None, SPARSE), ([0.0, 1.0], ClassificationTargets(num_classes=2, sparse=False))]
)
def test_two_strings_that_may_be_either_are_refused(y: Any, targets: ClassificationTargets) -> None:
    with pytest.raises(InputError, match=r"one pair or two texts.*text_pair.*\['a', 'b'\]"):
        is_example(Element(("a", "b"), y), spec_of(len, targets=targets))


def test_rows_of_pairs_are_not_taken_for_texts_and_labels() -> None:
    for rows in ([("a", "b")], [("a", "b"), ("c", "d")], [("a", "b")] * 3, [("a", b"b")] * 5):
        with pytest.raises(InputError, match=r"list of \d tuples of two strings.*text_pair"):
            as_element(rows)
    assert as_element(([("a", "b"), ("c", "d")],)).x == [("a", "b"), ("c", "d")]


def test_a_tuple_that_torch_collated_is_a_column() -> None:
    """DataLoaders make one of every column of strings, of two rows as well."""
    element = as_element([("a", "b"), ["pos", "neg"]], collated=True)

    assert (element.x, element.y) == (["a", "b"], ["pos", "neg"])
    assert as_element([("a", "b"), ("pos", "neg")], collated=True).x == ["a", "b"]
    assert as_element([[("a", "b"), ("c", "d")], torch.tensor([1, 0])], collated=True).x == (("a", "b"), ("c", "d"))


def test_examples_are_stacked() -> None:
    plain = stack([Element(np.array(b"a"), np.int64(1), 0.5), Element("b", torch.tensor(0), 2.0)])
    assert (plain.x, plain.y, plain.sample_weight) == ([b"a", "b"], [1, 0], [0.5, 2.0])

    pairs = stack([Element({"text": "a", "text_pair": "b"}, "pos"), Element({"text": "c", "text_pair": "d"}, "neg")])
    assert pairs.x == {"text": ["a", "c"], "text_pair": ["b", "d"]}
    assert pairs.y == ["pos", "neg"]

    rows = stack([Element(("a", "b"), [0.0, 1.0]), Element(("c", "d"), [1.0, 0.0])])
    assert rows.x == (["a", "c"], ["b", "d"])
    assert rows.y.tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_examples_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(InputError, match="all or none"):
        stack([Element("a", 1), Element("b")])
    with pytest.raises(InputError, match="different shapes"):
        stack([Element("a", 1), Element("b", [1, 0])])
