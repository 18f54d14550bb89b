import base64
import json
import shutil
from pathlib import Path

import pytest

from modelry.errors import PresetFormatError
from modelry.storage.open import open_preset
from modelry.tokenizers.sentence_piece import SentencePieceTokenizer
from modelry.tokenizers.sentence_piece_model import UNKNOWN, SentencePieceModel, read_model, write_model
from modelry.tokenizers.transformers_files import sentence_piece_config

FIXTURES = Path(__file__).parents[1] / "fixtures"
NO_UNKNOWN = SentencePieceModel(["a"], [0.0], [1])
TEXTS = ["a gripping , funny film .", "café naïve — “quoted” text", "ﬁlm\u00a0①  é"]


@pytest.mark.parametrize(
    ("name", "keras_hub", "file"),
    [("xlm-roberta", "xlm_roberta", "sentencepiece.bpe.model"), ("deberta-v2", "deberta_v3", "spm.model")],
)
def test_a_model_alone(create, tmp_path, name, keras_hub, file):
    """The two libraries agree on usual texts, so KerasHub's ids are known to be right."""
    shutil.copy(FIXTURES / "keras_hub" / keras_hub / "assets" / "tokenizer" / "vocabulary.spm", tmp_path / file)
    tokenizer, known = create(f"transformers/{name}", tmp_path), create(f"keras_hub/{keras_hub}")
    assert tokenizer.get_vocabulary() == known.get_vocabulary()
    assert tokenizer.encode(TEXTS) == known.encode(TEXTS)
    mask = tokenizer.special_tokens[-1]
    assert tokenizer.token_to_id(mask) in tokenizer(f"a {mask} film")


def test_a_token_that_was_added_to_a_model_is_not_passed_over(create, tmp_path):
    shutil.copy(FIXTURES / "keras_hub/albert/assets/tokenizer/vocabulary.spm", tmp_path / "spiece.model")
    (tmp_path / "added_tokens.json").write_text('{"[MASK]": 4}')
    create("transformers/albert", tmp_path)
    (tmp_path / "added_tokens.json").write_text('{"[MASK]": 4, "<url>": 300}')
    with pytest.raises(PresetFormatError, match=r"has the added token '<url>', and no tokenizer.json to say how"):
        create("transformers/albert", tmp_path)


def test_a_model_alone_with_normalizers(tmp_path):
    shutil.copy(FIXTURES / "keras_hub/albert/assets/tokenizer/vocabulary.spm", tmp_path / "spiece.model")
    config = sentence_piece_config(open_preset(tmp_path), SentencePieceTokenizer, normalizers=({"type": "Lowercase"},))
    tokenizer = SentencePieceTokenizer(**config)
    assert tokenizer("A FILM") == tokenizer("a film")


def test_no_tokenizer(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    assert sentence_piece_config(open_preset(tmp_path), SentencePieceTokenizer) is None


def test_the_table_of_characters_goes_into_the_model(create, copy_of, edit):
    preset = copy_of("transformers/xlm-roberta")
    charsmap = read_model((FIXTURES / "keras_hub/albert/assets/tokenizer/vocabulary.spm").read_bytes()).charsmap
    table = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode()}
    normalizer = {"type": "Sequence", "normalizers": [{"type": "NFC"}, table]}
    edit(preset / "tokenizer.json", lambda values: values.update(normalizer=normalizer))
    tokenizer = create("transformers/xlm-roberta", preset)
    assert read_model(tokenizer._bytes).charsmap == charsmap
    assert len(json.dumps(tokenizer.pipeline)) < 2000
    assert tokenizer("ﬁlm") == tokenizer("film") != create("transformers/xlm-roberta")("ﬁlm")


def test_a_model_that_is_written_has_the_order_of_sentence_piece(create, copy_of, edit):
    """As in KerasHub's files, where XLM-RoBERTa's ids differ from the pieces' places, and some tokens have no piece."""
    preset = copy_of("transformers/xlm-roberta")

    def as_in_the_original(values):
        vocabulary = values["model"]["vocab"]
        vocabulary.append(vocabulary.pop(4))
        values["added_tokens"][4]["id"] = len(vocabulary) - 1

    edit(preset / "tokenizer.json", as_in_the_original)
    tokenizer = create("transformers/xlm-roberta", preset)
    model = read_model(tokenizer._bytes)
    assert tokenizer.get_vocabulary()[-1] == "<mask>"
    assert model.pieces[:3] == ["<unk>", "<s>", "</s>"]
    assert model.types[:3] == [UNKNOWN, 3, 3]
    assert {"<pad>", "<mask>"}.isdisjoint(model.pieces)
    by_library = create("transformers/xlm-roberta", preset, pipeline=None)
    assert by_library.encode(TEXTS[:1]) == tokenizer.encode(TEXTS[:1])


def test_added_tokens(create, copy_of, edit):
    preset = copy_of("transformers/albert")
    size = create("transformers/albert").vocabulary_size()
    edit(preset / "tokenizer.json", lambda values: values["added_tokens"].append({"id": size, "content": "<url>"}))
    tokenizer = create("transformers/albert", preset)
    assert size in tokenizer("see <url>")
    assert read_model(tokenizer._bytes).types[size] == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values["model"].update(type="BPE"), "has a BPE model"),
        (lambda values: values["model"].update(unk_id=None), "unk_id is None"),
        (lambda values: values["model"].update(unk_id=9999), "unk_id is 9999"),
        (lambda values: values["model"].update(vocab=[["a"]]), "not a list of tokens and scores"),
        (lambda values: values["added_tokens"].append({"id": 9999, "content": "<url>"}), "'<url>' the id 9999, not"),
        (lambda values: values["added_tokens"][0].update(id=3), "'<s>' the id 3, not 0"),
        (lambda values: values["model"]["vocab"].append(["▁", 0.0]), "301 tokens, only 300 of them different"),
        (lambda values: values.update(normalizer={"type": "Precompiled", "precompiled_charsmap": "?"}), "base64"),
    ],
)
def test_tokenizers_that_are_not_read(create, copy_of, edit, change, message):
    preset = copy_of("transformers/xlm-roberta")
    edit(preset / "tokenizer.json", change)
    with pytest.raises(PresetFormatError, match=message):
        create("transformers/xlm-roberta", preset)


def test_tokens_in_another_order_are_not_read(create, copy_of, edit):
    def change(values):
        values["model"]["vocab"][:2] = reversed(values["model"]["vocab"][:2])
        values["added_tokens"][0]["id"], values["added_tokens"][1]["id"] = 1, 0

    preset = copy_of("transformers/xlm-roberta")
    edit(preset / "tokenizer.json", change)
    with pytest.raises(PresetFormatError, match=r"differently than XLMRoberta: it begins with \['<pad>', '<s>'"):
        create("transformers/xlm-roberta", preset)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (b"?", "spm.model of preset .* may be truncated"),
        (write_model(NO_UNKNOWN), "lacks its own unknown token '<unk>'"),
    ],
)
def test_models_that_are_not_read(create, tmp_path, model, message):
    (tmp_path / "spm.model").write_bytes(model)
    with pytest.raises(PresetFormatError, match=message):
        create("transformers/albert", tmp_path)
