"""Character spans of tokens: those of transformers' fast tokenizers, and what the other tokenizers say."""

import json
import random

import pytest

from modelry.errors import InputError
from modelry.storage.open import open_preset
from modelry.tokenizers.byte_pair import BytePairTokenizer
from modelry.tokenizers.splitting_tokenizer import SplittingTokenizer
from modelry.tokenizers.transformers_files import byte_pair_config, sentence_piece_config, wordpiece_config
from modelry.tokenizers.word_splitting import BOUNDARY, WordSplitter
from modelry.tokenizers.wordpiece import WordPieceTokenizer

from .conftest import CLASSES, FIXTURES

OFFSETS = FIXTURES / "token_offsets"
UNUSUAL = [
    *("", " ", "  two  spaces ", "e\u0301te\u0301 né", "ŽIŽEK ﬁn ①② ß", "a\u200bb\x00c"),
    *("👩\u200d👩\u200d👧 ok", "각 ᄀ\u1161ᆨ", "İstanbul"),
]


class Trimming(BytePairTokenizer):
    special_tokens = ("<s>", "</s>", "<pad>", "<mask>")
    trim_offsets = True


def load(name):
    folder = OFFSETS / name
    files, cls = open_preset(folder), CLASSES[f"transformers/{name}"]
    if name == "roberta":
        cls = Trimming
    if issubclass(cls, BytePairTokenizer):
        config = byte_pair_config(files, cls.special_tokens)
    elif issubclass(cls, WordPieceTokenizer):
        config = wordpiece_config(files, ("[CLS]", "[SEP]", "[PAD]", "[MASK]"))
    else:
        config = sentence_piece_config(files, cls)
    return cls(**config), json.loads((folder / "golden.json").read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(path.name for path in OFFSETS.iterdir()))
def test_the_spans_are_those_of_transformers(name):
    tokenizer, golden = load(name)
    expected = [
        (ids[1:-1], [tuple(span) for span in spans[1:-1]])  # without the special tokens around them
        for ids, spans in zip(golden["input_ids"], golden["offsets"], strict=True)
    ]
    assert tokenizer.encode_with_offsets(golden["texts"]) == expected


@pytest.mark.parametrize("name", CLASSES)
def test_the_ids_are_the_same_and_the_spans_lie_in_the_text(create, name):
    tokenizer = create(name)
    encoded = tokenizer.encode_with_offsets(UNUSUAL)
    assert [ids for ids, _ in encoded] == tokenizer.encode(UNUSUAL)
    for text, (ids, spans) in zip(UNUSUAL, encoded, strict=True):
        assert len(spans) == len(ids)
        assert all(0 <= start <= end <= len(text) for start, end in spans), text
        assert spans == sorted(spans), text


def test_accents_and_case_are_spans_of_the_original(create):
    tokenizer = create("keras_hub/bert", lowercase=True, strip_accents=True)
    text = "CAFE\u0301 été, ﬁn!"
    ((_, spans),) = tokenizer.encode_with_offsets([text])
    covered = {place for start, end in spans for place in range(start, end)}
    assert covered == {place for place, char in enumerate(text) if char != " "}
    assert any(text[start:end].endswith("E\u0301") for start, end in spans)


@pytest.mark.parametrize("strip_accents", [True, False])
@pytest.mark.parametrize("lowercase", [True, False])
def test_the_aligned_words_are_the_words(lowercase, strip_accents):
    splitter = WordSplitter(
        lowercase=lowercase, strip_accents=strip_accents, split=True, split_on_cjk=True, whole=("[SEP]", "İx")
    )
    generator = random.Random(1)
    alphabet = "aBç\u0301\u0327 .[SEP]İx東ᄀ\u1161ᆨ\u0b47\u0b56ﬁßΣ\u00ad\u200b\0e"
    for _ in range(500):
        text = "".join(generator.choices(alphabet, k=generator.randrange(30)))
        words, spans = splitter.aligned(text)
        assert words == splitter(text)
        assert len(spans) == len(words)
        for char, (start, end) in zip(words, spans, strict=True):
            assert char == BOUNDARY or 0 <= start < end <= len(text)


def test_a_word_that_is_too_long_has_one_span():
    tokenizer = WordPieceTokenizer(["[UNK]", "a"])
    text = f"a {'é' * 60} a"
    assert tokenizer.encode_with_offsets([text]) == [([1, 0, 1], [(0, 1), (2, 62), (63, 64)])]


def test_sentencepiece_leaves_spaces_out(create):
    tokenizer, text = create("keras_hub/albert", add_bos=True), "a  film é東"
    ((ids, spans),) = tokenizer.encode_with_offsets([text])
    assert ids == tokenizer.encode([text])[0]
    assert spans[0] == (-1, -1)
    assert [text[start:end] for start, end in spans[1:]] == ["a", "film", " ", "é東"]


def test_a_splitting_tokenizer_finds_its_tokens():
    class Words(SplittingTokenizer):
        def split(self, text):
            return text.lower().split()

        def join(self, tokens):
            return " ".join(tokens)

    tokenizer = Words.learn(["a film", "İstanbul film"])
    ids, spans = tokenizer.encode_with_offsets(["  A new FILM of İSTANBUL film"])[0]
    assert ids == tokenizer.encode(["  A new FILM of İSTANBUL film"])[0]
    text = "  A new FILM of İSTANBUL film"
    assert [text[start:end] for start, end in spans] == ["A", "new", "FILM", "of", "İSTANBUL", "film"]


def test_tokens_that_are_not_in_the_text_need_spans_of_their_own():
    class Stems(SplittingTokenizer):
        def split(self, text):
            return [word.rstrip("s") + "*" for word in text.split()]

        def join(self, tokens):
            return " ".join(tokens)

    with pytest.raises(InputError, match=r"Stems splits a text into tokens that are not parts .*override `spans`"):
        Stems.learn(["films"]).encode_with_offsets(["films"])


@pytest.mark.parametrize("name", CLASSES)
def test_something_else_than_a_text_names_its_row(create, name):
    with pytest.raises(InputError, match="Row 1 is 5"):
        create(name).encode_with_offsets(["a", 5])
