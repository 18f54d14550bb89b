"""Names and layouts of weights in foreign checkpoints."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

Shape = tuple[int, ...]


@frozen
class Layout(ABC):
    """One arrangement. A plugin may define its own."""

    @abstractmethod
    def stored_shape(self, shape: Shape) -> Shape:
        """The shape that a variable of `shape` has in the checkpoint."""

    @abstractmethod
    def read(self, array: np.ndarray[Any, Any], shape: Shape) -> np.ndarray[Any, Any]:
        """The checkpoint's `array`, arranged for a variable of `shape`; a view where that is possible."""

    @abstractmethod
    def write(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """A variable's `array`, arranged for the checkpoint."""


@frozen
class Same(Layout):
    """As in Keras."""

    def stored_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def read(self, array: np.ndarray[Any, Any], shape: Shape) -> np.ndarray[Any, Any]:
        """The array itself."""
        return array

    def write(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The array itself."""
        return array


@frozen
class Linear(Layout):
    """The matrix (outputs, inputs) of a torch linear layer, for a kernel (inputs..., outputs...).

    Attributes:
        input_axes: How many of the kernel's first axes are inputs. A query kernel (E, H, D) has 1, the kernel
            (H, D, E) of the projection after attention has 2.
    """

    input_axes: int = 1

    def stored_shape(self, shape: Shape) -> Shape:
        """The (outputs, inputs) of a kernel of `shape`."""
        return math.prod(shape[self.input_axes :]), math.prod(shape[: self.input_axes])

    def read(self, array: np.ndarray[Any, Any], shape: Shape) -> np.ndarray[Any, Any]:
        """The kernel, a view of the transposed matrix."""
        return array.T.reshape(shape)

    def write(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The matrix, a view of the kernel where that is contiguous."""
        outputs, inputs = self.stored_shape(array.shape)
        return array.reshape(inputs, outputs).T


@frozen
class Flat(Layout):
    """The vector (H * D) of a torch bias, for a bias (H, D)."""

    def stored_shape(self, shape: Shape) -> Shape:
        """The length of the vector."""
        return (math.prod(shape),)

    def read(self, array: np.ndarray[Any, Any], shape: Shape) -> np.ndarray[Any, Any]:
        """The bias."""
        return array.reshape(shape)

    def write(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The vector."""
        return array.reshape(-1)


@frozen
class Rows(Layout):
    """Some rows of a larger tensor, whose other rows belong to other variables or are unused.

    Attributes:
        start: The first of the rows.
        of: How many rows the whole tensor has.
        layout: How those rows are arranged.
    """

    start: int
    of: int
    layout: Layout = Same()

    def rows(self, shape: Shape) -> slice:
        """The rows of a variable of `shape`."""
        return slice(self.start, self.start + self.layout.stored_shape(shape)[0])

    def stored_shape(self, shape: Shape) -> Shape:
        """The shape of the whole tensor."""
        return (self.of, *self.layout.stored_shape(shape)[1:])

    def read(self, array: np.ndarray[Any, Any], shape: Shape) -> np.ndarray[Any, Any]:
        """The variable's part of the tensor."""
        return self.layout.read(array[self.rows(shape)], shape)

    def write(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The variable's rows alone."""
        return self.layout.write(array)


def _names(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


@frozen(eq=False)
class SourcedWeight:
    """A variable with its name and layout in a foreign checkpoint.

    Attributes:
        variable: The `keras.Variable`.
        names: The names it may have there; the first that is present wins. A single name may be given as it is. With
            no names, checkpoints never have it: it is initialised at random, and left out when one is written.
        layout: How its numbers are arranged there.
        plus: Names that a second tensor may have there, whose first row is added to every row of the first: an
            embedding of segments in an architecture that uses only one. It may be missing, and is written as one row of
            zeros.
    """

    variable: Any
    names: tuple[str, ...] = field(converter=_names)
    layout: Layout = field(factory=Same)
    plus: tuple[str, ...] = ()


@frozen
class EncoderNames:
    """Names of the parts of an encoder layer, below the layer's own name. The defaults are BERT's."""

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
        attention = layer.sublayers().attention
        yield from self.dense(attention.query_dense, f"{name}.{parts.query}")
        yield from self.dense(attention.key_dense, f"{name}.{parts.key}")
        yield from self.dense(attention.value_dense, f"{name}.{parts.value}")
        yield from self.dense(attention.output_dense, f"{name}.{parts.attention_output}", input_axes=2)
        yield from self.after_attention(layer, name, parts)

    def after_attention(self, layer: Any, name: str, parts: EncoderNames = EncoderNames()) -> Iterator[SourcedWeight]:
        """Yield the weights of a `TransformerEncoder` but for those of its attention."""
        inner = layer.sublayers()
        yield from self.layer_norm(inner.attention_norm, f"{name}.{parts.attention_norm}")
        yield from self.dense(inner.intermediate, f"{name}.{parts.intermediate}")
        yield from self.dense(inner.output, f"{name}.{parts.output}")
        yield from self.layer_norm(inner.output_norm, f"{name}.{parts.output_norm}")

    def _below(self, *names: str) -> tuple[str, ...]:
        return tuple(prefix + name for name in names for prefix in self.prefixes)
