from __future__ import annotations

import json
from pathlib import Path

import keras
import pytest

from modelry import Backbone, Tokenizer
from modelry.cli.measuring import matmul_parameters
from modelry.models import BertTokenizer

BERT = Path(__file__).parents[1] / "fixtures" / "keras_hub" / "bert"


def test_what_is_measured(run):
    done = run("bench", "bert_micro_sst2", "--texts", "4", "--batch-size", "2", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["parameters"] == 815_682
    assert found["dtype"] == "float32"
    assert 0 < found["load_seconds"] < found["first_prediction_seconds"]
    assert 0 < found["load_peak_bytes"] <= found["predict_peak_bytes"] <= found["peak_bytes"]
    assert found["import_seconds"] > 0
    assert found["gemm_flops"] > 1e8
    assert set(found["throughput"]) == {"short", "mixed"}
    for rate in found["throughput"].values():
        assert rate["texts"] == 4
        assert rate["tokens"] >= 4 * 3
        assert rate["texts_per_second"] > 0
        assert rate["share_of_peak"] > 0


def test_texts_of_ones_own_in_another_dtype(invoke, tmp_path):
    (tmp_path / "texts").write_text("a film\n\na good film\n")
    result = invoke("bench", str(BERT), "--input", str(tmp_path / "texts"), "--dtype", "bfloat16", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["dtype"] == "bfloat16"
    assert found["throughput"]["given"]["texts"] == 2


def test_lines_for_a_pipe(invoke):
    result = invoke("bench", str(BERT), "--texts", "2")
    assert result.exit_code == 0, result.output
    rows = dict(line.split("\t") for line in result.stdout.splitlines())
    assert rows["load"].endswith(" s")
    assert rows["peak memory after load"].endswith(" MB")
    assert rows["short texts"].endswith(" of the peak")


def test_a_preset_without_a_classifier(invoke, tmp_path):
    Backbone.from_preset(BERT).save_to_preset(tmp_path / "backbone")
    result = invoke("bench", str(tmp_path / "backbone"), "--texts", "2")
    assert result.exit_code == 1
    assert "has no tokenizer" in result.stderr


def test_a_tokenizer_that_cannot_make_texts(invoke, tmp_path, monkeypatch):
    """Such as one that hashes."""
    monkeypatch.setattr(BertTokenizer, "decode", Tokenizer.decode)
    result = invoke("bench", str(BERT), "--texts", "2")
    assert result.exit_code == 1
    assert "BertTokenizer cannot turn ids into texts. Pass texts of your own with --input" in result.stderr

    (tmp_path / "texts").write_text("a film\n")
    assert invoke("bench", str(BERT), "--input", str(tmp_path / "texts")).exit_code == 0


def test_a_backbone_that_multiplies_nothing_has_no_share_of_the_peak(invoke, monkeypatch):
    monkeypatch.setattr("modelry.cli.measuring.matmul_parameters", lambda backbone: 0)
    result = invoke("bench", str(BERT), "--texts", "2")
    assert result.exit_code == 0, result.output
    rows = dict(line.split("\t") for line in result.stdout.splitlines())
    assert rows["short texts"].endswith(" tokens each")


@pytest.mark.parametrize(("content", "message"), [(None, "Cannot read texts"), (b"\n", "no text"), (b"\xff", "UTF-8")])
def test_texts_that_cannot_be_read(invoke, tmp_path, content, message):
    if content is not None:
        (tmp_path / "texts").write_bytes(content)
    result = invoke("bench", str(BERT), "--input", str(tmp_path / "texts"))
    assert result.exit_code == 1
    assert message in result.stderr


def test_no_such_preset_is_found_out_first(invoke):
    result = invoke("bench", "./nowhere")
    assert result.exit_code == 1
    assert "There is no folder" in result.stderr


def test_the_parameters_that_every_token_is_multiplied_with():
    """Queries, keys, values and outputs, and two matrices between the hidden and the inner size, in each layer."""
    backbone = Backbone.from_preset(BERT)
    hidden, inner = backbone.hidden_dim, backbone.intermediate_dim
    assert matmul_parameters(backbone) == backbone.num_layers * (4 * hidden * hidden + 2 * hidden * inner)


def test_a_matrix_counts_as_often_as_it_is_used_and_not_after_a_pooling():
    class Shared(Backbone):
        """One layer three times, and one after a pooling that its name says nothing of."""

        def __init__(self, **kwargs):
            again = keras.layers.Dense(4, name="again")
            self.token_embedding = keras.layers.Embedding(9, 4)
            ids = keras.Input((None,), dtype="int32", name="token_ids")
            states = again(again(again(self.token_embedding(ids))))
            vector = keras.layers.Dense(50, name="last")(keras.ops.max(states, axis=1))
            super().__init__(inputs={"token_ids": ids}, outputs={"sequence_output": states, "vector": vector}, **kwargs)

    assert matmul_parameters(Shared()) == 3 * 4 * 4
