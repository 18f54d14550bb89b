"""The encoder layer of DeBERTa."""

from __future__ import annotations

from typing import Any

from modelry.layers import TransformerEncoder
from modelry_deberta_v3.disentangled_attention import DisentangledSelfAttention


class DisentangledAttentionEncoder(TransformerEncoder):
    """A `TransformerEncoder` with disentangled attention.

    Reference: [He et al., 2020](https://arxiv.org/abs/2006.03654).
    """

    def create_attention(self, head_dim: int) -> DisentangledSelfAttention:
        """Return the attention layer."""
        return DisentangledSelfAttention(
            self.num_heads,
            head_dim,
            self.dropout,
            self.kernel_initializer,
            dtype=self.dtype_policy,
            name="self_attention_layer",
        )

    def call(  # type: ignore[override]  # what its attention needs besides
        self, x: Any, distances: Any, buckets: Any, attention_mask: Any = None, training: bool | None = None
    ) -> Any:
        """Return hidden states, `(batch, length, hidden_dim)`; see `DisentangledSelfAttention.call`."""
        attended = self.attend(x, distances, buckets, attention_mask=attention_mask, training=training)  # (B, T, E)
        return self.after_attention(x, attended, training)

    def compute_output_shape(  # type: ignore[override]
        self,
        x_shape: tuple[int | None, ...],
        distances_shape: Any = None,
        buckets_shape: Any = None,
        attention_mask_shape: Any = None,
    ) -> tuple[int | None, ...]:
        """Return the shape of the hidden states, which stays the same."""
        return x_shape
