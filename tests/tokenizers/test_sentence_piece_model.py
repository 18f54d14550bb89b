import random
import struct

import attrs
import pytest

from modelry.errors import InputError
from modelry.tokenizers.sentence_piece_model import (
    CONTROL,
    NORMAL,
    UNKNOWN,
    SentencePieceModel,
    read_model,
    write_model,
)


def test_what_is_written_is_read():
    model = SentencePieceModel(
        pieces=["[UNK]", "[CLS]", "é" * 200, "\n", "▁"],
        scores=(0.0, 0.0, -1.5, -2.25, -300.0),
        types=[UNKNOWN, CONTROL, NORMAL, NORMAL, NORMAL],
        charsmap=b"\0\n\x15" * 100,
        unknown="[UNK]",
        start="[CLS]",
        end="[SEP]",
    )
    assert read_model(write_model(model)) == model


def test_the_library_reads_the_same(create):
    spm = pytest.importorskip("sentencepiece")
    tokenizer = create("keras_hub/f_net")
    model = read_model(tokenizer._bytes)
    for proto in (tokenizer._bytes, write_model(attrs.evolve(model, file=b""))):
        processor = spm.SentencePieceProcessor(model_proto=proto)
        ids = range(processor.vocab_size())
        assert [processor.id_to_piece(id_) for id_ in ids] == model.pieces
        assert [processor.get_score(id_) for id_ in ids] == list(model.scores)
        assert [id_ for id_ in ids if processor.is_control(id_)] == [
            id_ for id_, type_ in enumerate(model.types) if type_ == CONTROL
        ]
        assert processor.encode("ﬁlm\t①") == tokenizer("film 1")


def test_pieces_in_unusual_encodings():
    """Fields in another order, and ones that nobody knows, are allowed."""
    score = b"\x15" + struct.pack("<f", -1.0)
    name = b"\n\x01a"
    unknown = b"\xa2\x06\x03xyz" + b"\xa8\x06\xff\xff\x03" + b"\xb1\x06" + bytes(8)
    rest = b"\x12\x02\x18\x01" + b"\x1a\x00"
    for piece in (score + name, name + score + unknown, unknown + name + score):
        model = read_model(b"\n" + bytes([len(piece)]) + piece + rest)
        assert (model.pieces, model.scores, model.types) == (["a"], (-1.0,), [NORMAL])
    assert read_model(b"\n\x03" + name + rest).scores == (0.0,)


def test_an_endless_number_is_refused():
    with pytest.raises(InputError, match="not a SentencePiece model"):
        read_model(b"\n" + b"\xff" * 100_000)


def test_what_was_read_is_written_to_the_byte():
    written = b"\n\x05\n\x01a\x18\x02" + b"\x12\x02\x18\x01\x1a\x02\x18\x00"
    model = read_model(written)
    assert not model.usual_spaces
    assert write_model(model) == written


def test_a_file_that_is_cut_off_anywhere_is_no_model():
    written = write_model(SentencePieceModel(["<unk>", "▁a", "b" * 130], [0, -1, -2], [UNKNOWN, NORMAL, NORMAL]))
    for length in range(len(written)):
        with pytest.raises(InputError, match="may be truncated"):
            read_model(written[:length])


def test_a_damaged_file_is_an_input_error_or_another_model():
    written = write_model(SentencePieceModel(["<unk>", "▁a", "b" * 130], [0, -1, -2], [UNKNOWN, NORMAL, NORMAL]))
    rng = random.Random(0)
    refused = 0
    for _ in range(500):
        damaged = bytearray(written)
        damaged[rng.randrange(len(written))] = rng.randrange(256)
        try:
            read_model(bytes(damaged))
        except InputError:
            refused += 1
    assert refused > 50
