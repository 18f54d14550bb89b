"""`fit`, `evaluate` and `predict` on raw inputs: the base class of tasks."""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import keras

from modelry.data.adapter import joined_callbacks
from modelry.data.batches import EpochNumbers, as_batch, as_source, split_validation, unpack_validation
from modelry.data.columns import TextReader
from modelry.data.predictions import as_predictions, progress_callbacks
from modelry.data.spec import DataSpec
from modelry.data.targets import Targets
from modelry.errors import InputError
from modelry.runtime.onednn import prepacked, release
from modelry.tasks.base.compiling import AutoCompiledModel
from modelry.weights.build import is_placed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np

    from modelry.data.predictions import Predictions
    from modelry.data.rows import InputReader


class RawInputModel(AutoCompiledModel):
    """A model on raw inputs, such as texts, which its preprocessor turns into arrays; abstract.

    Texts come as a list, tuple, NumPy array or pandas column of strings; sentence pairs as two of these in a tuple
    `(first, second)`, as a list of pairs, or as a dict with `"text"` and `"text_pair"`. Other preprocessors define
    other inputs. Data also comes as a generator, `keras.utils.PyDataset`, torch `DataLoader` or `tf.data.Dataset` of
    `x`, `(x, y)` or `(x, y, sample_weight)`, in batches or one by one. With `preprocessor=None` everything goes to
    Keras as it is.

    Attributes:
        output_per: `"example"` if the model returns one output per example, `"token"` if one per token of each.
        needs_offsets: Whether labels or outputs are aligned with characters; then `postprocess` and the targets get the
            character span of every token.
    """

    preprocessor: Any
    output_per: ClassVar[Literal["example", "token"]] = "example"
    needs_offsets: ClassVar[bool] = False

    @property
    def supports_packing(self) -> bool:
        """True if the model takes packed rows (sequence packing); see `modelry.data.packing`."""
        return False

    def targets(self) -> Targets:
        """Return the object that turns labels into arrays for the loss; by default arrays of numbers, as they are."""
        return Targets()

    @property
    def reader(self) -> InputReader:
        """The reader of raw inputs: by default the preprocessor, or for a plain callable one of texts."""
        return self.preprocessor if hasattr(self.preprocessor, "columns") else TextReader()

    @property
    def noun(self) -> str:
        """The name of an example in messages, such as `"text"`."""
        return self.reader.noun

    def sample_inputs(self, texts: Sequence[str]) -> Any:
        """Return raw inputs made of texts, as commands and tests need them: as many examples as there are texts.

        By default the texts themselves. A task with other inputs than texts overrides it.

        Raises:
            InputError: The preprocessor takes no texts.
        """
        if getattr(self.preprocessor, "tokenizer", None) is None:
            raise InputError(
                f"{type(self).__name__} has no tokenizer, and does not say what its inputs look like. "
                f"Override {type(self).__name__}.sample_inputs."
            )
        return list(texts)

    def postprocess(self, outputs: Any, inputs: Any) -> Any:
        """Return what `predict` returns, given the outputs of all examples and their inputs.

        Args:
            outputs: Arrays `(examples, …)`; for `output_per = "token"` a list of one `(tokens, …)` array per example.
            inputs: The columns and tokens of the same examples; `None` unless `output_per` is `"token"` or
                `needs_offsets` is set.
        """
        return outputs

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
        validation_freq: int | Sequence[int] = 1,
    ) -> Any:
        """Train on raw inputs and labels.

        Inputs in memory are shuffled every epoch. Token rows are packed if the backbone supports packing, and batched
        by length otherwise.

        Args:
            x: Inputs, or a data set that yields them with their labels; see the class.
            y: One label per example; `None` if `x` yields them, or the task has none.
            batch_size: Examples per batch, 32 by default; data sets that yield batches keep their own.
            epochs: The epoch at which to stop.
            verbose: `"auto"` or 1 for a progress bar, 2 for a line per epoch, 0 for silence.
            callbacks: Keras callbacks.
            validation_split: The last part of `x` and `y`, before shuffling, to validate on instead of training.
            validation_data: Data to validate on after each epoch: `(x, y)`, `(x, y, sample_weight)` or a data set.
            shuffle: Whether inputs in memory are shuffled every epoch.
            class_weight: A weight for each class, by integer or name, for tasks with classes.
            sample_weight: A weight for each example.
            initial_epoch: The epoch to start at, when training is resumed.
            steps_per_epoch: Batches per epoch; `None` for all of them. The next epoch continues where the one before it
                ended, and inputs in memory start over, in other batches, when all have been seen. Endless data sets
                need it.
            validation_steps: Batches per validation; `None` for all of them.
            validation_batch_size: Examples per batch of validation; `batch_size` by default.
            validation_freq: Validate after every so many epochs.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            InputError: An input or a label is of the wrong type, empty, missing or out of range; the message names it.
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
            spec = self.data_spec()
            held_out = None
            if validation_data is not None:
                held_out = unpack_validation(validation_data)
            elif validation_split:
                (x, y, sample_weight), held_out = split_validation(x, y, sample_weight, validation_split, spec)
            source = as_source(
                _given(x),
                y,
                sample_weight,
                spec,
                batch_size=batch_size,
                shuffle=shuffle,
                class_weight=class_weight,
                steps_per_epoch=steps_per_epoch,
            )
            if held_out is not None:
                options["validation_data"] = as_source(
                    *held_out, spec, batch_size=validation_batch_size or batch_size, steps=validation_steps
                )
            release(self)
            options["callbacks"] = joined_callbacks(callbacks, EpochNumbers(source))
            with _unused_pooler():
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
        """Return the loss and metrics on inputs and labels; the arguments are those of `keras.Model.evaluate`.

        Raises:
            InputError: An input or a label is of the wrong type, empty, missing or out of range; the message names it.
        """
        options = {"verbose": verbose, "steps": steps, "callbacks": callbacks, "return_dict": return_dict, **kwargs}
        if self.preprocessor is None:
            return super().evaluate(x, y, batch_size=batch_size, sample_weight=sample_weight, **options)
        source = as_source(_given(x), y, sample_weight, self.data_spec(), batch_size=batch_size, steps=steps)
        return super().evaluate(source, **options)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Return the outputs for raw inputs as NumPy, in the order of the inputs.

        Internally token rows are packed if the backbone supports packing, and batched by length otherwise.

        Args:
            x: Inputs, or a data set that yields them; see the class.
            batch_size: Examples per batch, 32 by default; rows of 64 tokens where rows are packed.
            verbose: `"auto"` or 1 for a progress bar with examples per second, 2 for a line at the end, 0 for silence.
            steps: The number of batches, of `batch_size` examples or as a data set yields them, after which to stop.
            callbacks: Keras callbacks.

        Returns:
            One output per example, `(examples, …)`; or, for a task with one output per token, a list with one array
            `(tokens, …)` per example. A task may return something else instead; then its own documentation says so.

        Raises:
            InputError: An input is of the wrong type, empty or missing; the message names it.
        """
        if self.preprocessor is None:
            return super().predict(x, batch_size=batch_size, verbose=verbose, steps=steps, callbacks=callbacks)
        source = as_predictions(_given(x), self.data_spec(), batch_size=batch_size, steps=steps)
        return self._predict(source, verbose, callbacks)

    def predict_stream(self, x: Any, batch_size: int | None = None, window: int = 1024) -> Iterator[np.ndarray]:
        """Yield the output of one example after the other, in the order of the inputs and in constant memory.

        While one window of inputs is predicted, the next one is read and preprocessed.

        ```python
        with open("reviews.txt") as lines:
            for scores in classifier.predict_stream(lines):
                ...
        ```

        Args:
            x: Inputs, or a data set that yields them, of any length; see the class.
            batch_size: As for `predict`.
            window: The number of examples that are predicted together: less is sooner, more is faster.

        Yields:
            The output of one example, as in `predict`.

        Raises:
            InputError: An input is of the wrong type or missing; the message names it. The outputs of the windows
                before it have been yielded by then.
        """
        if self.preprocessor is None:
            raise InputError("predict_stream reads raw inputs, but the preprocessor is None. Use predict.")
        if window < 1:
            raise InputError(f"window is {window}. Pass at least 1.")
        source = as_predictions(x, self.data_spec(), batch_size=batch_size, window=window)
        return (output for part in source.each() for output in self._predict(part))

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Train on one batch of raw inputs; the arguments are those of `keras.Model.train_on_batch`."""
        if self.preprocessor is not None:
            x, y, sample_weight = as_batch(x, y, sample_weight, self.data_spec(), class_weight=class_weight)
            class_weight = None
        with _unused_pooler():
            return super().train_on_batch(
                x, y, sample_weight=sample_weight, class_weight=class_weight, return_dict=return_dict
            )

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Return the loss and metrics on one batch; the arguments are those of `keras.Model.test_on_batch`."""
        if self.preprocessor is not None:
            x, y, sample_weight = as_batch(x, y, sample_weight, self.data_spec())
        return super().test_on_batch(x, y, sample_weight=sample_weight, return_dict=return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Return the model's outputs for one batch of raw inputs, `(batch, …)`."""
        if self.preprocessor is not None:
            x = as_batch(x, None, None, self.data_spec(), predicting=True)[0]
        return super().predict_on_batch(x)

    def make_predict_function(self, force: bool = False) -> Any:
        """Compile the function that `predict` calls for each batch; Keras calls this."""
        if self.output_per == "token" and (force or self.predict_function is None):
            function = super().make_predict_function(force)
            self.predict_function = _flattened(function)
            return self.predict_function
        return super().make_predict_function(force)

    def data_spec(self) -> DataSpec:
        """Return how the data code is to read inputs and labels for this model."""
        self.check_preprocessor()
        return DataSpec(
            preprocessor=self.preprocessor,
            targets=self.targets(),
            reader=self.reader,
            supports_packing=self.supports_packing,
            outputs=self.output_per,
            offsets=self.needs_offsets,
        )

    def check_preprocessor(self) -> None:
        """Check that the preprocessor goes with the model; a hook that does nothing by default."""

    def _predict(self, source: Predictions, verbose: Any = 0, callbacks: Any = None) -> Any:
        together = progress_callbacks(source, verbose, callbacks)
        on_torch = keras.backend.backend() == "torch"
        with prepacked(self, source.num_examples) if on_torch else contextlib.nullcontext():
            return source.restore(super().predict(source, verbose=0, callbacks=together), self.postprocess)

    @contextlib.contextmanager
    def _adopted(self, y: Any) -> Iterator[None]:
        """Adopt the labels `y`, if any, while the block runs; undo that if it fails before the first step."""
        before = self._steps_taken()
        undo: Callable[[], None] = (lambda: None) if y is None else self.targets().adopt(y)
        try:
            yield
        except BaseException:
            if self._steps_taken() == before:
                undo()
            raise

    def _steps_taken(self) -> list[int] | None:
        """Return the step counts of the optimizer and one inside it; `None` without one, or if values are lost."""
        optimizer = getattr(self, "optimizer", None)
        counters = [one for one in getattr(optimizer, "variables", ()) if one.name == "iteration"]
        return [int(one) for one in counters] if counters and all(map(is_placed, counters)) else None


def _given(x: Any) -> Any:
    if x is None:
        raise InputError("x is missing: pass inputs, or a data set of them.")
    return x


def _flattened(function: Any) -> Any:
    """Return a prediction function whose outputs, `(rows, length, …)`, are `(rows * length, …)`.

    Keras concatenates the outputs of batches, and batches differ in length.
    """

    def flatten(output: Any) -> Any:
        return keras.ops.reshape(output, (-1, *output.shape[2:]))

    def predict(*args: Any) -> Any:
        result = function(*args)
        if keras.backend.backend() == "jax":  # outputs, and the model's state
            return keras.tree.map_structure(flatten, result[0]), result[1]
        return keras.tree.map_structure(flatten, result)

    return predict


@contextlib.contextmanager
def _unused_pooler() -> Iterator[None]:
    """Silence Keras' warning about the pooler of a backbone, which most heads do not read."""
    with warnings.catch_warnings():
        unread = r"Gradients do not exist for variables \['pooled_dense/kernel', 'pooled_dense/bias'\]"
        warnings.filterwarnings("ignore", unread)
        yield
