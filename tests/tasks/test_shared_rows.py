"""A text's scores, loss and gradients are the same whether it shares a row or stands alone."""

from __future__ import annotations

import gc
import itertools
import logging
import threading

import keras
import numpy as np
import pytest

from modelry import TextClassifier
from modelry.errors import InputError
from modelry.models import BertBackbone, BertTextClassifier, BertTextClassifierPreprocessor, BertTokenizer
from modelry.tasks.text_classifier.heads import FirstTokenHead, MeanPoolHead

from .conftest import TEXTS, VOCABULARY

backend = keras.backend.backend()
WORDS = ["a", "film", "good", "bad", "é", "電影", "🎬", "unheard", "ﬁlm!"]
HEADS = {"own": None, "first_token": FirstTokenHead, "mean_pool": MeanPoolHead}


def texts_of(count, seed=0, longest=90):
    """Texts of 1 to `longest` words, of which sequence_length=64 cuts the longest."""
    rng = np.random.default_rng(seed)
    lengths = np.minimum(rng.geometric(1 / 12, count), longest)
    lengths[: count // 10] = rng.integers(1, longest, count // 10)
    return [" ".join(rng.choice(WORDS, length)) for length in lengths]


def labels_of(texts):
    return [int("good" in text) for text in texts]


def create(head="own", dropout=0.0, dtype=None, learning_rate=1e-3, noise=0.3):
    keras.utils.set_random_seed(0)
    backbone = BertBackbone(
        vocabulary_size=len(VOCABULARY),
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=64,
        dropout=dropout,
        dtype=dtype,
    )
    for weight in backbone.weights:  # as large as trained ones, so that differences show
        weight.assign(weight + noise * keras.random.normal(weight.shape, dtype="float32"))
    preprocessor = BertTextClassifierPreprocessor(BertTokenizer(VOCABULARY), sequence_length=64)
    options = {} if HEADS[head] is None else {"head": HEADS[head](3, dropout=dropout)}
    classifier = BertTextClassifier(backbone, 3, preprocessor=preprocessor, dropout=dropout, **options)
    classifier.compile(optimizer=keras.optimizers.Adam(learning_rate))
    return classifier


@pytest.fixture
def alone(monkeypatch):
    """Call a function with texts in rows of their own, each padded to the bucket of its batch."""

    def call(function):
        with monkeypatch.context() as patch:
            patch.setattr(BertBackbone, "supports_packing", False)
            return function()

    return call


@pytest.fixture
def compilations():
    """Count what jax compiles for the model: `with compilations() as count: …; len(count)`."""

    class Counter(logging.Handler, list):
        __hash__ = object.__hash__

        def __init__(self):
            logging.Handler.__init__(self)

        def emit(self, record):
            message = record.getMessage()
            if message.startswith("Compiling") and "_step" in message:
                self.append(message)

        def __enter__(self):
            import jax

            self.before = jax.config.jax_log_compiles
            jax.config.update("jax_log_compiles", True)
            for name in ("jax._src.interpreters.pxla", "jax._src.dispatch"):
                logging.getLogger(name).addHandler(self)
            return self

        def __exit__(self, *error):
            import jax

            jax.config.update("jax_log_compiles", self.before)
            for name in ("jax._src.interpreters.pxla", "jax._src.dispatch"):
                logging.getLogger(name).removeHandler(self)

    return Counter


@pytest.mark.parametrize("head", HEADS)
def test_scores_are_those_of_each_text_alone(alone, head):
    classifier = create(head)
    singles = ["a", "!", *texts_of(60)]
    for x in (singles, (singles, singles[::-1])):
        shared = classifier.predict(x, batch_size=8, verbose=0)
        expected = alone(lambda x=x: classifier.predict(x, batch_size=8, verbose=0))
        np.testing.assert_allclose(shared, expected, atol=1e-5, rtol=0)
        assert len(np.unique(expected.round(4), axis=0)) > 40  # texts differ, so that their order shows
    for index in (0, 1, 2, 40):
        one = classifier.predict(singles[index : index + 1], verbose=0)
        np.testing.assert_allclose(classifier.predict(singles, verbose=0)[index], one[0], atol=1e-5, rtol=0)


def test_several_lengths_of_row(alone):
    keras.utils.set_random_seed(0)
    classifier = create()
    backbone = BertBackbone(**{**classifier.backbone.get_config(), "name": "long", "max_sequence_length": 300})
    classifier = TextClassifier(
        backbone, 3, BertTextClassifierPreprocessor(BertTokenizer(VOCABULARY), sequence_length=300)
    )
    texts = [*texts_of(30), *texts_of(6, longest=400), "good " * 500, "bad " * 150]
    shared = classifier.predict(texts, batch_size=8, verbose=0)
    expected = alone(lambda: classifier.predict(texts, batch_size=8, verbose=0))
    np.testing.assert_allclose(shared, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("head", HEADS)
def test_loss_and_accuracy_are_those_of_each_text_alone(alone, head):
    """Keras averages the loss over batches by their size; 51 texts make an odd last batch."""
    classifier = create(head)
    texts = texts_of(51)
    y, weights = labels_of(texts), np.random.default_rng(1).uniform(0.1, 3, 51)
    scores = classifier.predict(texts, verbose=0).astype("float64")
    losses = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(51), y]
    accuracy = (scores.argmax(axis=1) == y).mean()

    for given, factor in ((None, 1.0), (weights, weights)):
        results = classifier.evaluate(texts, y, sample_weight=given, batch_size=8, verbose=0)
        expected = alone(
            lambda given=given: classifier.evaluate(texts, y, sample_weight=given, batch_size=8, verbose=0)
        )
        np.testing.assert_allclose(results, expected, atol=1e-6, rtol=1e-6)
        assert results[0] == pytest.approx((losses * factor).mean(), abs=1e-5)
        assert results[1] == pytest.approx(accuracy, abs=1e-6)


def weights_after(step):
    classifier = create()
    step(classifier)
    return classifier.get_weights()


def apart(one, two):
    return max(np.abs(first - second).max() for first, second in zip(one, two, strict=True))


@pytest.mark.parametrize("weighted", [False, True])
def test_one_step_of_training_is_that_of_padded_texts(alone, weighted):
    texts = texts_of(24)
    y = labels_of(texts)
    options = {"sample_weight": np.linspace(0.2, 3, 24), "class_weight": {0: 0.5, 1: 2.0}} if weighted else {}

    def fit(classifier):
        classifier.compile(optimizer=keras.optimizers.SGD(0.1))
        classifier.fit(texts, y, batch_size=24, verbose=0, shuffle=False, **options)

    shared, padded = weights_after(fit), alone(lambda: weights_after(fit))
    assert apart(shared, padded) < 1e-5
    assert apart(shared, weights_after(lambda classifier: None)) > 1e-3
    if not weighted:
        on_batch = weights_after(
            lambda classifier: (
                classifier.compile(optimizer=keras.optimizers.SGD(0.1)),
                classifier.train_on_batch(texts, y),
            )
        )
        assert apart(shared, on_batch) < 1e-5


def test_streams_train_and_evaluate_as_padded_texts(alone):
    texts = texts_of(21)
    batches = [(texts[at : at + 8], labels_of(texts[at : at + 8])) for at in range(0, 21, 8)]

    class Stream:
        def __iter__(self):
            return iter(batches)

        def __len__(self):
            return len(batches)

    def fit(classifier):
        classifier.compile(optimizer=keras.optimizers.SGD(0.1))
        classifier.fit(Stream(), epochs=2, verbose=0)

    assert apart(weights_after(fit), alone(lambda: weights_after(fit))) < 1e-5
    classifier = create()
    expected = alone(lambda: classifier.evaluate(Stream(), verbose=0))
    np.testing.assert_allclose(classifier.evaluate(Stream(), verbose=0), expected, atol=1e-6, rtol=1e-6)


def test_dropout_is_active_in_training_alone():
    texts = texts_of(24)

    def fit(dropout):
        classifier = create(dropout=dropout)
        classifier.compile(optimizer=keras.optimizers.SGD(0.1))
        losses = [classifier.fit(texts, labels_of(texts), verbose=0).history["loss"][0]]
        return classifier.predict(texts, verbose=0), losses

    plain, dropped = fit(0.0), fit(0.5)
    assert np.abs(plain[0] - dropped[0]).max() > 1e-3
    classifier = create(dropout=0.5, learning_rate=0.0)
    losses = classifier.fit(texts, labels_of(texts), epochs=3, verbose=0).history["loss"]
    assert len(set(losses)) == 3  # other masks each time
    first, second = (classifier.predict(texts, verbose=0) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.skipif(backend != "jax", reason="counts what jax compiles")
def test_jax_compiles_nothing_after_the_first_epoch(compilations):
    classifier = create()
    texts = texts_of(101)
    counts = []
    with compilations() as compiled:
        after = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: counts.append(len(compiled)))
        classifier.fit(
            texts[:75],
            labels_of(texts[:75]),
            validation_data=(texts[75:], labels_of(texts[75:])),
            batch_size=16,
            epochs=4,
            verbose=0,
            callbacks=[after],
        )
    assert counts == [4] * 4  # 16 and 11 texts to train on, 16 and 10 to evaluate


@pytest.mark.skipif(backend == "torch", reason="Keras has no steps_per_execution on PyTorch")
def test_several_steps_per_execution_train_alike():
    def history(steps):
        classifier = create()
        classifier.compile(optimizer=keras.optimizers.Adam(1e-2), steps_per_execution=steps)
        texts = texts_of(100)
        losses = classifier.fit(texts, labels_of(texts), batch_size=16, epochs=2, verbose=0).history["loss"]
        return losses, classifier.predict(texts, batch_size=8, verbose=0), classifier.get_weights()

    one, four = history(1), history(4)
    np.testing.assert_allclose(one[0], four[0], rtol=1e-3)
    np.testing.assert_allclose(one[1], four[1], atol=1e-3)


def test_gradients_accumulate():
    """Four batches of 8 then are one of 32, but for the order of additions."""
    texts = texts_of(32)

    def fit(classifier, batch_size, steps):
        optimizer = keras.optimizers.SGD(0.1, gradient_accumulation_steps=steps)
        classifier.compile(optimizer=optimizer)
        classifier.fit(texts, labels_of(texts), batch_size=batch_size, verbose=0)

    together = weights_after(lambda classifier: fit(classifier, 32, None))
    one_by_one = weights_after(lambda classifier: fit(classifier, 8, 4))
    assert apart(together, one_by_one) < 1e-5
    classifier = create()
    classifier.compile(optimizer=keras.optimizers.Adam(1e-2, gradient_accumulation_steps=4))
    history = classifier.fit(texts, labels_of(texts), batch_size=4, epochs=8, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_it_learns_in_mixed_precision():
    classifier = create("mean_pool", dtype="mixed_bfloat16", dropout=0.1, learning_rate=1e-2, noise=0.0)
    texts, y = TEXTS * 8, [int("good" in text) for text in TEXTS] * 8
    classifier.fit(texts, y, epochs=12, batch_size=16, verbose=0)
    assert classifier.evaluate(texts, y, verbose=0)[1] == 1


class Killed(Exception):
    pass


class Kill(keras.callbacks.Callback):
    """Ends a run in the middle of the third epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.epoch == 2 and batch == 3:
            raise Killed


class Losses(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.losses = {}

    def on_epoch_end(self, epoch, logs=None):
        self.losses[epoch] = logs["loss"]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path, dropout):
    texts = texts_of(100)

    def run(*callbacks):
        recorded = Losses()
        classifier = create(dropout=dropout, learning_rate=1e-2)
        classifier.fit(texts, labels_of(texts), batch_size=16, epochs=4, verbose=0, callbacks=[recorded, *callbacks])
        return recorded.losses

    uninterrupted = run()
    with pytest.raises(Killed):
        run(keras.callbacks.BackupAndRestore(tmp_path), Kill())
    resumed = run(keras.callbacks.BackupAndRestore(tmp_path))

    assert list(resumed) == [2, 3]
    for epoch, loss in resumed.items():
        assert loss == pytest.approx(uninterrupted[epoch], rel=1e-5)


def test_a_backup_in_mid_epoch_starts_that_epoch_again(tmp_path):
    """Keras restores the weights of the batch and the number of the epoch; the epoch's batches are the same again."""
    texts = texts_of(100)
    seen = []

    class Record(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append((epoch, int(self.model.optimizer.iterations)))

    def run(*callbacks):
        create().fit(texts, labels_of(texts), batch_size=16, epochs=4, verbose=0, callbacks=list(callbacks))

    with pytest.raises(Killed):
        run(keras.callbacks.BackupAndRestore(tmp_path, save_freq=3), Kill())
    seen.clear()
    run(keras.callbacks.BackupAndRestore(tmp_path, save_freq=3), Record())

    assert [epoch for epoch, _ in seen] == [2, 3]
    assert seen[0][1] > 2 * 7  # steps of the third epoch are in the weights already
    assert seen[1][1] == seen[0][1] + 7


def test_resuming_by_hand_meets_the_batches_of_that_epoch():
    texts = texts_of(60)

    def batches(initial_epoch):
        seen = []
        classifier = create()
        original = classifier.preprocessor.pad

        def pad(packed, rows, length):
            features = original(packed, rows, length)
            seen.append(features["token_ids"].tolist())
            return features

        classifier.preprocessor.pad = pad
        classifier.fit(texts, labels_of(texts), batch_size=16, epochs=3, initial_epoch=initial_epoch, verbose=0)
        return seen[-4:]

    assert batches(0) == batches(2)


@pytest.fixture
def classifier():
    return create()


@pytest.mark.skipif(backend != "jax", reason="Keras spreads arrays over devices on JAX")
def test_texts_share_no_rows_where_arrays_are_spread_over_devices(classifier):
    texts = texts_of(20)
    expected = classifier.predict(texts, verbose=0)
    assert classifier.supports_packing

    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=["cpu:0"]))
    try:
        assert not classifier.supports_packing
        scores = classifier.predict(texts, verbose=0)
    finally:
        keras.distribution.set_distribution(None)

    np.testing.assert_allclose(scores, expected, atol=1e-5)


@pytest.mark.parametrize("window", [1, 7, 1024])
def test_a_stream_is_predicted_in_order(classifier, window):
    texts = texts_of(20)
    expected = classifier.predict(texts, verbose=0)
    for x in (texts, iter(texts), ((text, 0) for text in texts)):
        scores = list(classifier.predict_stream(x, window=window))
        np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_an_endless_stream_is_read_two_windows_ahead(classifier):
    read, before = [], set(threading.enumerate())

    def endless():
        for number in itertools.count():
            read.append(number)
            yield "good film" if number % 3 else "bad"

    scores = classifier.predict_stream(endless(), window=10, batch_size=4)
    assert read == []
    kept = list(itertools.islice(scores, 25))
    assert len(kept) == 25
    assert len(read) == 4 * 12  # three windows, of whole batches, and the one under way
    np.testing.assert_allclose(kept[3], kept[0], atol=1e-5)
    del scores
    gc.collect()
    started = set(threading.enumerate()) - before
    assert not [thread for thread in started if thread.name.startswith("modelry")]


def test_scores_before_a_fault_in_a_stream_are_yielded(classifier):
    def texts():
        yield from ["good film"] * 25
        yield 3

    got = []
    with pytest.raises(InputError, match="3"):
        got.extend(score for score in classifier.predict_stream(texts(), window=10, batch_size=5) if got.append(score))
    assert len(got) == 20


def test_a_stream_needs_a_preprocessor_and_a_window(classifier):
    with pytest.raises(InputError, match="window is 0"):
        classifier.predict_stream(["a"], window=0)
    classifier.preprocessor = None
    with pytest.raises(InputError, match="preprocessor is None"):
        classifier.predict_stream(["a"])


@pytest.mark.parametrize("verbose", [1, 2])
def test_predict_shows_texts_per_second_and_warns_of_nothing(classifier, capsys, verbose):
    """Warnings are errors in these tests, also the one that data ran out."""
    classifier.predict(texts_of(50), batch_size=8, verbose=verbose)
    known = capsys.readouterr().out
    classifier.predict(iter(texts_of(50)), batch_size=8, verbose=verbose)
    unknown = capsys.readouterr().out
    for printed in (known, unknown):
        assert "50/50" in printed
        assert "texts/s" in printed
        assert printed.endswith("\n")


@pytest.mark.skipif(backend == "torch", reason="Keras has no steps_per_execution on PyTorch")
def test_predict_takes_several_steps_per_execution(classifier):
    texts = texts_of(50)
    expected = classifier.predict(texts, batch_size=4, verbose=0)
    classifier.compile(steps_per_execution=4)
    for count in (1, 10, 30, 50):  # any number of batches, whole executions or not
        np.testing.assert_allclose(
            classifier.predict(texts[:count], batch_size=4, verbose=0), expected[:count], atol=1e-5
        )


def test_predict_in_silence_prints_nothing(classifier, capsys):
    classifier.predict(texts_of(5), verbose=0)
    assert capsys.readouterr().out == ""
