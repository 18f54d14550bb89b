"""Real `tf.data.Dataset`s, on whatever backend runs."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from modelry.data.columns import as_text_columns
from modelry.data.rows import Inputs
from modelry.errors import InputError
from modelry.tasks.text_classifier.targets import ClassificationTargets

from .fakes import make_batch, make_predictions, make_source

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed: no tf.data to read from")

TEXTS = ["a film", "ü", "a long film of many words and then some more of them all", "b", "c"]
Y = [0, 1, 0, 1, 1]
CLASSES: dict[str, Any] = {"labels": ("neg", "pos"), "num_classes": 2}


def slices(*parts: Any) -> Any:
    return tf.data.Dataset.from_tensor_slices(parts if len(parts) > 1 else parts[0])


DATASETS = {
    "batched": lambda: slices(TEXTS, Y).batch(2),
    "as_supervised": lambda: slices(TEXTS, Y),
    "names": lambda: slices(TEXTS, [["neg", "pos"][number] for number in Y]),
    "batched names": lambda: slices(TEXTS, [["neg", "pos"][number] for number in Y]).batch(2),
    "weights": lambda: slices(TEXTS, Y, [1.0] * 5).batch(2),
    "pairs": lambda: slices({"text": TEXTS, "text_pair": TEXTS}, Y).batch(2),
    "single pairs": lambda: slices({"text": TEXTS, "text_pair": TEXTS}, Y),
    "pairs in tuples": lambda: slices((TEXTS, TEXTS), Y).batch(2),
    "single pairs in tuples": lambda: slices((TEXTS, TEXTS), Y),
}


def predicted(model: Any, source: Any) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Your input ran out of data")
        return source.restore(model.predict(source, verbose=0))


@pytest.mark.parametrize("kind", DATASETS)
def test_fit_evaluate_and_predict_take_a_dataset(kind: str, packer: Any, new_model: Any) -> None:
    options = {"preprocessor": packer, "batch_size": 2, **CLASSES}
    model = new_model()
    source = make_source(DATASETS[kind](), **options)

    assert source.num_batches == 3
    model.fit(source, epochs=2, verbose=0)
    assert int(model.optimizer.iterations) == 6
    model.evaluate(make_source(DATASETS[kind](), **options), verbose=0)
    streamed = make_predictions(DATASETS[kind](), **options)
    in_memory = make_predictions((TEXTS, TEXTS) if "pairs" in kind else TEXTS, **options)
    assert np.allclose(predicted(model, streamed), predicted(model, in_memory), atol=1e-5)


def test_texts_alone_are_predicted(packer: Any, new_model: Any) -> None:
    for dataset in (slices(TEXTS), slices(TEXTS).batch(2)):
        source = make_predictions(dataset, preprocessor=packer, batch_size=2)
        assert predicted(new_model(), source).shape == (5, 2)


def test_an_endless_dataset_has_no_length(packer: Any, new_model: Any) -> None:
    source = make_source(slices(TEXTS, Y).repeat().batch(2), preprocessor=packer, **CLASSES)
    model = new_model()

    assert source.num_batches is None
    model.fit(source, steps_per_epoch=4, epochs=2, verbose=0)
    assert int(model.optimizer.iterations) == 8


def test_a_dataset_of_unknown_length_is_read_to_its_end_each_epoch(packer: Any, new_model: Any, counter: Any) -> None:
    source = make_source(slices(TEXTS, Y).filter(lambda x, y: True), preprocessor=packer, batch_size=2, **CLASSES)

    with pytest.warns(UserWarning, match="ran out of data"):  # Keras says so of every dataset of unknown length
        new_model().fit(source, epochs=2, verbose=0, callbacks=[counter])
    assert counter.steps == 6


def test_string_tensors_are_columns_and_labels(packer: Any) -> None:
    two = Inputs((["a", "b"],))
    assert as_text_columns(tf.constant(TEXTS)) == (TEXTS,)
    assert as_text_columns((tf.constant(["a"]), tf.constant(["b"]))) == (["a"], ["b"])
    assert ClassificationTargets(("neg", "pos"), 2).read(tf.constant(["pos", "neg"]), two).tolist() == [1, 0]
    assert ClassificationTargets().read(tf.constant([1, 0]), two).tolist() == [1, 0]
    assert make_batch(tf.constant(TEXTS), tf.constant(Y), preprocessor=packer)[1].tolist() == Y


def test_a_fault_in_the_first_batch_is_an_input_error(packer: Any, new_model: Any) -> None:
    source = make_source(slices(TEXTS, [7] * 5).batch(2), preprocessor=packer, **CLASSES)

    with pytest.raises(InputError, match=r"batch 0.*Row 0 of y is 7"):
        new_model().fit(source, verbose=0)
