"""F-Net for text classification."""

from __future__ import annotations

from modelry.tasks.text_classifier import PooledOutputHead, TextClassifier
from modelry_f_net.backbone import FNetBackbone
from modelry_f_net.text import FNetTextClassifierPreprocessor


class FNetTextClassifier(TextClassifier):
    """A `TextClassifier` with F-Net's backbone, preprocessor and head as defaults.

    Reference: [Lee-Thorp et al., 2021](https://arxiv.org/abs/2105.03824).
    """

    keras_hub_class = "FNetTextClassifier"
    backbone_cls = FNetBackbone
    preprocessor_cls = FNetTextClassifierPreprocessor
    head_cls = PooledOutputHead
