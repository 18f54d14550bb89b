from __future__ import annotations

import json

import pytest

from modelry.errors import InputError
from modelry.tokenizers.splitting_tokenizer import SplittingTokenizer


class CharacterTokenizer(SplittingTokenizer):
    def split(self, text):
        return text

    def join(self, tokens):
        return "".join(tokens)


class WordTokenizer(SplittingTokenizer):
    def __init__(self, vocabulary, lowercase=False, **kwargs):
        super().__init__(vocabulary, **kwargs)
        self.lowercase = lowercase

    def split(self, text):
        return (text.lower() if self.lowercase else text).split()

    def join(self, tokens):
        return " ".join(tokens)


@pytest.fixture
def characters():
    return CharacterTokenizer(["[PAD]", "[UNK]", " ", "\n", "a", "ß", "😀"])


def test_texts_become_ids_and_texts_again(characters):
    assert characters("a ß\n😀") == [4, 2, 5, 3, 6]
    assert characters(["ab", ""]) == [[4, 1], []]
    assert characters.detokenize([4, 2, 5, 0, 0]) == "a ß"
    assert characters.detokenize([[4], [5, 1]]) == ["a", "ß[UNK]"]


def test_rows_are_filled_up_with_the_padding_token():
    tokenizer = CharacterTokenizer(["a", "[UNK]", "[PAD]", "b"], sequence_length=4)

    assert tokenizer(["ab", "abba!"]).tolist() == [[0, 3, 2, 2], [0, 3, 3, 0]]
    assert tokenizer.detokenize(tokenizer("ab")) == "ab"


def test_the_ids_are_places_in_the_vocabulary(characters):
    assert characters.vocabulary_size() == 7
    assert [characters.token_to_id(token) for token in characters.get_vocabulary()] == list(range(7))
    assert characters.id_to_token(5) == "ß"
    with pytest.raises(InputError, match="0 to 6"):
        characters.id_to_token(7)
    with pytest.raises(InputError, match="no token 'z'"):
        characters.token_to_id("z")


def test_spaces_and_line_breaks_survive_the_file(characters, tmp_path):
    characters.save_assets(tmp_path)
    assert CharacterTokenizer(tmp_path / "vocabulary.json").get_vocabulary() == characters.get_vocabulary()


def test_the_config_makes_an_equal_tokenizer():
    tokenizer = WordTokenizer(["<p>", "<u>", "a"], lowercase=True, sequence_length=3, oov_token="<u>", pad_token="<p>")
    again = WordTokenizer.from_config(json.loads(json.dumps(tokenizer.get_config())))
    assert again.get_config() == tokenizer.get_config()
    assert again(["A b a a a"]).tolist() == tokenizer(["A b a a a"]).tolist() == [[2, 1, 2]]


def test_a_vocabulary_is_learned_from_texts_whatever_their_order():
    texts = ["b a", "A [PAD]", "c b B"]
    tokenizer = WordTokenizer.learn(texts, lowercase=True)
    assert tokenizer.get_vocabulary() == ["[PAD]", "[UNK]", "b", "a", "[pad]", "c"]
    assert WordTokenizer.learn(texts[::-1], lowercase=True).get_vocabulary() == tokenizer.get_vocabulary()
    assert WordTokenizer.learn(texts, 4, lowercase=True).get_vocabulary() == ["[PAD]", "[UNK]", "b", "a"]
    with pytest.raises(InputError, match="Row 1"):
        WordTokenizer.learn(["a", None])


def test_special_tokens_are_in_every_vocabulary():
    class Pairs(WordTokenizer):
        special_tokens = ("[SEP]",)

    assert Pairs.learn(["a [SEP] b"], 4).get_vocabulary() == ["[PAD]", "[UNK]", "[SEP]", "a"]
    with pytest.raises(InputError, match=r"lacks '\[SEP\]'"):
        Pairs(["[PAD]", "[UNK]"])


@pytest.mark.parametrize(
    ("content", "message"),
    [("[1, 2]", "JSON list of strings"), ("{}", "JSON list"), ("[", "cannot be read"), ('["a"]', r"lacks '\[PAD\]'")],
)
def test_a_bad_vocabulary_file_is_named(tmp_path, content, message):
    (tmp_path / "vocabulary.json").write_text(content)
    with pytest.raises(InputError, match=message):
        CharacterTokenizer(tmp_path / "vocabulary.json")


def test_rows_that_are_no_text_are_named(characters):
    with pytest.raises(InputError, match="Row 1 is 7"):
        characters.encode(["a", 7])
