"""Tokenizer and preprocessor of ALBERT: texts to token rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from modelry.tasks.text_classifier import TextClassifierPreprocessor
from modelry.tokenizers import EncoderSentencePieceTokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelry.data import TokenizedTexts
    from modelry.tokenizers import SpecialTokens, Tokenizer


class AlbertTokenizer(EncoderSentencePieceTokenizer):
    """SentencePiece with ALBERT's special tokens; the arguments are those of `SentencePieceTokenizer`.

    Reference: [Lan et al., 2019](https://arxiv.org/abs/1909.11942).

    The model must have the pieces `[CLS]`, `[SEP]`, `<pad>` and `[MASK]`. Their ids are the attributes that
    `EncoderSentencePieceTokenizer` has.
    """

    keras_hub_class = "AlbertTokenizer"


class AlbertTextClassifierPreprocessor(TextClassifierPreprocessor):
    """Builds rows `[CLS] a [SEP]`, or `[CLS] a [SEP] b [SEP]` with segment 1 for `b [SEP]`.

    Reference: [Lan et al., 2019](https://arxiv.org/abs/1909.11942).

    Args:
        tokenizer: An `AlbertTokenizer`.
        sequence_length: The greatest number of tokens of a row, special tokens included.
        truncate: Which tokens go when a text is too long: `"round_robin"`, `"waterfall"` or `"longest_first"`.
        padding: `"bucket"` or `"fixed"`; see `modelry.TextClassifierPreprocessor`.
        second_segment: Whether the second text of a pair has segment 1. Models that were trained with transformers 5
            know only segment 0, because its tokenizer gives no other.

    Raises:
        InputError: An argument is out of its range, or the tokenizer is of another class.
    """

    tokenizer_cls = AlbertTokenizer
    keras_hub_class = "AlbertTextClassifierPreprocessor"
    start_token = "[CLS]"
    end_token = "[SEP]"
    separator = ("[SEP]",)
    pad_token = "<pad>"
    segment_ids = True

    def __init__(
        self,
        tokenizer: Tokenizer,
        sequence_length: int = 512,
        truncate: str = "round_robin",
        padding: str = "bucket",
        second_segment: bool = True,
    ) -> None:
        super().__init__(tokenizer, sequence_length, truncate, padding)
        self.second_segment = second_segment

    def tokenize(self, columns: tuple[Sequence[str], ...], offsets: bool = False) -> TokenizedTexts:
        """Tokenize and truncate texts, and add the special tokens; see `TextClassifierPreprocessor.tokenize`."""
        tokenized = super().tokenize(columns, offsets)
        if self.second_segment:
            return tokenized
        return attrs.evolve(tokenized, segment_ids=tuple(map(np.zeros_like, tokenized.segment_ids)))

    def row_tokens(self) -> SpecialTokens:
        """Return the special tokens of a row, in terms of transformers."""
        return attrs.evolve(super().row_tokens(), segment_ids=self.second_segment)

    def keras_hub_config(self) -> dict[str, Any] | None:
        """Return the config for KerasHub, where the second text always has segment 1."""
        config = super().keras_hub_config()
        return config if config is not None and config.pop("second_segment") else None
