from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from modelry.data.predictions import gathered, sliced
from modelry.data.rows import TokenizedTexts
from modelry.errors import InputError

from .fakes import make_predictions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

backend = keras.backend.backend()


def outputs_of(source: Any, batches: int | None = None) -> np.ndarray:
    """What a model would return that predicts the number of tokens of each text."""
    results = []
    for (features,) in itertools.islice(source.batches(), batches):
        if "_document_lengths" in features:
            results.append(features["_document_lengths"])
        else:
            results.append(features["padding_mask"].sum(axis=1))
    return np.concatenate(results)


def texts_of(lengths: list[int]) -> list[str]:
    """Texts of so many tokens: the packer puts one in front."""
    return [" ".join(["a"] * (length - 1)) for length in lengths]


@pytest.mark.parametrize("supports_packing", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 8, 9, 67, 300])
@pytest.mark.parametrize("window", [1, 7, 64, 8192])
def test_predictions_come_in_the_order_of_the_texts(
    packer: Any, count: int, window: int, supports_packing: bool
) -> None:
    lengths = np.random.default_rng(count).integers(2, 65, count).tolist()
    for x in (texts_of(lengths), (text for text in texts_of(lengths))):
        source = make_predictions(
            x, preprocessor=packer, batch_size=8, window=window, supports_packing=supports_packing
        )

        outputs = outputs_of(source)

        assert source.restore(outputs).tolist() == lengths
        assert source.examples_done == count
        restored = source.restore({"a": outputs, "b": [2 * outputs[:, None]]})
        assert restored["a"].tolist() == lengths
        assert restored["b"][0].ravel().tolist() == [2 * length for length in lengths]


def test_the_number_of_texts_is_known_in_memory_alone(packer: Any) -> None:
    assert make_predictions(["a"] * 9, preprocessor=packer).num_examples == 9
    assert make_predictions(iter(["a"] * 9), preprocessor=packer).num_examples is None
    assert make_predictions(["a"] * 9, preprocessor=packer).num_batches is None


@pytest.mark.parametrize("supports_packing", [False, True])
def test_the_last_batch_is_announced_with_it_and_not_before(packer: Any, supports_packing: bool) -> None:
    lengths = np.random.default_rng(0).integers(2, 65, 100).tolist()
    for count in (1, 5, 100):
        source = make_predictions(
            texts_of(lengths[:count]), preprocessor=packer, batch_size=4, supports_packing=supports_packing
        )
        announced, done = [], []
        for _ in source.batches():
            announced.append(source.last_batch)
            done.append(source.examples_done)
        assert announced == [None] * (len(announced) - 1) + [len(announced) - 1]
        assert done == sorted(set(done))
        assert done[-1] == count


def test_a_source_in_memory_can_be_started_again(packer: Any) -> None:
    lengths = [5, 60, 3, 30, 2] * 10
    source = make_predictions(texts_of(lengths), preprocessor=packer, batch_size=4, supports_packing=True)

    next(source.batches())  # Keras' look at the first batch

    for _ in range(2):
        assert source.restore(outputs_of(source)).tolist() == lengths


@pytest.mark.parametrize("count", [1, 8, 9, 40])
def test_a_look_uses_up_no_text_of_a_generator(packer: Any, count: int) -> None:
    lengths = list(range(2, 2 + count))
    source = make_predictions(iter(texts_of(lengths)), preprocessor=packer, batch_size=4)

    assert len(source.peek(2)) == min(2, -(-count // 4))
    outputs = outputs_of(source)

    assert source.restore(outputs).tolist() == lengths


def test_a_generator_may_be_looked_at_and_is_read_once(packer: Any) -> None:
    lengths = [5, 60, 3, 30, 2] * 10
    source = make_predictions(
        iter(texts_of(lengths)), preprocessor=packer, batch_size=4, window=10, supports_packing=True
    )

    next(source.batches())

    assert source.restore(outputs_of(source)).tolist() == lengths
    with pytest.raises(InputError, match="read only once"):
        outputs_of(source)


@pytest.mark.parametrize("supports_packing", [False, True])
def test_a_loop_that_stops_early_returns_what_it_has(packer: Any, supports_packing: bool) -> None:
    lengths = np.random.default_rng(1).integers(2, 65, 100).tolist()
    source = make_predictions(
        texts_of(lengths), preprocessor=packer, batch_size=4, window=40, supports_packing=supports_packing
    )

    restored = source.restore(outputs_of(source, batches=3)).tolist()

    assert 0 < len(restored) < 40
    remaining = iter(lengths)
    assert all(length in remaining for length in restored)  # some of the texts, in their order


def test_texts_that_share_rows_need_few_shapes(new_packer: Any) -> None:
    packer = new_packer(512)
    shapes = set()
    for count in range(2, 60):
        lengths = np.random.default_rng(count).integers(2, 30, count).tolist()
        source = make_predictions(texts_of(lengths), preprocessor=packer, supports_packing=True)
        shapes |= {features["token_ids"].shape for (features,) in source.batches()}

    assert shapes <= {(rows, 64) for rows in (1, 2, 4, 8, 16, 32)}


def test_a_text_alone_goes_into_the_shortest_bucket(packer: Any) -> None:
    ((features,),) = make_predictions(["a b"], preprocessor=packer, supports_packing=True).batches()

    assert set(features) == {"token_ids", "segment_ids", "padding_mask"}
    assert features["token_ids"].shape == (1, 16)


def test_batches_without_shared_rows_are_filled_to_powers_of_two(packer: Any, new_texts: Any) -> None:
    list(make_predictions(new_texts(21), preprocessor=packer, batch_size=8).batches())
    assert sorted({rows for rows, _ in packer.shapes}) == [8]

    packer.shapes.clear()
    list(make_predictions(new_texts(3), preprocessor=packer, batch_size=8).batches())
    assert [rows for rows, _ in packer.shapes] == [4]


def test_fixed_padding_shares_no_rows(new_packer: Any) -> None:
    packer = new_packer(100, "fixed")
    list(make_predictions(["a b"] * 20, preprocessor=packer, batch_size=8, supports_packing=True).batches())

    assert packer.shapes == [(8, 100), (8, 100), (4, 100)]


def test_a_callable_is_called_on_each_batch_in_order() -> None:
    seen: list[Any] = []

    def record(texts: Any) -> Any:
        seen.append(texts)
        return np.array([[len(text)] for text in texts], np.float32)

    source = make_predictions(["a", "bb", "ccc"], preprocessor=record, batch_size=2, supports_packing=True)
    outputs = np.concatenate([features[:, 0] for (features,) in source.batches()])

    assert seen == [["a", "bb"], ["ccc"]]
    assert source.restore(outputs).tolist() == [1, 2, 3]


@pytest.mark.parametrize("supports_packing", [False, True])
def test_each_window_is_predicted_by_itself(packer: Any, supports_packing: bool) -> None:
    lengths = np.random.default_rng(2).integers(2, 65, 50).tolist()
    for x in (texts_of(lengths), iter(texts_of(lengths))):
        source = make_predictions(x, preprocessor=packer, batch_size=4, window=20, supports_packing=supports_packing)

        parts = [part.restore(outputs_of(part)).tolist() for part in source.each()]

        assert [len(part) for part in parts] == [20, 20, 10]
        assert [length for part in parts for length in part] == lengths


def test_windows_of_a_stream_keep_its_batches_whole() -> None:
    batches = [(["a"],), (["b", "c"],), (["d"],), (["e"],)]

    assert list(gathered(batches, 2)) == [(["a", "b", "c"],), (["d", "e"],)]
    assert list(gathered(batches, 1)) == batches
    assert list(gathered([(["a"], ["b"]), (["c"], ["d"])], 2)) == [(["a", "c"], ["b", "d"])]
    assert list(gathered([], 2)) == []


def test_windows_of_columns() -> None:
    assert list(sliced((["a", "b", "c"], ["d", "e", "f"]), 2)) == [(["a", "b"], ["d", "e"]), (["c"], ["f"])]


@pytest.mark.parametrize("window", [1, 8192])
def test_single_texts_and_pairs_do_not_mix(packer: Any, window: int) -> None:
    stream: list[Any] = [(["a"],), ({"text": ["a"], "text_pair": ["b"]},)]
    source = make_predictions(iter(stream), preprocessor=packer, window=window)

    with pytest.raises(InputError, match="single texts and sentence pairs"):
        outputs_of(source)


def test_pairs_are_packed_together(packer: Any) -> None:
    rows = [{"text": "a b", "text_pair": "d"}, {"text": "c", "text_pair": "e f"}]
    for x in ((["a b", "c"], ["d", "e f"]), iter(rows)):
        ((features,),) = make_predictions(x, preprocessor=packer, supports_packing=True).batches()
        assert features["_document_lengths"][:3].tolist() == [4, 4, 0]
        assert features["segment_ids"][0, :8].tolist() == [0, 0, 0, 1, 0, 0, 1, 1]


@pytest.mark.parametrize("x", [iter([]), (text for text in [])])
def test_a_stream_without_texts_is_refused(packer: Any, x: Any) -> None:
    with pytest.raises(InputError, match="empty"):
        outputs_of(make_predictions(x, preprocessor=packer))


def test_texts_before_a_fault_are_predicted(packer: Any) -> None:
    def texts() -> Iterator[Any]:
        yield from (["a"], ["b"], ["c"])
        yield (["d", None],)

    source = make_predictions(texts(), preprocessor=packer, window=1)

    parts = source.each()
    assert [next(parts).num_examples for _ in range(3)] == [1, 1, 1]
    with pytest.raises(InputError, match="In batch 3 of the data: Row 1"):
        next(parts)


def test_steps_of_a_stream_read_no_further(packer: Any) -> None:
    read = []

    def texts() -> Iterator[str]:
        for number in range(100):
            read.append(number)
            yield "a"

    source = make_predictions(texts(), preprocessor=packer, batch_size=4, steps=2)

    assert len(source.restore(outputs_of(source))) == 8
    assert len(read) == 8


def test_a_preprocessor_that_loses_texts_is_refused(packer: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(packer, "tokenize", lambda columns: TokenizedTexts((), ()))

    with pytest.raises(InputError, match="tokenized 2 texts into 0 rows"):
        outputs_of(make_predictions(["a", "b"], preprocessor=packer))


def test_predictions_stay_what_they_are(packer: Any) -> None:
    source = make_predictions(["a"], preprocessor=packer)

    assert make_predictions(source, preprocessor=packer) is source


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.skipif(backend != "jax", reason="counts what jax compiles")
def test_jax_compiles_few_shapes_for_predictions_of_any_size(
    packer: Any, new_model: Any, new_texts: Callable[..., list[str]]
) -> None:
    model = new_model()
    for count in range(1, 41):
        source = make_predictions(new_texts(count, seed=count, longest=14), preprocessor=packer, batch_size=32)
        assert source.restore(model.predict(source, verbose=0)).shape == (count, 2)

    assert model.get_layer("pool").traces <= 1 + 6  # building the model, then 1, 2, 4, 8, 16 and 32 rows
