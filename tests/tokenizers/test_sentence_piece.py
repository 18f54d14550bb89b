import subprocess
import sys

import attrs
import pytest

from modelry.errors import InputError, PluginError
from modelry.tokenizers.sentence_piece import SentencePieceTokenizer
from modelry.tokenizers.sentence_piece_model import CONTROL, NORMAL, UNKNOWN, SentencePieceModel, write_model

MODEL = SentencePieceModel(
    pieces=["<unk>", "<s>", "</s>", "▁", "▁a", "b", "▁ab"],
    scores=[0.0, 0.0, 0.0, -2.0, -1.5, -1.5, -2.5],
    types=[UNKNOWN, CONTROL, CONTROL, NORMAL, NORMAL, NORMAL, NORMAL],
)


class Shifted(SentencePieceTokenizer):
    first_tokens = ("<s>", "<pad>", "</s>", "<unk>")
    tokens_without_piece = ("<pad>", "<mask>")


@pytest.fixture
def tokenizer():
    return SentencePieceTokenizer(write_model(MODEL))


def test_the_most_probable_pieces(tokenizer):
    assert tokenizer("ab  ab b") == [6, 6, 3, 5]
    assert tokenizer("xyz") == [3, 0]
    assert tokenizer(["", " "]) == [[], []]
    assert tokenizer([]) == []


def test_there_and_back(tokenizer):
    assert tokenizer.detokenize([[6, 6, 3, 5], []]) == ["ab ab b", ""]


def test_start_and_end(tokenizer):
    both = SentencePieceTokenizer(MODEL, add_bos=True, add_eos=True)
    assert both(["ab", ""]) == [[1, 6, 2], [1, 2]]


def test_other_ids_than_the_files():
    shifted = Shifted(MODEL)
    assert shifted.get_vocabulary() == ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁a", "b", "▁ab", "<mask>"]
    assert shifted("ab x") == [7, 4, 3]
    assert shifted.token_to_id("<mask>") == shifted.vocabulary_size() - 1 == 8


def test_a_token_without_piece_keeps_its_id_where_a_model_has_a_piece():
    class Masked(SentencePieceTokenizer):
        tokens_without_piece = ("▁a", "<mask>")

    assert Masked(MODEL).get_vocabulary() == [*MODEL.pieces, "<mask>"]


def test_files(tokenizer, tmp_path):
    tokenizer.save_assets(tmp_path)
    saved = tmp_path / "vocabulary.spm"
    assert saved.read_bytes() == write_model(MODEL)
    assert SentencePieceTokenizer(saved)("ab") == SentencePieceTokenizer(str(saved))("ab") == [6]


def test_a_file_is_kept_to_the_byte(create, tmp_path):
    tokenizer = create("keras_hub/albert")
    tokenizer.save_assets(tmp_path)
    again = SentencePieceTokenizer.from_config(tokenizer.get_config())
    (tmp_path / "again").mkdir()
    again.save_assets(tmp_path / "again")
    saved = (tmp_path / "vocabulary.spm").read_bytes()
    assert saved == (tmp_path / "again" / "vocabulary.spm").read_bytes()
    assert b"nmt_nfkc" in saved


@pytest.mark.parametrize(
    ("proto", "message"),
    [
        (b"", r"\(0 bytes\) is not a SentencePiece model"),
        (b"[CLS]\n[SEP]\n", r"\(12 bytes\) is not a SentencePiece model"),
        (write_model(MODEL)[:-9], "may be truncated"),
        ("base64:?", "not in base64"),
        ("/no/such.spm", "cannot be read"),
        (SentencePieceModel(["a", "a"], [0, 0], [UNKNOWN, NORMAL]), "holds 'a' 2 times"),
        (SentencePieceModel(["a"], [0], [NORMAL]), "lacks '<unk>'"),
    ],
)
def test_what_is_no_model(proto, message):
    with pytest.raises(InputError, match=message):
        SentencePieceTokenizer(proto)


def test_a_model_of_another_tokenizer(create):
    with pytest.raises(InputError, match=r"lacks '\[CLS\]', which Albert needs"):
        create("keras_hub/albert", proto=MODEL)
    with pytest.raises(InputError, match="lacks '<begin>'"):
        SentencePieceTokenizer(SentencePieceModel(["<unk>"], [0], [UNKNOWN], start="<begin>"), add_bos=True)


@pytest.mark.parametrize("name", ["keras_hub/albert", "transformers/albert"])
@pytest.mark.parametrize(
    ("texts", "message"),
    [(["a", None], "Row 1 is None"), ([b"a"], "Row 0 is b'a'"), (["a", "b \ud800"], "Row 1 holds half a surrogate")],
)
def test_what_is_no_text(create, name, texts, message):
    with pytest.raises(InputError, match=message):
        create(name)(texts)


@pytest.mark.parametrize(("charsmap", "message"), [(b"", "has none"), (b"?", "pipeline cannot be built")])
def test_a_table_of_characters_that_is_none(create, charsmap, message):
    pipeline = create("transformers/albert").pipeline | {"normalizer": {"type": "Precompiled"}, "added_tokens": []}
    with pytest.raises(InputError, match=message):
        SentencePieceTokenizer(attrs.evolve(MODEL, charsmap=charsmap), pipeline=pipeline)


def test_without_the_library_only_pipelines_work(create, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    assert create("transformers/albert")("a film")
    with pytest.raises(PluginError, match=r'Run: pip install "modelry\[sentencepiece\]"'):
        create("keras_hub/albert")


def test_the_libraries_are_imported_when_they_are_needed():
    code = """if True:
        import sys, modelry
        assert not {"tokenizers", "sentencepiece"} & set(sys.modules)
        modelry.SentencePieceTokenizer
        assert "sentencepiece" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_keras_hub_knows_no_pipelines(create):
    class Own(SentencePieceTokenizer):
        keras_hub_class = "AlbertTokenizer"

    assert set(Own(MODEL).keras_hub_config()) == {"proto", "sequence_length", "add_bos", "add_eos"}
    assert Own(MODEL, pipeline=create("transformers/albert").pipeline | {"added_tokens": []}).keras_hub_config() is None
