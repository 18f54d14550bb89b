"""On JAX, a loop that fails leaves the model with the values that it had come to."""

from __future__ import annotations

import os
import signal
import time

import keras
import numpy as np
import pytest

from modelry.errors import InputError
from modelry.runtime.jax import PREDICTING, TRAINING, keeping

from .conftest import LABELS, TEXTS

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="other backends leave values where they are")
BATCHES = [(TEXTS[start : start + 2], LABELS[start : start + 2]) for start in range(0, 8, 2)]


@pytest.fixture(params=[{}, {"steps_per_execution": 2}], ids=["single steps", "two steps at once"])
def model(request, make):
    classifier = make()
    classifier.compile(optimizer=keras.optimizers.Adam(0.01), **request.param)
    return classifier


def failing(batches, error):
    """Yield some batches, and then fail."""
    yield from batches
    raise error


def steps(model):
    return int(model.optimizer.iterations)


@pytest.mark.parametrize("done", [0, 2])
def test_data_that_fails_in_training(model, done):
    before = model.predict(TEXTS, verbose=0)
    with pytest.raises(OSError, match="the disk"):
        model.fit(failing(BATCHES[:done], OSError("the disk")), verbose=0)
    after = model.predict(TEXTS, verbose=0)
    assert steps(model) == done
    assert np.allclose(before, after) == (done == 0)
    model.fit(TEXTS, LABELS, verbose=0)
    assert steps(model) == done + 1


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_data_that_ends_after_an_epoch_and_its_validation(model):
    with pytest.raises(InputError, match="can be read only once"):
        model.fit(iter(BATCHES), validation_data=(TEXTS, LABELS), epochs=2, verbose=0)
    assert steps(model) == 4
    assert np.isfinite(model.evaluate(TEXTS, LABELS, verbose=0)).all()


def test_a_bad_label_in_a_batch(model):
    with pytest.raises(InputError, match="Row 1 of y is 7"):
        model.fit(iter([*BATCHES[:2], (TEXTS[:2], [0, 7])]), verbose=0)
    assert steps(model) == 2
    assert np.isfinite(model.predict(TEXTS, verbose=0)).all()


@pytest.mark.parametrize("done", [0, 2])
def test_data_that_fails_in_evaluate_and_predict(model, done):
    before = model.predict(TEXTS, verbose=0)
    with pytest.raises(OSError, match="the disk"):
        model.evaluate(failing(BATCHES[:done], OSError("the disk")), verbose=0)
    np.testing.assert_array_equal(model.predict(TEXTS, verbose=0), before)
    with pytest.raises(OSError, match="the disk"):
        model.predict(failing([texts for texts, _ in BATCHES[:done]], OSError("the disk")), verbose=0)
    np.testing.assert_array_equal(model.predict(TEXTS, verbose=0), before)


def test_a_callback_that_fails(model):
    def fail(*_, **__):
        raise OSError("the network")

    before = model.predict(TEXTS, verbose=0)
    callback = keras.callbacks.LambdaCallback()
    callback.on_predict_batch_end = callback.on_test_batch_end = callback.on_train_batch_end = fail
    for call in (model.evaluate, model.fit):
        with pytest.raises(OSError, match="the network"):
            call(TEXTS, LABELS, callbacks=[callback], verbose=0)
    with pytest.raises(OSError, match="the network"):
        model.predict(TEXTS, callbacks=[callback], verbose=0)
    assert steps(model) == 1
    assert not np.allclose(model.predict(TEXTS, verbose=0), before)


def test_an_interrupt_during_a_step_waits_for_its_end(model):
    keras.Model.make_train_function(model)
    step, after = model.train_function, []

    def interrupted(state, batches):
        result = step(state, batches)
        os.kill(os.getpid(), signal.SIGINT)  # the old values are given away, and the new ones are nowhere else
        after.extend(number for number in range(1000))  # Python looks for signals in between
        return result

    model.train_function = keeping(model, interrupted, TRAINING)
    with pytest.raises(KeyboardInterrupt):
        model.fit(TEXTS, LABELS, verbose=0)
    assert (steps(model), len(after)) == (1, 1000)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert np.isfinite(model.predict(TEXTS, verbose=0)).all()


def test_a_second_interrupt_does_not_wait(model):
    def stuck(state, batches):
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)

    model.make_predict_function()
    model.predict_function = keeping(model, stuck, PREDICTING)
    with pytest.raises(KeyboardInterrupt):
        model.predict(TEXTS, verbose=0)
    model.predict_function = None
    assert np.isfinite(model.predict(TEXTS, verbose=0)).all()


def test_a_step_that_takes_the_values_with_it_says_so(model):
    def broken(state, batches):
        for array in keras.tree.flatten(state):
            array.delete()
        raise RuntimeError("out of memory")

    model.make_train_function()
    model.train_function = keeping(model, broken, TRAINING)
    with pytest.raises(RuntimeError, match="out of memory") as raised:
        model.fit(TEXTS, LABELS, verbose=0)
    assert "load it again" in raised.value.__notes__[0]


def test_a_model_that_is_run_without_compiling(model):
    model.compile(run_eagerly=True)
    with pytest.raises(OSError, match="the disk"):
        model.fit(failing(BATCHES[:1], OSError("the disk")), verbose=0)
    assert np.isfinite(model.predict(TEXTS, verbose=0)).all()


def test_a_backbone_alone(make):
    classifier = make()
    features = classifier.preprocessor(TEXTS)
    backbone = classifier.backbone
    with pytest.raises(OSError, match="the disk"):
        backbone.predict(failing([features], OSError("the disk")), verbose=0)
    assert np.isfinite(backbone.predict(features, verbose=0)["pooled_output"]).all()
