from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pandas as pd
import pytest
import torch

from modelry.data.adapter import is_stream
from modelry.data.streams import StreamSource, stream_columns
from modelry.errors import InputError

from .fakes import make_source, spec_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLASSES: dict[str, Any] = {"labels": ("neg", "pos"), "num_classes": 2}
SPEC = spec_of(len, **CLASSES)


class Lessons(keras.utils.PyDataset):
    """Batches of two texts, made afresh from the index; it keeps a diary of its epochs."""

    def __init__(self, count: int | None = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count = count
        self.diary: list[str] = []

    @property
    def num_batches(self) -> int | None:
        return self.count

    def __getitem__(self, index: int) -> Any:
        return [f"a{index}", f"b{index} c"], np.array([0, 1])

    def on_epoch_begin(self) -> None:
        self.diary.append("begin")

    def on_epoch_end(self) -> None:
        self.diary.append("end")
        if self.count is not None:
            self.count += 1


class Reiterable:
    """Yields the same elements each time; has no length."""

    def __init__(self, *elements: Any) -> None:
        self.elements = elements

    def __iter__(self) -> Iterator[Any]:
        return iter(self.elements)


class Sized(Reiterable):
    def __len__(self) -> int:
        return len(self.elements)


@pytest.fixture
def stream(packer: Any) -> Callable[..., StreamSource]:
    def make(elements: Any, **kwargs: Any) -> StreamSource:
        if isinstance(elements, list):  # which would be data in memory
            elements = Reiterable(*elements)
        source = make_source(elements, **{"preprocessor": packer, "batch_size": 2, **CLASSES, **kwargs})
        assert isinstance(source, StreamSource)
        return source

    return make


def tokens(packer: Any, *columns: list[str]) -> list[list[int]]:
    return [ids.tolist() for ids in packer.tokenize(columns).token_ids]


def read(batch: Any) -> tuple[list[list[int]], *tuple[list[Any], ...]]:
    """The tokens of a batch without their padding, then its labels and weights."""
    features, *targets = batch
    rows = [ids[mask > 0].tolist() for ids, mask in zip(features["token_ids"], features["padding_mask"], strict=True)]
    return (rows, *(values.tolist() for values in targets))


@pytest.mark.parametrize(
    "element",
    [
        (["a", "b c"], [1, 0]),
        [("a", "b c"), torch.tensor([1, 0])],
        (np.array(["a", "b c"]), ["pos", "neg"]),
        (pd.Series(["a", "b c"]), pd.Series([1, 0])),
        ({"text": ["a", "b c"]}, np.array([[1], [0]])),
        (("a", "b c"), (1, 0)),
    ],
)
def test_a_batch_stays_as_it_is(stream: Any, packer: Any, element: Any) -> None:
    source = stream(Sized(element, element), batch_size=5)

    batches = [read(batch) for batch in source.batches()]

    assert batches == [(tokens(packer, ["a", "b c"]), [1, 0])] * 2
    assert source.num_batches == 2


@pytest.mark.parametrize(
    "elements",
    [
        [("a", 1), ("b c", 0), ("d", 0)],
        [("a", "pos"), ("b c", "neg"), ("d", "neg")],
        [(b"a", np.int64(1)), (np.str_("b c"), np.int64(0)), ("d", torch.tensor(0))],
        [({"text": "a"}, 1), ({"text": "b c"}, 0), ({"text": "d"}, 0)],
    ],
)
def test_single_examples_are_batched(stream: Any, packer: Any, elements: Any) -> None:
    source = stream(Sized(*elements))

    batches = [read(batch) for batch in source.batches()]

    assert batches == [(tokens(packer, ["a", "b c"]), [1, 0]), (tokens(packer, ["d"]), [0])]
    assert source.num_batches == 2


@pytest.mark.parametrize(
    "elements",
    [
        [((["a", "b"], ["c", "d"]), [1, 0])],
        [({"text": ["a", "b"], "text_pair": ["c", "d"]}, [1, 0])],
        [([("a", "c"), ("b", "d")], [1, 0])],
        [({"text": "a", "text_pair": "c"}, 1), ({"text": "b", "text_pair": "d"}, 0)],
        [(("a", "c"), 1), (("b", "d"), 0)],
        [(("a", "c"), "pos"), (("b", "d"), "neg")],
    ],
)
def test_pairs_in_streams(stream: Any, packer: Any, elements: Any) -> None:
    (batch,) = stream(Reiterable(*elements)).batches()

    assert read(batch) == (tokens(packer, ["a", "b"], ["c", "d"]), [1, 0])
    assert batch[0]["segment_ids"].max() == 1


def test_weights_and_class_weights_reach_the_batches(stream: Any) -> None:
    weighted = stream(Reiterable((["a", "b"], [1, 0], [2.0, 3.0])), class_weight={"pos": 10})
    assert [read(batch)[2] for batch in weighted.batches()] == [[20, 3]]

    plain = stream(Reiterable(("a", 1), ("b", 0)), class_weight={1: 10})
    assert [read(batch)[2] for batch in plain.batches()] == [[10, 1]]


def test_each_batch_has_the_length_of_its_own_bucket(stream: Any, packer: Any) -> None:
    list(stream(Reiterable((["a"], [0]), (["a " * 40], [0]), (["a"], [0]))).batches())

    assert packer.shapes == [(1, 16), (1, 64), (1, 16)]


@pytest.mark.parametrize("element", [["a", "b c"], (["a", "b c"],), (["a", "b c"], [5, 7]), (["a", "b c"], [0], [0.5])])
def test_columns_leave_labels_out_unread(element: Any) -> None:
    assert list(stream_columns(Reiterable(element), SPEC, 2)) == [(["a", "b c"],)]


def test_columns_of_single_texts() -> None:
    assert list(stream_columns(Reiterable("a", "b", "c"), SPEC, 2)) == [(["a", "b"],), (["c"],)]


def test_a_second_text_in_the_place_of_a_label_is_refused() -> None:
    with pytest.raises(InputError, match=r"always \(x, y\).*text_pair"):
        list(stream_columns(Reiterable((["a"], ["b"])), SPEC, 2))
    assert len(list(stream_columns(Reiterable((["a"], ["pos"])), SPEC, 2))) == 1


@pytest.mark.parametrize(
    "elements",
    [
        [(["a", "b c"], [1, 0], [2.0, 3.0]), (["d"], [0], [1.0])],
        [("a", 1, 2.0), ("b c", 0, 3.0), ("d", 0, 1.0)],
    ],
)
def test_texts_of_a_batch_share_rows(stream: Any, packer: Any, elements: Any) -> None:
    first, second = stream(Reiterable(*elements), supports_packing=True).batches()

    features, y, weights = first
    one, two = (ids.tolist() for ids in packer.tokenize((["a", "b c"],)).token_ids)
    assert features["token_ids"][0, : len(one) + len(two)].tolist() == two + one  # the longest stands first
    assert features["_document_starts"].tolist() == [len(two), 0]
    assert (y.tolist(), weights.tolist()) == ([1, 0], [2, 3])
    assert features["token_ids"].shape == second[0]["token_ids"].shape == (1, 64)
    assert len(second[1]) == len(second[0]["_document_starts"]) == 1


def test_a_reiterable_starts_again_each_epoch(stream: Any) -> None:
    source = stream(Reiterable((["a"], [0]), (["b"], [1])))

    assert [len(list(source.batches())) for _ in range(3)] == [2, 2, 2]
    assert source.num_batches is None


def test_a_generator_is_read_once_and_may_be_looked_at(stream: Any) -> None:
    source = stream((f"text {number}", number % 2) for number in range(9))

    next(source.batches())

    assert [len(batch[1]) for batch in source.batches()] == [2, 2, 2, 2, 1]
    assert source.num_batches is None
    with pytest.raises(InputError, match="read only once"):
        next(source.batches())


def test_an_iterator_counts_as_a_generator(stream: Any) -> None:
    source = stream(iter([(["a"], [0])]))

    source.begin_epoch(0)
    assert len(list(source.batches())) == 1
    with pytest.raises(InputError, match="read only once"):
        list(source.batches())


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_look_uses_up_no_batch_of_a_generator(stream: Any, size: int) -> None:
    source = stream((["a"], [number]) for number in (1, 0, 1)[:size])

    for count in (1, 2):  # on TensorFlow two where shapes may differ
        assert len(source.peek(count)) == min(count, size)
    source.begin_epoch(0)

    assert [read(batch)[1] for batch in source.batches()] == [[1], [0], [1]][:size]
    with pytest.raises(InputError, match="read only once"):
        list(source.batches())


class Countdown:
    """An iterator that says how many elements are left."""

    def __init__(self, *elements: Any) -> None:
        self.left = list(elements)

    def __len__(self) -> int:
        return len(self.left)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if not self.left:
            raise StopIteration
        return self.left.pop(0)


def test_an_iterator_with_a_length_keeps_its_first_batch(stream: Any) -> None:
    source = stream(Countdown((["a"], [0]), (["b"], [1]), (["c"], [1])))

    assert source.num_batches is None
    assert [read(batch)[1] for batch in source.batches()] == [[0], [1], [1]]


def test_a_dataset_is_notified_of_its_epochs_and_may_change(stream: Any) -> None:
    dataset = Lessons()
    source = stream(dataset)

    source.on_epoch_begin()
    assert [read(batch)[1] for batch in source.batches()] == [[0, 1]] * 3
    source.on_epoch_end()

    assert dataset.diary == ["begin", "end"]
    assert source.num_batches == 4


def test_a_dataset_is_shuffled_on_request(stream: Any, packer: Any) -> None:
    random.seed(3)

    def order(source: StreamSource) -> list[Any]:
        return [read(batch)[0][0] for batch in source.batches()]

    in_order = [tokens(packer, [f"a{index}"])[0] for index in range(20)]
    assert order(stream(Lessons(20))) == in_order
    shuffled = order(stream(Lessons(20), shuffle=True))
    assert shuffled != in_order
    assert sorted(shuffled) == sorted(in_order)


def test_a_torch_loader_with_tuples_strings_and_dicts(stream: Any, packer: Any) -> None:
    def load(data: list[Any]) -> Any:
        return torch.utils.data.DataLoader(data, batch_size=2)  # type: ignore[arg-type]

    labelled = stream(load([("a", 1), ("b c", 0), ("d", 0)]))
    assert [read(batch) for batch in labelled.batches()] == [
        (tokens(packer, ["a", "b c"]), [1, 0]),
        (tokens(packer, ["d"]), [0]),
    ]
    assert labelled.num_batches == 2
    assert list(stream_columns(load(["a", "b c", "d"]), SPEC, 2)) == [(["a", "b c"],), (["d"],)]
    named = stream(load([("a", "pos"), ("b", "neg")]))
    assert [read(batch)[1] for batch in named.batches()] == [[1, 0]]
    pairs = stream(load([({"text": "a", "text_pair": "c"}, 1), ({"text": "b", "text_pair": "d"}, 0)]))
    assert [read(batch)[0] for batch in pairs.batches()] == [tokens(packer, ["a", "b"], ["c", "d"])]


def test_a_torch_loader_transposes_pairs_and_we_understand(stream: Any, packer: Any) -> None:
    data = [(("a", "c"), 1), (("b", "d"), 0), (("e", "f"), 1)]

    for size in (2, 3):
        loader = torch.utils.data.DataLoader(data, batch_size=size)  # type: ignore[arg-type]
        first = next(stream(loader).batches())
        expected = tokens(packer, ["a", "b", "e"][:size], ["c", "d", "f"][:size])
        assert read(first)[0] == expected


@pytest.mark.parametrize("problem_type", ["single_label", "multi_label"])
def test_two_texts_of_a_torch_loader_are_no_pair(stream: Any, packer: Any, problem_type: str) -> None:
    """Whatever their labels look like: here the one-hot row of two classes would."""
    options = {"sparse": False, "problem_type": problem_type}
    data = [("a", np.array([0.0, 1.0])), ("b", np.array([1.0, 0.0]))]
    source = stream(torch.utils.data.DataLoader(data, batch_size=2), **options)  # type: ignore[arg-type]
    assert [read(batch) for batch in source.batches()] == [(tokens(packer, ["a", "b"]), [[0, 1], [1, 0]])]

    named = torch.utils.data.DataLoader([("a", "pos"), ("b", "neg")], batch_size=2)  # type: ignore[arg-type]
    assert [read(batch)[1] for batch in stream(named, **options).batches()] == [[[0, 1], [1, 0]]]


def test_pairs_without_labels_are_named_or_stand_in_rows() -> None:
    for element in ({"text": "a", "text_pair": "b"}, {"text": ["a"], "text_pair": ["b"]}, ([("a", "b")],)):
        assert list(stream_columns(Reiterable(element), SPEC, 2)) == [(["a"], ["b"])]
    with pytest.raises(InputError, match=r"always \(x, y\)"):
        list(stream_columns(Reiterable(("a", "b")), SPEC, 2))
    for unclear in ((("a", "b"),), [("a", "b")]):
        with pytest.raises(InputError, match="text_pair"):
            list(stream_columns(Reiterable(unclear), SPEC, 2))


def test_a_torch_loader_without_batches_gives_examples(stream: Any, packer: Any) -> None:
    loader = torch.utils.data.DataLoader([("a", 1), ("b", 0), ("c", 1)], batch_size=None)  # type: ignore[arg-type]
    source = stream(loader)

    assert [read(batch)[1] for batch in source.batches()] == [[1, 0], [1]]
    assert source.num_batches == 2


@pytest.mark.parametrize(
    ("elements", "message"),
    [
        ([(["a"], [0]), (["b", None], [0, 0])], "batch 1.*Row 1 of 'text' is missing"),
        ([(["a"], [0]), (["b"], [7])], "batch 1.*Row 0 of y is 7"),
        ([(["a"], ["poss"])], "batch 0.*Did you mean 'pos'"),
        ([["a", "b"]], "batch 0.*no labels"),
        ([("a", 0), (["b"], [0])], "began with single examples"),
        ([(["a"], [0]), ("b", 0)], "began with batches"),
        ([("a", 0), ("b", 0), ("c", 0), (["b"], [0])], "began with single examples"),
        ([([], [])], "empty"),
        ([], "empty"),
        ([(["a"], [0, 1])], "1 texts, but y has 2"),
        ([({"text": ["a"], "label": [0]}, [0])], "'label'"),
    ],
)
def test_a_fault_in_a_stream_is_named_with_its_batch(stream: Any, elements: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(stream(Reiterable(*elements)).batches())


def test_a_sized_stream_without_elements_is_refused(stream: Any) -> None:
    with pytest.raises(InputError, match="empty"):
        stream(Sized())


def test_arguments_are_checked_before_anything_is_read(stream: Any) -> None:
    with pytest.raises(InputError, match="'poss'"):
        stream(Reiterable(), class_weight={"poss": 1.0})
    with pytest.raises(InputError, match="batch_size"):
        stream(Reiterable(), batch_size=0)


@pytest.mark.parametrize(
    "x",
    [
        ["a"],
        ("a",),
        "a",
        b"a",
        np.array(["a"]),
        pd.Series(["a"]),
        pd.DataFrame({"text": ["a"]}),
        {"text": ["a"]},
        3,
        None,
        torch.tensor([1]),
        pd.Index(["a"]),
    ],
)
def test_data_in_memory_is_not_a_stream(x: Any) -> None:
    assert not is_stream(x)


@pytest.mark.parametrize(
    "make",
    [lambda: iter(["a"]), lambda: (x for x in "a"), Lessons, Reiterable, lambda: torch.utils.data.DataLoader(["a"])],
)
def test_objects_read_element_by_element_are_streams(make: Any) -> None:
    assert is_stream(make())
