"""Claims about text classifiers, for `modelry.testing`."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar

import keras
import numpy as np
import pytest
from keras import ops

from modelry.errors import InputError
from modelry.tasks.text_classifier.heads import ClassifierHead, FirstTokenHead, MeanPoolHead, PooledOutputHead
from modelry.tasks.text_classifier.spec import PROBLEM_TYPES, REGRESSION, SINGLE_LABEL
from modelry.tasks.text_classifier.task import TextClassifier
from modelry.tasks.text_classifier.testing_heads import HeadContract
from modelry.testing.comparing import as_numpy, expect_close
from modelry.testing.contract import expect, fail
from modelry.testing.examples import texts_for
from modelry.testing.task_contract import ALONE, TaskContract

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from modelry.backbones.backbone import Backbone
    from modelry.tasks.base.task import Task

__all__ = ["HeadContract", "TextClassifierContract"]


class TextClassifierContract(TaskContract):
    """Claims about a text classifier. Write the fixture `task`, and `texts` if it takes unusual ones."""

    needs: ClassVar[Mapping[str, str]] = {
        "task": "a small, randomly initialised instance of your classifier, with a preprocessor"
    }

    @pytest.fixture
    def texts(self, task: TextClassifier) -> Sequence[str]:
        """Different texts that it takes, at least four."""
        return texts_for(task.preprocessor)

    @pytest.fixture
    def examples(self, texts: Sequence[str]) -> Sequence[str]:
        """The texts."""
        return texts

    @pytest.fixture(autouse=True)
    def _labels_restored(self, task: TextClassifier) -> Iterator[None]:
        labels = task.labels
        yield
        task.labels = labels

    def labels(self, task: Task, examples: Sequence[str]) -> list[Any]:
        """Return class indices, or for other problem types rows of numbers."""
        assert isinstance(task, TextClassifier)
        numbers = [index % task.num_classes for index in range(len(examples))]
        return numbers if task.problem_type == SINGLE_LABEL else np.eye(task.num_classes)[numbers].tolist()

    def fresh_arguments(self, task: Task) -> dict[str, Any]:
        """Return the number of classes."""
        assert isinstance(task, TextClassifier)
        return {"num_classes": task.num_classes}

    def wrong_inputs(self, examples: Sequence[str]) -> dict[str, Any]:
        """Return what is not texts."""
        return {**super().wrong_inputs(examples), "None among texts": [*examples, None], "numbers": [1, 2]}

    @classmethod
    def expect_on_backbone(cls, backbone: Backbone, batch: dict[str, np.ndarray[Any, Any]], folder: Path) -> None:
        """Check that any head can be trained on a backbone of token ids, and the general ones saved and loaded."""
        if "token_ids" not in batch:
            return
        head: ClassifierHead = GatedMaxHead(3, dropout=0.0, dtype=backbone.dtype_policy, name="head")
        _expect_training(TextClassifier(backbone, head=head), batch)
        heads: list[type[FirstTokenHead | MeanPoolHead | PooledOutputHead]]
        heads = [FirstTokenHead, MeanPoolHead, *([PooledOutputHead] if "pooled_output" in backbone.output else [])]
        for head_cls in heads:
            head = head_cls(3, dropout=0.0, dtype=backbone.dtype_policy, name="head")
            classifier = TextClassifier(backbone, head=head)
            scores = as_numpy(classifier(batch, training=False))
            classifier.save_to_preset(folder / head_cls.__name__)
            loaded = TextClassifier.from_preset(folder / head_cls.__name__, preprocessor=None)
            what = f"With {head_cls.__name__}, the scores are others after loading"
            rule = "a classifier of this backbone and any head can be saved and loaded."
            found = as_numpy(loaded(batch, training=False))
            expect_close(found, scores, what, rule, "see test_saving_restores_it_to_the_byte.")

    def test_compiled_is_eager(self, task: TextClassifier, texts: Sequence[str]) -> None:
        """`predict` gives the scores of a plain call with texts padded to sequence_length."""
        eager = as_numpy(task(task.preprocessor(list(texts)), training=False))
        what = "predict does not give the scores of a plain call with texts padded to sequence_length"
        to_do = "run the BackboneContract and the HeadContract, which say which part depends on padding or compiling."
        expect_close(self.predict(task, texts), eager, what, "padding and compiling change nothing.", to_do)

    def test_pairs_are_taken_as_declared(self, task: TextClassifier, texts: Sequence[str]) -> None:
        """If its preprocessor takes sentence pairs, a pair gets the same scores alone and among others."""
        pairs = (list(texts), list(texts)[::-1])
        try:
            together = np.asarray(task.predict(pairs, verbose=0))
        except (InputError, NotImplementedError) as error:
            pytest.skip(f"{type(task.preprocessor).__name__} takes no sentence pairs: {error}")
        for index in range(len(texts)):
            alone = np.asarray(task.predict(([pairs[0][index]], [pairs[1][index]]), verbose=0))
            what = f"Pair {index} gets other scores alone than among others"
            expect_close(alone[0], together[index], what, ALONE, "see test_other_examples_do_not_matter.")

    def test_loss_does_not_depend_on_batches(self, task: TextClassifier, texts: Sequence[str]) -> None:
        """The loss of some texts is the mean of their losses one by one."""
        labels = self.labels(task, texts)
        together = _loss(task, list(texts), labels)
        alone = np.mean([_loss(task, [text], [label]) for text, label in zip(texts, labels, strict=True)])
        what = "The loss of all texts is not the mean of their losses one by one"
        expect_close(together, alone, what, ALONE, "see test_other_examples_do_not_matter.", tolerance=1e-3)

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
        fail("An unknown label is accepted.", "an unknown label raises InputError.", "do not override evaluate.")

    def test_labels_are_saved(self, task: TextClassifier, tmp_path: Path) -> None:
        """The names of the classes are part of the preset."""
        self.skip_unless_registered(task)
        if task.problem_type == REGRESSION:
            pytest.skip("the classifier predicts numbers, which have no names")
        names = task.labels = tuple(f"class_{index}" for index in range(task.num_classes))
        task.save_to_preset(tmp_path / "named")
        found = TextClassifier.from_preset(tmp_path / "named").labels
        what = f"The labels {names} are {found} after loading."
        expect(found == names, what, "labels are saved.", "take labels= in the constructor, and pass it on.")

    def test_its_problem_type_is_saved(self, task: TextClassifier, preset: Path, tmp_path: Path) -> None:
        """A classifier of several labels of a text, or of numbers, is saved and loaded as such."""
        for problem_type in PROBLEM_TYPES:
            classifier = TextClassifier.from_preset(
                preset, num_classes=3, problem_type=problem_type, activation="linear"
            )
            classifier.save_to_preset(tmp_path / problem_type)
            found = TextClassifier.from_preset(tmp_path / problem_type, load_weights=False).problem_type
            what = f"The problem type {problem_type!r} of a saved {type(task).__name__} is {found!r} after loading."
            rule = "the meaning of scores is saved: it decides the loss, and the results of classify."
            expect(found == problem_type, what, rule, "take problem_type= in the constructor, and pass it on.")

    def test_other_classes_get_a_fresh_head(self, task: TextClassifier, preset: Path, texts: Sequence[str]) -> None:
        """Scores have a column for each class; `num_classes` gives a fresh head of so many on the saved backbone."""
        for number in (task.num_classes, task.num_classes + 2):
            found = self.predict(TextClassifier.from_preset(preset, num_classes=number), texts)
            what = f"With num_classes={number}, scores have the shape {found.shape}."
            rule = "any number of classes can be trained."
            expect(found.shape == (len(texts), number), what, rule, "use num_classes in the head.")

    def test_another_head_works(self, preset: Path, texts: Sequence[str], tmp_path: Path) -> None:
        """A general head can be trained on the preset, saved and loaded."""
        classifier = TextClassifier.from_preset(preset, num_classes=3, head="mean_pool")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Gradients do not exist")  # a head need not read every output
            classifier.fit(list(texts), [index % 3 for index in range(len(texts))], verbose=0)
        classifier.save_to_preset(tmp_path / "other")
        loaded = TextClassifier.from_preset(tmp_path / "other")
        rule = "a classifier with any head can be trained, saved and loaded."
        what = f"With head='mean_pool', a {type(loaded.head).__name__} is loaded."
        to_do = "pass head= on in the constructor."
        expect(type(loaded.head) is MeanPoolHead, what, rule, to_do)
        what = "With head='mean_pool', scores are others after loading"
        expect_close(self.predict(loaded, texts), self.predict(classifier, texts), what, rule, to_do)


class GatedMaxHead(ClassifierHead):
    """A head as another author would write it: scores the largest value of each feature in a text, scaled by a gate.

    Args:
        num_classes: The number of classes.
        activation: The activation of the scores.
        dropout: The rate of dropout before the last layer.
        gate_dim: The size of the gate's hidden layer.
        **kwargs: `name`, `dtype`, `trainable`.
    """

    def __init__(
        self, num_classes: int, activation: str | None = None, dropout: float = 0.1, gate_dim: int = 4, **kwargs: Any
    ) -> None:
        super().__init__(num_classes, activation, dropout, **kwargs)
        self.gate_dim = gate_dim
        self.gate = keras.layers.Dense(gate_dim, activation="tanh", dtype=self.dtype_policy, name="gate")
        self.gate_output = keras.layers.Dense(1, activation="sigmoid", dtype=self.dtype_policy, name="gate_output")
        self.output_dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="output_dropout")
        self.scores = keras.layers.Dense(
            num_classes, activation=self.activation, dtype=self.dtype_policy, name="scores"
        )

    def call(self, outputs: Mapping[str, Any], padding_mask: Any = None, training: bool | None = None) -> Any:
        """Return scores, `(batch, num_classes)`."""
        states = outputs["sequence_output"]  # (B, T, E)
        mask = ops.ones_like(states[:, :, 0]) if padding_mask is None else padding_mask  # (B, T)
        real = ops.not_equal(mask, 0)[:, :, None]  # (B, T, 1)
        count = ops.sum(ops.cast(real, states.dtype), axis=1)  # (B, 1)
        mean = ops.sum(ops.where(real, states, ops.zeros_like(states)), axis=1) / count  # (B, E)
        largest = ops.max(ops.where(real, states, ops.full_like(states, -1e4)), axis=1)  # (B, E)
        gated = largest * self.gate_output(self.gate(mean))  # (B, E)
        return self.scores(self.output_dropout(gated, training=training))  # (B, C)


def _loss(task: TextClassifier, texts: list[str], labels: list[Any]) -> float:
    return float(task.evaluate(texts, labels, verbose=0, return_dict=True)["loss"])


def _expect_training(classifier: TextClassifier, batch: dict[str, np.ndarray[Any, Any]]) -> None:
    """Fail unless a step of training works."""
    __tracebackhide__ = True
    labels = np.arange(len(batch["token_ids"])) % classifier.num_classes
    classifier.compile(optimizer=keras.optimizers.SGD(0.01))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Gradients do not exist")  # a head need not read every output
        loss = float(classifier.train_on_batch(batch, labels, return_dict=True)["loss"])
    scores = as_numpy(classifier(batch, training=False))
    head = type(classifier.head).__name__
    what = f"With {head}, the loss is {loss} and the scores have shape {scores.shape}."
    fine = np.isfinite(loss) and scores.shape == (len(labels), classifier.num_classes) and np.isfinite(scores).all()
    expect(fine, what, "any head works on any backbone.", "return sequence_output as heads expect it, and finite.")
