"""Multi-head self-attention with rotary positions."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from modelry.layers.attend import attend
from modelry.layers.initializers import own_initializer
from modelry.layers.rotary_embedding import rotate


class RotaryAttention(keras.layers.Layer):
    """Scaled dot-product self-attention whose queries and keys are turned by their positions.

    Reference: [Su et al., 2021](https://arxiv.org/abs/2104.09864).

    Args:
        num_heads: The number of heads (H).
        head_dim: The size of each (D).
        use_bias: Whether the dense layers have biases.
        neighbours: Which numbers are turned together; see `rotate`.
        dropout: The rate of dropout on the attention probabilities.
        kernel_initializer: The initializer of the kernels.
        **kwargs: `name`, `dtype`, `trainable`.
    """

    def __init__(
        self,
        num_heads: int,
        head_dim: int,
        use_bias: bool = False,
        neighbours: bool = False,
        dropout: float = 0.0,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.head_dim = head_dim
        self.use_bias = use_bias
        self.neighbours = neighbours
        self.dropout = dropout
        self.kernel_initializer = kernel_initializer
        self.attention_dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="attention_dropout")

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Create the weights for inputs of shape `(batch, length, hidden_dim)`."""
        inner_dim = self.num_heads * self.head_dim
        self.q_dense = self._dense(inner_dim, "q_dense")
        self.k_dense = self._dense(inner_dim, "k_dense")
        self.v_dense = self._dense(inner_dim, "v_dense")
        self.o_dense = self._dense(input_shape[-1], "o_dense")
        for dense in (self.q_dense, self.k_dense, self.v_dense):
            dense.build(input_shape)
        self.o_dense.build((*input_shape[:-1], inner_dim))

    def call(self, x: Any, rotations: Any = None, attention_mask: Any = None, training: bool | None = None) -> Any:
        """Attend.

        Args:
            x: Hidden states, `(batch, length, hidden_dim)`.
            rotations: What `RotaryEmbedding` returns; `None` turns nothing.
            attention_mask: Which tokens may see which; see `attention_mask` in `attention`.
            training: Whether dropout is active.

        Returns:
            Hidden states, `(batch, length, hidden_dim)`.
        """
        heads = (*ops.shape(x)[:2], self.num_heads, self.head_dim)
        query = ops.reshape(self.q_dense(x), heads)  # (B, T, H, D)
        key = ops.reshape(self.k_dense(x), heads)  # (B, S, H, D)
        value = ops.reshape(self.v_dense(x), heads)  # (B, S, H, D)
        if rotations is not None:
            query, key = (rotate(one, rotations, self.neighbours) for one in (query, key))
        dropout = self.attention_dropout if training and self.dropout else None
        attended = self.attend(query, key, value, attention_mask, dropout)  # (B, T, H, D)
        return self.o_dense(ops.reshape(attended, (*heads[:2], -1)))  # (B, T, E)

    def attend(self, query: Any, key: Any, value: Any, attention_mask: Any, dropout: Any) -> Any:
        """Return what each token sees, `(batch, length, heads, head_dim)`; see `attend` in `attention`."""
        return attend(query, key, value, attention_mask, dropout)

    def compute_output_shape(
        self, x_shape: tuple[int | None, ...], rotations_shape: Any = None, attention_mask_shape: Any = None
    ) -> tuple[int | None, ...]:
        """Return the shape of the hidden states, which stays the same."""
        return x_shape

    def _dense(self, units: int, name: str) -> keras.layers.Dense:
        return keras.layers.Dense(
            units,
            use_bias=self.use_bias,
            kernel_initializer=own_initializer(self.kernel_initializer),
            dtype=self.dtype_policy,
            name=name,
        )
