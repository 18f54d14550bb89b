"""A WordPiece tokenizer as transformers saves it: `tokenizer.json`, or `vocab.txt` with `tokenizer_config.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.errors import InputError, PresetFormatError
from modelry.json_values import field
from modelry.presets.json_files import bounded, read_json
from modelry.presets.tokenizer_settings import (
    GENERIC,
    SETTINGS,
    token_setting,
    tokenizer_class,
    tokenizer_setting,
)
from modelry.text.added_tokens import plain_ids, with_added_tokens
from modelry.text.loading import LARGEST_ASSET
from modelry.text.tokenizer_json import TOKENIZER, ordered_vocabulary
from modelry.text.wordpiece import LONGEST_WORD, read_vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelry.storage.files import PresetFiles

VOCABULARY = "vocab.txt"
CLASSES = ("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer")
"""What transformers calls, without `Fast`, the tokenizers that differ in name only."""
ROLES = ("cls_token", "sep_token", "pad_token")


def wordpiece_config(
    files: PresetFiles, special_tokens: Sequence[str], classes: Sequence[str] = CLASSES
) -> dict[str, Any] | None:
    """Return the arguments of a `WordPieceTokenizer` that splits texts as the checkpoint's own tokenizer does.

    `tokenizer_config.json` decides where it says something else than `tokenizer.json`, as in transformers: its classes
    for BERT take no more than the vocabulary from that one.

    Args:
        files: A transformers checkpoint.
        special_tokens: The architecture's special tokens: those that start, end and fill up a row, and others. Texts
            that spell them out mean them, as they mean the unknown token and those that were added to the tokenizer.
        classes: The `tokenizer_class`es, without `Fast`, that split texts as BERT's does. Checkpoints with another are
            refused.

    Returns:
        The arguments, the vocabulary among them as a list; `None` if the checkpoint has no tokenizer.

    Raises:
        PresetFormatError: The tokenizer is damaged or works in another way than WordPiece.
    """
    if TOKENIZER not in files and VOCABULARY not in files:
        return None
    _check_roles(files, special_tokens)
    if TOKENIZER in files:
        config, ids, found = _from_tokenizer_json(files, classes)
    else:
        config, ids, found = _from_vocabulary(files, classes)
    added = {**found, **with_added_tokens(files, ids, (*special_tokens, config["oov_token"]))}
    if added or "vocabulary" not in config:
        config["vocabulary"] = ordered_vocabulary({**ids, **added}, f"the tokenizer of preset {files.reference!r}")
    special = dict.fromkeys((*special_tokens, config["oov_token"], *added))
    return {**config, "clean_text": True, "special_tokens": list(special), "special_tokens_in_strings": True}


def _from_tokenizer_json(
    files: PresetFiles, classes: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return arguments, and token → id of the vocabulary and of added tokens."""
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
    unknown = field(model, "unk_token", str, where, "[UNK]")
    config: dict[str, Any] = {"suffix_indicator": field(model, "continuing_subword_prefix", str, where, "##")}
    if tokenizer_class(files, (*classes, *GENERIC)) in GENERIC:
        config |= {"oov_token": unknown} | _normalization(
            lowercase=field(normalizer, "lowercase", bool, where, True),
            strip_accents=field(normalizer, "strip_accents", bool, where, None),
            split_on_cjk=field(normalizer, "handle_chinese_chars", bool, where, True),
        )
    else:
        config |= _settings(files, unknown)
    added = plain_ids(field(contents, "added_tokens", list, where, []), where)
    return config, field(model, "vocab", dict, where), added


def _from_vocabulary(
    files: PresetFiles, classes: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return arguments, and token → id of the vocabulary and of added tokens, of which there are none."""
    tokenizer_class(files, classes)
    if not tokenizer_setting(files, "do_basic_tokenize", bool, True):
        raise PresetFormatError(
            f"{SETTINGS} of preset {files.reference!r} has do_basic_tokenize=false, for texts that are split into "
            "words beforehand; versions of transformers differ in what they do then. Build the tokenizer yourself and "
            "pass preprocessor=."
        )
    path = bounded(files, VOCABULARY, LARGEST_ASSET)
    try:
        tokens = read_vocabulary(path)
    except InputError as error:
        raise PresetFormatError(f"{VOCABULARY} of preset {files.reference!r}: {error}") from error
    ids = {token: id_ for id_, token in enumerate(tokens)}
    return {"vocabulary": tokens, **_settings(files, "[UNK]")}, ids, {}


def _settings(files: PresetFiles, unknown: str) -> dict[str, Any]:
    """Return what `tokenizer_config.json` says, and what missing settings stand for in transformers."""
    return {
        "oov_token": token_setting(files, "unk_token", unknown),
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


def _check_roles(files: PresetFiles, special_tokens: Sequence[str]) -> None:
    for role, token in zip(ROLES, special_tokens, strict=False):
        found = token_setting(files, role, token)
        if found != token:
            raise PresetFormatError(
                f"{SETTINGS} of preset {files.reference!r} has {role}={found!r}; this architecture's tokenizer has "
                f"{token!r}. Build tokenizer and preprocessor yourself and pass preprocessor=."
            )
