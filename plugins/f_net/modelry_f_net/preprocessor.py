"""F-Net's preprocessor for text classification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.errors import InputError
from modelry.tasks.text_classifier import TextClassifierPreprocessor
from modelry_f_net.tokenizer import FNetTokenizer

if TYPE_CHECKING:
    from modelry.tokenizers import Tokenizer


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
