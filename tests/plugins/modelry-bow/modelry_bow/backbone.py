"""The encoder."""

from __future__ import annotations

from typing import Any

import keras

from modelry import Backbone


class BowBackbone(Backbone):
    """Gives each token its embedding, whatever stands around it.

    Args:
        vocabulary_size: The number of tokens.
        hidden_dim: The size of an embedding (E).
        dtype: The dtype policy; `None` for Keras' global one.
        **kwargs: `name`, `trainable`.
    """

    shares_rows = True

    def __init__(self, vocabulary_size: int, hidden_dim: int, dtype: Any = None, **kwargs: Any) -> None:
        self.vocabulary_size = vocabulary_size
        self.hidden_dim = hidden_dim
        self.token_embedding = keras.layers.Embedding(vocabulary_size, hidden_dim, dtype=dtype, name="token_embedding")
        inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in ("token_ids", "padding_mask")}
        super().__init__(inputs=inputs, outputs=self.outputs_of(self.encode(**inputs)), dtype=dtype, **kwargs)

    def encode(self, token_ids: Any, padding_mask: Any, positions: Any = None, text_ids: Any = None) -> Any:
        """Return the embeddings, `(batch, length, hidden_dim)`; texts that share a row cannot affect each other."""
        return self.token_embedding(token_ids)  # (B, T, E)
