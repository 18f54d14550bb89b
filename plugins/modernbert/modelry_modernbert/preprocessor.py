"""ModernBERT's preprocessor for text classification."""

from __future__ import annotations

from modelry.text.cls_sep_preprocessor import ClsSepPreprocessor
from modelry_modernbert.tokenizer import ModernBertTokenizer


class ModernBertTextClassifierPreprocessor(ClsSepPreprocessor):
    """Packs `[CLS] a [SEP]` or `[CLS] a [SEP] b [SEP]`; the arguments are those of `TextClassifierPreprocessor`.

    Reference: [Warner et al., 2024](https://arxiv.org/abs/2412.13663).
    """

    tokenizer_cls = ModernBertTokenizer
