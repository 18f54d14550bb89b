import io

import keras
import numpy as np
import pytest

from modelry import TextClassifier
from modelry.errors import InputError, UnknownArgument
from modelry.models import BertTextClassifier

from .conftest import BERT, LABELS, TEXTS


def test_defaults_of_compile(make):
    classifier = make()
    assert isinstance(classifier.optimizer, keras.optimizers.Adam)
    assert float(classifier.optimizer.learning_rate) == pytest.approx(5e-5)
    assert type(classifier.loss) is keras.losses.SparseCategoricalCrossentropy


@pytest.mark.parametrize("activation", ["linear", "softmax"])
def test_the_default_loss_matches_the_activation(make, activation):
    classifier = make(activation=activation)
    scores = classifier.predict(TEXTS, verbose=0)
    if activation == "linear":
        scores = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    expected = -np.log(scores[np.arange(len(TEXTS)), LABELS]).mean()
    loss, accuracy = classifier.evaluate(TEXTS, LABELS, verbose=0)
    assert loss == pytest.approx(expected, rel=1e-4)
    assert accuracy == pytest.approx((scores.argmax(axis=1) == LABELS).mean())


def test_sigmoid_is_several_independent_labels(make):
    classifier = make(num_classes=3, activation="sigmoid")
    y = np.array([[1, 0, 1]] * len(TEXTS), "float32")
    scores = classifier.predict(TEXTS, verbose=0)
    loss, _ = classifier.evaluate(TEXTS, y, verbose=0)
    assert loss == pytest.approx(-(y * np.log(scores) + (1 - y) * np.log(1 - scores)).mean(), rel=1e-4)
    classifier.fit(TEXTS, y, verbose=0)


def test_own_optimizer_loss_and_metrics(make):
    classifier = make()
    classifier.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    assert isinstance(classifier.optimizer, keras.optimizers.SGD)
    classifier.fit(TEXTS, LABELS, verbose=0)
    classifier.compile(loss=keras.losses.CategoricalCrossentropy(from_logits=True), metrics=["categorical_accuracy"])
    classifier.fit(TEXTS, np.eye(2)[LABELS], verbose=0)


def test_no_metrics(make):
    classifier = make()
    classifier.compile(loss="mean_squared_error", metrics=None)
    classifier.fit(TEXTS, np.zeros((len(TEXTS), 2)), verbose=0)  # sparse accuracy cannot compare these
    assert set(classifier.evaluate(TEXTS, np.zeros((len(TEXTS), 2)), verbose=0, return_dict=True)) == {"loss"}


def test_it_learns(make):
    classifier = make(labels=["bad", "good"])
    classifier.compile(optimizer=keras.optimizers.Adam(1e-2))
    texts, labels = TEXTS * 8, [["bad", "good"]["good" in text] for text in TEXTS] * 8
    history = classifier.fit(texts, labels, epochs=12, verbose=0, batch_size=16, validation_split=0.25)
    assert history.history["val_sparse_categorical_accuracy"][-1] == 1
    assert [label for ((label, _),) in classifier.classify(["good film", "bad film"])] == ["good", "bad"]


def test_labels_are_taken_from_the_data(make):
    classifier = make()
    classifier.fit(TEXTS, ["yes" if label else "no" for label in LABELS], verbose=0)
    assert classifier.labels == ("no", "yes")
    with pytest.raises(InputError, match=r"Row 1 of y is 'noo', which is not a label.*Did you mean 'no'"):
        classifier.fit(TEXTS[:2], ["yes", "noo"], verbose=0)
    with pytest.raises(InputError, match="3 different labels"):
        make().fit(TEXTS[:3], ["a", "b", "c"], verbose=0)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ("one text", [0], "list"),
        ([], [], "empty|no texts"),
        (["a", None], [0, 1], "1"),
        (["a", 3], [0, 1], "1"),
        (["a"], [0, 1], "2"),
        (["a", "b"], [0, 2], "Row 1 of y is 2, but the 2 classes are numbered 0 to 1"),
        (["a", "b"], [0, -1], "Row 1 of y is -1"),
        (["a", "b"], [0, 0.5], "0.5"),
        (["a", "b"], None, "y is missing"),
        (None, None, "x is missing"),
        ((["a"], ["a", "b"]), [0], "1.*2|2.*1"),
    ],
)
def test_bad_data(make, x, y, message):
    with pytest.raises(InputError, match=message):
        make().fit(x, y, verbose=0)


def test_classify(make):
    classifier = make(num_classes=3, labels=["a", "b", "c"])
    best = classifier.classify(TEXTS)
    everything = classifier.classify(TEXTS, top_k=None)
    assert [len(row) for row in best] == [1] * len(TEXTS)
    assert [row[:1] for row in everything] == best
    for row in everything:
        assert sum(score for _, score in row) == pytest.approx(1, abs=1e-5)
        assert [score for _, score in row] == sorted((score for _, score in row), reverse=True)
    assert {label for row in make(num_classes=3).classify(TEXTS, top_k=3) for label, _ in row} == {"0", "1", "2"}
    for top_k in (0, -1, 1.5, True):
        with pytest.raises(InputError, match="top_k"):
            classifier.classify(TEXTS, top_k=top_k)


def test_pairs_have_several_spellings(make):
    classifier = make()
    first, second = ["good film", "bad"], ["bad", "a film"]
    expected = classifier.predict((first, second), verbose=0)
    for x in ([("good film", "bad"), ("bad", "a film")], {"text": first, "text_pair": second}):
        np.testing.assert_allclose(classifier.predict(x, verbose=0), expected, atol=1e-6)
    assert np.abs(classifier.predict(first, verbose=0) - expected).max() > 1e-6


def test_buckets_change_nothing(make):
    classifier = make()
    texts = [" ".join(["good", "film"] * (index % 15)) for index in range(40)]
    bucketed = classifier.predict(texts, verbose=0, batch_size=8)
    classifier.preprocessor.padding = "fixed"
    np.testing.assert_allclose(bucketed, classifier.predict(texts, verbose=0, batch_size=8), atol=1e-5)
    alone = np.concatenate([classifier.predict([text], verbose=0) for text in texts[:4]])
    np.testing.assert_allclose(bucketed[:4], alone, atol=1e-5)


def test_one_batch_at_a_time(make):
    classifier = make(labels=["bad", "good"])
    classifier.compile(optimizer=keras.optimizers.Adam(1e-2))
    before = classifier.test_on_batch(TEXTS, LABELS, return_dict=True)["loss"]
    for _ in range(20):
        classifier.train_on_batch(
            TEXTS, ["good" if label else "bad" for label in LABELS], class_weight={0: 1.0, "good": 1.0}
        )
    assert classifier.test_on_batch(TEXTS, LABELS, return_dict=True)["loss"] < before
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(classifier.predict_on_batch(TEXTS)), classifier.predict(TEXTS, verbose=0), atol=1e-5
    )


def test_weights_of_classes_and_samples(make):
    plain = make().evaluate(TEXTS, LABELS, verbose=0)[0]
    weighted = make().evaluate(TEXTS, LABELS, sample_weight=[2.0] * len(TEXTS), verbose=0)[0]
    assert weighted == pytest.approx(2 * plain, rel=1e-5)
    one, other = make(), make()
    keras.utils.set_random_seed(1)  # what dropout drops must be the same in both
    one.fit(TEXTS, LABELS, class_weight={0: 0.5, 1: 3.0}, shuffle=False, verbose=0)
    keras.utils.set_random_seed(1)
    other.fit(TEXTS, LABELS, sample_weight=[3.0 if label else 0.5 for label in LABELS], shuffle=False, verbose=0)
    np.testing.assert_allclose(one.predict(TEXTS, verbose=0), other.predict(TEXTS, verbose=0), atol=1e-6)


def test_training_is_reproducible(make):
    results = []
    for _ in range(2):
        classifier = make()
        classifier.fit(TEXTS, LABELS, epochs=2, batch_size=2, verbose=0)
        results.append(classifier.predict(TEXTS, verbose=0))
    np.testing.assert_array_equal(*results)


def test_validation_data_and_callbacks(make):
    seen = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append((epoch, "val_loss" in logs)))
    make().fit(TEXTS, LABELS, validation_data=(TEXTS[:2], LABELS[:2]), epochs=2, verbose=0, callbacks=[callback])
    assert seen == [(0, True), (1, True)]


def test_summary_shows_the_preprocessor(make, capsys):
    make().summary()
    printed = capsys.readouterr().out
    assert "BertTextClassifierPreprocessor" in printed
    assert "bert_backbone" in printed
    lines = io.StringIO()
    make().summary(print_fn=lambda text, **_: lines.write(text + "\n"))
    assert "Vocabulary size: 9" in lines.getvalue()
    assert capsys.readouterr().out == ""


def test_the_constructor_checks(make):
    backbone = make().backbone
    with pytest.raises(InputError, match="needs num_classes="):
        BertTextClassifier(backbone)
    with pytest.raises(InputError, match="needs a BertBackbone"):
        BertTextClassifier(keras.Sequential(), 2)
    with pytest.raises(InputError, match=r"must be a ClassifierHead"):
        BertTextClassifier(backbone, head="mean_pool")
    with pytest.raises(UnknownArgument, match="Did you mean 'num_classes'"):
        BertTextClassifier(backbone, 2, num_clases=3)
    assert BertTextClassifier(backbone, labels=["a", "b", "c"]).num_classes == 3
    assert BertTextClassifier(backbone, 2, compile=False).compiled is False


def test_the_generic_classifier_takes_any_backbone(make):
    source = make()
    classifier = TextClassifier(source.backbone, 3, source.preprocessor)
    assert classifier.predict(TEXTS, verbose=0).shape == (8, 3)


def test_sequence_length_can_be_set_later_and_is_checked(make):
    classifier = make()
    classifier.preprocessor.sequence_length = 64
    with pytest.raises(InputError, match="more than the 32 positions"):
        classifier.predict(TEXTS, verbose=0)
    classifier.preprocessor.sequence_length = 4
    assert classifier.predict(TEXTS, verbose=0).shape == (8, 2)


def test_freezing_the_backbone(make):
    classifier = make()
    classifier.backbone.trainable = False
    classifier.compile()
    before = keras.ops.convert_to_numpy(classifier.backbone.token_embedding.embeddings).copy()
    classifier.fit(TEXTS, LABELS, verbose=0)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(classifier.backbone.token_embedding.embeddings), before)
    assert len(classifier.trainable_weights) == 2


def test_presets():
    assert "bert_base_en" in TextClassifier.presets
    assert set(BertTextClassifier.presets) < set(TextClassifier.presets.keys())  # which knows all architectures'
    assert TextClassifier.presets["bert_base_en"].parameters == 108_310_272
    assert TextClassifier.from_preset(BERT).presets.keys() == BertTextClassifier.presets.keys()


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_a_generator_of_one_batch_is_all_there_is(make):
    """Looks at it, for shapes and to build metrics, reach its end."""
    classifier = make()
    expected = classifier.evaluate(TEXTS, LABELS, verbose=0, return_dict=True)["loss"]
    found = make().evaluate(((TEXTS, LABELS) for _ in range(1)), verbose=0, return_dict=True)["loss"]
    assert found == pytest.approx(expected, rel=1e-4)

    scores = classifier.predict((text for text in TEXTS), verbose=0)
    assert np.allclose(scores, classifier.predict(TEXTS, verbose=0), atol=1e-5)

    losses = make().fit(((TEXTS, LABELS) for _ in range(1)), verbose=0).history["loss"]
    assert len(losses) == 1
    with pytest.raises(Exception, match="InputError" if keras.backend.backend() == "tensorflow" else "read only once"):
        make().fit(((TEXTS, LABELS) for _ in range(1)), epochs=2, verbose=0)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (("a", "a"), "names a class twice"),
        ("ab", "labels must be a list of names"),
        (("a", "b", "c"), "labels says 3 classes, but the head has 2"),
    ],
)
def test_names_of_classes_are_checked_when_they_are_set(labels, message):
    classifier = TextClassifier.from_preset(BERT, num_classes=2, labels=["neg", "pos"])
    with pytest.raises(InputError, match=message):
        classifier.labels = labels
    assert classifier.labels == ("neg", "pos")
