"""What training leaves as it was, whom it tells, and which numbers it draws."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest

from modelry.errors import InputError
from modelry.weights.build import GENERATOR_STATE
from modelry.weights.save import values

from .conftest import LABELS, TEXTS

NAMES = ["yes" if label else "no" for label in LABELS]


class Fails(keras.callbacks.Callback):
    """Fails at the end of a batch."""

    def on_train_batch_end(self, batch, logs=None):
        raise OSError("the network")


class Draws(keras.callbacks.Callback):
    """Records where the random generators are as an epoch begins."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_begin(self, batch, logs=None):
        if batch:
            return
        states = [values(one).tolist() for one in self.model.variables if one.name == GENERATOR_STATE]
        if keras.backend.backend() == "torch":
            import torch

            states.append(torch.initial_seed())
        self.seen.append(states)


def drawn(classifier, **options):
    recorded = Draws()
    classifier.fit(TEXTS, LABELS, verbose=0, callbacks=[recorded], **options)
    return recorded.seen


@pytest.mark.parametrize(
    ("x", "options"),
    [
        ([None, *TEXTS[1:]], {}),
        ("one text", {}),
        (TEXTS[:3], {}),
        (TEXTS, {"validation_data": (TEXTS[:1], ["maybe"])}),
        (TEXTS, {"validation_split": 2.0}),
        (TEXTS, {"class_weight": {"maybe": 1.0}}),
        (TEXTS, {"batch_size": 0}),
    ],
)
def test_nothing_is_learned_of_labels_where_training_did_not_begin(make, x, options):
    classifier = make()
    with pytest.raises(InputError):
        classifier.fit(x, NAMES, verbose=0, **options)
    assert classifier.labels is None
    classifier.fit(TEXTS, ["good" if label else "bad" for label in LABELS], verbose=0)
    assert classifier.labels == ("bad", "good")


def test_labels_stay_once_a_step_was_taken(make):
    classifier = make()
    with pytest.raises(OSError, match="the network"):
        classifier.fit(TEXTS, NAMES, verbose=0, callbacks=[Fails()])
    assert classifier.labels == ("no", "yes")
    named = make(labels=["no", "yes"])
    with pytest.raises(InputError):
        named.fit(TEXTS, ["maybe"] * len(TEXTS), verbose=0)
    assert named.labels == ("no", "yes")


@pytest.mark.parametrize("with_model", [False, True])
@pytest.mark.parametrize("parts", [{}, {"add_history": True, "add_progbar": True}])
def test_a_list_of_callbacks_that_the_user_made(make, with_model, parts, capsys):
    classifier, seen = make(), []
    record = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append((epoch, sorted(logs), record.model)),
        on_predict_end=lambda logs: seen.append("predicted"),
    )
    together = keras.callbacks.CallbackList([record], model=classifier if with_model else None, **parts)
    before = list(together.callbacks)
    history = classifier.fit(TEXTS, LABELS, validation_data=(TEXTS, LABELS), epochs=2, callbacks=together, verbose=0)
    assert [epoch for epoch, *_ in seen] == [0, 1]
    assert all(model is classifier and "val_loss" in logs for _, logs, model in seen)
    assert len(history.history["loss"]) == 2
    classifier.predict(TEXTS, callbacks=together, verbose=0)
    assert seen[2:] == ["predicted"]
    assert together.callbacks == before
    assert capsys.readouterr().out == ""


def test_no_epoch_draws_what_another_draws(make):
    keras.utils.set_random_seed(1)
    classifier = make()
    first = drawn(classifier, epochs=3)
    second = drawn(classifier, epochs=2)
    late = drawn(classifier, initial_epoch=4095, epochs=4098)
    states = [state for epoch in (*first, *second, *late) for state in map(str, epoch)]
    assert len(first[0]) > 1
    assert len(set(states)) == len(states) == 8 * len(first[0])


def test_what_is_drawn_follows_from_the_seed_and_the_number_of_the_epoch(make):
    keras.utils.set_random_seed(1)
    classifier = make()
    whole = drawn(classifier, epochs=4)
    keras.utils.set_random_seed(0)
    make()
    again = make()
    assert drawn(again, initial_epoch=2, epochs=4) == whole[2:]
    assert drawn(again, epochs=1) != whole[:1]
    keras.utils.set_random_seed(5)
    assert drawn(again, epochs=1) != whole[:1]


@pytest.mark.parametrize("steps", [2, 3, 7])
def test_epochs_of_some_steps_go_on_through_the_texts_and_can_be_resumed(make, steps):
    texts = ["a film", *(f"{'good ' * number}film" for number in range(15))]

    def run(initial_epoch):
        classifier, seen = make(), []
        pad = classifier.preprocessor.pad

        def recorded(packed, rows, length):
            features = pad(packed, rows, length)
            seen.append(features["token_ids"].tolist())
            return features

        classifier.preprocessor.pad = recorded
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            options = {"epochs": 4, "steps_per_epoch": steps, "initial_epoch": initial_epoch}
            history = classifier.fit(texts, [0, 1] * 8, batch_size=4, shuffle=True, verbose=0, **options)
        assert len(history.epoch) == 4 - initial_epoch
        return seen

    whole = run(0)[-4 * steps :]
    for epoch in (1, 3):
        assert run(epoch)[-steps * (4 - epoch) :] == whole[steps * epoch :]
    firsts = [whole[start : start + 4] for start in range(0, len(whole) - 3, 4)]
    assert all(firsts[0] != other for other in firsts[1:])
    tokens = [np.count_nonzero(np.concatenate([np.ravel(rows) for rows in one])) for one in firsts]
    assert len(set(tokens)) == 1  # every pass sees every text once
