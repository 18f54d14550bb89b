"""BERT's classification head."""

from __future__ import annotations

from modelry.tasks.text_classifier import PooledOutputHead


class BertClassificationHead(PooledOutputHead):
    """Classifies by the pooled output, a tanh layer on the `[CLS]` state that is part of the backbone.

    Reference: [Devlin et al., 2018](https://arxiv.org/abs/1810.04805).
    """
