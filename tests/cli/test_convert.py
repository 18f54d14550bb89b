from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelry import Backbone, TextClassifier
from modelry.backbones.checkpoint_writer import write_checkpoint

FIXTURES = Path(__file__).parents[1] / "fixtures"
TEXTS = ["a gripping , funny film .", "dull"]


def scores(preset):
    return TextClassifier.from_preset(preset).predict(TEXTS, verbose=0)


@pytest.mark.parametrize(
    ("source", "format_name", "key"),
    [("transformers/bert", "modelry", "registered_name"), ("keras_hub/bert", "transformers", "model_type")],
)
def test_a_preset_is_written_in_another_format_and_compared(invoke, tmp_path, source, format_name, key):
    result = invoke("convert", str(FIXTURES / source), str(tmp_path / "out"), "--format", format_name)
    assert result.exit_code == 0, result.stderr
    assert "outputs differ by at most" in result.stdout
    assert key in json.loads((tmp_path / "out" / "config.json").read_text("utf-8"))
    assert abs(scores(tmp_path / "out") - scores(FIXTURES / source)).max() < 1e-5


def test_a_backbone_is_converted_with_its_tokenizer(invoke, tmp_path, copy_of):
    preset = copy_of("keras_hub/bert")
    for name in ("task.json", "task.weights.h5"):
        (preset / name).unlink()
    assert invoke("convert", str(preset), str(tmp_path / "one"), "--format", "transformers").exit_code == 0
    assert json.loads((tmp_path / "one" / "config.json").read_text("utf-8"))["architectures"] == ["BertModel"]
    assert (tmp_path / "one" / "tokenizer.json").is_file()
    result = invoke("convert", str(tmp_path / "one"), str(tmp_path / "two"))
    assert result.exit_code == 0, result.stderr
    assert TextClassifier.from_preset(tmp_path / "two", num_classes=2).predict(TEXTS, verbose=0).shape == (2, 2)


def test_what_computes_something_else_is_said(invoke, tmp_path, monkeypatch):
    def wrong(folder, backbone, preprocessor, max_shard_size, dtype, task):
        task.head.output_dense.bias.assign(task.head.output_dense.bias + 1.0)
        write_checkpoint(folder, backbone, preprocessor, max_shard_size, dtype, task)
        task.head.output_dense.bias.assign(task.head.output_dense.bias - 1.0)

    monkeypatch.setattr("modelry.tasks.base.saving.write_checkpoint", wrong)
    arguments = (str(FIXTURES / "keras_hub/bert"), str(tmp_path / "out"), "--format", "transformers")
    result = invoke("convert", *arguments)
    assert result.exit_code == 1
    assert "computes something else" in result.stderr


def test_a_format_that_there_is_not(invoke, tmp_path):
    result = invoke("convert", str(FIXTURES / "keras_hub/bert"), str(tmp_path / "out"), "--format", "transformer")
    assert result.exit_code == 1
    assert "Did you mean 'transformers'" in result.stderr or "transformers" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("activation", "problem_type"), [("softmax", "single_label"), ("sigmoid", "multi_label")])
def test_scores_are_compared_as_what_they_are(invoke, tmp_path, activation, problem_type):
    source, target = tmp_path / "probabilities", tmp_path / "logits"
    classifier = TextClassifier.from_preset(
        FIXTURES / "keras_hub/bert", activation=activation, problem_type=problem_type
    )
    classifier.save_to_preset(source)
    result = invoke("convert", str(source), str(target), "--format", "transformers")
    assert result.exit_code == 0, result.stderr
    assert (TextClassifier.from_preset(source).activation, TextClassifier.from_preset(target).activation) == (
        activation,
        "linear",
    )


@pytest.mark.parametrize("with_head", [True, False])
def test_a_quantized_preset_stays_quantized(invoke, tmp_path, with_head):
    source = FIXTURES / "keras_hub/bert_int8"
    if with_head:
        classifier = TextClassifier.from_preset(FIXTURES / "keras_hub/bert")
        classifier.quantize("int8")
        source = tmp_path / "source"
        classifier.save_to_preset(source)
    result = invoke("convert", str(source), str(tmp_path / "out"))
    assert result.exit_code == 0, result.stderr
    loaded = Backbone.from_preset(tmp_path / "out")
    assert loaded.transformer_layers[0].sublayers().output.quantization_mode == "int8"
    result = invoke("convert", str(source), str(tmp_path / "other"), "--format", "transformers")
    assert result.exit_code == 1
    assert "quantized" in result.stderr


def test_rows_are_compared_no_longer_than_they_are(invoke, tmp_path, copy_of, edit, monkeypatch):
    preset = copy_of("transformers/modernbert")
    edit(
        preset / "config.json",
        lambda values: values.update(architectures=["ModernBertModel"], max_position_embeddings=8192),
    )
    edit(preset / "tokenizer_config.json", lambda values: values.update(model_max_length=8192))
    widths = []
    real = Backbone.predict_on_batch

    def predict(self, x):
        widths.append(x["token_ids"].shape[1])
        return real(self, x)

    monkeypatch.setattr(Backbone, "predict_on_batch", predict)
    result = invoke("convert", str(preset), str(tmp_path / "out"))
    assert result.exit_code == 0, result.stderr
    assert len(widths) == 2
    assert 512 < widths[0] == widths[1] < 8192
