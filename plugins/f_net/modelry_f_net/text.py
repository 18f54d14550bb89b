"""Tokenizer and preprocessor of F-Net: texts to token rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.errors import InputError
from modelry.tasks.text_classifier import TextClassifierPreprocessor
from modelry.tokenizers import EncoderSentencePieceTokenizer

if TYPE_CHECKING:
    from modelry.tokenizers import Tokenizer


class FNetTokenizer(EncoderSentencePieceTokenizer):
    """SentencePiece with ALBERT's special tokens; the arguments are those of `SentencePieceTokenizer`.

    Reference: [Lee-Thorp et al., 2021](https://arxiv.org/abs/2105.03824).

    The model must have the pieces `[CLS]`, `[SEP]`, `<pad>` and `[MASK]`. Their ids are the attributes that
    `EncoderSentencePieceTokenizer` has.
    """

    keras_hub_class = "FNetTokenizer"


class FNetTextClassifierPreprocessor(TextClassifierPreprocessor):
    """Builds rows `[CLS] a [SEP]`, or `[CLS] a [SEP] b [SEP]` padded to `sequence_length`; `b [SEP]` has segment 1.

    Reference: [Lee-Thorp et al., 2021](https://arxiv.org/abs/2105.03824).

    Args:
        tokenizer: An `FNetTokenizer`.
        sequence_length: The number of tokens of a row, special tokens and padding included.
        truncate: Which tokens go when a text is too long: `"round_robin"`, `"waterfall"` or `"longest_first"`.
        padding: `"fixed"`: F-Net's outputs depend on how far a text is padded.

    Raises:
        InputError: An argument is out of its range, or the tokenizer is of another class.
    """

    tokenizer_cls = FNetTokenizer
    keras_hub_class = "FNetTextClassifierPreprocessor"
    start_token = "[CLS]"
    end_token = "[SEP]"
    separator = ("[SEP]",)
    pad_token = "<pad>"
    segment_ids = True
    padding_mask = False

    def __init__(
        self,
        tokenizer: Tokenizer,
        sequence_length: int = 512,
        truncate: str = "round_robin",
        padding: str = "fixed",
    ) -> None:
        if padding != "fixed":
            raise InputError(
                f"padding={padding!r} is not for F-Net: its outputs depend on how far a text is padded, so all texts "
                "are padded to sequence_length. Leave it out, and set a lower sequence_length to save time."
            )
        super().__init__(tokenizer, sequence_length, truncate, padding)
