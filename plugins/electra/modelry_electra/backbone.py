"""ELECTRA's encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.backbones import SegmentedBackbone, id_inputs
from modelry.layers import transformer_layers

if TYPE_CHECKING:
    from collections.abc import Mapping


class ElectraBackbone(SegmentedBackbone):
    """An ELECTRA encoder: BERT's, with embeddings that may be smaller than the hidden states.

    Reference: [Clark et al., 2020](https://arxiv.org/abs/2003.10555).

    Inputs: `token_ids`, `segment_ids` and `padding_mask`, each int of shape `(batch, length)`.
    Outputs: `sequence_output`, `(batch, length, hidden_dim)`, and `pooled_output`, `(batch, hidden_dim)`.

    ```python
    sizes = {"num_layers": 2, "num_heads": 2, "hidden_dim": 64, "embedding_dim": 32, "intermediate_dim": 256}
    backbone = ElectraBackbone(vocab_size=30522, **sizes)
    ones = np.ones((1, 12), "int32")
    backbone({"token_ids": ones, "segment_ids": 0 * ones, "padding_mask": ones})["sequence_output"]  # (1, 12, 64)
    ```

    Args:
        vocab_size: The number of tokens (V).
        num_layers: The number of encoder layers.
        num_heads: The number of attention heads of each layer; it must divide `hidden_dim`.
        hidden_dim: The size of a hidden state (E).
        embedding_dim: The size of an embedding (D); where it is not `hidden_dim`, embeddings are projected to that.
        intermediate_dim: The size of the feed-forward networks' inner layer.
        dropout: The rate of dropout.
        max_sequence_length: The number of positions.
        num_segments: The number of segments.
        activation: The feed-forward networks' activation: a Keras name, or `"gelu_approximate"`.
        layer_norm_epsilon: What layer normalization adds to the variance.
        dtype: The dtype policy; `None` for Keras' global one.
        **kwargs: `name`, `trainable`.
    """

    keras_hub_class = "ElectraBackbone"
    keras_hub_fixed: ClassVar[Mapping[str, Any]] = {"activation": "gelu_approximate", "layer_norm_epsilon": 1e-12}
    supports_packing = True

    def __init__(
        self,
        vocab_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        embedding_dim: int,
        intermediate_dim: int,
        dropout: float = 0.1,
        max_sequence_length: int = 512,
        num_segments: int = 2,
        activation: str = "gelu_approximate",
        layer_norm_epsilon: float = 1e-12,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        self.vocab_size = vocab_size
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.hidden_dim = hidden_dim
        self.embedding_dim = embedding_dim
        self.intermediate_dim = intermediate_dim
        self.dropout = dropout
        self.max_sequence_length = max_sequence_length
        self.num_segments = num_segments
        self.activation = activation
        self.layer_norm_epsilon = layer_norm_epsilon

        self.create_embeddings(
            vocabulary_size=vocab_size,
            max_sequence_length=max_sequence_length,
            num_segments=num_segments,
            embedding_dim=embedding_dim,
            hidden_dim=hidden_dim,
            project=embedding_dim != hidden_dim,
            dropout=dropout,
            layer_norm_epsilon=layer_norm_epsilon,
            dtype=dtype,
        )
        self.transformer_layers = transformer_layers(
            num_layers,
            num_heads,
            intermediate_dim,
            dropout=dropout,
            activation=activation,
            layer_norm_epsilon=layer_norm_epsilon,
            dtype=dtype,
        )

        inputs = id_inputs("token_ids", "segment_ids", "padding_mask")  # (B, T) each
        super().__init__(inputs=inputs, outputs=self.outputs_of(self.encode(**inputs)), dtype=dtype, **kwargs)
