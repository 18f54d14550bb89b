"""DeBERTa-v3 for modelry.

Reference: [He et al., 2021](https://arxiv.org/abs/2111.09543).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import lazy_exports

if TYPE_CHECKING:
    from modelry_deberta_v3.backbone import DebertaV3Backbone as DebertaV3Backbone
    from modelry_deberta_v3.text import (
        DebertaV3TextClassifierPreprocessor as DebertaV3TextClassifierPreprocessor,
    )
    from modelry_deberta_v3.text import DebertaV3Tokenizer as DebertaV3Tokenizer
    from modelry_deberta_v3.text_classifier import DebertaV3TextClassifier as DebertaV3TextClassifier

__getattr__, __dir__ = lazy_exports(__name__)
