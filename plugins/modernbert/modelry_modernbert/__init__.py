"""ModernBERT for modelry.

Reference: [Warner et al., 2024](https://arxiv.org/abs/2412.13663).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import lazy_exports

if TYPE_CHECKING:
    from modelry_modernbert.backbone import ModernBertBackbone as ModernBertBackbone
    from modelry_modernbert.text import (
        ModernBertTextClassifierPreprocessor as ModernBertTextClassifierPreprocessor,
    )
    from modelry_modernbert.text import ModernBertTokenizer as ModernBertTokenizer
    from modelry_modernbert.text_classifier import ModernBertTextClassifier as ModernBertTextClassifier

__getattr__, __dir__ = lazy_exports(__name__)
