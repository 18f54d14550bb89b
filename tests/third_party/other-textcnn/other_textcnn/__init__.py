"""A backbone and a head with names that other plugins have too."""

import keras
from modelry import Backbone
from modelry.models import MeanPoolHead


class OtherTextCnnBackbone(Backbone):
    """One convolution.

    Args:
        vocabulary_size: The number of tokens.
        hidden_dim: The number of filters (E).
        dtype: The dtype policy; `None` for Keras' global one.
        **kwargs: `name`, `trainable`.
    """

    def __init__(self, vocabulary_size, hidden_dim=16, dtype=None, **kwargs):
        self.vocabulary_size = vocabulary_size
        self.hidden_dim = hidden_dim
        self.token_embedding = keras.layers.Embedding(vocabulary_size, hidden_dim, dtype=dtype, name="token_embedding")
        self.convolution = keras.layers.Conv1D(hidden_dim, 3, padding="same", dtype=dtype, name="convolution")
        token_ids = keras.Input((None,), dtype="int32", name="token_ids")  # (B, T)
        x = self.convolution(self.token_embedding(token_ids))  # (B, T, E)
        super().__init__(inputs={"token_ids": token_ids}, outputs={"sequence_output": x}, dtype=dtype, **kwargs)


class OtherAttentionHead(MeanPoolHead):
    """Attends to every token alike."""
