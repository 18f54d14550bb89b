"""RoBERTa's encoder, which XLM-RoBERTa shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.backbones import TransformerBackbone

if TYPE_CHECKING:
    from collections.abc import Mapping


class RobertaBackbone(TransformerBackbone):
    """A RoBERTa encoder; inputs, outputs and arguments are those of `TransformerBackbone`.

    Reference: [Liu et al., 2019](https://arxiv.org/abs/1907.11692).

    ```python
    backbone = RobertaBackbone(vocabulary_size=50265, num_layers=2, num_heads=2, hidden_dim=128, intermediate_dim=512)
    ones = np.ones((1, 12), "int32")
    backbone({"token_ids": ones, "padding_mask": ones})["sequence_output"]  # (1, 12, 128)
    ```
    """

    keras_hub_class = "RobertaBackbone"
    keras_hub_fixed: ClassVar[Mapping[str, Any]] = {"activation": "gelu", "layer_norm_epsilon": 1e-5}
    own_epsilon = 1e-5


class XLMRobertaBackbone(RobertaBackbone):
    """An XLM-RoBERTa encoder: RoBERTa's, trained on texts in a hundred languages.

    Reference: [Conneau et al., 2019](https://arxiv.org/abs/1911.02116).
    """

    keras_hub_class = "XLMRobertaBackbone"
