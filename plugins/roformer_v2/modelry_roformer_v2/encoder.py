"""RoFormer-V2's encoder layer."""

from __future__ import annotations

import keras

from modelry.layers import RotaryEncoder

EPSILON = 1e-7


class RoformerNorm(keras.layers.RMSNormalization):
    """Root-mean-square normalization; its class name is part of KerasHub's file format."""


class RoformerV2Encoder(RotaryEncoder):
    """A post-norm encoder layer; the arguments are those of `RotaryEncoder`.

    Reference: [Su et al., 2021](https://arxiv.org/abs/2104.09864).
    """

    norm_first = False
    neighbours = True

    def create_norm(self, name: str) -> keras.layers.Layer:
        """Return a root-mean-square normalization."""
        return RoformerNorm(epsilon=EPSILON, dtype=self.dtype_policy, name=name)
