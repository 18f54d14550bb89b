"""The general heads: what they pool, their hidden layer, and how both are saved."""

from __future__ import annotations

import json

import h5py
import keras
import numpy as np
import pytest

from modelry import TextClassifier
from modelry.data.packing import plan_predictions
from modelry.data.rows import Inputs, tokenized
from modelry.errors import InputError, UnknownArgument, WeightsError
from modelry.models import BertTextClassifier
from modelry.tasks.base.saving import serialized_task
from modelry.tasks.text_classifier import task as task_module
from modelry.tasks.text_classifier.heads import (
    AttentionPoolHead,
    FirstTokenHead,
    LastTokenHead,
    MaxPoolHead,
    MeanPoolHead,
    PooledHead,
    PooledOutputHead,
)
from modelry.testing import HeadContract
from modelry.testing.comparing import as_numpy

from .conftest import TEXTS

HEADS = [FirstTokenHead, LastTokenHead, MeanPoolHead, MaxPoolHead, AttentionPoolHead, PooledOutputHead]
STATES = keras.ops.convert_to_tensor([[[1.0, -2], [3, -4], [9, 9]], [[5, -6], [9, 9], [9, 9]]])
MASK = keras.ops.convert_to_tensor([[1, 1, 0], [1, 0, 0]])


class Roberta(BertTextClassifier):
    """What the classifier of an architecture with a hidden layer looks like."""

    keras_hub_class = "RobertaTextClassifier"
    head_cls = FirstTokenHead
    head_options = {"hidden_activation": "tanh", "dropout": 0.0}  # noqa: RUF012 - as plugins write it


@pytest.fixture
def roberta(make, monkeypatch):
    """Create a tiny classifier of such a class, as if a plugin registered it."""
    monkeypatch.setattr(task_module, "owned_class", type)
    parts = make()
    return lambda **arguments: Roberta(
        parts.backbone, preprocessor=parts.preprocessor, **{"num_classes": 3, **arguments}
    )


class TestAttentionPoolHead(HeadContract):
    @pytest.fixture
    def head(self):
        return AttentionPoolHead(3, hidden_dim=5, hidden_activation="gelu", hidden_norm=1e-5, hidden_bias=False)


@pytest.mark.parametrize(
    ("head", "masked", "unmasked"),
    [
        (FirstTokenHead, [[1, -2], [5, -6]], [[1, -2], [5, -6]]),
        (LastTokenHead, [[3, -4], [5, -6]], [[9, 9], [9, 9]]),
        (MeanPoolHead, [[2, -3], [5, -6]], [[13 / 3, 1], [23 / 3, 4]]),
        (MaxPoolHead, [[3, -2], [5, -6]], [[9, 9], [9, 9]]),
        (AttentionPoolHead, [[2, -3], [5, -6]], [[13 / 3, 1], [23 / 3, 4]]),
        (PooledOutputHead, [[7, 7], [8, 8]], [[7, 7], [8, 8]]),
    ],
)
def test_pooling(head, masked, unmasked):
    outputs = {"sequence_output": STATES, "pooled_output": keras.ops.convert_to_tensor([[7.0, 7], [8, 8]])}
    for mask, expected in ((MASK, masked), (MASK == 1, masked), (None, unmasked)):
        np.testing.assert_allclose(as_numpy(head(2).pool(outputs, mask)), expected, rtol=1e-6)


def test_attention_weighs_by_learned_scores():
    head = AttentionPoolHead(2)
    head.pool({"sequence_output": STATES}, MASK)
    head.token_scores.set_weights([np.array([[np.log(3) / 2], [0]], "float32")])  # the second token: 3 times the first
    np.testing.assert_allclose(as_numpy(head.pool({"sequence_output": STATES}, MASK))[0], [2.5, -3.5], rtol=1e-5)


def test_the_last_token_is_found_where_padding_comes_first():
    pooled = LastTokenHead(2).pool({"sequence_output": STATES}, keras.ops.convert_to_tensor([[0, 1, 1], [0, 1, 0]]))
    np.testing.assert_array_equal(as_numpy(pooled), [[9, 9], [9, 9]])


@pytest.mark.parametrize("head", HEADS)
def test_a_text_of_no_tokens_has_finite_scores(head):
    """Batches of shared rows have such texts, where fewer texts came than there is room for."""
    outputs = {"sequence_output": STATES, "pooled_output": STATES[:, 0]}
    assert np.isfinite(as_numpy(head(2)(outputs, padding_mask=0 * MASK))).all()


@pytest.mark.parametrize("head", HEADS)
def test_texts_that_share_rows_score_as_they_do_alone(make, head):
    classifier = make(num_classes=None, head=head(3, hidden_dim=4))
    texts = ["good film", "a", "bad bad film a good film", "film"]
    inputs = tokenized(classifier.preprocessor, Inputs((texts,)))
    (rows,) = plan_predictions(inputs.rows.lengths, batch_size=32, sequence_length=32)
    assert rows.num_rows < rows.capacity
    scores = as_numpy(classifier(rows.features(classifier.preprocessor, inputs), training=False))
    for text, found in zip(rows.indices, scores, strict=False):
        alone = classifier(classifier.preprocessor([texts[text]]), training=False)
        np.testing.assert_allclose(found, as_numpy(alone)[0], atol=1e-6)


def test_a_hidden_layer_is_as_wide_as_its_input_by_default():
    head = MeanPoolHead(3, hidden_activation="relu", hidden_dropout=0.2, dropout=0.4)
    head({"sequence_output": STATES})
    assert [tuple(weight.shape) for weight in head.weights] == [(2, 2), (2,), (2, 3), (3,)]
    assert (head.pooled_dropout.rate, head.output_dropout.rate) == (0.2, 0.4)
    assert FirstTokenHead(3, hidden_dim=4, dropout=0.3).pooled_dropout.rate == 0.3


def test_the_hidden_layer_computes_what_its_arguments_say():
    head = FirstTokenHead(1, hidden_dim=2, hidden_activation="relu", hidden_bias=False, hidden_norm=1e-3)
    outputs = {"sequence_output": np.array([[[1.0, 2.0]]], "float32")}
    head(outputs)
    kernel = np.array([[1, -1], [1, 0]], "float32")
    head.set_weights([kernel, np.array([2, 2], "float32"), np.array([[1], [10]], "float32"), np.array([5], "float32")])
    # (1, 2) → (3, -1) → relu (3, 0) → normalised ±1.5 / sqrt(2.25 + 0.001), times 2
    half = 2 * 1.5 / np.sqrt(2.251)
    np.testing.assert_allclose(as_numpy(head(outputs)), [[half - 10 * half + 5]], rtol=1e-5)
    assert "tanh" in str(FirstTokenHead(1, hidden_dim=2).pooled_dense.activation)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden_dim": 0}, "hidden_dim must be a whole number, at least 1, not 0"),
        ({"hidden_dim": 4, "hidden_dropout": 1}, "hidden_dropout must be at least 0 and below 1"),
        ({"hidden_activation": "tan"}, r"no activation 'tan'\. Did you mean 'tanh'"),
        ({"hidden_norm": 1e-5}, "hidden_norm=1e-05 are for a hidden layer, and there is none"),
        ({"hidden_dropout": 0.1}, r"hidden_dropout=0\.1.* are for a hidden layer"),
        ({"hidden_bias": False}, "hidden_bias=False.* are for a hidden layer"),
        ({"hidden_dims": 4}, "Did you mean 'hidden_dim'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises((InputError, UnknownArgument), match=message):
        AttentionPoolHead(2, **arguments)


def test_a_head_is_saved_with_its_hidden_layer(make, tmp_path):
    classifier = make(num_classes=None, head=MaxPoolHead(3, hidden_dim=4, hidden_activation="gelu", hidden_dropout=0.3))
    classifier.save_to_preset(tmp_path / "p")
    again = TextClassifier.from_preset(tmp_path / "p")
    assert type(again.head) is MaxPoolHead
    assert (again.head.hidden_dim, again.head.hidden_activation, again.head.hidden_dropout) == (4, "gelu", 0.3)
    np.testing.assert_array_equal(again.predict(TEXTS, verbose=0), classifier.predict(TEXTS, verbose=0))
    fresh = TextClassifier.from_preset(tmp_path / "p", num_classes=5)
    assert (type(fresh.head), fresh.hidden_dim, fresh.num_classes) == (MaxPoolHead, 4, 5)


def test_from_preset_makes_a_hidden_layer(make, tmp_path):
    make().save_to_preset(tmp_path / "p")
    for head in ("last_token", None):
        classifier = TextClassifier.from_preset(tmp_path / "p", num_classes=3, head=head, hidden_dim=6)
        assert tuple(classifier.head.pooled_dense.kernel.shape) == (8, 6)
    with pytest.raises(InputError, match=r"another head than the saved one\. Pass num_classes= too"):
        TextClassifier.from_preset(tmp_path / "p", hidden_dim=6)


def test_an_architecture_s_head_is_values(roberta):
    head = roberta().head
    assert isinstance(head, PooledHead)
    assert (head.hidden_activation, head.dropout, tuple(head.pooled_dense.kernel.shape)) == ("tanh", 0.0, (8, 8))
    assert roberta(hidden_dim=6, dropout=0.2).get_layer("pooled_dense").units == 6


def test_kerashub_is_told_of_the_hidden_layer_where_its_class_has_one(make, roberta):
    task = serialized_task(roberta(hidden_dim=6, dropout=0.2))
    assert task["registered_name"] == "keras_hub>RobertaTextClassifier"
    config = {key: task["config"][key] for key in ("num_classes", "activation", "dropout", "hidden_dim")}
    assert config == {"num_classes": 3, "activation": "linear", "dropout": 0.2, "hidden_dim": 6}
    assert "head" not in task["config"]
    assert serialized_task(make())["registered_name"] == "keras_hub>BertTextClassifier"
    assert "hidden_dim" not in serialized_task(make())["config"]


@pytest.mark.parametrize(
    "head",
    [FirstTokenHead(3), FirstTokenHead(3, hidden_activation="relu", dropout=0.0), MeanPoolHead(3, hidden_dim=8)],
)
def test_a_head_that_kerashub_does_not_compute_is_written_as_modelry_s(roberta, head):
    task = serialized_task(roberta(head=head))
    assert not task["registered_name"].startswith("keras_hub>")
    assert task["config"]["head"]["config"]["hidden_activation"] == head.hidden_activation


def test_a_hidden_layer_where_kerashub_has_none_is_written_as_modelry_s(make, tmp_path):
    make(hidden_dim=4).save_to_preset(tmp_path / "p")
    task = json.loads((tmp_path / "p" / "task.json").read_text("utf-8"))
    assert task["registered_name"] == "modelry_bert>BertTextClassifier"
    assert TextClassifier.from_preset(tmp_path / "p").hidden_dim == 4


def test_weights_are_stored_in_kerashub_s_order(roberta, tmp_path):
    classifier = roberta(hidden_dim=6)
    classifier.save_weights(tmp_path / "x.weights.h5")
    with h5py.File(tmp_path / "x.weights.h5") as file:
        assert file["layers/dense/vars/0"].shape == (8, 6)  # the hidden layer
        assert file["layers/dense_1/vars/0"].shape == (6, 3)  # the logits


def test_a_preset_of_another_width_is_refused(make, tmp_path):
    make(hidden_dim=4).save_to_preset(tmp_path / "p")
    path = tmp_path / "p" / "task.json"
    path.write_text(path.read_text("utf-8").replace('"hidden_dim": 4', '"hidden_dim": 5'), "utf-8")
    with pytest.raises(WeightsError, match=r"expected \(8, 5\) float32, found \(8, 4\) float32"):
        TextClassifier.from_preset(tmp_path / "p")


def test_keras_restores_the_hidden_layer(roberta):
    config = roberta(hidden_dim=6).get_config()
    assert config["hidden_dim"] == 6
    assert Roberta.from_config(config).hidden_dim == 6
