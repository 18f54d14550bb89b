import json

import attrs
import pytest
import tokenizers

from modelry.errors import InputError, SaveError
from modelry.tokenizers.sentence_piece import SentencePieceTokenizer
from modelry.tokenizers.sentence_piece_model import NORMAL, UNKNOWN, SentencePieceModel
from modelry.tokenizers.splitting_tokenizer import SplittingTokenizer
from modelry.tokenizers.tokenizer_json import SpecialTokens, write_tokenizer_json

TEXTS = ["a gripping , funny film .", "O'Neill's   well-known e-mail: a.b@c.org (v2.0)", "emoji 😀 and\ttabs", ""]
BERT = SpecialTokens(
    start=("[CLS]",),
    separator=("[SEP]",),
    end=("[SEP]",),
    segment_ids=True,
    roles={"cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"},
    max_length=128,
)
ROBERTA = SpecialTokens(
    start=("<s>",),
    separator=("</s>", "</s>"),
    end=("</s>",),
    segment_ids=False,
    roles={"cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "mask_token": "<mask>"},
    max_length=64,
    tokenizer_class="XLMRobertaTokenizer",
)
NAMES = {
    "keras_hub/albert": BERT,
    "keras_hub/bert": BERT,
    "keras_hub/deberta_v3": BERT,
    "keras_hub/f_net": BERT,
    "keras_hub/roberta": ROBERTA,
    "keras_hub/xlm_roberta": ROBERTA,
    "transformers/albert": BERT,
    "transformers/bert": BERT,
    "transformers/deberta-v2": BERT,
    "transformers/modernbert": BERT,
    "transformers/roberta": ROBERTA,
    "transformers/xlm-roberta": ROBERTA,
}


@pytest.mark.parametrize("name", NAMES)
def test_the_same_ids_with_special_tokens_around(create, name, tmp_path):
    tokenizer, packing = create(name), NAMES[name]
    write_tokenizer_json(tokenizer, packing, tmp_path)
    rust = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    start, separator, end = (
        [tokenizer.token_to_id(token) for token in tokens] for tokens in (packing.start, packing.separator, packing.end)
    )
    ids = tokenizer.encode(TEXTS)
    assert [rust.encode(text).ids for text in TEXTS] == [[*start, *row, *end] for row in ids]
    pair = rust.encode(TEXTS[0], TEXTS[1])
    assert pair.ids == [*start, *ids[0], *separator, *ids[1], *end]
    second = len(ids[1]) + len(end)
    assert pair.type_ids == [*[0] * (len(pair.ids) - second), *[int(packing.segment_ids)] * second]
    assert rust.decode(tokenizer.encode(["a film"])[0]) == "a film"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_can_be_read(create, name, tmp_path):
    tokenizer = create(name)
    write_tokenizer_json(tokenizer, NAMES[name], tmp_path)
    reader = {"deberta_v3": "deberta-v2", "f_net": "albert", "xlm_roberta": "xlm-roberta"}
    key = name.partition("/")[2]
    again = create(f"transformers/{reader.get(key, key)}", tmp_path)
    assert again.get_vocabulary() == tokenizer.get_vocabulary()
    assert again.encode(TEXTS) == tokenizer.encode(TEXTS)


def test_settings(create, tmp_path):
    write_tokenizer_json(create("keras_hub/roberta"), ROBERTA, tmp_path)
    assert json.loads((tmp_path / "tokenizer_config.json").read_text()) == {
        "tokenizer_class": "XLMRobertaTokenizer",
        "model_max_length": 64,
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
        "cls_token": "<s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "mask_token": "<mask>",
    }
    assert [token["content"] for token in json.loads((tmp_path / "tokenizer.json").read_text())["added_tokens"]] == [
        *("<s>", "<pad>", "</s>", "<mask>")
    ]


def test_special_tokens_are_found_in_texts(create, tmp_path):
    write_tokenizer_json(create("keras_hub/xlm_roberta"), ROBERTA, tmp_path)
    rust = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert "<mask>" in rust.encode("a <mask> film").tokens


def test_word_piece_of_keras_hub_finds_special_tokens_too_once_it_is_written(create, tmp_path):
    tokenizer = create("keras_hub/bert", lowercase=True, special_tokens=["[MASK]"])
    write_tokenizer_json(tokenizer, BERT, tmp_path)
    rust = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert "[MASK]" in rust.encode("a [MASK] film").tokens
    assert rust.encode("A FILM", add_special_tokens=False).ids == tokenizer("a film")


def test_a_token_that_the_vocabulary_lacks(create, tmp_path):
    for change in ({"roles": {"unk_token": "<unknown>"}}, {"end": ("<unknown>",)}):
        with pytest.raises(InputError, match="no token '<unknown>'"):
            write_tokenizer_json(create("keras_hub/albert"), attrs.evolve(BERT, **change), tmp_path)


@pytest.mark.parametrize("change", [{"model_type": 3}, {"usual_spaces": False}])
def test_models_that_transformers_has_no_way_for(tmp_path, change):
    model = SentencePieceModel(["<unk>", "▁a", "[CLS]", "[SEP]", "[MASK]"], [0] * 5, [UNKNOWN, *[NORMAL] * 4], **change)
    with pytest.raises(InputError, match="transformers reads only unigram models"):
        write_tokenizer_json(SentencePieceTokenizer(model), BERT, tmp_path)


def test_a_tokenizer_of_ones_own_cannot_be_written(tmp_path):
    class Words(SplittingTokenizer):
        def split(self, text):
            return text.split()

        def join(self, tokens):
            return " ".join(tokens)

    tokens = ["[PAD]", "[UNK]", *BERT.roles.values()]
    with pytest.raises(SaveError, match="Words cannot be written for transformers"):
        write_tokenizer_json(Words(tokens), BERT, tmp_path)
