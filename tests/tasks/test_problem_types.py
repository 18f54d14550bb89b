"""Several labels for a text, and regression: from the loss to what is saved."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from modelry import TextClassifier
from modelry.errors import InputError, PresetFormatError
from modelry.tasks.base.head import Head
from modelry.tasks.base.saving import serialized_task
from modelry.tasks.text_classifier.heads import MeanPoolHead

from .conftest import TEXTS

NAMES = ["animal", "film", "good"]
SETS = [[name for name in ("film", "good") if name in text] for text in TEXTS]
MARKED = np.array([[0, "film" in text, "good" in text] for text in TEXTS], "float32")
LENGTHS = [float(len(text)) for text in TEXTS]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.fixture
def tagger(make):
    return lambda **arguments: make(
        **{"num_classes": None, "labels": NAMES, "problem_type": "multi_label", **arguments}
    )


@pytest.mark.parametrize("activation", ["linear", "sigmoid"])
def test_several_labels_have_a_loss_and_an_accuracy_each(tagger, activation):
    classifier = tagger(activation=activation)
    scores = classifier.predict(TEXTS, verbose=0)
    likely = sigmoid(scores) if activation == "linear" else scores
    found = classifier.evaluate(TEXTS, SETS, verbose=0, return_dict=True)
    expected = -(MARKED * np.log(likely) + (1 - MARKED) * np.log(1 - likely)).mean()
    assert found["loss"] == pytest.approx(expected, rel=1e-4)
    assert found["binary_accuracy"] == pytest.approx(((likely > 0.5) == MARKED).mean())
    assert classifier.evaluate(TEXTS, MARKED, verbose=0) == classifier.evaluate(TEXTS, SETS, verbose=0)


# On PyTorch, Keras warns that a head which reads the hidden states leaves BERT's pooler without gradients.
@pytest.mark.filterwarnings("ignore:Gradients do not exist:UserWarning")
def test_several_labels_are_learned(tagger):
    classifier = tagger(labels=["dull", "good"], head=MeanPoolHead(2, dropout=0.0))
    classifier.compile(optimizer=keras.optimizers.Adam(3e-2))
    sets = [["good"] if "good" in text else [] for text in TEXTS] * 4
    classifier.fit(TEXTS * 4, sets, epochs=10, batch_size=8, verbose=0)
    found = classifier.classify(["good film", "bad film"])
    assert [[label for label, _ in row] for row in found] == [["good"], []]


def test_classify_returns_the_labels_above_the_threshold(tagger):
    classifier = tagger()
    likely = sigmoid(classifier.predict(TEXTS, verbose=0))
    for threshold, found in ((0.5, classifier.classify(TEXTS)), (0.4, classifier.classify(TEXTS, threshold=0.4))):
        for row, scores in zip(found, likely, strict=True):
            assert dict(row) == pytest.approx(
                {NAMES[i]: scores[i] for i in range(3) if scores[i] >= threshold}, rel=1e-5
            )
            assert [score for _, score in row] == sorted((score for _, score in row), reverse=True)
    assert [len(row) for row in classifier.classify(TEXTS, top_k=2)] == [2] * len(TEXTS)
    assert classifier.classify(TEXTS, top_k=2, threshold=1.0) == [[]] * len(TEXTS)
    with pytest.raises(InputError, match=r"threshold must be a probability, from 0 to 1, not 50"):
        classifier.classify(TEXTS, threshold=50)


def test_far_logits_are_probabilities_without_a_warning(tagger):
    classifier = tagger()
    classifier.head.output_dense.bias.assign([-300, 0, 300])
    for row in classifier.classify(TEXTS, top_k=None):
        assert (row[0], row[-1]) == (("good", 1.0), ("animal", 0.0))


def test_labels_of_sets_are_taken_from_the_data(tagger):
    classifier = tagger(labels=None, num_classes=2)
    classifier.fit(TEXTS, SETS, verbose=0)
    assert classifier.labels == ("film", "good")


def test_a_threshold_is_for_a_single_label_too(make):
    found = make().classify(TEXTS, top_k=None, threshold=0.5)
    assert all(len(row) <= 1 and all(score >= 0.5 for _, score in row) for row in found)


def test_a_regression_predicts_numbers(make):
    classifier = make(num_classes=None, problem_type="regression")
    assert classifier.num_classes == 1
    scores = classifier.predict(TEXTS, verbose=0)[:, 0]
    found = classifier.evaluate(TEXTS, LENGTHS, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(((scores - LENGTHS) ** 2).mean(), rel=1e-4)
    assert found["mean_absolute_error"] == pytest.approx(np.abs(scores - LENGTHS).mean(), rel=1e-4)
    assert classifier.classify(TEXTS) == [[("value", pytest.approx(score, rel=1e-5))] for score in scores.tolist()]
    classifier.compile(optimizer=keras.optimizers.Adam(3e-2))
    classifier.fit(TEXTS * 4, LENGTHS * 4, epochs=3, batch_size=16, verbose=0)
    assert classifier.evaluate(TEXTS, LENGTHS, verbose=0)[0] < found["loss"]
    assert classifier.labels is None


def test_several_numbers_have_numbered_names(make):
    classifier = make(num_classes=2, problem_type="regression")
    classifier.fit(TEXTS, np.ones((len(TEXTS), 2)), verbose=0)
    ((one, other),) = classifier.classify(TEXTS[:1])
    assert (one[0], other[0]) == ("value_0", "value_1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"problem_type": "multi_label", "activation": "softmax"},
            "'softmax' does not go with problem_type='multi_label'",
        ),
        ({"problem_type": "single_label", "activation": "sigmoid"}, "whose scores are 'linear' or 'softmax'"),
        ({"problem_type": "regression", "activation": "softmax"}, "whose scores are 'linear'"),
        ({"problem_type": "regression", "labels": ["a", "b"]}, "labels= names classes, but problem_type='regression'"),
        ({"problem_type": "multilabel"}, "problem_type='multilabel' is unknown; choose one of 'single_label'"),
    ],
)
def test_contradictions(make, arguments, message):
    with pytest.raises(InputError, match=message):
        make(**arguments)


def test_a_regression_has_no_labels_to_choose_from(make):
    classifier = make(problem_type="regression")
    for options in ({"top_k": 1}, {"threshold": 0.5}):
        with pytest.raises(InputError, match="this classifier predicts numbers"):
            classifier.classify(TEXTS, **options)
    with pytest.raises(InputError, match="y holds names"):
        classifier.fit(TEXTS, ["a"] * len(TEXTS), verbose=0)


def test_the_activation_tells_what_is_not_said(make):
    assert [make(activation=name).problem_type for name in (None, "softmax", "sigmoid")] == [
        "single_label",
        "single_label",
        "multi_label",
    ]


@pytest.mark.parametrize("problem_type", ["multi_label", "regression"])
def test_presets_keep_it(make, tmp_path, problem_type):
    classifier = make(num_classes=2, problem_type=problem_type)
    classifier.save_to_preset(tmp_path / "p")
    again = TextClassifier.from_preset(tmp_path / "p")
    assert again.problem_type == problem_type
    assert type(again.loss) is type(classifier.loss)
    assert again.classify(TEXTS) == classifier.classify(TEXTS)
    fresh = TextClassifier.from_preset(tmp_path / "p", num_classes=3)
    assert (fresh.problem_type, fresh.num_classes) == (problem_type, 3)
    other = TextClassifier.from_preset(tmp_path / "p", labels=["a", "b"], problem_type="single_label")
    assert (other.problem_type, other.labels) == ("single_label", ("a", "b"))
    assert TextClassifier.from_preset(tmp_path / "p", num_classes=2, head="mean_pool").problem_type == "single_label"
    assert serialized_task(classifier)["registered_name"] == "keras_hub>BertTextClassifier"


def test_a_preset_becomes_a_regression(make, tmp_path):
    make(num_classes=None, labels=["a", "b"]).save_to_preset(tmp_path / "p")
    assert TextClassifier.from_preset(tmp_path / "p", problem_type="regression").labels is None
    fresh = TextClassifier.from_preset(tmp_path / "p", problem_type="regression", head="max_pool")
    assert fresh.num_classes == 1


@pytest.mark.parametrize(
    ("saved", "given", "problem_type"),
    [
        ({}, {"activation": "sigmoid"}, "multi_label"),
        ({}, {"activation": keras.activations.sigmoid}, "multi_label"),
        ({}, {"activation": "softmax"}, "single_label"),
        ({}, {"activation": "sigmoid", "num_classes": 3}, "multi_label"),
        ({"problem_type": "multi_label"}, {"activation": "sigmoid"}, "multi_label"),
        ({"problem_type": "multi_label"}, {"activation": "linear"}, "multi_label"),
        ({"activation": "sigmoid"}, {"activation": "softmax"}, "single_label"),
        ({"problem_type": "regression"}, {"activation": "softmax", "num_classes": 2}, "single_label"),
        ({"problem_type": "multi_label"}, {"activation": "softmax", "problem_type": "single_label"}, "single_label"),
    ],
)
def test_an_activation_says_what_the_saved_problem_type_cannot(make, tmp_path, saved, given, problem_type):
    classifier = make(**saved)
    classifier.save_to_preset(tmp_path / "p")
    again = TextClassifier.from_preset(tmp_path / "p", **given)
    assert again.problem_type == problem_type
    scores = again.predict(TEXTS, verbose=0)
    if given["activation"] == "softmax":
        np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)
    if "num_classes" not in given and not saved:
        logits = classifier.predict(TEXTS, verbose=0)
        odds = np.exp(logits)
        softmax = odds / odds.sum(axis=1, keepdims=True)
        expected = softmax if given["activation"] == "softmax" else sigmoid(logits)
        np.testing.assert_allclose(scores, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("saved", "given"),
    [
        ({}, {"activation": "sigmoid", "problem_type": "single_label"}),
        ({}, {"activation": "softmax", "problem_type": "multi_label"}),
        ({"problem_type": "regression"}, {"activation": "sigmoid"}),
    ],
)
def test_an_activation_that_contradicts_is_refused(make, tmp_path, saved, given):
    make(**saved).save_to_preset(tmp_path / "p")
    with pytest.raises(InputError, match="does not go with problem_type="):
        TextClassifier.from_preset(tmp_path / "p", **given)


def test_a_problem_of_a_newer_modelry_is_refused(make, tmp_path):
    make().save_to_preset(tmp_path / "p")
    path = tmp_path / "p" / "modelry.json"
    path.write_text(path.read_text("utf-8").replace('"single_label"', '"ranking"'), "utf-8")
    with pytest.raises(PresetFormatError, match="the problem_type 'ranking', which this modelry does not know"):
        TextClassifier.from_preset(tmp_path / "p")


@pytest.mark.parametrize(
    ("changes", "problem_type", "labels"),
    [
        ({"problem_type": "multi_label_classification"}, "multi_label", 5),
        ({"problem_type": "regression"}, "regression", None),
        ({"problem_type": "single_label_classification"}, "single_label", 5),
        ({"id2label": {"0": "LABEL_0"}}, "regression", None),
    ],
)
def test_transformers_checkpoints_say_it(copy_of, edit, changes, problem_type, labels):
    preset = copy_of("transformers/bert")
    edit(preset / "config.json", lambda values: values.update(changes))
    classifier = TextClassifier.from_preset(preset, load_weights=False)
    assert classifier.problem_type == problem_type
    assert classifier.labels is None if labels is None else len(classifier.labels) == labels


def test_a_checkpoint_may_name_another_head(copy_of, edit):
    import modelry
    from modelry_bert.transformers import BertCheckpoint

    class Other(BertCheckpoint):
        architecture = "modelry-bert:bert"

        def head_config(self, config, where):
            return {"hidden_activation": "gelu", "hidden_norm": 1e-5}

        def head_name(self, config):
            return "modelry:mean_pool"

    preset = copy_of("transformers/bert")
    edit(preset / "config.json", lambda values: values.update(model_type="other"))
    with modelry.isolated() as registry:
        registry.register("checkpoints", "other", Other)
        head = TextClassifier.from_preset(preset, load_weights=False).head
    assert isinstance(head, Head)
    assert (type(head), head.num_classes, head.hidden_activation, head.hidden_norm) == (MeanPoolHead, 5, "gelu", 1e-5)


def test_keras_files_keep_it(tagger, tmp_path):
    classifier = tagger()
    classifier.fit(TEXTS, SETS, verbose=0)
    classifier.save(tmp_path / "x.keras")
    again = keras.models.load_model(tmp_path / "x.keras")
    assert again.problem_type == "multi_label"
    assert again.evaluate(TEXTS, SETS, verbose=0) == pytest.approx(
        classifier.evaluate(TEXTS, SETS, verbose=0), rel=1e-5
    )


def test_the_manifest_says_it(make, tmp_path):
    make(activation="sigmoid").save_to_preset(tmp_path / "p")
    task = json.loads((tmp_path / "p" / "modelry.json").read_text("utf-8"))["task"]
    assert task == {"name": "modelry:text_classifier", "facts": {"labels": None, "problem_type": "multi_label"}}
