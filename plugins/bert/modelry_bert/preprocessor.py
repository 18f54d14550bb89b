"""BERT's preprocessor for text classification."""

from __future__ import annotations

from modelry.text.cls_sep_preprocessor import ClsSepPreprocessor
from modelry_bert.tokenizer import BertTokenizer


class BertTextClassifierPreprocessor(ClsSepPreprocessor):
    """Packs `[CLS] a [SEP]`, or `[CLS] a [SEP] b [SEP]` with segment 1 for `b [SEP]`.

    Reference: [Devlin et al., 2018](https://arxiv.org/abs/1810.04805).

    Args:
        tokenizer: A `BertTokenizer`.
        sequence_length: The greatest number of tokens of a row, special tokens included.
        truncate: Which tokens go when a text is too long: `"round_robin"`, `"waterfall"` or `"longest_first"`.
        padding: `"bucket"` or `"fixed"`; see `modelry.Preprocessor`.
    """

    tokenizer_cls = BertTokenizer
    keras_hub_class = "BertTextClassifierPreprocessor"
    segment_ids = True
