"""BERT for text classification: its head, and the task."""

from __future__ import annotations

from modelry.tasks.text_classifier import PooledOutputHead, TextClassifier
from modelry_bert.backbone import BertBackbone
from modelry_bert.text import BertTextClassifierPreprocessor


class BertClassificationHead(PooledOutputHead):
    """Classifies by the pooled output, a tanh layer on the `[CLS]` state that is part of the backbone.

    Reference: [Devlin et al., 2018](https://arxiv.org/abs/1810.04805).
    """


class BertTextClassifier(TextClassifier):
    """A `TextClassifier` with BERT's backbone, preprocessor and head as defaults.

    Reference: [Devlin et al., 2018](https://arxiv.org/abs/1810.04805).

    ```python
    classifier = BertTextClassifier.from_preset("bert_micro_sst2")
    classifier.classify(["What an amazing movie!"])  # [[("positive", 0.99)]]
    ```
    """

    keras_hub_class = "BertTextClassifier"
    backbone_cls = BertBackbone
    preprocessor_cls = BertTextClassifierPreprocessor
    head_cls = BertClassificationHead
