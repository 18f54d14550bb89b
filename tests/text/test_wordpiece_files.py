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
