"""The weights of a head in a file of their own."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from modelry import TextClassifier
from modelry.errors import InputError, PresetFormatError, PresetNotFound, WeightsError
from modelry.tasks.text_classifier.heads import MeanPoolHead

from .conftest import BERT, LABELS, TEXTS


def scores(classifier, texts=TEXTS):
    return classifier.predict(texts, verbose=0)


def test_saved_and_loaded(make, tmp_path):
    classifier = make()
    classifier.backbone.trainable = False
    classifier.fit(TEXTS, LABELS, epochs=3, verbose=0)
    trained = scores(classifier)
    classifier.save_task_weights(str(tmp_path / "head.weights.h5"))
    assert classifier.has_task_weights()
    classifier.fit(TEXTS, LABELS, epochs=3, verbose=0)
    assert not np.array_equal(scores(classifier), trained)
    classifier.load_task_weights(tmp_path / "head.weights.h5")
    np.testing.assert_array_equal(scores(classifier), trained)
    np.testing.assert_allclose(scores(classifier, TEXTS * 16)[: len(TEXTS)], trained, atol=1e-5)
    classifier.fit(TEXTS, LABELS, verbose=0)  # goes on


def test_the_file_is_that_of_a_preset(tmp_path):
    whole = TextClassifier.from_preset(BERT)
    fresh = TextClassifier.from_preset(BERT, num_classes=3)
    shutil.copy(BERT / "task.weights.h5", tmp_path / "head.weights.h5")  # by KerasHub
    fresh.load_task_weights(tmp_path / "head.weights.h5")
    np.testing.assert_array_equal(scores(fresh), scores(whole))


def test_what_does_not_fit(make, tmp_path):
    classifier = make()
    before = scores(classifier)
    for method in (classifier.save_task_weights, classifier.load_task_weights):
        with pytest.raises(InputError, match=r"ends in \.weights\.h5"):
            method(tmp_path / "head.h5")
    with pytest.raises(PresetNotFound):
        classifier.load_task_weights(tmp_path / "none.weights.h5")
    make(num_classes=3).save_task_weights(tmp_path / "three.weights.h5")
    make(num_classes=None, head=MeanPoolHead(2, hidden_dim=4)).save_task_weights(tmp_path / "hidden.weights.h5")
    for name in ("three", "hidden"):
        with pytest.raises(WeightsError, match=rf"{name}\.weights\.h5"):
            classifier.load_task_weights(tmp_path / f"{name}.weights.h5")
    (tmp_path / "bad.weights.h5").write_bytes(b"no such thing")
    with pytest.raises(PresetFormatError):
        classifier.load_task_weights(tmp_path / "bad.weights.h5")
    np.testing.assert_array_equal(scores(classifier), before)
