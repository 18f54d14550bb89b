"""BERT's classification head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.models.heads import PooledHead

if TYPE_CHECKING:
    from collections.abc import Mapping


class BertClassificationHead(PooledHead):
    """Classifies by the pooled output, a tanh layer on the `[CLS]` state that is part of the backbone.

    Reference: [Devlin et al., 2018](https://arxiv.org/abs/1810.04805).
    """

    def pool(self, outputs: Mapping[str, Any], padding_mask: Any) -> Any:
        """Return the pooled output, `(batch, hidden_dim)`."""
        return outputs["pooled_output"]
