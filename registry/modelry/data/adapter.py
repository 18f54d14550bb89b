"""What `keras.Model.fit`, `evaluate` and `predict` are handed: a source of padded batches.

Keras passes an instance of its `DataAdapter` through untouched ("Allow passing a custom data adapter"). The public
`keras.utils.PyDataset` does not do, for two reasons: it cannot end a stream whose length is unknown, and on TensorFlow
Keras fixes the tensor shapes from its first two batches, so that a third one of another length fails.
The price is one import from `keras.src`, kept to this file and watched by a test.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import keras
from keras.src.trainers.data_adapters.data_adapter import DataAdapter

from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

BatchData = tuple[Any, ...]  # (features,), (features, y) or (features, y, sample_weight), of NumPy arrays


class Source(DataAdapter):
    """A source of batches for Keras on any backend.

    Attributes:
        ragged: whether batches differ in length, that is in axis 1 of every feature that has one.
    """

    ragged: bool = True

    def batches(self) -> Iterator[BatchData]:
        """Yield the batches of one epoch. Keras may start an epoch only to look at its first batch."""
        raise NotImplementedError

    def begin_epoch(self, epoch: int) -> None:
        """Prepare for an epoch, given its number from 0; does nothing unless a subclass does."""

    def look(self, count: int) -> list[BatchData]:
        """Return the first batches, `count` or fewer if there are no more, without using any of them up."""
        return list(itertools.islice(self.batches(), count))

    def get_numpy_iterator(self) -> Iterator[BatchData]:
        """Yield NumPy arrays."""
        return self.batches()

    def get_jax_iterator(self) -> Iterator[BatchData]:
        """Yield what jax takes: NumPy arrays."""
        return self.batches()

    def get_torch_dataloader(self) -> Iterator[BatchData]:
        """Yield torch tensors on Keras' device. Keras only iterates over it, so it need not be a DataLoader."""
        for batch in self.batches():
            yield keras.tree.map_structure(keras.ops.convert_to_tensor, batch)

    def get_tf_dataset(self) -> Any:
        """Return a `tf.data.Dataset` whose shapes leave open what differs between batches."""
        import tensorflow as tf

        # Two batches show which axes differ; where padding decides, one does.
        first = self.look(1 if self.ragged else 2)
        if not first:
            raise InputError("The data is empty: it ended before its first batch.")

        def spec(is_feature: bool, *arrays: Any) -> Any:
            axes = zip(*(array.shape for array in arrays), strict=True)
            shape = [sizes[0] if len(set(sizes)) == 1 else None for sizes in axes]
            shape[0] = None
            if is_feature and self.ragged and len(shape) > 1:
                shape[1] = None
            return tf.TensorSpec(shape, arrays[0].dtype)

        signature = tuple(
            keras.tree.map_structure(lambda *arrays, is_feature=place == 0: spec(is_feature, *arrays), *parts)
            for place, parts in enumerate(zip(*first, strict=True))
        )
        # No prefetching: it would run ahead of a generator that is only being looked at, and padding costs little.
        options = tf.data.Options()
        options.experimental_optimization.inject_prefetch = False
        return tf.data.Dataset.from_generator(self.batches, output_signature=signature).with_options(options)

    @property
    def num_batches(self) -> int | None:
        """How many batches an epoch has, or None when that is not known."""
        raise NotImplementedError
