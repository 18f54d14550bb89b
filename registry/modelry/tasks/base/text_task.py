"""`fit`, `evaluate` and `predict` on raw text."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from modelry.data.columns import TextReader
from modelry.data.predictions import as_predictions
from modelry.data.source import as_batch, as_source, split_validation, unpack_validation
from modelry.data.spec import DataSpec
from modelry.errors import InputError
from modelry.runtime.callbacks import EpochNumbers, joined, text_progress
from modelry.runtime.onednn import prepacked, release
from modelry.runtime.unread_outputs import pooled_output_may_be_unread
from modelry.tasks.base.task import Task
from modelry.weights.build import is_placed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np

    from modelry.data.adapter import Source
    from modelry.data.predictions import Predictions
    from modelry.data.targets import Targets


class TextTask(Task):
    """A task whose inputs are texts; abstract.

    Texts come as a list, tuple, NumPy array or pandas column of strings; sentence pairs as two of these in a tuple
    `(first, second)`, as a list of pairs, or as a dict with `"text"` and `"text_pair"`. Data also comes as a
    generator, `keras.utils.PyDataset`, torch `DataLoader` or `tf.data.Dataset` of `x`, `(x, y)` or
    `(x, y, sample_weight)`, in batches or one by one. With `preprocessor=None` everything goes to Keras as it is.
    """

    @property
    def shares_rows(self) -> bool:
        """Whether the model takes rows that several texts share; see `modelry.data.packing`."""
        return False

    def targets(self) -> Targets:
        """Return the description of the labels, for the model as it is now."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its labels are.")

    def data_spec(self) -> DataSpec:
        """Return the description of the data, for the model as it is now."""
        self.check_sequence_length()
        return DataSpec(self.preprocessor, self.targets(), TextReader(), supports_packing=self.shares_rows)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[Any, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
    ) -> Any:
        """Train on texts and labels.

        Texts in memory are shuffled every epoch. They share rows where the backbone can keep them apart, and are
        batched by length otherwise.

        Args:
            x: Texts, sentence pairs, or a data set that yields them with their labels; see the class.
            y: One label per text, an integer or the label's name; `None` if `x` yields them.
            batch_size: Texts per batch, 32 by default; data sets that yield batches keep their own.
            epochs: The epoch at which to stop.
            verbose: `"auto"` or 1 for a progress bar, 2 for a line per epoch, 0 for silence.
            callbacks: Keras callbacks.
            validation_split: The last part of `x` and `y`, before shuffling, to validate on instead of training.
            validation_data: What to validate on after each epoch: `(x, y)`, `(x, y, sample_weight)` or a data set.
            shuffle: Whether texts in memory are shuffled every epoch.
            class_weight: A weight for each class, by integer or name.
            sample_weight: A weight for each text.
            initial_epoch: The epoch to start at, when training is resumed.
            steps_per_epoch: Batches per epoch; `None` for all of them. An epoch goes on where the one before it ended,
                and texts in memory begin anew, in other batches, when all have been seen. Endless data sets need it.
            validation_steps: Batches per validation; `None` for all of them.
            validation_batch_size: Texts per batch of validation; `batch_size` by default.
            validation_freq: Validate after every so many epochs.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            InputError: A text or a label is of the wrong type, empty, missing or out of range; the message names it.
        """
        options = {
            "epochs": epochs,
            "verbose": verbose,
            "callbacks": callbacks,
            "initial_epoch": initial_epoch,
            "steps_per_epoch": steps_per_epoch,
            "validation_steps": validation_steps,
            "validation_freq": validation_freq,
        }
        if self.preprocessor is None:
            return super().fit(
                x,
                y,
                batch_size=batch_size,
                validation_split=validation_split,
                validation_data=validation_data,
                shuffle=shuffle,
                class_weight=class_weight,
                sample_weight=sample_weight,
                validation_batch_size=validation_batch_size,
                **options,
            )
        with self._adopted(y):
            held_out = None
            if validation_data is not None:
                held_out = unpack_validation(validation_data)
            elif validation_split:
                (x, y, sample_weight), held_out = split_validation(
                    x, y, sample_weight, validation_split, self.data_spec()
                )
            source = self._source(
                x,
                y,
                sample_weight,
                batch_size=batch_size,
                shuffle=shuffle,
                class_weight=class_weight,
                steps_per_epoch=steps_per_epoch,
            )
            if held_out is not None:
                options["validation_data"] = self._source(
                    *held_out, batch_size=validation_batch_size or batch_size, steps=validation_steps
                )
            release(self)
            options["callbacks"] = joined(callbacks, EpochNumbers(source))
            with pooled_output_may_be_unread():
                return super().fit(source, **options)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Return the loss and metrics on texts and labels; the arguments are those of `keras.Model.evaluate`.

        Raises:
            InputError: A text or a label is of the wrong type, empty, missing or out of range; the message names it.
        """
        options = {"verbose": verbose, "steps": steps, "callbacks": callbacks, "return_dict": return_dict, **kwargs}
        if self.preprocessor is None:
            return super().evaluate(x, y, batch_size=batch_size, sample_weight=sample_weight, **options)
        return super().evaluate(self._source(x, y, sample_weight, batch_size=batch_size, steps=steps), **options)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Return the scores of texts as NumPy, in the order of the texts.

        Behind the scenes texts share rows where the backbone can keep them apart, and are batched by length otherwise.

        Args:
            x: Texts, sentence pairs, or a data set that yields them; see the class.
            batch_size: Texts per batch, 32 by default; where texts share rows, rows of 64 tokens.
            verbose: `"auto"` or 1 for a progress bar with texts per second, 2 for a line at the end, 0 for silence.
            steps: The number of batches, of `batch_size` texts or as a data set yields them, after which to stop.
            callbacks: Keras callbacks.

        Returns:
            Scores, `(texts, num_classes)`: logits unless the model has an activation.

        Raises:
            InputError: A text is of the wrong type, empty or missing; the message names it.
        """
        if self.preprocessor is None:
            return super().predict(x, batch_size=batch_size, verbose=verbose, steps=steps, callbacks=callbacks)
        return self._predict(self._predictions(x, batch_size=batch_size, steps=steps), verbose, callbacks)

    def predict_stream(self, x: Any, batch_size: int | None = None, window: int = 1024) -> Iterator[np.ndarray]:
        """Yield the scores of one text after the other, in the order of the texts and in constant memory.

        While one window of texts is predicted, the next one is read and tokenised.

        ```python
        with open("reviews.txt") as lines:
            for scores in classifier.predict_stream(lines):
                ...
        ```

        Args:
            x: Texts, sentence pairs, or a data set that yields them, of any length; see the class.
            batch_size: As for `predict`.
            window: How many texts are predicted together: less is sooner, more is faster.

        Yields:
            Scores, `(num_classes,)`: logits unless the model has an activation.

        Raises:
            InputError: A text is of the wrong type or missing; the message names it. The scores of the windows before
                it have been yielded then.
        """
        if self.preprocessor is None:
            raise InputError("predict_stream reads texts, but the preprocessor is None. Use predict.")
        if window < 1:
            raise InputError(f"window is {window}. Pass at least 1.")
        source = self._predictions(x, batch_size=batch_size, window=window)
        return (scores for part in source.each() for scores in self._predict(part))

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Train on one batch of texts; the arguments are those of `keras.Model.train_on_batch`."""
        if self.preprocessor is not None:
            x, y, sample_weight = self._batch(x, y, sample_weight, class_weight=class_weight)
            class_weight = None
        with pooled_output_may_be_unread():
            return super().train_on_batch(
                x, y, sample_weight=sample_weight, class_weight=class_weight, return_dict=return_dict
            )

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Return the loss and metrics on one batch; the arguments are those of `keras.Model.test_on_batch`."""
        if self.preprocessor is not None:
            x, y, sample_weight = self._batch(x, y, sample_weight)
        return super().test_on_batch(x, y, sample_weight=sample_weight, return_dict=return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Return the scores of one batch of texts, `(texts, num_classes)`."""
        if self.preprocessor is not None:
            x = self._batch(x, predicting=True)[0]
        return super().predict_on_batch(x)

    @contextlib.contextmanager
    def _adopted(self, y: Any) -> Iterator[None]:
        """Inside, the labels `y`, if any, are adopted; not any more if the block fails before the first step."""
        before = self._steps_taken()
        take_back = self.targets().adopt(y) if y is not None else lambda: None
        try:
            yield
        except BaseException:
            if self._steps_taken() == before:
                take_back()
            raise

    def _steps_taken(self) -> list[int] | None:
        """Return what the optimizer, and one inside it, count; `None` if there is none, or it has lost its values."""
        optimizer = getattr(self, "optimizer", None)
        counters = [one for one in getattr(optimizer, "variables", ()) if one.name == "iteration"]
        return [int(one) for one in counters] if counters and all(map(is_placed, counters)) else None

    def _source(self, x: Any, y: Any = None, sample_weight: Any = None, **options: Any) -> Source:
        if x is None:
            raise InputError("x is missing: pass texts, or a data set of them.")
        return as_source(x, y, sample_weight, self.data_spec(), **options)

    def _predict(self, source: Predictions, verbose: Any = 0, callbacks: Any = None) -> Any:
        together = text_progress(source, verbose, callbacks)
        with prepacked(self, source.num_examples):
            return source.restore(super().predict(source, verbose=0, callbacks=together))

    def _predictions(self, x: Any, **options: Any) -> Predictions:
        return as_predictions(x, self.data_spec(), **options)

    def _batch(self, x: Any, y: Any = None, sample_weight: Any = None, **options: Any) -> tuple[Any, Any, Any]:
        return as_batch(x, y, sample_weight, self.data_spec(), **options)
