"""A SentencePiece tokenizer as transformers saves it: `tokenizer.json`, or the model that SentencePiece wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.errors import InputError, PresetFormatError
from modelry.json_values import field
from modelry.presets.json_files import bounded
from modelry.text.added_tokens import check_none_added
from modelry.text.loading import LARGEST_ASSET
from modelry.text.sentence_piece_model import (
    CONTROL,
    NORMAL,
    UNKNOWN,
    USER_DEFINED,
    SentencePieceModel,
    read_model,
)
from modelry.text.sentence_piece_pipeline import PRECOMPILED, WORDS, unigram_pipeline, without_charsmap
from modelry.text.tokenizer_json import TOKENIZER, read_tokenizer_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelry.storage.files import PresetFiles
    from modelry.text.sentence_piece import SentencePieceTokenizer
    from modelry.text.tokenizer_json import TokenizerJson

MODELS = ("spiece.model", "sentencepiece.bpe.model", "spm.model")


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
        return _from_tokenizer_json(files, cls)
    for name in MODELS:
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


def _from_tokenizer_json(files: PresetFiles, cls: type[SentencePieceTokenizer]) -> dict[str, Any]:
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
            f"{contents.where} numbers its tokens in another way than {cls.__name__}: it begins with {tokens[:5]}."
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
        raise PresetFormatError(f"{contents.where} has a vocabulary that is no list of tokens and scores.") from error
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
