"""Which special tokens stand around texts, in terms of transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen
from tokenizers.processors import TemplateProcessing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.text.tokenizer import Tokenizer


@frozen
class Packing:
    """How an architecture packs `start a end`, or `start a separator b end` for a pair.

    Attributes:
        start: The tokens before a text.
        separator: The tokens between the texts of a pair; they belong to the first segment.
        end: The tokens after it.
        segment_ids: Whether the model takes segment ids: 1 for the second text of a pair and what follows it.
        roles: transformers' names of roles → tokens, such as `{"cls_token": "[CLS]", "pad_token": "[PAD]"}`.
        max_length: The greatest number of tokens of a row.
        tokenizer_class: The name of the class that transformers shall load. The default takes `tokenizer.json` as it
            is; most others rebuild it from the vocabulary and settings of their own.
    """

    start: tuple[str, ...]
    separator: tuple[str, ...]
    end: tuple[str, ...]
    segment_ids: bool
    roles: Mapping[str, str]
    max_length: int
    tokenizer_class: str = "PreTrainedTokenizerFast"

    def template(self, tokenizer: Tokenizer) -> TemplateProcessing:
        """Return what makes the Rust `tokenizers` pack texts so."""
        second = int(self.segment_ids)
        tokens = dict.fromkeys((*self.start, *self.separator, *self.end))
        return TemplateProcessing(
            single=[*_of(self.start, 0), "$A:0", *_of(self.end, 0)],
            pair=[*_of(self.start, 0), "$A:0", *_of(self.separator, 0), f"$B:{second}", *_of(self.end, second)],
            special_tokens=[(token, tokenizer.token_to_id(token)) for token in tokens],
        )


def _of(tokens: tuple[str, ...], segment: int) -> list[str]:
    return [f"{token}:{segment}" for token in tokens]
