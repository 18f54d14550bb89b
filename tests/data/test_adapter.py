from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras.src.trainers.data_adapters import get_data_adapter

from modelry.errors import InputError

from .fakes import make_predictions, make_source


def test_keras_lets_a_source_through(packer: Any) -> None:
    """The one thing that is asked of Keras' private parts."""
    source = make_source(["a"], [0], preprocessor=packer)

    assert get_data_adapter(source) is source


def test_numpy_batches_go_to_numpy_and_jax(packer: Any) -> None:
    source = make_source(["a"], [0], preprocessor=packer)

    for iterator in (source.get_numpy_iterator(), source.get_jax_iterator()):
        ((features, y),) = iterator
        assert isinstance(features["token_ids"], np.ndarray)
        assert y.dtype == np.int32


def test_torch_gets_tensors_of_keras(packer: Any) -> None:
    ((features, y, weight),) = make_source(["a"], [1], [0.5], preprocessor=packer).get_torch_dataloader()

    assert all(keras.ops.is_tensor(tensor) for tensor in (*features.values(), y, weight))
    assert keras.ops.convert_to_numpy(weight).tolist() == [0.5]


def test_tensorflow_gets_shapes_that_leave_rows_and_length_open(packer: Any) -> None:
    pytest.importorskip("tensorflow", reason="builds a tf.data.Dataset")
    texts = ["a"] * 8 + ["a " * 20] * 8 + ["a " * 40] * 3
    dataset = make_source(texts, [0] * 19, preprocessor=packer, batch_size=8).get_tf_dataset()

    features, y = dataset.element_spec
    assert features["token_ids"].shape.as_list() == [None, None]
    assert y.shape.as_list() == [None]
    assert sorted(tuple(batch[0]["token_ids"].shape) for batch in dataset) == [(3, 64), (8, 16), (8, 32)]


def test_tensorflow_keeps_the_axes_of_a_callable_that_do_not_differ(packer: Any) -> None:
    pytest.importorskip("tensorflow", reason="builds a tf.data.Dataset")
    dataset = make_source(["a", "b", "c"], [0] * 3, preprocessor=lambda x: np.zeros((len(x), 7)), batch_size=2)

    assert dataset.get_tf_dataset().element_spec[0].shape.as_list() == [None, 7]


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("padded", [True, False])
def test_tensorflow_gets_every_batch_of_a_generator(packer: Any, padded: bool, size: int) -> None:
    pytest.importorskip("tensorflow", reason="builds a tf.data.Dataset")

    def hashes(texts: list[str]) -> Any:
        return np.array([[int(text)] for text in texts])

    preprocessor = packer if padded else hashes
    source = make_source(
        ((["1", "0"], [number, 1]) for number in range(size)), preprocessor=preprocessor, num_classes=3
    )
    dataset = source.get_tf_dataset()
    source.begin_epoch(0)
    assert [y.numpy().tolist() for _, y in dataset] == [[number, 1] for number in range(size)]

    predictions = make_predictions((["1"] * 2 for _ in range(size)), preprocessor=preprocessor, batch_size=2, window=2)
    assert len(list(predictions.get_tf_dataset())) == size


def test_tensorflow_needs_a_batch(packer: Any) -> None:
    pytest.importorskip("tensorflow", reason="builds a tf.data.Dataset")
    source = make_source(iter([]), preprocessor=packer, batch_size=2)

    with pytest.raises(InputError, match="empty"):
        source.get_tf_dataset()
