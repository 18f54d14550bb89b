"""What transformers calls the weights of the layers that most architectures are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from modelry.checkpoints.layouts import Flat, Linear, Rows, Same
from modelry.checkpoints.sourced_weight import SourcedWeight

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelry.checkpoints.layouts import Layout


@frozen
class EncoderNames:
    """What the parts of an encoder layer are called, below the layer's own name. The defaults are BERT's."""

    query: str = "attention.self.query"
    key: str = "attention.self.key"
    value: str = "attention.self.value"
    attention_output: str = "attention.output.dense"
    attention_norm: str = "attention.output.LayerNorm"
    intermediate: str = "intermediate.dense"
    output: str = "output.dense"
    output_norm: str = "output.LayerNorm"


@frozen
class Names:
    """Names below the prefixes that they may have.

    A checkpoint with a head puts the encoder's weights below the encoder's name, `bert.`; one without a head does not.

    Attributes:
        prefixes: The prefixes, the one that is written first.
    """

    prefixes: tuple[str, ...] = ("",)

    def weight(
        self, variable: Any, *names: str, layout: Layout | None = None, plus: tuple[str, ...] = ()
    ) -> SourcedWeight:
        """Return where a variable is stored.

        Args:
            variable: The `keras.Variable`.
            *names: Its name; after it, the names that older checkpoints have for it.
            layout: How its numbers are arranged; `None` for as in Keras.
            plus: The names of another tensor, whose first row is added to each of its rows; see `SourcedWeight`.
        """
        return SourcedWeight(variable, self._below(*names), layout or Same(), self._below(*plus))

    def dense(self, layer: Any, name: str, input_axes: int = 1) -> Iterator[SourcedWeight]:
        """Yield the kernel and, if it has one, the bias of a dense layer whose kernel has `input_axes` input axes."""
        yield self.weight(layer.kernel, f"{name}.weight", layout=Linear(input_axes))
        if layer.bias is not None:
            yield self.weight(layer.bias, f"{name}.bias", layout=Flat())

    def fused(self, layers: Sequence[Any], name: str) -> Iterator[SourcedWeight]:
        """Yield the weights of dense layers of the same size that are stored as one, below one another."""
        for place, layer in enumerate(layers):
            for weight in self.dense(layer, name):
                rows = weight.layout.stored_shape(tuple(weight.variable.shape))[0]
                yield evolve(weight, layout=Rows(place * rows, len(layers) * rows, weight.layout))

    def layer_norm(self, layer: Any, name: str) -> Iterator[SourcedWeight]:
        """Yield the weights of a layer normalization."""
        # The first checkpoints, converted from TensorFlow, call the two gamma and beta.
        yield self.weight(layer.gamma, f"{name}.weight", f"{name}.gamma")
        if layer.beta is not None:
            yield self.weight(layer.beta, f"{name}.bias", f"{name}.beta")

    def segmented_embeddings(self, backbone: Any) -> Iterator[SourcedWeight]:
        """Yield the weights of the embeddings of a `SegmentedBackbone`, and of the normalization of their sum."""
        yield self.weight(backbone.token_embedding.embeddings, "embeddings.word_embeddings.weight")
        yield self.weight(backbone.position_embedding.position_embeddings, "embeddings.position_embeddings.weight")
        yield self.weight(backbone.segment_embedding.embeddings, "embeddings.token_type_embeddings.weight")
        yield from self.layer_norm(backbone.embeddings_layer_norm, "embeddings.LayerNorm")

    def transformer_encoder(
        self, layer: Any, name: str, parts: EncoderNames = EncoderNames()
    ) -> Iterator[SourcedWeight]:
        """Yield the weights of a `TransformerEncoder`."""
        attention = layer._self_attention_layer
        yield from self.dense(attention.query_dense, f"{name}.{parts.query}")
        yield from self.dense(attention.key_dense, f"{name}.{parts.key}")
        yield from self.dense(attention.value_dense, f"{name}.{parts.value}")
        yield from self.dense(attention.output_dense, f"{name}.{parts.attention_output}", input_axes=2)
        yield from self.after_attention(layer, name, parts)

    def after_attention(self, layer: Any, name: str, parts: EncoderNames = EncoderNames()) -> Iterator[SourcedWeight]:
        """Yield the weights of a `TransformerEncoder` but for those of its attention."""
        yield from self.layer_norm(layer._self_attention_layer_norm, f"{name}.{parts.attention_norm}")
        yield from self.dense(layer._feedforward_intermediate_dense, f"{name}.{parts.intermediate}")
        yield from self.dense(layer._feedforward_output_dense, f"{name}.{parts.output}")
        yield from self.layer_norm(layer._feedforward_layer_norm, f"{name}.{parts.output_norm}")

    def _below(self, *names: str) -> tuple[str, ...]:
        return tuple(prefix + name for name in names for prefix in self.prefixes)
