"""The pipelines that surround SentencePiece's unigram models in transformers."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from modelry.errors import InputError
from modelry.text.pipeline import plain_tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from modelry.text.sentence_piece_model import SentencePieceModel

SPACE = "▁"  # what a space is to SentencePiece
PRECOMPILED = {"type": "Precompiled"}  # the model's own table of characters, which it holds itself
QUOTES = tuple({"type": "Replace", "pattern": {"String": marks}, "content": '"'} for marks in ("``", "''"))
ACCENTS = ({"type": "NFKD"}, {"type": "StripAccents"})  # which are taken away
LOWERCASE = {"type": "Lowercase"}
WORDS = {"type": "WhitespaceSplit"}

# Without the look behind, each space of a run would be tried as the first of those at the end.
_EDGES = {"type": "Replace", "pattern": {"Regex": "^ +|(?<! ) +$"}, "content": ""}
_RUNS = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}
LIKE_THE_LIBRARY = (PRECOMPILED, _EDGES, _RUNS)
"""The normalizers that come nearest to what the library `sentencepiece` does."""


def unigram_pipeline(
    model: SentencePieceModel,
    vocabulary: Sequence[str],
    special_tokens: Iterable[str],
    normalizers: Iterable[Mapping[str, Any]],
    pre_tokenizers: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return a pipeline.

    Args:
        model: The model that it surrounds.
        vocabulary: The tokens that the model's pieces lead to, ordered by id.
        special_tokens: The tokens that texts can spell out, besides the unknown one.
        normalizers: What is done with a text first.
        pre_tokenizers: How it is split before `SPACE` is put for spaces.

    Raises:
        InputError: The model has no unknown token.
    """
    if model.unknown not in vocabulary:
        raise InputError(f"The SentencePiece model lacks its own unknown token {model.unknown!r}.")
    used = [one for one in normalizers if one != PRECOMPILED or model.charsmap]
    spaces = {"type": "Metaspace", "replacement": SPACE, "prepend_scheme": "always", "split": True}
    return {
        "normalizer": {"type": "Sequence", "normalizers": used},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [*pre_tokenizers, spaces]},
        "added_tokens": plain_tokens((*special_tokens, model.unknown)),
        "model": {"unk_id": vocabulary.index(model.unknown), "byte_fallback": False},
    }


def with_charsmap(normalizer: Any, charsmap: bytes) -> Any:
    """Return a normalizer with the model's table in its `PRECOMPILED` parts.

    Raises:
        InputError: It has such a part, and the model no table.
    """
    if not isinstance(normalizer, dict):
        return normalizer
    if normalizer.get("type") == "Precompiled":
        if not charsmap:
            raise InputError("The pipeline normalizes by the model's table of characters, but the model has none.")
        return {**PRECOMPILED, "precompiled_charsmap": base64.b64encode(charsmap).decode()}
    if isinstance(parts := normalizer.get("normalizers"), list):
        return {**normalizer, "normalizers": [with_charsmap(one, charsmap) for one in parts]}
    return normalizer


def without_charsmap(normalizer: Any) -> tuple[Any, bytes]:
    """Return a normalizer without the table of its `Precompiled` part, and the table."""
    if not isinstance(normalizer, dict):
        return normalizer, b""
    if normalizer.get("type") == "Precompiled":
        return PRECOMPILED, base64.b64decode(normalizer["precompiled_charsmap"], validate=True)
    if isinstance(parts := normalizer.get("normalizers"), list):
        found = [without_charsmap(one) for one in parts]
        tables = (table for _, table in found if table)
        return {**normalizer, "normalizers": [one for one, _ in found]}, next(tables, b"")
    return normalizer, b""
