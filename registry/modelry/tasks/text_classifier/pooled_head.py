"""What heads have in common that turn a text into one vector first."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

import keras

from modelry.errors import InputError
from modelry.layers.activations import activation as activation_function
from modelry.tasks.base.head import Head, check_dropout, check_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_ACTIVATION = "tanh"


class PooledHead(Head, abc.ABC):
    """Pools the hidden states of a text into one vector, and scores it: by a dense layer, or with a hidden one before.

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
