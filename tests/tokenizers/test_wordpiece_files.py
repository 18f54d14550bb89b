import json

import pytest

from modelry import Tokenizer
from modelry.errors import PresetFormatError

PLAIN = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}


def test_the_unknown_token_spelt_out_is_one_token(copy_of):
    tokenizer = Tokenizer.from_preset(copy_of("transformers/bert"))
    assert tokenizer("[UNK]") == [tokenizer.token_to_id("[UNK]")]
    assert len(tokenizer("[unk]")) > 1


def test_added_tokens(copy_of, edit):
    preset = copy_of("transformers/bert")
    size = Tokenizer.from_preset(preset).vocabulary_size()
    edit(preset / "config.json", lambda values: values.update(vocab_size=size + 1))
    edit(
        preset / "tokenizer.json",
        lambda values: values["added_tokens"].append({"id": size, "content": "<url>", **PLAIN}),
    )
    tokenizer = Tokenizer.from_preset(preset)
    assert tokenizer("<url>") == [size]
    assert tokenizer.vocabulary_size() == size + 1
    assert tokenizer.from_config(tokenizer.get_config())("see<url>")[-1] == size


@pytest.mark.parametrize("how", ["single_word", "lstrip", "rstrip", "normalized"])
def test_added_tokens_that_match_in_other_ways_are_refused(copy_of, edit, how):
    preset = copy_of("transformers/bert")
    edit(preset / "tokenizer.json", lambda values: values["added_tokens"][0].update({how: True}))
    with pytest.raises(PresetFormatError, match=f"{how}=false"):
        Tokenizer.from_preset(preset)


@pytest.mark.parametrize("id_", [1000, None, "5"])
def test_added_tokens_with_a_gap_before_them_are_refused(copy_of, edit, id_):
    preset = copy_of("transformers/bert")
    entry = {"id": id_, "content": "<url>", **PLAIN}
    edit(preset / "tokenizer.json", lambda values: values["added_tokens"].append(entry))
    with pytest.raises(PresetFormatError, match="does not number its tokens"):
        Tokenizer.from_preset(preset)


def test_another_limit_for_words_is_refused(copy_of, edit):
    preset = copy_of("transformers/bert")
    edit(preset / "tokenizer.json", lambda values: values["model"].update(max_input_chars_per_word=50))
    with pytest.raises(PresetFormatError, match="100 characters"):
        Tokenizer.from_preset(preset)


def test_the_fixture_has_what_these_tests_change(copy_of):
    contents = json.loads((copy_of("transformers/bert") / "tokenizer.json").read_text())
    assert [token["content"] for token in contents["added_tokens"]] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


TEXT = "A Gripping Évasion 電影 x"
LOWER = ["a", "g", "##ri", "##pp", "##ing", "e", "##v", "##as", "##ion", "[UNK]", "[UNK]", "x"]
CASED = ["[UNK]"] * 5 + ["x"]
ACCENTS = ["a", "g", "##ri", "##pp", "##ing", "[UNK]", "[UNK]", "x"]


def _pieces(preset, text=TEXT):
    tokenizer = Tokenizer.from_preset(preset)
    return [tokenizer.id_to_token(id_) for id_ in tokenizer(text)]


def _as_vocabulary_file(preset):
    ids = json.loads((preset / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    (preset / "vocab.txt").write_text("\n".join(sorted(ids, key=ids.get)) + "\n", "utf-8")
    (preset / "tokenizer.json").unlink()


def _settle(preset, settings):
    (preset / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")


# What transformers 5.24 makes of the same files.
@pytest.mark.parametrize("cls", ["BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "ElectraTokenizer", None])
@pytest.mark.parametrize(
    ("normalizer", "settings", "pieces"),
    [
        ({"lowercase": False}, {}, LOWER),
        ({}, {"do_lower_case": False}, CASED),
        ({"handle_chinese_chars": False, "strip_accents": True}, {"do_lower_case": False}, CASED),
        ({}, {"tokenize_chinese_chars": False, "strip_accents": False}, ACCENTS),
    ],
)
def test_settings_decide_over_tokenizer_json(copy_of, edit, cls, normalizer, settings, pieces):
    preset = copy_of("transformers/bert")
    edit(preset / "tokenizer.json", lambda values: values["normalizer"].update(normalizer))
    _settle(preset, {**({} if cls is None else {"tokenizer_class": cls}), **settings})
    assert _pieces(preset) == pieces


@pytest.mark.parametrize("cls", ["PreTrainedTokenizerFast", "TokenizersBackend"])
@pytest.mark.parametrize(
    ("normalizer", "pieces"),
    [
        ({"lowercase": False}, CASED),
        ({}, LOWER),
        ({"lowercase": False, "handle_chinese_chars": False, "strip_accents": True}, CASED[1:]),
    ],
)
def test_tokenizer_json_is_taken_as_it_is_by_classes_that_do_so(copy_of, edit, cls, normalizer, pieces):
    preset = copy_of("transformers/bert")
    edit(preset / "tokenizer.json", lambda values: values["normalizer"].update(normalizer))
    _settle(preset, {"tokenizer_class": cls, "do_lower_case": "lowercase" in normalizer, "strip_accents": False})
    assert _pieces(preset) == pieces


@pytest.mark.parametrize(
    ("settings", "pieces"),
    [
        ({}, LOWER),
        ({"do_lower_case": False}, CASED),
        ({"tokenize_chinese_chars": False, "strip_accents": False}, ACCENTS),
        ({"unk_token": "[MASK]"}, [piece.replace("[UNK]", "[MASK]") for piece in LOWER]),
        ({"unk_token": {"__type": "AddedToken", "content": "[MASK]"}}, [p.replace("[UNK]", "[MASK]") for p in LOWER]),
        ({"do_basic_tokenize": True, "never_split": None}, LOWER),
    ],
)
def test_settings_beside_a_vocabulary_file(copy_of, settings, pieces):
    preset = copy_of("transformers/bert")
    _as_vocabulary_file(preset)
    _settle(preset, {"tokenizer_class": "BertTokenizer", **settings})
    assert _pieces(preset) == pieces


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tokenizer_class": "BertJapaneseTokenizer"}, "has a BertJapaneseTokenizer, which splits texts in a way"),
        ({"tokenizer_class": "PhobertTokenizer"}, "has a PhobertTokenizer"),
        ({"tokenizer_class": "PreTrainedTokenizerFast"}, "has a PreTrainedTokenizerFast"),
        ({"tokenizer_class": 3}, "must be a str"),
        ({"do_basic_tokenize": False}, "do_basic_tokenize=false"),
        ({"cls_token": "<s>"}, "cls_token='<s>'; this architecture's tokenizer has '[CLS]'"),
        ({"unk_token": {"no": "content"}}, "'content' in unk_token"),
        ({"additional_special_tokens": [3]}, "must hold tokens, not 3"),
        ({"added_tokens_decoder": {"x": {}}}, "must lead from ids to tokens"),
        ({"added_tokens_decoder": {"400": {"content": "a", "lstrip": True}}}, "lstrip=false"),
        ({"added_tokens_decoder": {"777": {"content": "<url>"}}}, "does not number its tokens"),
    ],
)
def test_a_vocabulary_file_that_is_read_in_another_way_is_refused(copy_of, settings, message):
    preset = copy_of("transformers/bert")
    _as_vocabulary_file(preset)
    _settle(preset, settings)
    with pytest.raises(PresetFormatError, match=message.replace("[", r"\[")):
        Tokenizer.from_preset(preset)


def test_the_class_may_be_named_by_the_models_own_config(copy_of, edit):
    preset = copy_of("transformers/bert")
    _settle(preset, {"word_tokenizer_type": "mecab"})
    edit(preset / "config.json", lambda values: values.update(tokenizer_class="BertJapaneseTokenizer"))
    with pytest.raises(PresetFormatError, match="has a BertJapaneseTokenizer"):
        Tokenizer.from_preset(preset)


@pytest.mark.parametrize("as_vocabulary_file", [True, False])
@pytest.mark.parametrize(
    ("name", "contents"),
    [
        ("tokenizer_config.json", {"additional_special_tokens": ["<url>"]}),
        ("tokenizer_config.json", {"extra_special_tokens": {"url": {"content": "<url>"}}}),
        ("tokenizer_config.json", {"added_tokens_decoder": {"400": {"content": "<url>", **PLAIN}}}),
        ("special_tokens_map.json", {"additional_special_tokens": ["<url>"], "cls_token": "[CLS]"}),
    ],
)
def test_special_tokens_that_other_files_add(copy_of, as_vocabulary_file, name, contents):
    preset = copy_of("transformers/bert")
    if as_vocabulary_file:
        _as_vocabulary_file(preset)
    (preset / name).write_text(json.dumps(contents), "utf-8")
    assert _pieces(preset, "a<url>b [CLS]") == ["a", "<url>", "b", "[CLS]"]
    assert Tokenizer.from_preset(preset).vocabulary_size() == 401


def test_added_tokens_that_are_not_special(copy_of):
    preset = copy_of("transformers/bert")
    _as_vocabulary_file(preset)
    added = {"[CLS]": Tokenizer.from_preset(preset).token_to_id("[CLS]"), "<url>": 400}
    (preset / "added_tokens.json").write_text(json.dumps(added), "utf-8")
    with pytest.raises(PresetFormatError, match="adds the token '<url>', which is not special"):
        Tokenizer.from_preset(preset)
    _settle(preset, {"additional_special_tokens": ["<url>"]})
    assert _pieces(preset, "a<url>b") == ["a", "<url>", "b"]
