"""The file that holds a SentencePiece model, a protocol buffer: the parts that modelry needs, read and written.

The library `sentencepiece` reads such a file too, but gives out no normalization table and writes nothing; the classes
for protocol buffers that come with it need the very version of `protobuf` that they were made with.
"""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from modelry.errors import InputError
from modelry.tokenizers.tokenizer_json import plain_tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

UNIGRAM = 1  # a model's type; the others are BPE, words and characters
NORMAL, UNKNOWN, CONTROL, USER_DEFINED = 1, 2, 3, 4  # a piece's type

# The numbers of the fields, from sentencepiece_model.proto.
_PIECES, _TRAINER, _NORMALIZER = 1, 2, 3
_PIECE, _SCORE, _TYPE = 1, 2, 3  # of a piece
_MODEL_TYPE, _NAMES = 3, {"unknown": 45, "start": 46, "end": 47}  # of the trainer
_CHARSMAP, _SPACES = 2, (3, 4, 5)  # of the normalizer

_ENCODED, _ENCODED_PIECE = 2, (2, 4, 5)  # of a text that was split; number, start and end of a piece

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # how a field is encoded


@frozen
class SentencePieceModel:
    """A SentencePiece model.

    Attributes:
        pieces: The pieces, in the order of the file.
        scores: Their logarithmic probabilities.
        types: What each of them is: `NORMAL`, `UNKNOWN`, `CONTROL`, `USER_DEFINED`, …
        charsmap: How characters are normalized, compiled; empty if they are not.
        model_type: The kind of model, such as `UNIGRAM`.
        unknown: The piece for what no other piece spells.
        start: The piece that begins a text, where one is wanted; it need not exist.
        end: The piece that ends it.
        usual_spaces: Whether a space is put before a text, runs of spaces are one, and spaces are escaped.
        file: What it was read from, which holds more than this; empty if it was not read.
    """

    pieces: Sequence[str]
    scores: Sequence[float]
    types: Sequence[int]
    charsmap: bytes = b""
    model_type: int = UNIGRAM
    unknown: str = "<unk>"
    start: str = "<s>"
    end: str = "</s>"
    usual_spaces: bool = True
    file: bytes = field(default=b"", eq=False, repr=False)


def read_model(proto: bytes, where: str = "proto") -> SentencePieceModel:
    """Read a SentencePiece model.

    Args:
        proto: Its bytes.
        where: The file they come from, for messages.

    Raises:
        InputError: It is not a SentencePiece model, or is cut off.
    """
    try:
        pieces, place = _read_pieces(proto)
        rest = dict(_fields(proto, place))
        trainer, normalizer = dict(_fields(rest[_TRAINER])), dict(_fields(rest[_NORMALIZER]))
        return SentencePieceModel(
            pieces=[piece.decode() for piece, _, _ in pieces],
            scores=struct.unpack(f"<{len(pieces)}f", b"".join(score for _, score, _ in pieces)),
            types=[type_ for _, _, type_ in pieces],
            charsmap=normalizer.get(_CHARSMAP, b""),
            usual_spaces=all(normalizer.get(key, True) for key in _SPACES),
            model_type=trainer.get(_MODEL_TYPE, UNIGRAM),
            file=proto,
            **{name: trainer[key].decode() for name, key in _NAMES.items() if key in trainer},
        )
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, struct.error) as error:
        raise InputError(
            f"{where} ({len(proto)} bytes) is not a SentencePiece model: a part is missing or cut off. "
            "The file may be truncated, or of another kind."
        ) from error


def write_model(model: SentencePieceModel) -> bytes:
    """Return a file with a SentencePiece model, which the library `sentencepiece` can read."""
    if model.file:
        return model.file
    pieces = (
        _field(_PIECE, piece.encode()) + _key(_SCORE, _FIXED32) + struct.pack("<f", score) + _field(_TYPE, type_)
        for piece, score, type_ in zip(model.pieces, model.scores, model.types, strict=True)
    )
    trainer = _field(_MODEL_TYPE, model.model_type)
    trainer += b"".join(_field(key, getattr(model, name).encode()) for name, key in _NAMES.items())
    normalizer = _field(_CHARSMAP, model.charsmap)
    return b"".join(
        (*(_field(_PIECES, piece) for piece in pieces), _field(_TRAINER, trainer), _field(_NORMALIZER, normalizer))
    )


def encoded_pieces(data: bytes) -> list[tuple[int, int, int]]:
    """Return number, first byte and end of each piece that the library `sentencepiece` has split a text into.

    Args:
        data: Its result as a serialized protocol buffer.
    """
    pieces = (dict(_fields(value)) for number, value in _fields(data) if number == _ENCODED)
    return [tuple(piece.get(key, 0) for key in _ENCODED_PIECE) for piece in pieces]


def _read_pieces(data: bytes) -> tuple[list[tuple[bytes, bytes, int]], int]:
    """Return name, score and type of the pieces, with which a file begins, and the place after them."""
    found = []
    place = 0
    while data[place : place + 1] == b"\n":
        # There are hundreds of thousands of pieces, and nearly all are a short name, a score and perhaps a type: the
        # fields that begin with 10, 21 and 24.
        end, name_end = place + 2 + data[place + 1], place + 4 + data[place + 3]
        short = data[place + 1] < 128 and data[place + 2] == 10 and data[name_end] == 21
        if short and (end - name_end == 5 or (end - name_end == 7 and data[end - 2] == 24)):
            type_ = NORMAL if end - name_end == 5 else data[end - 1]
            found.append((data[place + 4 : name_end], data[name_end + 1 : name_end + 5], type_))
            place = end
        else:
            size, start = _varint(data, place + 1)
            place = start + size
            piece = dict(_fields(data[start:place]))
            found.append((piece[_PIECE], piece.get(_SCORE, bytes(4)), piece.get(_TYPE, NORMAL)))
    return found, place


def _fields(data: bytes, place: int = 0) -> Iterator[tuple[int, Any]]:
    """Yield the number and the value, bytes or an integer, of each field of a message from some place on."""
    while place < len(data):
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, place = _varint(data, place)
            yield number, value
            continue
        if kind == _BYTES:
            length, place = _varint(data, place)
        elif kind in (_FIXED32, _FIXED64):
            length = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"byte {place} begins no field")
        if place + length > len(data):
            raise ValueError("it ends within a field")
        yield number, data[place : place + length]
        place += length


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Return a number of 7 bits a byte, and the place after it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("a number has more than 64 bits")


def _field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return _key(number, _VARINT) + _encoded(value)
    return _key(number, _BYTES) + _encoded(len(value)) + value


def _key(number: int, kind: int) -> bytes:
    return _encoded(number << 3 | kind)


def _encoded(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*encoded, value))


SPACE = "▁"  # SentencePiece's symbol for a space
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
