"""The special tokens around texts, and `tokenizer.json` with them, as transformers reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen
from tokenizers.processors import TemplateProcessing

from modelry.presets.tokenizer_settings import SETTINGS
from modelry.strict_json import write_json
from modelry.tokenizers.tokenizer_json import TOKENIZER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelry.tokenizers.tokenizer import Tokenizer


@frozen
class SpecialTokens:
    """The special tokens of rows `start a end`, or `start a separator b end` for a pair.

    Attributes:
        start: The tokens before a text.
        separator: The tokens between the texts of a pair; they belong to the first segment.
        end: The tokens after it.
        segment_ids: Whether the model takes segment ids: 1 for the second text of a pair and what follows it.
        roles: transformers' names of roles → tokens, such as `{"cls_token": "[CLS]", "pad_token": "[PAD]"}`.
        max_length: The greatest number of tokens of a row.
        tokenizer_class: The name of the class that transformers loads. The default takes `tokenizer.json` as it
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
        """Return the post-processor with which the Rust `tokenizers` add these tokens."""
        second = int(self.segment_ids)
        tokens = dict.fromkeys((*self.start, *self.separator, *self.end))
        return TemplateProcessing(
            single=[*_of(self.start, 0), "$A:0", *_of(self.end, 0)],
            pair=[*_of(self.start, 0), "$A:0", *_of(self.separator, 0), f"$B:{second}", *_of(self.end, second)],
            special_tokens=[(token, tokenizer.token_to_id(token)) for token in tokens],
        )


def _of(tokens: tuple[str, ...], segment: int) -> list[str]:
    return [f"{token}:{segment}" for token in tokens]


def write_tokenizer_json(tokenizer: Tokenizer, special: SpecialTokens, folder: Path) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json`, which `AutoTokenizer.from_pretrained` reads.

    Args:
        tokenizer: The tokenizer; its `to_transformers` says which texts get other ids there.
        special: The special tokens of the architecture's rows.
        folder: Where to; existing files are replaced.

    Raises:
        SaveError: transformers has no such tokenizer.
        InputError: A token of `special` is not in the vocabulary.
    """
    for token in special.roles.values():
        tokenizer.token_to_id(token)
    rust = tokenizer.to_transformers()
    rust.add_special_tokens(list(dict.fromkeys(special.roles.values())))
    rust.post_processor = special.template(tokenizer)
    (folder / TOKENIZER).write_text(rust.to_str(pretty=True), "utf-8")
    inputs = ["input_ids", *(["token_type_ids"] if special.segment_ids else []), "attention_mask"]
    write_json(
        folder / SETTINGS,
        {
            "tokenizer_class": special.tokenizer_class,
            "model_max_length": special.max_length,
            "model_input_names": inputs,
            "clean_up_tokenization_spaces": False,
            **special.roles,
        },
    )
