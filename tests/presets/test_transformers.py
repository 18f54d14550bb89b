"""What a transformers checkpoint says of its tokenizer, and who is told of it."""

import json
import re

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import modelry
from modelry import Backbone, Preprocessor, TextClassifier
from modelry.checkpoints import Checkpoint, EncoderNames, Field, Names
from modelry.data import DataSpec, Targets, TextReader, as_batch
from modelry.errors import PresetFormatError
from modelry.presets.read import read_recipe
from modelry.tokenizers import wordpiece_config


def _damaged(preset):
    (preset / "tokenizer.json").write_text("{", "utf-8")


def _of_another_kind(preset):
    values = json.loads((preset / "tokenizer.json").read_text("utf-8"))
    (preset / "tokenizer.json").write_text(json.dumps({**values, "model": {"type": "Unigram"}}), "utf-8")


def _with_bad_settings(preset):
    (preset / "tokenizer_config.json").write_text('{"model_max_length": "long"}', "utf-8")


@pytest.mark.parametrize("damage", [_damaged, _of_another_kind, _with_bad_settings])
def test_a_bad_tokenizer_troubles_only_who_asks_for_it(copy_of, damage):
    preset = copy_of("transformers/bert")
    own = Preprocessor.from_preset(preset)
    damage(preset)
    texts = ["a gripping , funny film ."]
    assert Backbone.from_preset(preset).count_params() > 0
    assert TextClassifier.from_preset(preset, preprocessor=None).preprocessor is None
    assert TextClassifier.from_preset(preset, preprocessor=own).predict(texts, verbose=0).shape == (1, 5)
    for load in (TextClassifier, Preprocessor):
        with pytest.raises(PresetFormatError, match="tokenizer"):
            load.from_preset(preset)


def test_the_tokenizer_is_not_even_opened_before_it_is_needed(copy_of, monkeypatch):
    from modelry_bert.transformers import BertCheckpoint

    asked = []
    real = BertCheckpoint.tokenizer_config
    monkeypatch.setattr(BertCheckpoint, "tokenizer_config", lambda self, files: asked.append(1) or real(self, files))
    recipe = read_recipe(copy_of("transformers/bert"))
    assert asked == []
    inputs = recipe.inputs()
    assert (inputs.tokenizer.name, inputs.settings["sequence_length"]) == ("modelry-bert:bert", 64)
    assert recipe.inputs() is inputs
    assert asked == [1]


@pytest.mark.parametrize(
    ("stated", "positions", "expected"),
    [
        (8192, 8192, 8192),
        (8192, 1024, 1024),
        (300, 8192, 300),
        (2048.0, 8192, 2048),
        (None, 8192, 512),
        (10**30, 8192, 512),
        (1e30, 64, 64),
    ],
)
def test_texts_are_cut_where_transformers_cuts_them(copy_of, edit, stated, positions, expected):
    preset = copy_of("transformers/modernbert")
    edit(preset / "config.json", lambda values: values.update(max_position_embeddings=positions))
    edit(preset / "tokenizer_config.json", lambda values: values.update(model_max_length=stated))
    assert read_recipe(preset).inputs().settings["sequence_length"] == expected
    assert Preprocessor.from_preset(preset, sequence_length=100).sequence_length == 100


def test_a_long_text_is_read_to_its_end_and_a_short_one_is_padded_no_further_than_before(copy_of, edit):
    preset = copy_of("transformers/modernbert")
    edit(preset / "config.json", lambda values: values.update(max_position_embeddings=8192))
    edit(preset / "tokenizer_config.json", lambda values: values.update(model_max_length=8192))
    preprocessor = Preprocessor.from_preset(preset)
    assert preprocessor.tokenize((["a film " * 700],)).lengths[0] > 1000
    spec = DataSpec(preprocessor, Targets(), TextReader())
    assert as_batch(["a film"], None, None, spec, predicting=True)[0]["token_ids"].shape == (1, 16)


RENAMED_KEYS = {"vocab_size": "n_vocab", "dim": "d_model", "hidden_dim": "d_inner", "max_position_embeddings": "n_pos"}
RENAMED_TENSORS = {
    "distilbert.": "encoder.",
    "embeddings.word_embeddings": "tokens",
    "embeddings.position_embeddings": "positions",
    "embeddings.LayerNorm": "norm",
    "transformer.layer": "blocks",
    "sa_layer_norm": "norm_1",
    "output_layer_norm": "norm_2",
    "ffn.lin1": "up",
    "ffn.lin2": "down",
    "attention.out_lin": "out",
    "pre_classifier": "pooler",
    "classifier": "score",
}


class FusedCheckpoint(Checkpoint):
    """Checkpoints of what DistilBERT computes, with other keys and names, and fused projections."""

    architecture = "modelry-distil-bert:distil_bert"
    model_type = "fused"
    class_prefix = "Fused"
    fields = (
        Field("vocabulary_size", "n_vocab"),
        Field("num_layers", "n_layers"),
        Field("num_heads", "n_heads"),
        Field("hidden_dim", "d_model"),
        Field("intermediate_dim", "d_inner"),
        Field("max_sequence_length", "n_pos"),
    )
    ignored = ("pooler.*", "score.*")

    def tokenizer_config(self, files):
        return wordpiece_config(files, ("[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]"))

    def backbone_weights(self, backbone):
        names, parts = Names(("encoder.", "")), EncoderNames("", "", "", "", "norm_1", "up", "down", "norm_2")
        positions = backbone.embeddings.position_embedding.position_embeddings
        yield names.weight(backbone.token_embedding.embeddings, "tokens.weight")
        yield names.weight(positions, "positions.weight")
        yield from names.layer_norm(backbone.embeddings_layer_norm, "norm")
        for index, layer in enumerate(backbone.transformer_layers):
            name, inner = f"blocks.{index}", layer.sublayers().attention
            yield from names.fused((inner.query_dense, inner.key_dense, inner.value_dense), f"{name}.qkv")
            yield from names.dense(inner.output_dense, f"{name}.out", input_axes=2)
            yield from names.after_attention(layer, name, parts)

    def head_weights(self, head):
        yield from Names().dense(head.pooled_dense, "pooler")
        yield from Names().dense(head.output_dense, "score")


def renamed(name):
    for old, new in RENAMED_TENSORS.items():
        name = re.sub(rf"(?<![a-z_]){re.escape(old)}", new, name)
    return name


def test_a_converter_reads_other_keys_names_and_layouts_into_an_installed_architecture(copy_of, tmp_path):
    preset = copy_of("transformers/distilbert")
    golden = json.loads((preset / "golden.json").read_text("utf-8"))
    config = json.loads((preset / "config.json").read_text("utf-8"))
    config = {RENAMED_KEYS.get(key, key): value for key, value in config.items()} | {"model_type": "fused"}
    (preset / "config.json").write_text(json.dumps(config), "utf-8")
    tensors = {renamed(name): tensor for name, tensor in load_file(preset / "model.safetensors").items()}
    for index, kind in ((index, kind) for index in range(2) for kind in ("weight", "bias")):
        split = [tensors.pop(f"encoder.blocks.{index}.attention.{part}_lin.{kind}") for part in "qkv"]
        tensors[f"encoder.blocks.{index}.qkv.{kind}"] = np.concatenate(split)
    save_file(tensors, preset / "model.safetensors", {"format": "pt"})

    with modelry.isolated() as registry:
        registry.register("checkpoints", "fused", FusedCheckpoint)
        classifier = TextClassifier.from_preset(preset, sequence_length=golden["max_length"])
    np.testing.assert_allclose(classifier.predict(golden["texts"], verbose=0), golden["logits"], atol=1e-4)
    classifier.save_to_preset(tmp_path / "preset")  # one of DistilBERT, which is loaded without the converter
    loaded = TextClassifier.from_preset(tmp_path / "preset")
    np.testing.assert_allclose(loaded.predict(golden["texts"], verbose=0), golden["logits"], atol=1e-4)
    classifier.save_to_preset(tmp_path / "checkpoint", format="transformers")
    written = json.loads((tmp_path / "checkpoint" / "config.json").read_text("utf-8"))
    assert (written["model_type"], written["architectures"]) == ("distilbert", ["DistilBertForSequenceClassification"])
