"""From texts to token ids."""

from __future__ import annotations

from modelry.models import TextClassifierPreprocessor
from modelry_bert import BertTokenizer


class BowTextClassifierPreprocessor(TextClassifierPreprocessor):
    """Packs texts as BERT does, with BERT's tokenizer; a bag has no segments."""

    tokenizer_cls = BertTokenizer
    start_token = "[CLS]"
    end_token = "[SEP]"
    separator = ("[SEP]",)
    pad_token = "[PAD]"
    segment_ids = False
