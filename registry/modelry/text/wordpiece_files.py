"""A WordPiece tokenizer as transformers saves it: `tokenizer.json`, or `vocab.txt` with `tokenizer_config.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.errors import PresetFormatError
from modelry.json_values import field
from modelry.presets.json_files import bounded, read_json
from modelry.presets.tokenizer_settings import tokenizer_setting
from modelry.text.loading import LARGEST_ASSET
from modelry.text.tokenizer_json import TOKENIZER, ordered_vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelry.storage.files import PresetFiles

VOCABULARY = "vocab.txt"
LONGEST_WORD = 100  # characters; the same in every tokenizer.json of a BERT


def wordpiece_config(files: PresetFiles, special_tokens: Sequence[str]) -> dict[str, Any] | None:
    """Return the arguments of a `WordPieceTokenizer` that splits texts as the checkpoint's own tokenizer does.

    Args:
        files: A transformers checkpoint.
        special_tokens: The architecture's special tokens. Texts that spell them out mean them, as they mean the unknown
            token and those that were added to the tokenizer.

    Returns:
        The arguments, the vocabulary among them as a list; `None` if the checkpoint has no tokenizer.

    Raises:
        PresetFormatError: The tokenizer is damaged or works in another way than WordPiece.
    """
    if TOKENIZER in files:
        config = _from_tokenizer_json(files)
    elif VOCABULARY in files:
        config = _from_vocabulary(files)
    else:
        return None
    special = dict.fromkeys((*special_tokens, config["oov_token"], *config.pop("added", ())))
    return {**config, "clean_text": True, "special_tokens": list(special), "special_tokens_in_strings": True}


def _from_tokenizer_json(files: PresetFiles) -> dict[str, Any]:
    where = f"{TOKENIZER} of preset {files.reference!r}"
    contents = read_json(files, TOKENIZER, LARGEST_ASSET)
    model = field(contents, "model", dict, where)
    normalizer = field(contents, "normalizer", dict, where)
    splitter = field(contents, "pre_tokenizer", dict, where)
    # The first tokenizer.json files leave the model's type out.
    kinds = (model.get("type", "WordPiece"), normalizer.get("type"), splitter.get("type"))
    if kinds != ("WordPiece", "BertNormalizer", "BertPreTokenizer"):
        raise PresetFormatError(
            f"{where} is a {' + '.join(map(str, kinds))}; only WordPiece + BertNormalizer + BertPreTokenizer is read. "
            "Build the tokenizer yourself and pass preprocessor=."
        )
    if not normalizer.get("clean_text", True):
        raise PresetFormatError(f"{where} does not clean texts (clean_text=false), which modelry cannot do that way.")
    if model.get("max_input_chars_per_word", LONGEST_WORD) != LONGEST_WORD:
        raise PresetFormatError(f"{where} does not limit words to {LONGEST_WORD} characters, as modelry does.")
    added = _added_tokens(field(contents, "added_tokens", list, where, []), where)
    return {
        "vocabulary": ordered_vocabulary({**field(model, "vocab", dict, where), **added}, where),
        "added": tuple(added),
        "oov_token": field(model, "unk_token", str, where, "[UNK]"),
        "suffix_indicator": field(model, "continuing_subword_prefix", str, where, "##"),
        **_normalization(
            lowercase=field(normalizer, "lowercase", bool, where, True),
            strip_accents=normalizer.get("strip_accents"),
            split_on_cjk=field(normalizer, "handle_chinese_chars", bool, where, True),
        ),
    }


def _from_vocabulary(files: PresetFiles) -> dict[str, Any]:
    return {
        "vocabulary": bounded(files, VOCABULARY, LARGEST_ASSET),
        "oov_token": tokenizer_setting(files, "unk_token", str, "[UNK]"),
        **_normalization(
            lowercase=tokenizer_setting(files, "do_lower_case", bool, True),
            strip_accents=tokenizer_setting(files, "strip_accents", bool, None),
            split_on_cjk=tokenizer_setting(files, "tokenize_chinese_chars", bool, True),
        ),
    }


def _normalization(lowercase: bool, strip_accents: bool | None, split_on_cjk: bool) -> dict[str, bool]:
    # transformers strips accents exactly when it lowercases, unless it is told otherwise.
    accents = lowercase if strip_accents is None else strip_accents
    return {"lowercase": lowercase, "strip_accents": accents, "split_on_cjk": split_on_cjk}


def _added_tokens(entries: Sequence[Any], where: str) -> dict[str, Any]:
    """Return token → id of the tokens that are recognised in a text before it is split."""
    plain = ("single_word", "lstrip", "rstrip", "normalized")
    added = {}
    for entry in entries:
        if not isinstance(entry, dict) or "content" not in entry or any(entry.get(key) for key in plain):
            raise PresetFormatError(
                f"{where} adds the token {entry!r}; only tokens that are recognised anywhere and as they are "
                f"({', '.join(f'{key}=false' for key in plain)}) are read. Build the tokenizer yourself and pass "
                "preprocessor=."
            )
        added[str(entry["content"])] = entry.get("id")
    return added
