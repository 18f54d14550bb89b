import json

import pytest

from modelry.errors import PresetFormatError
from modelry.storage.open import open_preset
from modelry.tokenizers.transformers_files import byte_pair_config

TEXTS = ["a gripping , funny film .", "O'Neill's well-known e-mail", "a <mask>", "naïve 😀"]


@pytest.fixture
def older(copy_of):
    """A checkpoint with the files that transformers wrote before `tokenizer.json`."""
    preset = copy_of("transformers/roberta")
    model = json.loads((preset / "tokenizer.json").read_text("utf-8"))["model"]
    (preset / "vocab.json").write_text(json.dumps(model["vocab"]), "utf-8")
    merges = [" ".join(merge) for merge in model["merges"]]
    (preset / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), "utf-8")
    (preset / "tokenizer.json").unlink()
    return preset


def test_the_older_files_give_the_same_ids(create, older):
    texts = [*TEXTS, "what is <unk>?"]
    assert create("transformers/roberta", older).encode(texts) == create("transformers/roberta").encode(texts)
    (older / "merges.txt").unlink()
    assert byte_pair_config(open_preset(older), ()) is None


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("added_tokens.json", {"<url>": 300}),
        ("special_tokens_map.json", {"additional_special_tokens": ["<url>"]}),
        ("tokenizer_config.json", {"added_tokens_decoder": {"300": {"content": "<url>"}}}),
    ],
)
def test_a_token_that_the_older_files_add_is_not_passed_over(create, older, edit, file, content):
    if not (older / file).exists():
        (older / file).write_text("{}")
    edit(older / file, lambda values: values.update(content))
    with pytest.raises(PresetFormatError, match=r"has the added token '<url>', and no tokenizer.json to say how"):
        create("transformers/roberta", older)


def test_merges_as_older_versions_wrote_them(create, copy_of, edit):
    preset = copy_of("transformers/roberta")
    edit(
        preset / "tokenizer.json",
        lambda values: values["model"].update(merges=[" ".join(merge) for merge in values["model"]["merges"]]),
    )
    assert create("transformers/roberta", preset).get_config() == create("transformers/roberta").get_config()


def test_added_tokens_and_their_flags(create, copy_of, edit):
    preset = copy_of("transformers/modernbert")
    size = create("transformers/modernbert").vocabulary_size()
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": True, "special": False}

    def change(values):
        values["normalizer"] = {"type": "NFC"}
        values["added_tokens"] += [
            {"id": size, "content": "   ", **flags},
            {"id": size + 1, "content": "<url>", **flags},
        ]
        values["added_tokens"][4]["lstrip"] = True

    edit(preset / "tokenizer.json", change)
    tokenizer = create("transformers/modernbert", preset)
    assert tokenizer.vocabulary_size() == size + 2
    assert tokenizer("   <url>") == [size, size + 1]
    assert tokenizer("e\u0301") == tokenizer("é")
    mask = tokenizer.token_to_id("[MASK]")
    assert tokenizer("a [MASK]") == [*tokenizer("a"), mask]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values["model"].update(type="WordPiece"), "has a WordPiece model"),
        (lambda values: values["model"].update(dropout=0.1), "at random"),
        (lambda values: values["model"].pop("merges"), "'merges' in tokenizer.json"),
        (lambda values: values["model"]["vocab"].update({"gap": 9999}), "does not number its tokens"),
        (lambda values: values["added_tokens"].append({"id": 9999, "content": "<url>"}), "does not number its tokens"),
        (lambda values: values["added_tokens"].append({"id": 0}), "has no content"),
    ],
)
def test_tokenizers_that_are_not_read(create, copy_of, edit, change, message):
    preset = copy_of("transformers/roberta")
    edit(preset / "tokenizer.json", change)
    with pytest.raises(PresetFormatError, match=message):
        create("transformers/roberta", preset)
