"""Targets: from the labels that users pass as y to the arrays that a loss takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from modelry.data.columns import describe, holds_strings, is_missing, is_string, rank, to_array
from modelry.data.rows import first_tokens, word_spans
from modelry.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modelry.data.columns import Array
    from modelry.data.rows import Inputs, IntArray, RowLayout

IGNORED = -100  # transformers' number for "no label here"


class Targets:
    """The labels of a task: numbers, one entry per example; subclass it for others.

    Attributes:
        required: Whether training and evaluation need labels. With `False` the user passes no y; `read` is called with
            `None`, and may return values that follow from the inputs alone.
        per_token: Whether `collate` returns arrays of shape `(rows, length, …)`, one entry per token.
    """

    required: ClassVar[bool] = True
    per_token: ClassVar[bool] = False

    def adopt(self, y: Any) -> Callable[[], None]:
        """Learn from the labels of a whole data set before training, such as names of classes; a no-op by default.

        Args:
            y: The labels as the user passed them.

        Returns:
            A callable that undoes the change; called if training fails before its first step.
        """
        return lambda: None

    def read(self, y: Any, inputs: Inputs) -> Any:
        """Check labels, and convert them.

        Args:
            y: The labels as the user passed them; `None` only if they are not `required`.
            inputs: n examples. They are tokenized if the task asked for offsets, or if y is `None`.

        Returns:
            An array or another sequence with n entries, or `None` for batches without labels. By default an array
            `(n, …)` of numbers in their own dtype, floats as float32.

        Raises:
            InputError: A label is missing or wrong; the message names its row.
        """
        if y is None:
            return None
        values = to_array(y, "y")
        check_count(values, y, inputs)
        values = to_numbers(values, "Pass numbers.")
        return finite(values) if values.dtype.kind == "f" else values

    def weights(self, sample_weight: Any, class_weight: Mapping[Any, float] | None, values: Any, inputs: Inputs) -> Any:
        """Check and combine weights.

        Keras applies a class_weight only to arrays of its own; our batches carry it inside their sample weights.

        Args:
            sample_weight: One number per example, or `None`.
            class_weight: A weight per class, or `None`.
            values: The result of `read`.
            inputs: n examples.

        Returns:
            Weights with n entries, as `collate` takes them: by default an array `(n,)` float32; or `None`.

        Raises:
            InputError: A weight is wrong, or the task has no classes.
        """
        if class_weight is not None:
            self.check_class_weight(class_weight)
        return None if sample_weight is None else _sample_weights(sample_weight, inputs)

    def check_class_weight(self, class_weight: Mapping[Any, float]) -> None:
        """Check a class_weight before any data is read.

        Raises:
            InputError: It is wrong, or the task has no classes, which is the default.
        """
        raise InputError("class_weight is for classes, and this task has none. Pass sample_weight instead.")

    def is_example(self, y: Any) -> bool | None:
        """Return whether y belongs to one example rather than a batch; `None` if it may be either.

        Called for elements of a stream whose x does not tell.

        Args:
            y: The labels, or `None`.
        """
        return True if y is not None and rank(y) == 0 else None

    def check_unused(self, y: Any, inputs: Inputs) -> None:
        """Refuse strings that a data set to predict yields in the place of labels, and that cannot be labels.

        Most likely they are inputs: the second texts of pairs.

        Args:
            y: The labels of a batch.
            inputs: The examples of the batch, not tokenized.

        Raises:
            InputError: They are not labels of this task.
        """
        if not self.required:
            raise InputError("y is given, but this task has no labels.")
        if holds_strings(to_array(y, "y")):
            self.read(y, inputs)

    def collate(self, values: Any, weights: Any, batch: RowLayout) -> tuple[Any, ...]:
        """Return `(y,)` or `(y, sample_weight)` of one batch.

        Args:
            values: The result of `read`.
            weights: The result of `weights`.
            batch: The places of the examples in the batch.
        """
        parts = (values,) if weights is None else (values, weights)
        return tuple(part[batch.indices] for part in parts)


class TokenTargets(Targets):
    """One label per word of each text; its first token carries it.

    Everything else has the sample weight 0: padding, special tokens, continuation pieces of words, and words with the
    label -100. Words beyond `sequence_length` are cut off together with their labels. Keras' losses divide by all
    tokens, those of weight 0 included, unless they have `reduction="mean_with_sample_weight"`.

    The task needs `DataSpec(offsets=True, outputs="token")`.

    Args:
        names: The names of the classes, by number; empty if labels are numbers.
        set_names: Called with the names found in the labels to train on, sorted, if there are none yet; and with `None`
            to undo that.
    """

    per_token = True

    def __init__(
        self, names: Sequence[str] = (), set_names: Callable[[tuple[str, ...] | None], None] | None = None
    ) -> None:
        self.names = tuple(names)
        self._set_names = set_names
        self._numbers = {name: number for number, name in enumerate(self.names)}

    def spans(self, inputs: Inputs, index: int) -> IntArray:
        """Return the first character of each word of an example and the one after its last, `(k, 2)` int32.

        By default words are separated by white space; see `word_spans`.
        """
        return word_spans(inputs.columns[0][index])

    def adopt(self, y: Any) -> Callable[[], None]:
        """Take the names of the classes from the labels, in sorted order, if there are none yet."""
        found = {label for labels in y for label in labels if is_string(label)}
        if self.names or self._set_names is None or not found:
            return lambda: None
        set_names = self._set_names
        set_names(tuple(sorted(map(str, found))))
        return lambda: set_names(None)

    def read(self, y: Any, inputs: Inputs) -> list[Array]:
        """Return one int32 array `(length_i,)` per text: the label of each token, -1 where there is none.

        Args:
            y: For each text a list or an array with one label per word: a number, or a name as str; -100 for a word
                without a label.
            inputs: n tokenized texts with offsets.
        """
        if isinstance(y, tuple):
            raise InputError(
                f"y is a tuple, which means columns. Pass a list with the labels of each {inputs.noun}. A DataLoader "
                "makes columns of them unless it has a collate_fn of its own."
            )
        check_count(y, y, inputs)
        if len(inputs.columns) > 1:
            raise InputError("Labels per word are for single texts, but x has pairs. Pass one column.")
        assert inputs.rows is not None and inputs.rows.offsets is not None  # noqa: PT018 - the task's DataSpec has them
        return [
            self._row(labels, inputs, index, offsets)
            for index, (labels, offsets) in enumerate(zip(y, inputs.rows.offsets, strict=True))
        ]

    def weights(
        self, sample_weight: Any, class_weight: Mapping[Any, float] | None, values: Any, inputs: Inputs
    ) -> list[Array]:
        """Return one float32 array `(length_i,)` per text, 0 where there is no label."""
        by_text = super().weights(sample_weight, None, values, inputs)
        factors = {} if class_weight is None else class_factors(class_weight, self.names, len(self.names) or None)
        weights = []
        for index, labels in enumerate(values):
            weight = (labels >= 0).astype(np.float32)
            for number, factor in factors.items():
                weight[labels == number] *= factor
            weights.append(weight if by_text is None else weight * by_text[index])
        return weights

    def check_class_weight(self, class_weight: Mapping[Any, float]) -> None:
        """Check the keys and the values."""
        class_factors(class_weight, self.names, len(self.names) or None)

    def is_example(self, y: Any) -> bool | None:
        """Return whether y is a list of labels, rather than a list of such lists."""
        if y is None or rank(y) == 0 or len(y) == 0:
            return None
        return rank(y) == 1 and all(rank(label) == 0 for label in y)

    def check_unused(self, y: Any, inputs: Inputs) -> None:
        """Refuse names that are not labels."""
        for index, labels in enumerate(y):
            for label in (labels,) if is_string(labels) else labels if rank(labels) else ():
                if is_string(label):
                    self._number(label, index)

    def collate(self, values: list[Array], weights: list[Array], batch: RowLayout) -> tuple[Array, Array]:
        """Return labels, `(rows, length)` int32, and their weights, float32; both 0 where there is no label."""
        return np.maximum(batch.scatter(values, 0), 0), batch.scatter(weights, 0)

    def _row(self, labels: Any, inputs: Inputs, index: int, offsets: IntArray) -> Array:
        """Return the labels of the tokens of one text, `(length,)` int32."""
        spans = self.spans(inputs, index)
        if rank(labels) != 1 or len(labels) != len(spans):
            given = f"{len(labels)} labels" if rank(labels) == 1 else describe(labels)
            raise InputError(
                f"Row {index} of y is {given}, but the {inputs.noun} has {len(spans)} words. Pass one label per word."
            )
        values = np.full(len(offsets), -1, np.int32)
        for label, token in zip(labels, first_tokens(offsets, spans), strict=True):
            number = self._number(label, index)
            if token >= 0 and number != IGNORED:
                values[token] = number
        return values

    def _number(self, label: Any, row: int) -> int:
        """Return the number of a label."""
        if isinstance(label, str):
            if not self.names:
                raise InputError("y holds names, but the labels of this task have none. Pass numbers.")
            if label not in self._numbers:
                raise InputError(
                    f"Row {row} of y has {label!r}, which is not a label of this task."
                    f"{did_you_mean(label, self.names)} Its labels are {', '.join(map(repr, self.names))}."
                )
            return self._numbers[label]
        value = label.item() if hasattr(label, "item") else label
        if not _is_number(value) or is_missing(value) or value != int(value):
            raise InputError(f"Row {row} of y has a label {describe(value)}. Pass whole numbers or names.")
        outside = value < 0 or (self.names and value >= len(self.names))
        if outside and value != IGNORED:
            known = f"the {len(self.names)} classes are numbered from 0" if self.names else "classes count from 0"
            raise InputError(f"Row {row} of y has the label {value}, but {known}.")
        return int(value)


def check_count(values: Any, y: Any, inputs: Inputs) -> None:
    """Check that there is one label per example.

    Raises:
        InputError: There is a single value, or another number of them.
    """
    noun = inputs.noun
    if rank(values) == 0:
        raise InputError(f"y is {describe(y)}, a single label. Pass a list with one label per {noun}.")
    if len(values) != len(inputs):
        raise InputError(f"x has {len(inputs)} {noun}s, but y has {len(values)} labels. Pass one label per {noun}.")


def to_numbers(values: Array, advice: str) -> Array:
    """Return labels in a numeric dtype: pandas keeps nullable integers as objects.

    Args:
        values: The labels.
        advice: The end of the message for a value that is not a number.

    Raises:
        InputError: A value is not a number; the message names its row.
    """
    if values.dtype.kind in "biuf":
        return values
    for row, value in enumerate(values.tolist()):
        if is_missing(value) or (values.ndim == 1 and not _is_number(value)):
            raise InputError(f"Row {row} of y is {describe(value)}. {advice}")
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"y holds a value that is not a number ({error}). {advice}") from error


def finite(values: Array) -> Array:
    """Return numbers as float32.

    Raises:
        InputError: A number is not finite.
    """
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row = np.argwhere(~np.isfinite(values))[0][0]
        raise InputError(f"Row {row} of y holds a number that is not finite: {values[row]}. Correct or drop the row.")
    return values.astype(np.float32)


def class_factors(class_weight: Any, names: Sequence[str], count: int | None) -> dict[int, float]:
    """Return a class_weight by the number of the class.

    Args:
        class_weight: A weight per class, by number or by name.
        names: The names of the classes, by number; or empty.
        count: The number of classes, if it is known.

    Raises:
        InputError: It is not a dict, a key is not a class, or a weight is not finite.
    """
    if not isinstance(class_weight, Mapping):
        raise InputError(f"class_weight is a {type(class_weight).__name__}. Pass a dict from class to weight.")
    numbers = {name: number for number, name in enumerate(names)}
    factors: dict[int, float] = {}
    for key, weight in class_weight.items():
        number = numbers.get(key, -1) if isinstance(key, str) else int(key)
        if number < 0 or (count is not None and number >= count):
            raise InputError(
                f"class_weight has a weight for {key!r}, which is not a class of this model."
                f"{did_you_mean(str(key), numbers)} Use class numbers{' or names' if numbers else ''} as keys."
            )
        if not np.isfinite(weight):
            raise InputError(f"class_weight gives {key!r} the weight {weight}. Pass a finite number.")
        factors[number] = float(weight)
    return factors


def _sample_weights(sample_weight: Any, inputs: Inputs) -> Array:
    weights = to_array(sample_weight, "sample_weight")
    if weights.ndim == 2 and weights.shape[1] == 1:
        weights = weights[:, 0]
    if weights.ndim != 1 or len(weights) != len(inputs):
        raise InputError(
            f"sample_weight has the shape {weights.shape}, but there are {len(inputs)} {inputs.noun}s. "
            f"Pass one weight per {inputs.noun}."
        )
    try:
        weights = weights.astype(np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"sample_weight holds a value that is not a number ({error}). Pass numbers.") from error
    bad = np.flatnonzero(~np.isfinite(weights))
    if len(bad):
        raise InputError(f"Row {bad[0]} of sample_weight is {weights[bad[0]]}. Pass finite numbers.")
    return weights


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number | np.bool_)
