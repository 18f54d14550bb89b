"""The preprocessor of classifiers that pack texts as BERT does."""

from __future__ import annotations

import abc

from modelry.text.classifier_preprocessor import TextClassifierPreprocessor


class ClsSepPreprocessor(TextClassifierPreprocessor, abc.ABC):
    """Packs `[CLS] a [SEP]` or `[CLS] a [SEP] b [SEP]`; abstract.

    The arguments are those of `TextClassifierPreprocessor`. A subclass names its tokenizer, says whether its backbone
    takes `segment_ids`, which are 1 for `b [SEP]`, and what fills rows up, where it is not `[PAD]`.

    Reference: [Devlin et al., 2018](https://arxiv.org/abs/1810.04805).
    """

    start_token = "[CLS]"
    end_token = "[SEP]"
    separator = ("[SEP]",)
    pad_token = "[PAD]"
