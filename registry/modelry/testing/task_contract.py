"""What modelry relies on in every classifier: what it computes from texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import keras
import numpy as np
import pytest

from modelry.errors import InputError
from modelry.tasks.text_classifier.problem_types import REGRESSION, SINGLE_LABEL
from modelry.testing.comparing import as_numpy, expect_close
from modelry.testing.contract import expect, fail
from modelry.testing.task_presets import TaskPresets
from modelry.testing.texts import STRANGE, expect_different, texts_for
from modelry.testing.variables import as_if_trained

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from modelry.tasks.text_classifier.task import TextClassifier

ALONE = "a text's scores depend on this text only."


class TaskContract(TaskPresets):
    """Claims about a whole classifier. Write the fixture `task`, and `texts` if it takes unusual ones."""

    kind: ClassVar[str] = "tasks"
    subject: ClassVar[str] = "task"
    needs: ClassVar[Mapping[str, str]] = {
        "task": "a small, randomly initialised instance of your classifier, with a preprocessor"
    }

    @pytest.fixture
    def texts(self, task: TextClassifier) -> Sequence[str]:
        """Some different texts that it takes, at least four."""
        return texts_for(task.preprocessor)

    @pytest.fixture(autouse=True)
    def _as_if_trained(self, task: TextClassifier) -> Iterator[None]:
        labels = task.labels
        with as_if_trained(task):
            yield
        task.labels = labels

    def test_other_texts_do_not_matter(self, task: TextClassifier, texts: Sequence[str]) -> None:
        """A text gets the same scores alone, among others, in another order and in batches of another size."""
        to_do = "run the BackboneContract and the HeadContract, which say which part mixes texts or heeds padding."
        expect_different(texts, 4)
        together = _scores(task, texts)
        for index, text in enumerate(texts):
            what = f"{text!r:.60} is scored otherwise alone than among {len(texts)} texts"
            expect_close(_scores(task, [text])[0], together[index], what, ALONE, to_do)
        for size in (1, 3):
            found = np.asarray(task.predict(list(texts)[::-1], batch_size=size, verbose=0))[::-1]
            what = f"In reverse order and with batch_size={size}, scores are others"
            expect_close(found, together, what, ALONE, to_do)

    def test_compiled_is_eager(self, task: TextClassifier, texts: Sequence[str]) -> None:
        """`predict` gives what calling the model with texts padded to sequence_length gives."""
        eager = as_numpy(task(task.preprocessor(list(texts)), training=False))
        what = "predict does not give what a plain call gives for texts padded to sequence_length"
        to_do = (
            "run the BackboneContract and the HeadContract, which say which part heeds padding or is not compiled well."
        )
        expect_close(_scores(task, texts), eager, what, "padding and compiling change nothing.", to_do)

    def test_any_text_is_taken(self, task: TextClassifier) -> None:
        """Empty texts, emoji, rare scripts and very long texts get finite scores, one for each class."""
        scores = _scores(task, list(STRANGE))
        wrong = [text for text, row in zip(STRANGE, scores, strict=True) if not np.isfinite(row).all()]
        rule = "every text gets num_classes finite scores."
        shape = (len(STRANGE), task.num_classes)
        expect(scores.shape == shape, f"Scores have the shape {scores.shape}, not {shape}.", rule, "see HeadContract.")
        to_do = "give a text without tokens one padding token, so that there is something to pool."
        expect(not wrong, f"{wrong[:1]!r:.60} gets scores that are not finite.", rule, to_do)

    def test_pairs_are_taken_as_declared(self, task: TextClassifier, texts: Sequence[str]) -> None:
        """If its preprocessor takes sentence pairs, a pair gets the same scores alone and among others."""
        pairs = (list(texts), list(texts)[::-1])
        try:
            together = np.asarray(task.predict(pairs, verbose=0))
        except (InputError, NotImplementedError) as error:
            pytest.skip(f"{type(task.preprocessor).__name__} takes no sentence pairs: {error}")
        for index in range(len(texts)):
            alone = np.asarray(task.predict(([pairs[0][index]], [pairs[1][index]]), verbose=0))
            what = f"Pair {index} is scored otherwise alone than among others"
            expect_close(alone[0], together[index], what, ALONE, "see test_other_texts_do_not_matter.")

    def test_loss_does_not_depend_on_batches(self, task: TextClassifier, texts: Sequence[str]) -> None:
        """The loss of some texts is the mean of their losses one by one."""
        labels = _labels(task, texts)
        together = _loss(task, list(texts), labels)
        alone = np.mean([_loss(task, [text], [label]) for text, label in zip(texts, labels, strict=True)])
        what = "The loss of all texts is not the mean of their losses one by one"
        expect_close(together, alone, what, ALONE, "see test_other_texts_do_not_matter.", tolerance=1e-3)

    def test_training_lowers_the_loss(self, task: TextClassifier, texts: Sequence[str]) -> None:
        """A few steps of training on a few texts lower their loss."""
        labels = _labels(task, texts)
        weights, optimizer, loss = task.get_weights(), task.optimizer, task.loss
        task.compile(optimizer=keras.optimizers.Adam(1e-2), loss=loss)
        losses = task.fit(list(texts), labels, epochs=25, batch_size=len(texts), verbose=0).history["loss"]
        task.set_weights(weights)
        task.compile(optimizer=optimizer, loss=loss)
        before, after = losses[0], float(np.mean(losses[-5:]))
        what = f"25 steps of training on {len(texts)} texts take their loss from {before:.4f} to {after:.4f}."
        rule = "fit learns what distinguishes a few texts."
        to_do = (
            "see test_gradients_reach_every_weight of BackboneContract and HeadContract; do the tokens reach the model?"
        )
        expect(np.isfinite(after) and after < before, what, rule, to_do)

    def test_labels_are_names(self, task: TextClassifier, texts: Sequence[str]) -> None:
        """With names for its classes it takes names as labels, refuses unknown ones, and classifies by name."""
        if task.problem_type == REGRESSION:
            pytest.skip("the classifier predicts numbers, which have no names")
        names = task.labels = tuple(f"class_{index}" for index in range(task.num_classes))
        found = task.classify(list(texts), top_k=None)
        expected = [set(names)] * len(texts)
        what = f"classify gives the labels {found[0]}."
        rule = "every class is called by its name."
        expect([{label for label, _ in row} for row in found] == expected, what, rule, "do not override classify.")
        task.evaluate(list(texts), [names[index % len(names)] for index in range(len(texts))], verbose=0)
        try:
            task.evaluate(list(texts), ["no_such_class"] * len(texts), verbose=0)
        except InputError:
            return
        fail(
            "A label that is no class is taken.",
            "an unknown label raises InputError.",
            "do not override target_options.",
        )

    def test_bfloat16(self, task: TextClassifier, texts: Sequence[str]) -> None:
        """In bfloat16 its scores are near those of float32."""
        self._expect_near(task, texts, "bfloat16")

    def test_mixed_bfloat16(self, task: TextClassifier, texts: Sequence[str]) -> None:
        """In mixed_bfloat16 its scores are near those of float32."""
        self._expect_near(task, texts, "mixed_bfloat16")


def _scores(task: TextClassifier, texts: Sequence[str]) -> np.ndarray[Any, Any]:
    return np.asarray(task.predict(list(texts), verbose=0), "float32")


def _loss(task: TextClassifier, texts: list[str], labels: list[Any]) -> float:
    return float(task.evaluate(texts, labels, verbose=0, return_dict=True)["loss"])


def _labels(task: TextClassifier, texts: Sequence[str]) -> list[Any]:
    numbers = [index % task.num_classes for index in range(len(texts))]
    return numbers if task.problem_type == SINGLE_LABEL else np.eye(task.num_classes)[numbers].tolist()
