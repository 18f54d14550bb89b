from __future__ import annotations

import itertools
import random
import threading
from typing import Any

import keras
import pytest

from modelry.data.streams import read_dataset


class Numbers(keras.utils.PyDataset):
    def __init__(self, count: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count = count
        self.threads: set[int] = set()

    @property
    def num_batches(self) -> int | None:
        return self.count

    def __getitem__(self, index: int) -> int:
        self.threads.add(threading.get_ident())
        if index == 40:
            raise ValueError("no batch 40")
        return index


@pytest.mark.parametrize("workers", [1, 3])
def test_batches_come_in_the_order_of_their_indices(workers: int) -> None:
    assert list(read_dataset(Numbers(30, workers=workers), shuffle=False)) == list(range(30))


@pytest.mark.parametrize("workers", [1, 3])
def test_an_infinite_dataset_goes_on(workers: int) -> None:
    batches = read_dataset(Numbers(None, workers=workers, max_queue_size=2), shuffle=True)

    assert list(itertools.islice(batches, 30)) == list(range(30))


def test_several_workers_are_other_threads() -> None:
    dataset = Numbers(30, workers=2)

    list(read_dataset(dataset, shuffle=False))

    assert threading.get_ident() not in dataset.threads


def test_shuffling_changes_the_order_and_obeys_the_seed() -> None:
    random.seed(1)
    first = list(read_dataset(Numbers(30), shuffle=True))
    second = list(read_dataset(Numbers(30), shuffle=True))
    random.seed(1)

    assert sorted(first) == list(range(30))
    assert first != list(range(30))
    assert first != second
    assert list(read_dataset(Numbers(30), shuffle=True)) == first


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_in_a_dataset_arrives(workers: int) -> None:
    with pytest.raises(ValueError, match="no batch 40"):
        list(read_dataset(Numbers(50, workers=workers), shuffle=False))
