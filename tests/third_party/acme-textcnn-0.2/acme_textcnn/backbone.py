"""The encoder."""

import keras
from keras import ops
from modelry import Backbone


class TextCnnBackbone(Backbone):
    """Convolutions of several widths, side by side.

    Reference: [Kim, 2014](https://arxiv.org/abs/1408.5882).

    Args:
        vocabulary_size: The number of tokens.
        embedding_dim: The size of an embedding (E).
        num_filters: The number of filters of each width (F).
        widths: The widths of the filters, in tokens; there are W of them.
        dtype: The dtype policy; `None` for Keras' global one.
        **kwargs: `name`, `trainable`.
    """

    def __init__(self, vocabulary_size, embedding_dim=32, num_filters=64, widths=(3, 5, 7), dtype=None, **kwargs):
        self.vocabulary_size = vocabulary_size
        self.embedding_dim = embedding_dim
        self.num_filters = num_filters
        self.widths = list(widths)
        self.hidden_dim = num_filters * len(self.widths)

        self.token_embedding = keras.layers.Embedding(
            vocabulary_size, embedding_dim, dtype=dtype, name="token_embedding"
        )
        self.convolutions = [
            keras.layers.Conv1D(
                num_filters, width, padding="same", activation="relu", dtype=dtype, name=f"width_{width}"
            )
            for width in self.widths
        ]

        token_ids = keras.Input((None,), dtype="int32", name="token_ids")  # (B, T)
        padding_mask = keras.Input((None,), dtype="int32", name="padding_mask")  # (B, T)
        x = self.token_embedding(token_ids)  # (B, T, E)
        # What stands in the padding must not reach real tokens, nor be the maximum: relu gives no less than 0.
        mask = ops.cast(ops.not_equal(padding_mask, 0), x.dtype)[:, :, None]  # (B, T, 1)
        x = ops.concatenate([convolution(x * mask) for convolution in self.convolutions], axis=-1)  # (B, T, F * W)
        x = x * mask
        super().__init__(
            inputs={"token_ids": token_ids, "padding_mask": padding_mask},
            outputs={"sequence_output": x, "pooled_output": ops.max(x, axis=1)},
            dtype=dtype,
            **kwargs,
        )
