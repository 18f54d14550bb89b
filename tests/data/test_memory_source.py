from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from modelry.data.batches import MemorySource
from modelry.data.buckets import bucket_lengths
from modelry.data.rows import TokenizedTexts
from modelry.data.spec import Examples
from modelry.errors import InputError

from .fakes import inputs_of, spec_of

if TYPE_CHECKING:
    from collections.abc import Callable

backend = keras.backend.backend()


def memory_source(
    columns: Any, targets: Any = (), *, packer: Any, supports_packing: bool = False, **options: Any
) -> MemorySource:
    """A source of columns with labels and weights: neither, the first, or both."""
    values, weights = (*targets, None, None)[:2]
    examples = Examples(inputs_of(packer, *columns), values, weights)
    return MemorySource(examples, spec_of(packer, supports_packing=supports_packing), **options)


def first_ids(source: MemorySource) -> list[list[int]]:
    """One number per text and batch that tells the texts apart: their labels."""
    return [batch[1].tolist() for batch in source.batches()]


def numbered(texts: list[str]) -> tuple[np.ndarray]:
    return (np.arange(len(texts), dtype=np.int32),)


def test_features_labels_and_weights_stay_together(packer: Any, new_texts: Callable[..., list[str]]) -> None:
    texts = new_texts(50)
    targets = (np.arange(50, dtype=np.int32), np.arange(50, dtype=np.float32) / 7)

    for shuffle in (False, True):
        source = memory_source((texts,), targets, packer=packer, batch_size=8, shuffle=shuffle)
        for features, y, weight in source.batches():
            alone = packer.tokenize(([texts[row] for row in y],))
            expected = packer.pad(alone, range(len(y)), features["token_ids"].shape[1])
            assert np.array_equal(features["token_ids"], expected["token_ids"])
            assert np.array_equal(weight, y.astype(np.float32) / 7)


def test_an_epoch_has_every_text_once_in_few_shapes(new_packer: Any, new_texts: Callable[..., list[str]]) -> None:
    texts = new_texts(203, longest=300)
    packer = new_packer(256)
    source = memory_source((texts,), numbered(texts), packer=packer, batch_size=16, shuffle=True)

    for _ in range(5):
        assert sorted(np.concatenate(first_ids(source)).tolist()) == list(range(203))

    assert source.num_batches == 13
    assert len(set(packer.shapes)) <= len(bucket_lengths(256)) + 1
    assert {length for _, length in packer.shapes} >= {64, 128, 256}


def test_texts_are_tokenised_once(packer: Any, new_texts: Callable[..., list[str]], monkeypatch: Any) -> None:
    calls = []
    tokenize = packer.tokenize
    monkeypatch.setattr(packer, "tokenize", lambda columns: calls.append(len(columns[0])) or tokenize(columns))
    source = memory_source((new_texts(20),), packer=packer, batch_size=4, shuffle=True)

    for _ in range(3):
        list(source.batches())

    assert calls == [20]


def test_shuffling_is_new_each_epoch_and_follows_the_seed(packer: Any, new_texts: Callable[..., list[str]]) -> None:
    texts = new_texts(60)

    def epochs() -> list[list[list[int]]]:
        keras.utils.set_random_seed(11)
        source = memory_source((texts,), numbered(texts), packer=packer, batch_size=8, shuffle=True)
        return [first_ids(source) for _ in range(3)]

    first = epochs()

    assert first[0] != first[1] != first[2] != first[0]
    assert epochs() == first
    np.random.seed(12)
    other = memory_source((texts,), numbered(texts), packer=packer, batch_size=8, shuffle=True)
    assert first_ids(other) != first[0]


def test_looking_at_the_first_batch_does_not_use_up_a_shuffle(packer: Any, new_texts: Any) -> None:
    texts = new_texts(60)
    source = memory_source((texts,), numbered(texts), packer=packer, batch_size=8, shuffle=True)

    looked_at = next(source.batches())[1].tolist()

    assert first_ids(source)[0] == looked_at


@pytest.mark.parametrize("supports_packing", [False, True])
def test_an_epoch_follows_from_its_number(packer: Any, new_texts: Any, supports_packing: bool) -> None:
    texts = new_texts(60)

    def fresh() -> MemorySource:
        keras.utils.set_random_seed(3)
        options = {"batch_size": 8, "shuffle": True, "supports_packing": supports_packing}
        return memory_source((texts,), numbered(texts), packer=packer, **options)

    source, epochs = fresh(), []
    for epoch in range(4):
        source.begin_epoch(epoch)
        epochs.append(first_ids(source))
    assert all(one != two for one, two in itertools.combinations(epochs, 2))

    for epoch in (3, 1):  # in a process that resumes there
        resumed = fresh()
        next(resumed.batches())
        resumed.begin_epoch(epoch)
        assert first_ids(resumed) == epochs[epoch]


@pytest.mark.parametrize("supports_packing", [False, True])
def test_several_passes_in_one_epoch_differ(packer: Any, new_texts: Any, supports_packing: bool) -> None:
    """As with `steps_per_epoch`."""
    texts = new_texts(60)
    options = {"batch_size": 8, "shuffle": True, "supports_packing": supports_packing}
    source = memory_source((texts,), numbered(texts), packer=packer, **options)

    source.begin_epoch(0)
    first, second = first_ids(source), first_ids(source)
    source.begin_epoch(1)

    assert first != second
    assert first_ids(source) not in (first, second)


def test_features_labels_and_weights_of_shared_rows_stay_together(packer: Any, new_texts: Any) -> None:
    texts = new_texts(51)
    targets = (np.arange(51, dtype=np.int32), np.arange(51, dtype=np.float32) / 7)
    packed = packer.tokenize((texts,))

    for shuffle in (False, True):
        source = memory_source((texts,), targets, packer=packer, batch_size=8, shuffle=shuffle, supports_packing=True)
        seen = []
        for features, y, weight in source.batches():
            starts, lengths = features["_document_starts"], features["_document_lengths"]
            assert len(starts) == len(y)
            for start, length, text in zip(starts, lengths, y, strict=True):
                ids = features["token_ids"].ravel()[start : start + length]
                assert ids.tolist() == packed.token_ids[text].tolist()
            assert np.array_equal(weight, y.astype(np.float32) / 7)
            seen += y.tolist()
        assert sorted(seen) == list(range(51))
        assert source.num_batches == 7


def test_fixed_padding_and_callables_share_no_rows(new_packer: Any, new_texts: Callable[..., list[str]]) -> None:
    packer = new_packer(100, "fixed")
    list(memory_source((new_texts(20),), packer=packer, batch_size=8, supports_packing=True).batches())
    assert packer.shapes == [(8, 100), (8, 100), (4, 100)]

    source = memory_source((["a", "b"],), packer=lambda x: np.zeros((len(x), 1)), batch_size=2, supports_packing=True)
    assert next(source.batches())[0].shape == (2, 1)


def test_without_shuffling_every_epoch_is_the_same(packer: Any, new_texts: Callable[..., list[str]]) -> None:
    texts = new_texts(60)
    source = memory_source((texts,), numbered(texts), packer=packer, batch_size=8)

    assert first_ids(source) == first_ids(source)


def test_fixed_padding_keeps_the_order_and_the_length(new_packer: Any, new_texts: Callable[..., list[str]]) -> None:
    texts = new_texts(20)
    packer = new_packer(100, "fixed")
    source = memory_source((texts,), numbered(texts), packer=packer, batch_size=8)

    assert np.concatenate(first_ids(source)).tolist() == list(range(20))
    assert packer.shapes == [(8, 100), (8, 100), (4, 100)]


def test_any_callable_is_called_on_each_batch_in_order() -> None:
    seen: list[Any] = []

    def lengths(x: Any) -> Any:
        seen.append(x)
        return np.array([[len(text)] for text in x], np.float32)

    texts = ["a" * size for size in range(1, 6)]
    source = memory_source((texts,), packer=lengths, batch_size=2)

    assert [batch[0].ravel().tolist() for batch in source.batches()] == [[1, 2], [3, 4], [5]]
    assert seen == [texts[:2], texts[2:4], texts[4:]]


def test_a_callable_gets_pairs_as_two_lists() -> None:
    seen: list[Any] = []

    def zeros(x: Any) -> Any:
        seen.append(x)
        return np.zeros((2, 1))

    list(memory_source((["a", "b"], ["c", "d"]), packer=zeros, batch_size=2).batches())

    assert seen == [(["a", "b"], ["c", "d"])]


def test_a_preprocessor_that_loses_texts_is_refused(packer: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(packer, "tokenize", lambda columns: TokenizedTexts((), ()))

    with pytest.raises(InputError, match="tokenized 2 texts into 0 rows"):
        memory_source((["a", "b"],), packer=packer, batch_size=2)


@pytest.mark.skipif(backend != "jax", reason="counts what jax compiles")
def test_jax_compiles_once_per_shape_and_not_again(new_packer: Any, new_model: Any, new_texts: Any) -> None:
    texts = new_texts(150, longest=250)
    packer = new_packer(256)
    model = new_model()
    labels = np.zeros(150, np.int32)
    pool = model.get_layer("pool")

    def traces_of_fit() -> int:
        before = pool.traces
        source = memory_source((texts,), (labels,), packer=packer, batch_size=16, shuffle=True)
        model.fit(source, epochs=3, verbose=0)
        return int(pool.traces - before)

    shapes = len(bucket_lengths(256)) + 1
    assert 2 <= traces_of_fit() <= shapes + 1  # one more to build the loss and the metrics
    assert traces_of_fit() <= 1
