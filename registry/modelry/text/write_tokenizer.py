"""Write a tokenizer as transformers reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.presets.json_files import write_json
from modelry.presets.tokenizer_settings import SETTINGS
from modelry.text.tokenizer_json import TOKENIZER

if TYPE_CHECKING:
    from pathlib import Path

    from modelry.text.packing import Packing
    from modelry.text.tokenizer import Tokenizer


def write_tokenizer(tokenizer: Tokenizer, packing: Packing, folder: Path) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json`, which `AutoTokenizer.from_pretrained` reads.

    Args:
        tokenizer: The tokenizer; its `to_transformers` says which texts get other ids there.
        packing: How the architecture packs its ids.
        folder: Where to; existing files are replaced.

    Raises:
        SaveError: transformers has no such tokenizer.
        InputError: A token of `packing` is not in the vocabulary.
    """
    for token in packing.roles.values():
        tokenizer.token_to_id(token)
    rust = tokenizer.to_transformers()
    rust.add_special_tokens(list(dict.fromkeys(packing.roles.values())))
    rust.post_processor = packing.template(tokenizer)
    (folder / TOKENIZER).write_text(rust.to_str(pretty=True), "utf-8")
    inputs = ["input_ids", *(["token_type_ids"] if packing.segment_ids else []), "attention_mask"]
    write_json(
        folder / SETTINGS,
        {
            "tokenizer_class": packing.tokenizer_class,
            "model_max_length": packing.max_length,
            "model_input_names": inputs,
            "clean_up_tokenization_spaces": False,
            **packing.roles,
        },
    )
