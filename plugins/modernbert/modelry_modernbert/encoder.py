"""ModernBERT's encoder layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from modelry.layers import RotaryEncoder
from modelry_modernbert.local_attention import LocalAttention

if TYPE_CHECKING:
    from modelry.layers import RotaryAttention


class ModernBertEncoder(RotaryEncoder):
    """A pre-norm encoder layer with a gated feed-forward network.

    References: [Warner et al., 2024](https://arxiv.org/abs/2412.13663);
    [Shazeer, 2020](https://arxiv.org/abs/2002.05202) on the gate.

    Args:
        layer_norm_epsilon: What layer normalization adds to the variance.
        norm_attention: Whether there is a normalization before the attention; the embeddings already have one.
        reach: How far apart tokens may stand that see each other; see `LocalAttention`. `None` for any distance.
        **kwargs: The arguments of `RotaryEncoder`.
    """

    gated = True

    def __init__(
        self, layer_norm_epsilon: float = 1e-5, norm_attention: bool = True, reach: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.layer_norm_epsilon = layer_norm_epsilon
        self.norm_attention = norm_attention
        self.reach = reach

    def create_attention(self, **arguments: Any) -> RotaryAttention:
        """Return an attention layer that sees all tokens, or only near ones."""
        return super().create_attention(**arguments) if self.reach is None else LocalAttention(self.reach, **arguments)

    def create_norm(self, name: str) -> keras.layers.Layer:
        """Return a layer normalization without bias, or nothing before an attention that needs none."""
        if name == "attention_norm" and not self.norm_attention:
            return keras.layers.Identity(dtype=self.dtype_policy, name=name)
        return keras.layers.LayerNormalization(
            epsilon=self.layer_norm_epsilon, center=False, dtype=self.dtype_policy, name=name
        )
