from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pandas as pd
import pytest
import torch

from modelry.data.batches import split_validation, unpack_validation
from modelry.errors import InputError

from .fakes import make_batch, make_predictions, make_source, spec_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLASSES: dict[str, Any] = {"labels": ("neg", "pos"), "num_classes": 2}
SPEC = spec_of(len)


def predicted(model: keras.Model, source: Any) -> np.ndarray:
    """The predictions in the order of the texts. A source of unknown length makes Keras warn, unless one stops it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Your input ran out of data")
        return np.asarray(source.restore(model.predict(source, verbose=0)))


@pytest.fixture
def data(new_texts: Callable[..., list[str]]) -> tuple[list[str], list[int]]:
    return new_texts(50), [len(text.split()) % 2 for text in new_texts(50)]


class Chunks(keras.utils.PyDataset):
    def __init__(self, texts: list[str], y: list[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.texts, self.y = texts, y

    def __len__(self) -> int:
        return -(-len(self.texts) // 8)

    def __getitem__(self, index: int) -> Any:
        part = slice(8 * index, 8 * index + 8)
        return self.texts[part], self.y[part]


class Examples:
    def __init__(self, texts: list[str], y: list[int]) -> None:
        self.pairs = list(zip(texts, y, strict=True))

    def __iter__(self) -> Iterator[Any]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)


def forever(texts: list[str], y: list[int]) -> Iterator[Any]:
    while True:
        yield from zip(texts, y, strict=True)


KINDS: dict[str, Callable[[list[str], list[int]], tuple[Any, Any]]] = {
    "lists": lambda texts, y: (texts, y),
    "arrays": lambda texts, y: (np.array(texts), np.array(y)),
    "series": lambda texts, y: (pd.Series(texts), pd.Series(y)),
    "names": lambda texts, y: (texts, [("neg", "pos")[number] for number in y]),
    "columns of pairs": lambda texts, y: ((texts, texts[::-1]), y),
    "rows of pairs": lambda texts, y: ([*zip(texts, texts[::-1], strict=True)], y),
    "frame of pairs": lambda texts, y: (pd.DataFrame({"text": texts, "text_pair": texts}), y),
    "tensor labels": lambda texts, y: (texts, torch.tensor(y)),
    "PyDataset": lambda texts, y: (Chunks(texts, y), None),
    "PyDataset with workers": lambda texts, y: (Chunks(texts, y, workers=2), None),
    "DataLoader": lambda texts, y: (torch.utils.data.DataLoader(Examples(texts, y).pairs, batch_size=8), None),  # type: ignore[arg-type]
    "examples": lambda texts, y: (Examples(texts, y), None),
}


@pytest.fixture(scope="module")
def shared_model() -> Iterator[list[keras.Model]]:
    """Holds one model for all kinds of input: what jax compiled for one serves the next."""
    models: list[keras.Model] = []
    yield models
    models.clear()


@pytest.mark.parametrize("kind", KINDS)
def test_fit_evaluate_and_predict_take_every_kind_of_input(
    kind: str, data: Any, packer: Any, new_model: Any, shared_model: list[keras.Model]
) -> None:
    if not shared_model:
        shared_model.append(new_model())
    model = shared_model[0]
    x, y = KINDS[kind](*data)
    options = {**CLASSES, "preprocessor": packer, "batch_size": 8}

    history = model.fit(make_source(x, y, shuffle=True, **options), epochs=2, verbose=0)
    results = model.evaluate(make_source(x, y, **options), verbose=0, return_dict=True)
    source = make_predictions(x, **options)
    logits = predicted(model, source)

    assert len(history.history["loss"]) == 2
    assert logits.shape == (50, 2)
    labels = np.array(data[1])
    log_softmax = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert results["loss"] == pytest.approx(-log_softmax[np.arange(50), labels].mean(), abs=1e-5)
    assert results["accuracy"] == pytest.approx((logits.argmax(axis=1) == labels).mean(), abs=1e-6)


def test_a_model_that_sees_each_text_learns(packer: Any, new_model: Any) -> None:
    keras.utils.set_random_seed(0)
    texts = ["good film", "bad film", "a good and long story with many words in it so that it is long", "bad"] * 16
    y = ["pos", "neg", "pos", "neg"] * 16
    model = new_model()
    model.optimizer.learning_rate = 0.05

    model.fit(make_source(texts, y, preprocessor=packer, shuffle=True, batch_size=8, **CLASSES), epochs=5, verbose=0)

    assert model.evaluate(make_source(texts, y, preprocessor=packer, **CLASSES), verbose=0)[1] == 1.0


@pytest.mark.parametrize("count", [1, 7, 32, 33, 130])
def test_predictions_in_buckets_equal_predictions_at_full_length(
    new_packer: Any, new_model: Any, new_texts: Any, count: int
) -> None:
    texts = new_texts(count, seed=count)
    model = new_model(classes=3)

    def predict(x: Any, packer: Any) -> np.ndarray:
        source = make_predictions(x, preprocessor=packer)
        return predicted(model, source)

    bucketed = predict(texts, new_packer(64))
    fixed = predict(texts, new_packer(64, "fixed"))
    streamed = predict(Examples(texts, [0] * count), new_packer(64))

    assert np.allclose(bucketed, fixed, atol=1e-5, rtol=0)
    assert np.allclose(streamed, fixed, atol=1e-5, rtol=0)
    assert len(np.unique(fixed.round(6), axis=0)) > count // 2  # the rows differ, so that their order shows


def test_a_generator_trains_without_losing_its_first_batch(
    packer: Any, new_model: Any, data: Any, counter: Any
) -> None:
    seen: list[str] = []

    def examples() -> Iterator[Any]:
        for text, label in zip(*data, strict=True):
            seen.append(text)
            yield text, label

    model = new_model()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Your input ran out of data")
        source = make_source(examples(), preprocessor=packer, batch_size=10, **CLASSES)
        model.fit(source, verbose=0, callbacks=[counter])

    assert seen == data[0]
    assert counter.steps == 5


def test_a_generator_needs_steps_for_several_epochs(packer: Any, new_model: Any, data: Any) -> None:
    model = new_model()
    source = make_source(forever(*data), preprocessor=packer, batch_size=10, **CLASSES)

    model.fit(source, steps_per_epoch=4, epochs=3, verbose=0)

    assert int(model.optimizer.iterations) == 12


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_a_second_epoch_of_a_generator_that_has_ended_is_refused(packer: Any, new_model: Any, data: Any) -> None:
    source = make_source(zip(*data, strict=True), preprocessor=packer, batch_size=8, **CLASSES)
    model = new_model()

    # TensorFlow wraps what a generator raises.
    with pytest.raises(Exception, match="InputError" if keras.backend.backend() == "tensorflow" else "read only once"):
        model.fit(source, epochs=2, verbose=0)


def test_validation_data_of_every_sort(packer: Any, new_model: Any, data: Any) -> None:
    options = {"preprocessor": packer, "batch_size": 8, **CLASSES}
    model = new_model()
    for held_out in (data, (*data, [1.0] * 50), Examples(*data)):
        validation = make_source(*unpack_validation(held_out), **options)
        history = model.fit(make_source(*data, **options), validation_data=validation, epochs=2, verbose=0)
        assert len(history.history["val_loss"]) == 2


def test_a_generator_validates_as_many_steps_as_are_asked_for(packer: Any, new_model: Any, data: Any) -> None:
    options = {"preprocessor": packer, "batch_size": 8, **CLASSES}
    validation = make_source(forever(*data), **options)

    history = new_model().fit(
        make_source(*data, **options), validation_data=validation, validation_steps=3, epochs=3, verbose=0
    )

    assert len(history.history["val_loss"]) == 3


@pytest.mark.parametrize("epochs", [1, 3])
def test_fit_follows_the_seed(packer: Any, new_model: Any, new_texts: Any, epochs: int) -> None:
    texts, y = new_texts(24, longest=14), [0, 1] * 12

    def weights(seed: int) -> list[Any]:
        keras.utils.set_random_seed(seed)
        model = new_model()
        model.fit(make_source(texts, y, preprocessor=packer, batch_size=8, shuffle=True), epochs=epochs, verbose=0)
        return [np.array(weight) for weight in model.get_weights()]

    first, again, other = weights(1), weights(1), weights(2)

    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not all(np.array_equal(one, two) for one, two in zip(first, other, strict=True))


def test_the_first_fit_shuffles_as_a_later_one(packer: Any, new_model: Any, data: Any) -> None:
    """The first fit of a model looks at a batch before it starts; that must not change the order."""

    def order(model: keras.Model) -> list[Any]:
        keras.utils.set_random_seed(5)
        packer.shapes.clear()
        source = make_source(*data, preprocessor=packer, batch_size=8, shuffle=True)
        seen: list[Any] = []
        batches = source.batches

        def recorded() -> Iterator[Any]:
            for batch in batches():
                seen.append(batch[0]["token_ids"].tolist())
                yield batch

        source.batches = recorded  # type: ignore[method-assign]
        model.fit(source, verbose=0)
        return seen[-7:]

    model = new_model()
    assert order(model) == order(model)


def test_weights_count_in_the_loss(packer: Any, new_model: Any, data: Any) -> None:
    model = new_model()
    options = {"preprocessor": packer, "batch_size": 50, **CLASSES}
    texts, y = data

    plain = model.evaluate(make_source(texts, y, **options), verbose=0)[0]
    double = model.evaluate(make_source(texts, y, [2.0] * 50, **options), verbose=0)[0]
    by_class = model.evaluate(make_source(texts, y, class_weight={"neg": 2.0, "pos": 2.0}, **options), verbose=0)[0]

    assert double == pytest.approx(2 * plain, rel=1e-5)
    assert by_class == pytest.approx(2 * plain, rel=1e-5)


def test_one_hot_labels_train_a_categorical_loss(packer: Any, new_model: Any, data: Any) -> None:
    model = new_model(loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    rows = np.eye(2)[data[1]]

    for y in (rows, [("neg", "pos")[number] for number in data[1]]):
        source = make_source(data[0], y, preprocessor=packer, sparse=False, **CLASSES)
        assert np.isfinite(model.fit(source, verbose=0).history["loss"][0])


def test_any_callable_preprocesses(data: Any) -> None:
    model = keras.Sequential([keras.layers.Dense(2)])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    def sizes(texts: Any) -> Any:
        return np.array([[len(text), text.count(" ")] for text in texts], np.float32)

    model.fit(make_source(*data, preprocessor=sizes, shuffle=True, **CLASSES), verbose=0)
    source = make_predictions(data[0], preprocessor=sizes)

    assert np.allclose(predicted(model, source), model.predict(sizes(data[0]), verbose=0), atol=1e-5)


def test_steps_are_the_first_texts(packer: Any, new_model: Any, data: Any) -> None:
    model = new_model()

    def predict(texts: Any, steps: int | None) -> Any:
        source = make_predictions(texts, preprocessor=packer, batch_size=8, steps=steps)
        return predicted(model, source)

    assert np.allclose(predict(data[0], 2), predict(data[0][:16], None), atol=1e-5)

    texts, y = data
    some = make_source(texts, y, preprocessor=packer, batch_size=8, steps=2)
    first = make_source(texts[:16], y[:16], preprocessor=packer, batch_size=8)
    assert model.evaluate(some, verbose=0, steps=2) == pytest.approx(model.evaluate(first, verbose=0))


def test_predictions_fill_their_batches_and_training_does_not(packer: Any) -> None:
    list(make_predictions(["a"] * 3, preprocessor=packer).batches())
    list(make_source(["a"] * 3, [0] * 3, preprocessor=packer).batches())

    assert packer.shapes == [(4, 16), (3, 16)]


def test_texts_are_shuffled_on_request(packer: Any, data: Any) -> None:
    def epoch(shuffle: bool) -> list[int]:
        source = make_source(data[0], list(range(50)), preprocessor=packer, shuffle=shuffle)
        return np.concatenate([batch[1] for batch in source.batches()]).tolist()

    assert epoch(False) == epoch(False)
    assert epoch(True) != epoch(False)
    assert epoch(True) != epoch(True)


def test_a_source_stays_what_it_is(packer: Any) -> None:
    source = make_source(["a"], [0], preprocessor=packer)

    assert make_source(source, preprocessor=packer) is source


def test_the_default_batch_is_keras(packer: Any) -> None:
    assert make_source(["a"] * 33, [0] * 33, preprocessor=packer).num_batches == 2
    assert make_source(["a"] * 32, [0] * 32, preprocessor=packer, batch_size=None).num_batches == 1


def test_labels_must_come_from_somewhere(packer: Any) -> None:
    with pytest.raises(InputError, match="y is missing"):
        make_source(["a"], preprocessor=packer)
    with pytest.raises(InputError, match="must come with it"):
        make_source(iter(["a"]), [0], preprocessor=packer)
    with pytest.raises(InputError, match="must come with it"):
        make_source(iter(["a"]), None, [0], preprocessor=packer)


def test_one_batch_for_train_on_batch(packer: Any, new_model: Any) -> None:
    model = new_model()
    texts = ["a b", "c"]

    features, y, weight = make_batch(texts, ["pos", "neg"], preprocessor=packer, class_weight={"pos": 3.0}, **CLASSES)
    assert y is not None
    assert weight is not None
    assert (y.tolist(), weight.tolist()) == ([1, 0], [3, 1])
    model.train_on_batch(features, y, weight)
    model.test_on_batch(*make_batch(texts, [0, 1], preprocessor=packer)[:2])

    alone, no_y, no_weight = make_batch(texts, preprocessor=packer, predicting=True)
    assert (no_y, no_weight) == (None, None)
    source = make_predictions(texts, preprocessor=packer)
    expected = predicted(model, source)
    assert np.allclose(keras.ops.convert_to_numpy(model.predict_on_batch(alone)), expected, atol=1e-5)


def test_a_batch_needs_labels_to_train(packer: Any) -> None:
    with pytest.raises(InputError, match="y is missing"):
        make_batch(["a"], preprocessor=packer)


def test_the_last_part_is_held_out() -> None:
    texts = [f"text {number}" for number in range(10)]
    y = pd.Series(range(10), index=range(10, 0, -1))

    kept, held_out = split_validation(texts, y, list(range(10)), 0.25, SPEC)

    assert held_out is not None
    assert kept[0].columns == (texts[:7],)
    assert (kept[1].tolist(), kept[2]) == (list(range(7)), list(range(7)))
    assert held_out[0].columns == (texts[7:],)
    assert (held_out[1].tolist(), held_out[2]) == ([7, 8, 9], [7, 8, 9])


def test_both_parts_of_a_split_become_sources(packer: Any) -> None:
    for x in (["a", "b", "c", "d"], (["a", "b", "c", "d"], ["e", "f", "g", "h"]), [("a", "e")] * 4):
        for part in split_validation(x, ["pos", "neg"] * 2, None, 0.5, SPEC):
            assert part is not None
            assert make_source(*part, preprocessor=packer, **CLASSES).num_batches == 1


def test_nothing_is_held_out_by_default() -> None:
    assert split_validation("as it is", 1, 2, 0.0, SPEC) == (("as it is", 1, 2), None)


@pytest.mark.parametrize(
    ("x", "y", "fraction", "message"),
    [
        (["a", "b"], [0, 1], 1.0, "between 0 and 1"),
        (["a", "b"], [0, 1], -0.1, "between 0 and 1"),
        (["a"], [0], 0.5, "nothing to train on"),
        (["a", "b"], [0, 1], 1e-17, "nothing to validate on"),
        (["a", "b"], [0], 0.5, "2 texts, but y has 1 entries"),
        (iter(["a"]), None, 0.5, "Pass validation_data"),
    ],
)
def test_a_split_that_cannot_be_is_refused(x: Any, y: Any, fraction: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_validation(x, y, None, fraction, SPEC)


def test_validation_data_is_unpacked() -> None:
    stream = iter([])
    assert unpack_validation((1, 2)) == (1, 2, None)
    assert unpack_validation((1, 2, 3)) == (1, 2, 3)
    assert unpack_validation(stream) == (stream, None, None)
    with pytest.raises(InputError, match="1 items"):
        unpack_validation((1,))
