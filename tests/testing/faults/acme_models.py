"""Backbones and heads: one of each that keeps its contract, and others with a fault each."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from modelry import Backbone
from modelry.errors import UnsafePresetError
from modelry.tasks.text_classifier import ClassifierHead


class Good(Backbone):
    """Adds the mean of a text to each of its tokens."""

    def __init__(self, vocabulary_size, hidden_dim, epsilon=1e-6, dtype: Any = None, **kwargs: Any) -> None:
        self.vocabulary_size = vocabulary_size
        self.hidden_dim = hidden_dim
        self.epsilon = epsilon
        self.connect(epsilon, dtype, kwargs)

    def connect(self, epsilon, dtype, kwargs):
        size = self.vocabulary_size
        self.token_embedding = keras.layers.Embedding(size, self.hidden_dim, dtype=dtype, name="token_embedding")
        self.dense = keras.layers.Dense(self.hidden_dim, activation="tanh", dtype=dtype, name="dense")
        self.norm = keras.layers.LayerNormalization(epsilon=epsilon, dtype=dtype, name="norm")
        inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in ("token_ids", "padding_mask")}
        Backbone.__init__(self, inputs=inputs, outputs=self.outputs_of(self.states(**inputs)), dtype=dtype, **kwargs)

    def default_lora_layer_names(self):
        return ["dense"]

    def states(self, token_ids, padding_mask):
        x = self.token_embedding(token_ids)
        return self.norm(self.dense(x) + self.mean(x, padding_mask))

    def mean(self, x, padding_mask):
        weights = ops.cast(ops.not_equal(padding_mask, 0), x.dtype)[:, :, None]
        return ops.sum(x * weights, axis=1, keepdims=True) / ops.sum(weights, axis=1, keepdims=True)


class LosesArgument(Good):
    def __init__(self, vocabulary_size, hidden_dim, epsilon=1e-6, dtype: Any = None, **kwargs: Any) -> None:
        self.vocabulary_size = vocabulary_size
        self.hidden_dim = hidden_dim
        self.connect(epsilon, dtype, kwargs)


class KeepsAnotherValue(Good):
    def __init__(self, vocabulary_size, hidden_dim, epsilon=1e-6, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(vocabulary_size, hidden_dim, epsilon, dtype, **kwargs)
        self.epsilon = 1e-6


class KeepsAnotherList(Good):
    def __init__(
        self, vocabulary_size, hidden_dim, epsilon=1e-6, widths=(3, 5), dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(vocabulary_size, hidden_dim, epsilon, dtype, **kwargs)
        self.widths = [3, 5]


class IsNotJson(Good):
    def __init__(self, vocabulary_size, hidden_dim, epsilon=1e-6, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(vocabulary_size, hidden_dim, epsilon, dtype, **kwargs)
        self.epsilon = np.float32(epsilon)


class SwallowsArguments(Good):
    def __init__(self, vocabulary_size, hidden_dim, epsilon=1e-6, dtype: Any = None, **kwargs: Any) -> None:
        kwargs = {key: kwargs[key] for key in ("name", "trainable") if key in kwargs}
        super().__init__(vocabulary_size, hidden_dim, epsilon, dtype, **kwargs)


class HasAnotherWidth(Good):
    def outputs_of(self, states):
        return {"sequence_output": ops.concatenate([states, states], axis=-1)}


class TakesFloats(Good):
    def connect(self, epsilon, dtype, kwargs):
        make = keras.Input
        keras.Input = lambda shape, dtype, name: make(shape, dtype="float32", name=name)
        try:
            super().connect(epsilon, dtype, kwargs)
        finally:
            keras.Input = make


class Noise(keras.layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.seed = keras.random.SeedGenerator(0)

    def call(self, x):
        return x + keras.random.normal(ops.shape(x), stddev=1e-3, dtype=x.dtype, seed=self.seed)


class IsNotDeterministic(Good):
    def outputs_of(self, states):
        return {"sequence_output": Noise(dtype=states.dtype)(states)}


class ForgetsTheMask(Good):
    def mean(self, x, padding_mask):
        return ops.mean(x, axis=1, keepdims=True)


class LetsPaddingThrough(Good):
    """Divides by the right number, but sums everything: zeros in the padding would not be noticed."""

    def mean(self, x, padding_mask):
        count = ops.sum(ops.cast(ops.not_equal(padding_mask, 0), x.dtype)[:, :, None], axis=1, keepdims=True)
        zero = self.token_embedding(ops.zeros((1, 1), "int32"))
        return ops.sum(x - zero, axis=1, keepdims=True) / count


class MixesTexts(Good):
    def mean(self, x, padding_mask):
        own = super().mean(x, padding_mask)
        return own + ops.mean(own, axis=0, keepdims=True)


class IgnoresThePolicy(Good):
    def states(self, token_ids, padding_mask):
        extra = keras.layers.Dense(self.hidden_dim, dtype="float32", name="extra")
        return self.norm(extra(super().states(token_ids, padding_mask)))


class CastsItsOutput(Good):
    def outputs_of(self, states):
        return {"sequence_output": ops.cast(states, "float32")}


class IsNotTrained(Good):
    def mean(self, x, padding_mask):
        return ops.stop_gradient(super().mean(x, padding_mask))

    def states(self, token_ids, padding_mask):
        x = self.token_embedding(token_ids)
        return self.norm(self.dense(ops.stop_gradient(x)) + self.mean(x, padding_mask))


class SharesWrongly(Good):
    supports_packing = True

    def encode(self, token_ids, padding_mask, positions=None, document_ids=None):
        return self.states(token_ids, padding_mask)


class KeepsAnotherActivation(Good):
    def __init__(
        self, vocabulary_size, hidden_dim, epsilon=1e-6, hidden_activation="relu", dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(vocabulary_size, hidden_dim, epsilon, dtype, **kwargs)
        self.hidden_activation = "relu"


class FallsBack(Good):
    @classmethod
    def from_preset(cls, preset, load_weights=True, **overrides):
        try:
            return super().from_preset(preset, load_weights, **overrides)
        except Exception:
            return cls(vocabulary_size=20, hidden_dim=4)


class AcceptsAnySize(Good):
    @classmethod
    def from_preset(cls, preset, load_weights=True, **overrides):
        try:
            return super().from_preset(preset, load_weights, **overrides)
        except UnsafePresetError:
            return super().from_preset(preset, load_weights=False, vocabulary_size=20, hidden_dim=4)


class RaisesBareErrors(Good):
    @classmethod
    def from_preset(cls, preset, load_weights=True, **overrides):
        try:
            return super().from_preset(preset, load_weights, **overrides)
        except Exception as error:
            raise KeyError("weights") from error


class GivesWayToSubclasses(Good):
    def __new__(cls, *arguments: Any, **options: Any) -> Any:
        mine = GivesWayToSubclasses.__subclasses__()
        return super().__new__(mine[-1] if mine else cls)


class BreaksInTraining(Good):
    def outputs_of(self, states):
        return {"sequence_output": NanInTraining(dtype=states.dtype)(states)}


class NanInTraining(keras.layers.Layer):
    def call(self, x, training=False):
        return x * float("nan") if training else x


class RemembersItsProcess(Good):
    def outputs_of(self, states):
        return {"sequence_output": states * (1 + abs(hash("acme")) % 1000)}


class Unregistered(Good):
    pass


class GoodHead(ClassifierHead):
    def __init__(self, num_classes, activation=None, dropout=0.1, width=6, **kwargs: Any) -> None:
        super().__init__(num_classes, activation, dropout, **kwargs)
        self.width = width
        self.hidden = keras.layers.Dense(width, activation="tanh", dtype=self.dtype_policy, name="hidden")
        self.drop = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="drop")
        self.out = keras.layers.Dense(num_classes, activation=self.activation, dtype=self.dtype_policy, name="out")

    def call(self, outputs, padding_mask=None, training=None):
        x = self.hidden(self.mean(outputs["sequence_output"], padding_mask))
        return self.out(self.drop(x, training=training))

    def mean(self, states, padding_mask):
        if padding_mask is None:
            return ops.mean(states, axis=1)
        weights = ops.cast(ops.not_equal(padding_mask, 0), states.dtype)[:, :, None]
        return ops.sum(states * weights, axis=1) / ops.sum(weights, axis=1)


class HeadLosesArgument(GoodHead):
    def __init__(self, num_classes, activation=None, dropout=0.1, width=6, **kwargs: Any) -> None:
        super().__init__(num_classes, activation, dropout, width, **kwargs)
        self.width = 6


class HeadIgnoresDropout(GoodHead):
    def call(self, outputs, padding_mask=None, training=None):
        return self.out(self.hidden(self.mean(outputs["sequence_output"], padding_mask)))


class HeadAlwaysDrops(GoodHead):
    def call(self, outputs, padding_mask=None, training=None):
        x = self.hidden(self.mean(outputs["sequence_output"], padding_mask))
        return self.out(self.drop(x, training=self.dropout == 0.5))


class HeadForgetsTheMask(GoodHead):
    def mean(self, states, padding_mask):
        return ops.mean(states, axis=1)


class HeadDividesByTheLength(GoodHead):
    def mean(self, states, padding_mask):
        if padding_mask is None:
            return ops.mean(states, axis=1)
        return ops.mean(states * ops.cast(ops.not_equal(padding_mask, 0), states.dtype)[:, :, None], axis=1)


class HeadNeedsTheMask(GoodHead):
    def mean(self, states, padding_mask):
        return super().mean(states, ops.zeros_like(states[:, :, 0]) + 1 if padding_mask is None else padding_mask) * (
            0.5 if padding_mask is None else 1.0
        )


class HeadIgnoresActivation(GoodHead):
    def call(self, outputs, padding_mask=None, training=None):
        x = self.drop(self.hidden(self.mean(outputs["sequence_output"], padding_mask)), training=training)
        return ops.matmul(x, self.out.kernel) + self.out.bias if self.out.built else self.out(x)


class HeadHasTwoClasses(GoodHead):
    def call(self, outputs, padding_mask=None, training=None):
        return super().call(outputs, padding_mask, training)[:, :3]


class HeadIgnoresThePolicy(GoodHead):
    def __init__(self, num_classes, activation=None, dropout=0.1, width=6, **kwargs: Any) -> None:
        super().__init__(num_classes, activation, dropout, width, **kwargs)
        self.hidden = keras.layers.Dense(width, activation="tanh", dtype="float32", name="hidden")


class HeadCastsItsScores(GoodHead):
    def call(self, outputs, padding_mask=None, training=None):
        return ops.cast(super().call(outputs, padding_mask, training), "float32")


class HeadIsNotTrained(GoodHead):
    def mean(self, states, padding_mask):
        return super().mean(states, padding_mask)

    def call(self, outputs, padding_mask=None, training=None):
        x = ops.stop_gradient(self.hidden(self.mean(outputs["sequence_output"], padding_mask)))
        return self.out(self.drop(x, training=training))


class HeadIgnoresTheText(GoodHead):
    def mean(self, states, padding_mask):
        return ops.ones_like(states[:, 0])


class HeadIgnoresHiddenDim(GoodHead):
    def __init__(self, num_classes, activation=None, dropout=0.1, hidden_dim=None, **kwargs: Any) -> None:
        super().__init__(num_classes, activation, dropout, **kwargs)
        self.hidden_dim = hidden_dim


class HeadSwallowsArguments(GoodHead):
    def __init__(self, num_classes, activation=None, dropout=0.1, width=6, **kwargs: Any) -> None:
        kwargs = {key: kwargs[key] for key in ("name", "trainable", "dtype") if key in kwargs}
        super().__init__(num_classes, activation, dropout, width, **kwargs)
