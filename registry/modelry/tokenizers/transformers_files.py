"""Readers of the tokenizer files of transformers: WordPiece, byte-level byte-pair encoding and SentencePiece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.errors import InputError, PresetFormatError
from modelry.presets.tokenizer_settings import GENERIC, SETTINGS
from modelry.presets.tokenizer_settings import token_setting as token_setting
from modelry.presets.tokenizer_settings import tokenizer_class as tokenizer_class
from modelry.presets.tokenizer_settings import tokenizer_setting as tokenizer_setting
from modelry.storage.files import bounded, read_json
from modelry.strict_json import field
from modelry.tokenizers.sentence_piece_model import (
    CONTROL,
    NORMAL,
    PRECOMPILED,
    UNKNOWN,
    USER_DEFINED,
    WORDS,
    SentencePieceModel,
    read_model,
    unigram_pipeline,
    without_charsmap,
)
from modelry.tokenizers.tokenizer import LARGEST_ASSET
from modelry.tokenizers.tokenizer_json import (
    TOKENIZER,
    check_none_added,
    ordered_vocabulary,
    plain_ids,
    plain_tokens,
    read_tokenizer_json,
    with_added_tokens,
)
from modelry.tokenizers.wordpiece import LONGEST_WORD, read_vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelry.storage.files import PresetFiles
    from modelry.tokenizers.sentence_piece import SentencePieceTokenizer
    from modelry.tokenizers.tokenizer_json import TokenizerJson

WORDPIECE_VOCABULARY = "vocab.txt"
WORDPIECE_CLASSES = ("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer")
"""Names, without `Fast`, of transformers' tokenizers that differ in name only."""
ROLES = ("cls_token", "sep_token", "pad_token")


def wordpiece_config(
    files: PresetFiles, special_tokens: Sequence[str], classes: Sequence[str] = WORDPIECE_CLASSES
) -> dict[str, Any] | None:
    """Return the arguments of a `WordPieceTokenizer` that splits texts as the checkpoint's own tokenizer does.

    `tokenizer_config.json` takes precedence over `tokenizer.json`, as in transformers, whose classes for BERT read
    only the vocabulary from that file.

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
    if TOKENIZER not in files and WORDPIECE_VOCABULARY not in files:
        return None
    _check_roles(files, special_tokens)
    if TOKENIZER in files:
        config, ids, found = _wordpiece_from_json(files, classes)
    else:
        config, ids, found = _wordpiece_from_vocabulary(files, classes)
    added = {**found, **with_added_tokens(files, ids, (*special_tokens, config["oov_token"]))}
    if added or "vocabulary" not in config:
        config["vocabulary"] = ordered_vocabulary({**ids, **added}, f"the tokenizer of preset {files.reference!r}")
    special = dict.fromkeys((*special_tokens, config["oov_token"], *added))
    return {**config, "clean_text": True, "special_tokens": list(special), "special_tokens_in_strings": True}


def _wordpiece_from_json(
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
        config |= _wordpiece_settings(files, unknown)
    added = plain_ids(field(contents, "added_tokens", list, where, []), where)
    return config, field(model, "vocab", dict, where), added


def _wordpiece_from_vocabulary(
    files: PresetFiles, classes: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return arguments, and token → id of the vocabulary and of added tokens: here none."""
    tokenizer_class(files, classes)
    if not tokenizer_setting(files, "do_basic_tokenize", bool, True):
        raise PresetFormatError(
            f"{SETTINGS} of preset {files.reference!r} has do_basic_tokenize=false, for texts that are split into "
            "words beforehand; versions of transformers differ in what they do then. Build the tokenizer yourself and "
            "pass preprocessor=."
        )
    path = bounded(files, WORDPIECE_VOCABULARY, LARGEST_ASSET)
    try:
        tokens = read_vocabulary(path)
    except InputError as error:
        raise PresetFormatError(f"{WORDPIECE_VOCABULARY} of preset {files.reference!r}: {error}") from error
    ids = {token: id_ for id_, token in enumerate(tokens)}
    return {"vocabulary": tokens, **_wordpiece_settings(files, "[UNK]")}, ids, {}


def _wordpiece_settings(files: PresetFiles, unknown: str) -> dict[str, Any]:
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
    # transformers strips accents exactly when it lowercases, unless a setting says otherwise.
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


BYTE_PAIR_VOCABULARY, MERGES = "vocab.json", "merges.txt"


def byte_pair_config(files: PresetFiles, special_tokens: Sequence[str]) -> dict[str, Any] | None:
    """Return the arguments of a `BytePairTokenizer` that splits texts as the checkpoint's own tokenizer does.

    Args:
        files: A transformers checkpoint.
        special_tokens: The architecture's special tokens. Texts that spell them out mean them, as they mean the unknown
            token, where the checkpoint has only the older files, which do not say.

    Returns:
        The arguments, vocabulary and merges among them; `None` if the checkpoint has no tokenizer.

    Raises:
        PresetFormatError: The tokenizer is damaged or works in another way than byte-pair encoding.
    """
    if TOKENIZER in files:
        return _byte_pair_from_json(files)
    if BYTE_PAIR_VOCABULARY in files and MERGES in files:
        return _byte_pair_from_older_files(files, special_tokens)
    return None


def _byte_pair_from_json(files: PresetFiles) -> dict[str, Any]:
    contents = read_tokenizer_json(files, "BPE", ("vocab", "merges"))
    merges = [
        merge if isinstance(merge, str) else " ".join(map(str, merge))
        for merge in field(contents.model, "merges", list, contents.where)
    ]
    ids = {**field(contents.model, "vocab", dict, contents.where), **contents.added}
    vocabulary = ordered_vocabulary(ids, contents.where)
    return {"vocabulary": vocabulary, "merges": merges, "pipeline": contents.pipeline}


def _byte_pair_from_older_files(files: PresetFiles, special_tokens: Sequence[str]) -> dict[str, Any]:
    prefix = tokenizer_setting(files, "add_prefix_space", bool, False)
    splitter = {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": True}
    unknown = token_setting(files, "unk_token", None)
    known = (*special_tokens, *(() if unknown is None else (unknown,)))
    check_none_added(files, known)
    added = plain_tokens(known)
    pipeline = {"normalizer": None, "pre_tokenizer": splitter, "added_tokens": added, "model": {}}
    vocabulary, merges = (bounded(files, name, LARGEST_ASSET) for name in (BYTE_PAIR_VOCABULARY, MERGES))
    return {"vocabulary": vocabulary, "merges": merges, "pipeline": pipeline}


SENTENCE_PIECE_MODELS = ("spiece.model", "sentencepiece.bpe.model", "spm.model")


def sentence_piece_config(
    files: PresetFiles,
    cls: type[SentencePieceTokenizer],
    normalizers: Sequence[Mapping[str, Any]] = (PRECOMPILED,),
    pre_tokenizers: Sequence[Mapping[str, Any]] = (WORDS,),
) -> dict[str, Any] | None:
    """Return the arguments of a tokenizer that splits texts as the checkpoint's own tokenizer does.

    Args:
        files: A transformers checkpoint.
        cls: The tokenizer's class, which says how ids follow from pieces.
        normalizers: What transformers does with a text first, as `tokenizer.json` would say it, for checkpoints that
            have only SentencePiece's model. `PRECOMPILED` is the model's own table.
        pre_tokenizers: How transformers splits a text before it puts `SPACE` for spaces, likewise.

    Returns:
        The arguments, the model among them; `None` if the checkpoint has no tokenizer.

    Raises:
        PresetFormatError: The tokenizer is damaged, works in another way, or numbers its tokens in another.
    """
    if TOKENIZER in files:
        return _sentence_piece_from_json(files, cls)
    for name in SENTENCE_PIECE_MODELS:
        if name in files:
            try:
                model = read_model(bounded(files, name, LARGEST_ASSET).read_bytes(), name)
                vocabulary = cls.vocabulary_of(model.pieces)
                pipeline = unigram_pipeline(model, vocabulary, cls.special_tokens, normalizers, pre_tokenizers)
            except InputError as error:
                raise PresetFormatError(f"{name} of preset {files.reference!r}: {error}") from error
            check_none_added(files, (*cls.special_tokens, model.unknown))
            return {"proto": model, "pipeline": pipeline}
    return None


def _sentence_piece_from_json(files: PresetFiles, cls: type[SentencePieceTokenizer]) -> dict[str, Any]:
    contents = read_tokenizer_json(files, "Unigram", ("vocab",))
    scores = _scores(contents)
    try:
        normalizer, charsmap = without_charsmap(contents.pipeline["normalizer"])
    except (KeyError, TypeError, ValueError) as error:
        raise PresetFormatError(f"{contents.where} has a precompiled_charsmap that is not in base64.") from error
    unknown_id = contents.model.get("unk_id")
    tokens = list(scores)
    if not isinstance(unknown_id, int) or not 0 <= unknown_id < len(tokens):
        raise PresetFormatError(f"{contents.where} has no unknown token: unk_id is {unknown_id!r}.")
    unknown = tokens[unknown_id]
    pieces = _pieces(tokens, unknown, cls)
    if pieces is None:
        raise PresetFormatError(
            f"{contents.where} numbers its tokens differently than {cls.__name__}: it begins with {tokens[:5]}."
        )
    types = dict.fromkeys(tokens, NORMAL)
    for entry in contents.pipeline["added_tokens"]:
        types[entry["content"]] = CONTROL if entry["special"] else USER_DEFINED
    types[unknown] = UNKNOWN
    model = SentencePieceModel(
        pieces, [scores[piece] for piece in pieces], [types[piece] for piece in pieces], charsmap, unknown=unknown
    )
    return {"proto": model, "pipeline": {**contents.pipeline, "normalizer": normalizer}}


def _scores(contents: TokenizerJson) -> dict[str, float]:
    """Return the score of each token, in the order of their ids."""
    vocabulary = field(contents.model, "vocab", list, contents.where)
    try:
        scores = {str(token): float(score) for token, score in vocabulary}
    except (TypeError, ValueError) as error:
        raise PresetFormatError(
            f"{contents.where} has a vocabulary that is not a list of tokens and scores."
        ) from error
    if len(scores) < len(vocabulary):
        raise PresetFormatError(f"{contents.where} has {len(vocabulary)} tokens, only {len(scores)} of them different.")
    ids = {token: id_ for id_, token in enumerate(scores)}
    for token, id_ in sorted(contents.added.items(), key=lambda item: item[1] if isinstance(item[1], int) else -1):
        if ids.setdefault(token, len(ids)) != id_:
            raise PresetFormatError(f"{contents.where} gives the added token {token!r} the id {id_}, not {ids[token]}.")
        scores.setdefault(token, 0.0)
    return scores


def _pieces(tokens: list[str], unknown: str, cls: type[SentencePieceTokenizer]) -> list[str] | None:
    """Return pieces whose vocabulary are the tokens, as SentencePiece itself would order them if that is possible."""
    without = [token for token in tokens if token not in cls.tokens_without_piece]
    if cls.first_tokens:
        without = [unknown, *(token for token in without if token != unknown)]
    return next((pieces for pieces in (without, tokens) if cls.vocabulary_of(pieces) == tokens), None)
