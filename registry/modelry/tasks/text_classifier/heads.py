"""Heads of classifiers: the base classes, and the ways to pool a text into a vector."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from modelry.errors import InputError
from modelry.layers.functions import activation as activation_function
from modelry.tasks.base.head import Head

if TYPE_CHECKING:
    from collections.abc import Mapping


OUTPUT_ACTIVATIONS = ("linear", "softmax", "sigmoid")
DEFAULT_ACTIVATION = "tanh"


class ClassifierHead(Head, abc.ABC):
    """A head that returns one score per class; abstract.

    Args:
        num_classes: The number of classes.
        activation: The activation of the scores: `"linear"` (logits; also `None`), `"softmax"` or `"sigmoid"`.
        dropout: The rate of dropout before the last layer.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        InputError: `num_classes`, `activation` or `dropout` is out of its range.
    """

    def __init__(self, num_classes: int, activation: str | None = None, dropout: float = 0.1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_classes = check_whole("num_classes", num_classes)
        self.activation = activation_name(activation)
        self.dropout = check_dropout("dropout", dropout)

    @abc.abstractmethod
    def call(self, outputs: Mapping[str, Any], padding_mask: Any = None, training: bool | None = None) -> Any:
        """Return scores, `(batch, num_classes)`; see `Head.call`."""


class PooledHead(ClassifierHead, abc.ABC):
    """A head that pools a text's hidden states into one vector, and scores it; abstract.

    ```
    pool → dropout → dense
    pool → hidden dropout → hidden dense, activation → norm → dropout → dense
    ```

    There is a hidden layer if `hidden_dim` or `hidden_activation` is given. So the heads of most architectures are
    values of these arguments, which a classifier names in its `head_options`.

    Args:
        num_classes: The number of classes.
        activation: The activation of the scores: `"linear"` (logits; also `None`), `"softmax"` or `"sigmoid"`.
        dropout: The rate of dropout before the last layer.
        hidden_dim: The size of the hidden layer; `None` for that of the pooled vector, if there is a hidden layer.
        hidden_activation: Its activation: a Keras name, or `"gelu_approximate"`; `None` for `"tanh"`.
        hidden_dropout: The rate of dropout before it; `None` for `dropout`.
        hidden_bias: Whether it has a bias.
        hidden_norm: What a layer normalization after it, which has no bias, adds to the variance; `None` for none.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        InputError: An argument is out of its range, or there is no hidden layer for it to act on.
    """

    def __init__(
        self,
        num_classes: int,
        activation: str | None = None,
        dropout: float = 0.1,
        hidden_dim: int | None = None,
        hidden_activation: str | None = None,
        hidden_dropout: float | None = None,
        hidden_bias: bool = True,
        hidden_norm: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, activation, dropout, **kwargs)
        self.hidden_dim = None if hidden_dim is None else check_whole("hidden_dim", hidden_dim)
        self.hidden_activation = hidden_activation
        self.hidden_dropout = None if hidden_dropout is None else check_dropout("hidden_dropout", hidden_dropout)
        self.hidden_bias = hidden_bias
        self.hidden_norm = hidden_norm
        self.pooled_dense: keras.layers.Dense | None = None
        self.pooled_norm: keras.layers.LayerNormalization | None = None
        if hidden_dim is not None or hidden_activation is not None:
            self._create_hidden_layer()
        elif hidden_dropout is not None or hidden_norm is not None or not hidden_bias:
            raise InputError(
                f"hidden_dropout={hidden_dropout!r}, hidden_bias={hidden_bias!r}, hidden_norm={hidden_norm!r} are for "
                "a hidden layer, and there is none. Pass hidden_dim= or hidden_activation= too, or leave them out."
            )
        self.output_dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="output_dropout")
        self.output_dense = keras.layers.Dense(
            num_classes,
            activation=self.activation,
            kernel_initializer=_initializer(),
            dtype=self.dtype_policy,
            name="logits",
        )

    @abc.abstractmethod
    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return one vector per text, `(batch, hidden_dim)`; the arguments are those of `call`."""

    def call(self, outputs: Mapping[str, Any], padding_mask: Any = None, training: bool | None = None) -> Any:
        """Return scores, `(batch, num_classes)`; see `Head.call`."""
        x = self.pool(outputs, padding_mask)  # (B, E)
        if self.pooled_dense is not None:
            if not self.pooled_dense.built and self.hidden_dim is None:
                self.pooled_dense.units = x.shape[-1]
            x = self.pooled_dense(self.pooled_dropout(x, training=training))  # (B, H)
        if self.pooled_norm is not None:
            x = self.pooled_norm(x)
        return self.output_dense(self.output_dropout(x, training=training))  # (B, C)

    def _create_hidden_layer(self) -> None:
        rate = self.dropout if self.hidden_dropout is None else self.hidden_dropout
        self.pooled_dropout = keras.layers.Dropout(rate, dtype=self.dtype_policy, name="pooled_dropout")
        self.pooled_dense = keras.layers.Dense(
            self.hidden_dim or 1,  # `call` sets what is only known there
            activation=activation_function(self.hidden_activation or DEFAULT_ACTIVATION),
            use_bias=self.hidden_bias,
            kernel_initializer=_initializer(),
            dtype=self.dtype_policy,
            name="pooled_dense",
        )
        if self.hidden_norm is not None:
            self.pooled_norm = keras.layers.LayerNormalization(
                epsilon=self.hidden_norm, center=False, dtype=self.dtype_policy, name="pooled_norm"
            )


def _initializer() -> keras.initializers.Initializer:
    return keras.initializers.TruncatedNormal(stddev=0.02)


def activation_name(activation: Any) -> str:
    """Return the name of an output activation given by name, by Keras function, or as `None`.

    Raises:
        InputError: It is not one of `OUTPUT_ACTIVATIONS`.
    """
    name = "linear" if activation is None else activation
    name = getattr(name, "__name__", name)
    if name not in OUTPUT_ACTIVATIONS:
        raise InputError(f"activation={activation!r} is not one of {', '.join(map(repr, OUTPUT_ACTIVATIONS))}.")
    return str(name)


def check_dropout(name: str, rate: float) -> float:
    """Return a rate of dropout.

    Raises:
        InputError: It is below 0, or not below 1.
    """
    if not 0 <= rate < 1:
        raise InputError(f"{name} must be at least 0 and below 1, not {rate!r}.")
    return rate


def check_whole(name: str, number: Any) -> int:
    """Return a positive whole number, of an argument such as `num_classes`, as an `int`.

    Raises:
        InputError: `number` is not a positive integer.
    """
    if isinstance(number, bool) or not hasattr(number, "__index__") or number.__index__() < 1:
        raise InputError(f"{name} must be a whole number, at least 1, not {number!r}.")
    return int(number.__index__())


LOWEST = -6e4  # what padding is set to before a maximum: float16 has little below it, and a text of no tokens no NaN


class FirstTokenHead(PooledHead):
    """Classifies by the hidden state of the first token, which BERT-like encoders are trained to sum a text up in."""

    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return the first hidden state of each text, `(batch, hidden_dim)`."""
        return outputs["sequence_output"][:, 0]


class LastTokenHead(PooledHead):
    """Classifies by the hidden state of the last real token, the only one of a decoder that has seen the whole text."""

    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return the last hidden state of each text, `(batch, hidden_dim)`."""
        states = outputs["sequence_output"]  # (B, T, E)
        if padding_mask is None:
            return states[:, -1]
        positions = ops.arange(ops.shape(states)[1], dtype="int32")[None]  # (1, T)
        last = ops.max(ops.where(ops.not_equal(padding_mask, 0), positions, 0), axis=1)  # (B,)
        return ops.take_along_axis(states, last[:, None, None], axis=1)[:, 0]


class MeanPoolHead(PooledHead):
    """Classifies by the mean of the hidden states of all real tokens, as sentence embeddings do."""

    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return the mean hidden state of each text, `(batch, hidden_dim)`."""
        states = outputs["sequence_output"]  # (B, T, E)
        if padding_mask is None:
            return ops.mean(states, axis=1)
        weights = ops.cast(ops.not_equal(padding_mask, 0), states.dtype)[:, :, None]  # (B, T, 1)
        return ops.sum(states * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1)


class MaxPoolHead(PooledHead):
    """Classifies by the greatest value that each feature has among all real tokens."""

    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return the greatest values of each text, `(batch, hidden_dim)`."""
        states = outputs["sequence_output"]  # (B, T, E)
        if padding_mask is not None:
            states = ops.where(ops.not_equal(padding_mask, 0)[:, :, None], states, ops.cast(LOWEST, states.dtype))
        return ops.max(states, axis=1)


class AttentionPoolHead(PooledHead):
    """Classifies by a mean of the hidden states in which each token weighs as much as it has learned to matter.

    Before training all real tokens weigh the same. A simple form of
    [Yang et al., 2016](https://aclanthology.org/N16-1174): one score for each token, without a layer before it.

    Args:
        num_classes: The number of classes.
        **kwargs: The other arguments of `PooledHead`.
    """

    def __init__(self, num_classes: int, **kwargs: Any) -> None:
        super().__init__(num_classes, **kwargs)
        self.token_scores = keras.layers.Dense(
            1, use_bias=False, kernel_initializer="zeros", dtype=self.dtype_policy, name="token_scores"
        )

    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return the weighted mean of each text, `(batch, hidden_dim)`."""
        states = outputs["sequence_output"]  # (B, T, E)
        scores = ops.cast(self.token_scores(states), "float32")  # (B, T, 1)
        if padding_mask is not None:
            scores = ops.where(ops.not_equal(padding_mask, 0)[:, :, None], scores, LOWEST)
        weights = ops.exp(scores - ops.max(scores, axis=1, keepdims=True))  # ops.softmax warns of texts of one token
        weights = ops.cast(weights / ops.sum(weights, axis=1, keepdims=True), states.dtype)  # (B, T, 1)
        return ops.sum(weights * states, axis=1)


class PooledOutputHead(PooledHead):
    """Classifies by the vector that the backbone itself makes of a text, its `pooled_output`."""

    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return the pooled output, `(batch, hidden_dim)`.

        Raises:
            InputError: The backbone has none.
        """
        if "pooled_output" not in outputs:
            raise InputError(
                f"{type(self).__name__} reads a backbone's pooled_output, and this one has only {', '.join(outputs)}. "
                "Take another head, such as 'mean_pool'."
            )
        return outputs["pooled_output"]
