"""ALBERT's encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.backbones import SegmentedBackbone, id_inputs
from modelry.errors import InputError
from modelry.layers import attention_mask, transformer_layers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.layers import TransformerEncoder

MOST_RUNS = 1000  # Keras connects no more: it follows them recursively


class AlbertBackbone(SegmentedBackbone):
    """An ALBERT encoder: BERT's with few weights, since layers share theirs and embeddings are narrow.

    Reference: [Lan et al., 2019](https://arxiv.org/abs/1909.11942).

    Inputs: `token_ids`, `segment_ids` and `padding_mask`, each int of shape `(batch, length)`.
    Outputs: `sequence_output`, `(batch, length, hidden_dim)`, and `pooled_output`, `(batch, hidden_dim)`.

    ```python
    backbone = AlbertBackbone(
        vocabulary_size=30000, num_layers=2, num_heads=2, embedding_dim=32, hidden_dim=128, intermediate_dim=512
    )
    ones = np.ones((1, 12), "int32")
    backbone({"token_ids": ones, "segment_ids": 0 * ones, "padding_mask": ones})["pooled_output"]  # (1, 128)
    ```

    Args:
        vocabulary_size: The number of tokens (V).
        num_layers: How often a group of layers is run through, all groups together.
        num_heads: The number of attention heads of each layer; it must divide `hidden_dim`.
        embedding_dim: The size of an embedding (N).
        hidden_dim: The size of a hidden state (E).
        intermediate_dim: The size of the feed-forward networks' inner layer.
        num_groups: The number of groups of layers; it must divide `num_layers`.
        num_inner_repetitions: The number of layers of a group.
        dropout: The rate of dropout.
        max_sequence_length: The number of positions.
        num_segments: The number of segments.
        activation: The feed-forward networks' activation: a Keras name, or `"gelu_approximate"`.
        layer_norm_epsilon: What layer normalization adds to the variance.
        dtype: The dtype policy; `None` for Keras' global one.
        **kwargs: `name`, `trainable`.

    Raises:
        InputError: `num_layers` is not a multiple of `num_groups`, a group would have no layers, or layers would be run
            through more than a thousand times.
    """

    keras_hub_class = "AlbertBackbone"
    keras_hub_fixed: ClassVar[Mapping[str, Any]] = {"activation": "gelu_approximate", "layer_norm_epsilon": 1e-12}
    supports_packing = True

    def __init__(
        self,
        vocabulary_size: int,
        num_layers: int,
        num_heads: int,
        embedding_dim: int,
        hidden_dim: int,
        intermediate_dim: int,
        num_groups: int = 1,
        num_inner_repetitions: int = 1,
        dropout: float = 0.0,
        max_sequence_length: int = 512,
        num_segments: int = 2,
        activation: str = "gelu_approximate",
        layer_norm_epsilon: float = 1e-12,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        if num_groups < 1 or num_layers % num_groups:
            raise InputError(f"num_layers={num_layers} cannot be split into num_groups={num_groups} equal groups.")
        if num_inner_repetitions < 1:
            raise InputError(f"num_inner_repetitions must be at least 1, not {num_inner_repetitions}.")
        # Layers share weights, so a budget for weights says nothing of how many there are to connect.
        if num_layers * num_inner_repetitions > MOST_RUNS:
            raise InputError(
                f"num_layers={num_layers} groups of num_inner_repetitions={num_inner_repetitions} layers are more than "
                f"the {MOST_RUNS:,} layers that can be run through."
            )
        self.vocabulary_size = vocabulary_size
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.embedding_dim = embedding_dim
        self.hidden_dim = hidden_dim
        self.intermediate_dim = intermediate_dim
        self.num_groups = num_groups
        self.num_inner_repetitions = num_inner_repetitions
        self.dropout = dropout
        self.max_sequence_length = max_sequence_length
        self.num_segments = num_segments
        self.activation = activation
        self.layer_norm_epsilon = layer_norm_epsilon

        self.create_embeddings(
            vocabulary_size=vocabulary_size,
            max_sequence_length=max_sequence_length,
            num_segments=num_segments,
            embedding_dim=embedding_dim,
            hidden_dim=hidden_dim,
            project=True,
            dropout=dropout,
            layer_norm_epsilon=layer_norm_epsilon,
            dtype=dtype,
        )
        self.transformer_layers = transformer_layers(
            num_groups * num_inner_repetitions,
            num_heads,
            intermediate_dim,
            dropout=dropout,
            activation=activation,
            layer_norm_epsilon=layer_norm_epsilon,
            dtype=dtype,
        )

        inputs = id_inputs("token_ids", "segment_ids", "padding_mask")  # (B, T) each
        super().__init__(inputs=inputs, outputs=self.outputs_of(self.encode(**inputs)), dtype=dtype, **kwargs)

    def encode(
        self, token_ids: Any, segment_ids: Any, padding_mask: Any, positions: Any = None, document_ids: Any = None
    ) -> Any:
        """Return the hidden states, `(batch, length, hidden_dim)`; see `Backbone.encode`."""
        x = self.embed(token_ids, segment_ids, positions)  # (B, T, E)
        mask = attention_mask(padding_mask, document_ids)  # (B, 1, 1 or T, T)
        for layers in self.groups():
            for layer in layers * (self.num_layers // self.num_groups):
                x = layer(x, attention_mask=mask)  # (B, T, E)
        return x

    def groups(self) -> list[list[TransformerEncoder]]:
        """Return the layers of each group."""
        size = self.num_inner_repetitions
        return [self.transformer_layers[start : start + size] for start in range(0, len(self.transformer_layers), size)]
