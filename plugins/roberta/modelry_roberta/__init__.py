"""RoBERTa and XLM-RoBERTa for modelry.

References: [Liu et al., 2019](https://arxiv.org/abs/1907.11692),
[Conneau et al., 2019](https://arxiv.org/abs/1911.02116).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import lazy_exports

if TYPE_CHECKING:
    from modelry_roberta.backbone import RobertaBackbone as RobertaBackbone
    from modelry_roberta.backbone import XLMRobertaBackbone as XLMRobertaBackbone
    from modelry_roberta.text import RobertaTextClassifierPreprocessor as RobertaTextClassifierPreprocessor
    from modelry_roberta.text import RobertaTokenizer as RobertaTokenizer
    from modelry_roberta.text import (
        XLMRobertaTextClassifierPreprocessor as XLMRobertaTextClassifierPreprocessor,
    )
    from modelry_roberta.text import XLMRobertaTokenizer as XLMRobertaTokenizer
    from modelry_roberta.text_classifier import RobertaTextClassifier as RobertaTextClassifier
    from modelry_roberta.text_classifier import XLMRobertaTextClassifier as XLMRobertaTextClassifier

__getattr__, __dir__ = lazy_exports(__name__)
