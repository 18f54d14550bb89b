"""`fit`, `evaluate` and `predict` on raw text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.data.source import Source, as_batch, as_source, split_validation, unpack_validation
from modelry.errors import InputError
from modelry.models.task import Task

if TYPE_CHECKING:
    from collections.abc import Mapping


class TextTask(Task):
    """A task whose inputs are texts; abstract.

    Texts come as a list, tuple, NumPy array or pandas column of strings; sentence pairs as two of these in a tuple
    `(first, second)`, as a list of pairs, or as a dict with `"text"` and `"text_pair"`. Data also comes as a
    generator, `keras.utils.PyDataset`, torch `DataLoader` or `tf.data.Dataset` of `x`, `(x, y)` or
    `(x, y, sample_weight)`, in batches or one by one. With `preprocessor=None` everything goes to Keras as it is.
    """

    def target_options(self) -> Mapping[str, Any]:
        """Return what labels may be: the arguments `labels`, `num_classes` and `sparse` of `as_source`."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its labels are.")

    def adopt_targets(self, y: Any) -> None:
        """Look at the labels of a whole data set before training on it; does nothing unless a subclass does."""

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

        Texts in memory are shuffled every epoch and batched by length.

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
            steps_per_epoch: Batches per epoch; `None` for all of them. Endless data sets need it.
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
        if y is not None:
            self.adopt_targets(y)
        held_out = None
        if validation_data is not None:
            held_out = unpack_validation(validation_data)
        elif validation_split:
            (x, y, sample_weight), held_out = split_validation(x, y, sample_weight, validation_split)
        source = self._source(x, y, sample_weight, batch_size=batch_size, shuffle=shuffle, class_weight=class_weight)
        if held_out is not None:
            options["validation_data"] = self._source(
                *held_out, batch_size=validation_batch_size or batch_size, steps=validation_steps
            )
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

        Texts are batched by length behind the scenes. The arguments are those of `keras.Model.predict`.

        Args:
            x: Texts, sentence pairs, or a data set that yields them; see the class.
            batch_size: Texts per batch, 32 by default.
            verbose: `"auto"`, 0, 1 or 2.
            steps: The number of batches after which to stop.
            callbacks: Keras callbacks.

        Returns:
            Scores, `(texts, num_classes)`: logits unless the model has an activation.

        Raises:
            InputError: A text is of the wrong type, empty or missing; the message names it.
        """
        options = {"verbose": verbose, "steps": steps, "callbacks": callbacks}
        if self.preprocessor is None:
            return super().predict(x, batch_size=batch_size, **options)
        source = self._source(x, batch_size=batch_size, predicting=True, steps=steps)
        return source.restore(super().predict(source, **options))

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Train on one batch of texts; the arguments are those of `keras.Model.train_on_batch`."""
        if self.preprocessor is not None:
            x, y, sample_weight = self._batch(x, y, sample_weight, class_weight=class_weight)
            class_weight = None
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

    def _source(self, x: Any, y: Any = None, sample_weight: Any = None, **options: Any) -> Source:
        self.check_sequence_length()
        if x is None:
            raise InputError("x is missing: pass texts, or a data set of them.")
        return as_source(x, y, sample_weight, preprocessor=self.preprocessor, **self.target_options(), **options)

    def _batch(self, x: Any, y: Any = None, sample_weight: Any = None, **options: Any) -> tuple[Any, Any, Any]:
        self.check_sequence_length()
        return as_batch(x, y, sample_weight, preprocessor=self.preprocessor, **self.target_options(), **options)
