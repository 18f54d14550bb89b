import pytest

from modelry.errors import InputError
from modelry.models import BertTextClassifierPreprocessor, BertTokenizer
from modelry.preprocessing.text_preprocessor import truncated_lengths

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "film", "##s", ".", "é", "e"]


@pytest.fixture
def tokenizer():
    return BertTokenizer(VOCABULARY, lowercase=True)


def test_one_text_and_several(tokenizer):
    assert tokenizer("A films.") == [5, 6, 7, 8]
    assert tokenizer(["a", "films film"]) == [[5], [6, 7, 6]]
    assert tokenizer("") == []


def test_there_and_back(tokenizer):
    assert tokenizer.detokenize([5, 6, 7]) == "a films"
    assert tokenizer.detokenize([[5], [6, 7, 8]]) == ["a", "films ."]


def test_accents():
    assert BertTokenizer(VOCABULARY)("é") == [9]
    assert BertTokenizer(VOCABULARY, strip_accents=True)("é") == [10]


def test_fixed_length():
    padded = BertTokenizer(VOCABULARY, sequence_length=3)(["a", "a a a a"])
    assert padded.tolist() == [[5, 0, 0], [5, 5, 5]]
    assert padded.dtype == "int32"


def test_vocabulary(tokenizer, tmp_path):
    assert tokenizer.vocabulary_size() == len(VOCABULARY)
    assert tokenizer.get_vocabulary() == VOCABULARY
    assert tokenizer.id_to_token(6) == "film"
    assert tokenizer.token_to_id("film") == 6
    tokenizer.save_assets(tmp_path)
    assert BertTokenizer(tmp_path / "vocabulary.txt").get_vocabulary() == VOCABULARY
    with pytest.raises(InputError, match="0 to 10"):
        tokenizer.id_to_token(11)
    with pytest.raises(InputError, match="Did you mean 'film'"):
        tokenizer.token_to_id("filmm")


def test_config_round_trip(tokenizer):
    again = BertTokenizer.from_config(tokenizer.get_config())
    assert again.get_config() == tokenizer.get_config()
    assert again("a films.") == tokenizer("a films.")


def test_special_tokens(tokenizer):
    assert (tokenizer.cls_token_id, tokenizer.sep_token_id) == (tokenizer.start_token_id, tokenizer.end_token_id)
    assert (tokenizer.cls_token_id, tokenizer.sep_token_id) == (2, 3)
    assert (tokenizer.pad_token_id, tokenizer.mask_token_id) == (0, 4)
    assert tokenizer.keras_hub_config()["special_tokens"] is None


def test_more_special_tokens_add_to_berts_own():
    more = BertTokenizer(VOCABULARY, special_tokens=["film"], special_tokens_in_strings=True)
    assert more("a[SEP]film") == [5, 3, 6]
    assert more.keras_hub_config()["special_tokens"] == ["film"]
    assert BertTokenizer.from_config(more.get_config()).get_config() == more.get_config()


@pytest.mark.parametrize("missing", ["[CLS]", "[SEP]", "[PAD]", "[MASK]", "[UNK]"])
def test_a_vocabulary_of_another_tokenizer(missing):
    with pytest.raises(InputError, match="lacks"):
        BertTokenizer([token for token in VOCABULARY if token != missing])


def test_unreadable_vocabularies(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        BertTokenizer(tmp_path / "nothing.txt")
    (tmp_path / "empty.txt").touch()
    with pytest.raises(InputError, match="is empty"):
        BertTokenizer(tmp_path / "empty.txt")


@pytest.mark.parametrize("clean_text", [False, True])
@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (3, "not 3"),
        (None, "not None"),
        (["a", None], "Row 1 is None"),
        ([b"a"], "Row 0 is b'a'"),
        (["a", "b \ud800"], r"Row 1 holds half a surrogate pair, '\\ud800' at character 2"),
    ],
)
def test_what_is_no_text(clean_text, texts, message):
    with pytest.raises(InputError, match=message):
        BertTokenizer(VOCABULARY, clean_text=clean_text)(texts)


def test_packing(tokenizer):
    preprocessor = BertTextClassifierPreprocessor(tokenizer, sequence_length=6)
    assert preprocessor("a")["token_ids"].tolist() == [2, 5, 3, 0, 0, 0]
    assert preprocessor(["a a a a a a a"])["token_ids"].tolist() == [[2, 5, 5, 5, 5, 3]]
    pair = preprocessor((["a a a a"], ["film"]))
    assert pair["token_ids"].tolist() == [[2, 5, 5, 3, 6, 3]]
    assert pair["segment_ids"].tolist() == [[0, 0, 0, 0, 1, 1]]
    assert pair["padding_mask"].all()


def test_labels_pass_through(tokenizer):
    preprocessor = BertTextClassifierPreprocessor(tokenizer, sequence_length=4)
    features, y = preprocessor(["a"], [1])
    assert y == [1]
    assert len(preprocessor(["a"], [1], [0.5])) == 3
    assert features["token_ids"].shape == (1, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sequence_length": 2}, "at least 3"),
        ({"sequence_length": "long"}, "whole number"),
        ({"truncate": "middle"}, "choose one of 'round_robin'"),
        ({"padding": "none"}, "choose one of 'bucket'"),
    ],
)
def test_bad_arguments(tokenizer, arguments, message):
    with pytest.raises(InputError, match=message):
        BertTextClassifierPreprocessor(tokenizer, **arguments)


def test_no_room_for_pairs(tokenizer):
    with pytest.raises(InputError, match="no room for sentence pairs"):
        BertTextClassifierPreprocessor(tokenizer, sequence_length=4)((["a"], ["a"]))


@pytest.mark.parametrize(
    ("lengths", "budget", "truncate", "kept"),
    [
        ((3, 4), 7, "round_robin", (3, 4)),
        ((9,), 4, "round_robin", (4,)),
        ((9, 9), 7, "round_robin", (4, 3)),
        ((9, 2), 7, "round_robin", (5, 2)),
        ((2, 9), 7, "round_robin", (2, 5)),
        ((9, 9), 7, "waterfall", (7, 0)),
        ((3, 9), 7, "waterfall", (3, 4)),
        ((9, 9), 7, "longest_first", (3, 4)),
        ((9, 8), 7, "longest_first", (4, 3)),
        ((8, 9), 7, "longest_first", (3, 4)),
        ((9, 2), 7, "longest_first", (5, 2)),
    ],
)
def test_truncation(lengths, budget, truncate, kept):
    assert truncated_lengths(lengths, budget, truncate) == kept
