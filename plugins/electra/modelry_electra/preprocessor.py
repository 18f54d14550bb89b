"""ELECTRA's preprocessor for text classification."""

from __future__ import annotations

from modelry.text.cls_sep_preprocessor import ClsSepPreprocessor
from modelry_electra.tokenizer import ElectraTokenizer


class ElectraTextClassifierPreprocessor(ClsSepPreprocessor):
    """Packs `[CLS] a [SEP]`, or `[CLS] a [SEP] b [SEP]` with segment 1 for `b [SEP]`, as BERT does.

    Reference: [Clark et al., 2020](https://arxiv.org/abs/2003.10555). The arguments are those of
    `TextClassifierPreprocessor`.
    """

    tokenizer_cls = ElectraTokenizer
    segment_ids = True
