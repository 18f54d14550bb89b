import pytest

from modelry.errors import PresetFormatError, UnknownComponent
from modelry.presets.keras_hub import registered_name, snake_case


@pytest.mark.parametrize(
    ("kind", "class_id", "name"),
    [
        ("backbones", "keras_hub>BertBackbone", "bert"),
        ("backbones", "keras_nlp>BertBackbone", "bert"),
        ("backbones", "keras_hub>XLMRobertaBackbone", "xlm_roberta"),
        ("backbones", "keras_hub>DebertaV3Backbone", "deberta_v3"),
        ("backbones", "keras_hub>FNetBackbone", "f_net"),
        ("backbones", "keras_hub>RoformerV2Backbone", "roformer_v2"),
        ("tokenizers", "keras_hub>DistilBertTokenizer", "distil_bert"),
        ("preprocessors", "keras_hub>BertTextClassifierPreprocessor", "bert.text_classifier"),
        ("preprocessors", "keras_nlp>BertPreprocessor", "bert.text_classifier"),
        ("tasks", "keras_hub>BertTextClassifier", "bert.text_classifier"),
        ("tasks", "keras_nlp>BertClassifier", "bert.text_classifier"),
        ("backbones", "modelry_bert>BertBackbone", "modelry-bert:bert"),
    ],
)
def test_class_ids(kind, class_id, name):
    assert registered_name(kind, class_id, "here") == name


@pytest.mark.parametrize(
    ("kind", "class_id", "prefix", "name"),
    [
        ("preprocessors", "keras_hub>Gemma2CausalLMPreprocessor", "Gemma2", "gemma2.causal_lm"),
        ("preprocessors", "keras_nlp>BertPreprocessor", "Bert", "bert.text_classifier"),
        ("preprocessors", "keras_hub>BertMaskedLMPreprocessor", "Bert", "bert.masked_lm"),
        ("tasks", "keras_hub>GPT2CausalLM", "GPT2", "gpt2.causal_lm"),
        ("tasks", "keras_hub>BertTextClassifier", "Bert", "bert.text_classifier"),
    ],
)
def test_class_ids_of_tasks_that_nothing_installed_knows(kind, class_id, prefix, name):
    assert registered_name(kind, class_id, "here", prefix) == name


def test_a_class_of_another_kind():
    with pytest.raises(PresetFormatError, match="here names the class 'keras_hub>BertTokenizer'"):
        registered_name("backbones", "keras_hub>BertTokenizer", "here")
    with pytest.raises(PresetFormatError, match="one of the tokenizers, not of the backbones"):
        registered_name("backbones", "modelry_bert>BertTokenizer", "here")


def test_a_class_nobody_registers():
    with pytest.raises(UnknownComponent):
        registered_name("backbones", "acme>AcmeBackbone", "here")


def test_snake_case():
    names = ["Bert", "XLMRoberta", "FNet", "GPT2", "T5Gemma", "Llama3"]
    assert [snake_case(name) for name in names] == ["bert", "xlm_roberta", "f_net", "gpt2", "t5_gemma", "llama3"]
