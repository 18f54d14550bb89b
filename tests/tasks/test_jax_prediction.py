"""On JAX, predicting leaves the weights where they are: in the mapped file."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from modelry import TextClassifier

from .conftest import TEXTS

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="other backends donate nothing")


def addresses(model):
    return [variable.value.unsafe_buffer_pointer() for variable in model.weights]


@pytest.fixture
def model(make, tmp_path):
    make().save_to_preset(tmp_path / "preset")
    return TextClassifier.from_preset(tmp_path / "preset")


@pytest.mark.parametrize("trainable", [True, False])
def test_predicting_copies_no_weights(model, trainable):
    model.backbone.trainable = trainable
    before = addresses(model)
    model.predict(TEXTS, batch_size=2, verbose=0)
    assert addresses(model) == before


def test_the_scores_are_those_of_keras_own_way(model):
    scores = model.predict(TEXTS, verbose=0)
    for options in ({"run_eagerly": True}, {"jit_compile": False}, {"steps_per_execution": 2}):
        model.compile(**options)
        np.testing.assert_allclose(model.predict(TEXTS, verbose=0), scores, rtol=1e-5, atol=1e-6)


def test_predictions_follow_training_and_a_step_of_ones_own(model):
    before = model.predict(TEXTS, verbose=0)
    model.optimizer.learning_rate = 0.1
    model.fit(TEXTS, [1, 0] * 4, verbose=0)
    after = model.predict(TEXTS, verbose=0)
    assert not np.allclose(before, after)
    model.compile(run_eagerly=True)
    np.testing.assert_allclose(model.predict(TEXTS, verbose=0), after, rtol=1e-5, atol=1e-6)


def test_a_function_is_made_anew_where_that_is_forced(model):
    model.predict(TEXTS, verbose=0)
    first = model.predict_function
    model.make_predict_function()
    assert model.predict_function is first
    model.make_predict_function(force=True)
    assert model.predict_function is not first
