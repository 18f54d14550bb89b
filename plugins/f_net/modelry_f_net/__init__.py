"""F-Net for modelry.

Reference: [Lee-Thorp et al., 2021](https://arxiv.org/abs/2105.03824).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import lazy_exports

if TYPE_CHECKING:
    from modelry_f_net.backbone import FNetBackbone as FNetBackbone
    from modelry_f_net.text import FNetTextClassifierPreprocessor as FNetTextClassifierPreprocessor
    from modelry_f_net.text import FNetTokenizer as FNetTokenizer
    from modelry_f_net.text_classifier import FNetTextClassifier as FNetTextClassifier

__getattr__, __dir__ = lazy_exports(__name__)
