"""SentencePiece, as ALBERT, XLM-RoBERTa and DeBERTa-v3 use it, on its own library or on the Rust `tokenizers`."""

from __future__ import annotations

import base64
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import tokenizers
from tokenizers import decoders, models

from modelry.errors import InputError, PluginError
from modelry.tokenizers.sentence_piece_model import (
    LIKE_THE_LIBRARY,
    SPACE,
    UNIGRAM,
    SentencePieceModel,
    encoded_pieces,
    read_model,
    unigram_pipeline,
    with_charsmap,
    write_model,
)
from modelry.tokenizers.tokenizer import NO_SPAN, TokenId, VocabularyTokenizer, check_texts
from modelry.tokenizers.tokenizer_json import build_pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelry.tokenizers.tokenizer import Encoded

BASE64 = "base64:"  # begins a model that is part of a config; no path begins so


class SentencePieceTokenizer(VocabularyTokenizer):
    """Splits texts into the pieces of a SentencePiece model that are most probable together.

    Reference: [Kudo and Richardson, 2018](https://arxiv.org/abs/1808.06226).

    It needs `pip install "modelry[sentencepiece]"`, unless there is a `pipeline`.

    Args:
        proto: The path of a SentencePiece model; or its bytes, or these in base64 after `"base64:"`; or what has been
            read from it.
        sequence_length: Pad or cut every text to this many ids; `None` leaves them ragged.
        add_bos: Begin every text with the model's start token.
        add_eos: End every text with the model's end token.
        pipeline: The rest of transformers' `tokenizer.json`; see `build_pipeline`. The Rust
            `tokenizers` then split texts, as in transformers. `None` lets the library `sentencepiece` split them, as
            KerasHub does; the two differ in special tokens spelt out in a text, and in rare characters.

    Raises:
        InputError: The model is unreadable, lacks a token that must be in it, or cannot be used with a pipeline.

    Attributes:
        special_tokens: Tokens with a role of their own, which every vocabulary has.
        first_tokens: The tokens with the first ids, where these are not the model's own first pieces.
        tokens_without_piece: Tokens that models have no piece for. Those of them that are neither in the model nor in
            `first_tokens` get the last ids.
        oov_token: The model's token for text that no piece spells.
        unk_token_id: Its id.
    """

    special_tokens: ClassVar[tuple[str, ...]] = ()
    first_tokens: ClassVar[tuple[str, ...]] = ()
    tokens_without_piece: ClassVar[tuple[str, ...]] = ()
    assets: ClassVar[Mapping[str, str]] = {"proto": "vocabulary.spm"}

    def __init__(
        self,
        proto: bytes | str | os.PathLike[str] | SentencePieceModel,
        sequence_length: int | None = None,
        add_bos: bool = False,
        add_eos: bool = False,
        pipeline: Mapping[str, Any] | None = None,
    ) -> None:
        self._model = proto if isinstance(proto, SentencePieceModel) else read_model(_read(proto), _name(proto))
        start = [self._model.start] if add_bos else []
        end = [self._model.end] if add_eos else []
        needed = (self._model.unknown, *self.special_tokens, *start, *end)
        super().__init__(self.vocabulary_of(self._model.pieces), sequence_length, needed)
        self.oov_token = self._model.unknown
        self.unk_token_id = self._ids[self.oov_token]
        self.add_bos = add_bos
        self.add_eos = add_eos
        self.pipeline = pipeline
        self._start = [self._ids[token] for token in start]
        self._end = [self._ids[token] for token in end]
        self._places = [self._ids[piece] for piece in self._model.pieces]
        self._library = self._load_library() if pipeline is None else None
        self._rust = None if pipeline is None else self.to_transformers()

    @property
    def proto(self) -> str:
        """The SentencePiece model in base64, after `"base64:"`."""
        return BASE64 + base64.b64encode(self._bytes).decode()

    @cached_property
    def _bytes(self) -> bytes:
        return write_model(self._model)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, without padding tokens.

        Raises:
            InputError: One of them is not a text; the message names the row.
        """
        texts = list(texts)
        try:
            rows = self._encode(texts)
        except (TypeError, UnicodeEncodeError):
            check_texts(texts)
            raise
        return [[*self._start, *row, *self._end] for row in rows] if self._start or self._end else rows

    def encode_with_offsets(self, texts: Sequence[str]) -> list[Encoded]:
        """Return ids and character spans; see `Tokenizer.encode_with_offsets`.

        Without a `pipeline`, spans leave out the spaces before a word.
        """
        texts = list(texts)
        check_texts(texts)
        start, end = ((ids, [NO_SPAN] * len(ids)) for ids in (self._start, self._end))
        return [
            ([*start[0], *ids, *end[0]], [*start[1], *spans, *end[1]]) for ids, spans in self._encode_with_spans(texts)
        ]

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Return the text of each sequence of ids."""
        texts = ("".join(map(self.id_to_token, row)) for row in ids)
        return [text.replace(SPACE, " ").removeprefix(" ") for text in texts]

    def save_assets(self, folder: Path) -> None:
        """Write `vocabulary.spm`."""
        (folder / self.assets["proto"]).write_bytes(self._bytes)

    def keras_hub_config(self) -> dict[str, Any] | None:
        """Return the config for KerasHub, which knows no pipelines."""
        if self.pipeline is not None or super().keras_hub_config() is None:
            return None
        return {key: value for key, value in self.get_config().items() if key != "pipeline"}

    @classmethod
    def vocabulary_of(cls, pieces: Sequence[str]) -> list[str]:
        """Return the tokens, ordered by id, that belong to the pieces of a model."""
        if not cls.first_tokens and not cls.tokens_without_piece:
            return list(pieces)
        first = set(cls.first_tokens)
        vocabulary = [*cls.first_tokens, *(piece for piece in pieces if piece not in first)]
        known = set(vocabulary)
        return [*vocabulary, *(token for token in cls.tokens_without_piece if token not in known)]

    def to_transformers(self) -> tokenizers.Tokenizer:
        """Return a Rust tokenizer that transformers can read, and that gives the same ids.

        Without a `pipeline` some texts get other ids there: those with special tokens spelt out in them, and those
        with rare characters, which the two libraries normalize in different ways.

        Raises:
            InputError: The model is not a unigram model, or treats spaces in an unusual way.
        """
        if self._model.model_type != UNIGRAM or not self._model.usual_spaces:
            raise InputError(
                "transformers reads only unigram models with the usual treatment of spaces; this model is different."
            )
        pipeline = self.pipeline
        if pipeline is None:
            pipeline = unigram_pipeline(self._model, self.vocabulary, self.special_tokens, LIKE_THE_LIBRARY, ())
        scores = dict(zip(self._model.pieces, self._model.scores, strict=True))
        ranked = [(token, scores.get(token, 0.0)) for token in self.vocabulary]
        filled = {**pipeline, "normalizer": with_charsmap(pipeline.get("normalizer"), self._model.charsmap)}
        rust = build_pipeline(
            lambda **settings: models.Unigram(ranked, **settings), ("unk_id", "byte_fallback"), filled
        )
        rust.decoder = decoders.Metaspace(replacement=SPACE)
        return rust

    def _load_library(self) -> Any:
        try:
            from sentencepiece import SentencePieceProcessor
        except ImportError as error:
            raise PluginError(
                f"{type(self).__name__} needs sentencepiece, which is not installed. "
                'Run: pip install "modelry[sentencepiece]"'
            ) from error
        try:
            return SentencePieceProcessor(model_proto=self._bytes)
        except RuntimeError as error:
            raise InputError(f"sentencepiece cannot use this model: {error}") from error

    def _encode(self, texts: list[str]) -> list[list[int]]:
        if self._rust is not None:
            return [one.ids for one in self._rust.encode_batch_fast(texts, add_special_tokens=False)]
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("sentencepiece would take bytes as well")
        return [[self._places[piece] for piece in row] for row in self._library.encode(texts)]  # type: ignore[union-attr]

    def _encode_with_spans(self, texts: list[str]) -> list[Encoded]:
        if self._rust is not None:
            return [(one.ids, one.offsets) for one in self._rust.encode_batch(texts, add_special_tokens=False)]
        rows = self._library.encode(texts, out_type="serialized_proto")  # type: ignore[union-attr]
        return [self._with_spans(text, encoded_pieces(row)) for text, row in zip(texts, rows, strict=True)]

    def _with_spans(self, text: str, pieces: Sequence[tuple[int, int, int]]) -> Encoded:
        """Return the ids and the character spans of pieces, which the library counts in bytes."""
        places = [place for place, char in enumerate(text) for _ in char.encode()]
        places.append(len(text))
        spans = [_trimmed(text, places[start], places[end]) for _, start, end in pieces]
        return [self._places[piece] for piece, _, _ in pieces], spans


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a span without the spaces that it begins with, unless it has nothing else."""
    spaces = end - start - len(text[start:end].lstrip())
    return (start + spaces, end) if spaces < end - start else (start, end)


def _name(proto: bytes | str | os.PathLike[str]) -> str:
    """Return what to call a model in messages: its file, where it comes from one."""
    return "proto" if isinstance(proto, bytes) or os.fspath(proto).startswith(BASE64) else os.fspath(proto)


def _read(proto: bytes | str | os.PathLike[str]) -> bytes:
    if isinstance(proto, bytes):
        return proto
    if isinstance(proto, str) and proto.startswith(BASE64):
        try:
            return base64.b64decode(proto.removeprefix(BASE64), validate=True)
        except ValueError as error:
            raise InputError(f"proto is not in base64: {error}.") from error
    try:
        return Path(proto).read_bytes()
    except OSError as error:
        raise InputError(f"The SentencePiece model {os.fspath(proto)!r} cannot be read: {error}") from error


class EncoderSentencePieceTokenizer(SentencePieceTokenizer):
    """SentencePiece with the special tokens of an encoder's rows: start, end, padding and mask.

    The arguments are those of `SentencePieceTokenizer`. A subclass names these pieces where they are not
    ALBERT's: `[CLS]`, `[SEP]`, `<pad>` and `[MASK]`.

    Reference: [Lan et al., 2019](https://arxiv.org/abs/1909.11942).

    Attributes:
        cls_token_id: The id of the token that starts a row; `start_token_id` is the same.
        sep_token_id: The id of the token that ends a segment; `end_token_id` is the same.
        pad_token_id: The id of the token that fills a row up.
        mask_token_id: The id of the token that hides another.
    """

    special_tokens = ("[CLS]", "[SEP]", "<pad>", "[MASK]")
    cls_token_id = start_token_id = TokenId("[CLS]")
    sep_token_id = end_token_id = TokenId("[SEP]")
    pad_token_id = TokenId("<pad>")
    mask_token_id = TokenId("[MASK]")
