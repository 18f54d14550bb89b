import json

import pytest

from modelry.errors import InputError
from modelry.tokenizers.byte_pair import BytePairTokenizer

VOCABULARY = ["<pad>", "Ġ", "a", "b", "Ġa", "ab", "Ġab", "(", "Ã", "©", "<end>"]
MERGES = ["Ġ a", "a b", "Ġa b"]


@pytest.fixture
def tokenizer():
    return BytePairTokenizer(VOCABULARY, MERGES, unsplittable_tokens=["<end>"])


def test_pairs_are_merged_in_order_and_words_split_as_gpt2_does(tokenizer):
    assert tokenizer("ab ab") == [5, 6]
    assert tokenizer("a(b") == [2, 7, 3]
    assert tokenizer("é") == [8, 9]
    assert tokenizer("") == []


def test_there_and_back(tokenizer):
    assert tokenizer.detokenize([[5, 6], [8, 9]]) == ["ab ab", "é"]


def test_a_first_space(tokenizer):
    assert BytePairTokenizer(VOCABULARY, MERGES, add_prefix_space=True)("ab ab") == [6, 6]


def test_unsplittable_tokens(tokenizer):
    assert tokenizer("a<end>b") == [2, 10, 3]
    assert BytePairTokenizer(VOCABULARY, MERGES)("a<end>b") == [2, 3]


def test_a_mapping_is_ordered_by_its_ids():
    shuffled = {token: VOCABULARY.index(token) for token in sorted(VOCABULARY)}
    assert BytePairTokenizer(shuffled, MERGES).get_vocabulary() == VOCABULARY


def test_files(tokenizer, tmp_path):
    tokenizer.save_assets(tmp_path)
    assert json.loads((tmp_path / "vocabulary.json").read_text()) == dict(zip(VOCABULARY, range(11), strict=True))
    merges = tmp_path / "merges.txt"
    assert merges.read_text() == "Ġ a\na b\nĠa b\n"
    merges.write_text("#version: 0.2\n" + merges.read_text())
    assert BytePairTokenizer(tmp_path / "vocabulary.json", merges).merges == MERGES


@pytest.mark.parametrize(
    ("vocabulary", "merges", "message"),
    [
        (VOCABULARY, ["a c"], "Merge 1 is 'a c'"),
        (VOCABULARY, ["Ġ a", "ab"], "Merge 2 is 'ab'"),
        (VOCABULARY, ["b a"], "make a third one"),
        (VOCABULARY[:-1], MERGES, "lacks '<end>'"),
        ([*VOCABULARY, "a"], MERGES, "holds 'a' 2 times"),
        ({"a": 0, "<end>": 2}, [], "does not number its tokens 0 to 1"),
        ({"a": "0", "<end>": 1}, [], "does not number its tokens 0 to 1"),
    ],
)
def test_vocabularies_and_merges_that_do_not_fit(vocabulary, merges, message):
    with pytest.raises(InputError, match=message):
        BytePairTokenizer(vocabulary, merges, unsplittable_tokens=["<end>"])


def test_unreadable_files(tokenizer, tmp_path):
    tokenizer.save_assets(tmp_path)
    vocabulary, merges = tmp_path / "vocabulary.json", tmp_path / "merges.txt"
    for broken in (tmp_path / "nothing", tmp_path):
        with pytest.raises(InputError, match=r"vocabulary file .* cannot be read"):
            BytePairTokenizer(broken, merges)
        with pytest.raises(InputError, match=r"merges file .* cannot be read"):
            BytePairTokenizer(vocabulary, broken)
    vocabulary.write_text('{"a": 0')
    with pytest.raises(InputError, match=r"vocabulary file .* cannot be read"):
        BytePairTokenizer(vocabulary, merges)
    vocabulary.write_text("[]")
    with pytest.raises(InputError, match="object from tokens to ids"):
        BytePairTokenizer(vocabulary, merges)


@pytest.mark.parametrize(
    ("texts", "message"),
    [(["a", None], "Row 1 is None"), ([b"a"], "Row 0 is b'a'"), (["a", "b \ud800"], "Row 1 holds half a surrogate")],
)
def test_what_is_no_text(tokenizer, texts, message):
    with pytest.raises(InputError, match=message):
        tokenizer(texts)


def test_keras_hub_knows_no_pipelines(create):
    class Own(BytePairTokenizer):
        keras_hub_class = "RobertaTokenizer"

    plain = Own(VOCABULARY, MERGES)
    assert "pipeline" not in plain.keras_hub_config()
    pipeline = create("transformers/roberta").pipeline | {"added_tokens": []}
    assert Own(VOCABULARY, MERGES, pipeline=pipeline).keras_hub_config() is None
