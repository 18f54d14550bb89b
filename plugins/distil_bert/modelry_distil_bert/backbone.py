"""DistilBERT's encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.backbones import TransformerBackbone

if TYPE_CHECKING:
    from collections.abc import Mapping


class DistilBertBackbone(TransformerBackbone):
    """A DistilBERT encoder; inputs, outputs and arguments are those of `TransformerBackbone`.

    Reference: [Sanh et al., 2019](https://arxiv.org/abs/1910.01108).
    """

    keras_hub_class = "DistilBertBackbone"
    keras_hub_fixed: ClassVar[Mapping[str, Any]] = {"activation": "gelu", "layer_norm_epsilon": 1e-12}
    own_epsilon = 1e-12
