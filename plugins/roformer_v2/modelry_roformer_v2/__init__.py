"""RoFormer-V2 for modelry.

Reference: [Su et al., 2021](https://arxiv.org/abs/2104.09864).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import lazy_exports

if TYPE_CHECKING:
    from modelry_roformer_v2.backbone import RoformerV2Backbone as RoformerV2Backbone
    from modelry_roformer_v2.text import (
        RoformerV2TextClassifierPreprocessor as RoformerV2TextClassifierPreprocessor,
    )
    from modelry_roformer_v2.text import RoformerV2Tokenizer as RoformerV2Tokenizer
    from modelry_roformer_v2.text_classifier import RoformerV2TextClassifier as RoformerV2TextClassifier

__getattr__, __dir__ = lazy_exports(__name__)
