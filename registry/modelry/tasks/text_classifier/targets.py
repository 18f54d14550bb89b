"""The labels of a text classifier, as the arrays that its loss takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import keras
import numpy as np

from modelry.data.columns import holds_strings, is_string, rank, to_array
from modelry.data.targets import Targets, check_count, class_factors, finite, to_numbers
from modelry.errors import InputError
from modelry.tasks.text_classifier.labels import (
    checked_multi_hot,
    class_number,
    holds_names,
    infer_labels,
    name_sets,
    numbers_by_name,
)
from modelry.tasks.text_classifier.spec import MULTI_LABEL, REGRESSION, SINGLE_LABEL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelry.data.columns import Array
    from modelry.data.rows import Inputs


@attrs.frozen
class ClassificationTargets(Targets):
    """The labels of a text classifier.

    Attributes:
        labels: The names of the classes in the order of their numbers; empty if they have no names.
        num_classes: The number of the classifier's outputs; `None` if it is not known.
        sparse: For a single label, whether the loss takes the number of its class. With `False` any numbers will do.
        problem_type: What the outputs mean; see `modelry.tasks.text_classifier.spec`.
        set_labels: Called with the names found in the labels to train on, if there are none yet, and with `None` to
            undo that.
    """

    labels: tuple[str, ...] = ()
    num_classes: int | None = None
    sparse: bool = True
    problem_type: str = SINGLE_LABEL
    set_labels: Callable[[tuple[str, ...] | None], None] = attrs.field(default=lambda labels: None, eq=False)

    def __attrs_post_init__(self) -> None:
        if isinstance(self.labels, str):
            raise InputError(f"labels is a single string, {self.labels!r}. Pass a tuple of names.")
        if len(set(self.labels)) != len(self.labels):
            raise InputError(f"labels names a class twice: {', '.join(map(repr, self.labels))}. Name each once.")

    @property
    def one_hot(self) -> bool:
        """True if the label of a text is a row of numbers; then a class name becomes such a row too."""
        one_number = self.sparse and self.problem_type == SINGLE_LABEL
        return not one_number and self.num_classes is not None and self.num_classes > 1

    def adopt(self, y: Any) -> Callable[[], None]:
        """Take the names of the classes from the labels to train on, in sorted order, if they have none yet."""
        names = None if self.labels or self.problem_type == REGRESSION else infer_labels(y, self.num_classes)
        if names is None:
            return lambda: None
        self.set_labels(names)
        return lambda: self.set_labels(None)

    def read(self, y: Any, inputs: Inputs) -> Array:
        """Return the labels of a batch or a data set.

        Args:
            y: Class numbers or names, `(n,)` or `(n, 1)`; or, unless `sparse`, anything that the loss takes. With
                several labels per text, a list of names for each, or `(n, num_classes)` zeros and ones. For
                regression `(n, num_classes)` numbers, or `(n,)` for a single output.
            inputs: n texts.

        Returns:
            `(n,)` int32 class numbers when `sparse`. Otherwise numbers as they are, float32 or int32, and names as
            one-hot rows, `(n, num_classes)` float32 (`(n,)` for a single output). For several labels and for
            regression `(n, num_classes)` float32.

        Raises:
            InputError: A label is missing or wrong; the message names its row.
        """
        sets = name_sets(y) if self.problem_type == MULTI_LABEL else None
        values = to_array(y, "y") if sets is None else sets
        check_count(values, y, inputs)
        if sets is not None:
            return self._multi_hot(sets)
        if self.problem_type == REGRESSION:
            return self._measured(values)
        if self.problem_type == MULTI_LABEL and not holds_strings(values):
            return checked_multi_hot(_numbers(values), self.num_classes or 1)
        if self.sparse and values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        if holds_strings(values):
            return self._encoded(self._class_numbers(values))
        values = _numbers(values)
        return self._class_ids(values) if self.sparse else self._dense(values)

    def weights(
        self, sample_weight: Any, class_weight: Mapping[Any, float] | None, values: Array, inputs: Inputs
    ) -> Array | None:
        """Return `sample_weight * class_weight[label]` for each text, `(n,)` float32; `None` when neither is given.

        Args:
            sample_weight: One number per text, or `None`.
            class_weight: A weight per class, by number or by name; a class left out weighs 1.
            values: The labels, as `read` returns them.
            inputs: n texts.

        Raises:
            InputError: A weight is wrong, or a text has several labels and there is a class_weight.
        """
        weights: Array | None = super().weights(sample_weight, None, values, inputs)
        if class_weight is None:
            return weights
        by_class = self._factors(class_weight)
        factors = np.array([by_class.get(number, 1.0) for number in _classes(values).tolist()], dtype=np.float32)
        return factors if weights is None else weights * factors

    def check_class_weight(self, class_weight: Mapping[Any, float]) -> None:
        """Check that the keys are classes, and the weights finite numbers."""
        self._factors(class_weight)

    def is_example(self, y: Any) -> bool | None:
        """Return whether y labels one text rather than two; `None` where it may be either."""
        if y is None:
            return None
        if rank(y) == 0:
            return True
        if self.problem_type == MULTI_LABEL:
            return all(rank(label) == 0 for label in y)
        if self.problem_type == REGRESSION or not self.one_hot:
            return self.one_hot and rank(y) == 1
        if any(map(is_string, y)) or rank(y) > 1 or len(y) != self.num_classes:
            return False
        return None if len(y) == 2 else True  # two numbers: the row of one text, or the classes of two

    def check_unused(self, y: Any, inputs: Inputs) -> None:
        """Refuse names that are not labels of this classifier."""
        if holds_names(y):
            self.read(y, inputs)

    def _factors(self, class_weight: Mapping[Any, float]) -> dict[int, float]:
        if self.problem_type == REGRESSION:
            raise InputError("class_weight is for classes, and a regression has none. Pass sample_weight instead.")
        return class_factors(class_weight, self.labels, self.num_classes and max(self.num_classes, 2))

    def _class_numbers(self, values: Array) -> Array:
        if values.ndim != 1:
            raise InputError(
                f"y holds names in an array of shape {values.shape}. Pass one name per text, or build the classifier "
                "with problem_type='multi_label' if a text may have several."
            )
        numbers = numbers_by_name(self.labels)
        return np.array([class_number(value, row, numbers) for row, value in enumerate(values.tolist())], np.int32)

    def _encoded(self, ids: Array) -> Array:
        """Return class numbers `(n,)` as the loss takes them."""
        if self.sparse and self.problem_type == SINGLE_LABEL:
            return ids
        classes = self.num_classes or 1
        if self.problem_type == MULTI_LABEL or classes > 1:
            return np.eye(classes, dtype=np.float32)[ids]
        return ids.astype(np.float32)

    def _multi_hot(self, sets: Array) -> Array:
        """Return a one for each label that a text has, `(n, num_classes)`."""
        numbers = numbers_by_name(self.labels)
        rows = np.zeros((len(sets), len(numbers)), np.float32)
        for row, names in enumerate(sets):
            for name in names:
                rows[row, class_number(name, row, numbers)] = 1
        return rows

    def _measured(self, values: Array) -> Array:
        """Return the numbers that a regression is to predict, `(n, num_classes)`."""
        if holds_strings(values):
            raise InputError(
                "y holds names, but this classifier predicts numbers: its problem_type is 'regression'. Pass numbers, "
                "or build it with problem_type='single_label'."
            )
        outputs = self.num_classes or 1
        values = finite(_numbers(values))
        if values.ndim == 1 and outputs == 1:
            values = values[:, None]
        if values.shape[1:] != (outputs,):
            raise InputError(
                f"y has the shape {values.shape}, but the classifier predicts {outputs} number(s) for each text. "
                f"Pass rows of {outputs}, or build it with another num_classes."
            )
        return values

    def _class_ids(self, values: Array) -> Array:
        """Return class numbers, `(n,)` int32."""
        if values.ndim != 1:
            raise InputError(
                f"y has the shape {values.shape}, but the loss takes one class number per text. "
                "Pass y.argmax(axis=-1) for one-hot rows, or compile with a loss for several outputs."
            )
        bad = np.flatnonzero(~np.isfinite(values) | (values != np.floor(values)))
        if len(bad):
            raise InputError(
                f"Row {bad[0]} of y is {values[bad[0]]}, which is not a class number. Pass integers or names."
            )
        if self.num_classes is not None:
            _check_range(values.astype(np.int64), self.num_classes)
        return values.astype(np.int32)

    def _dense(self, values: Array) -> Array:
        """Return numbers for another loss, in a dtype of 32 bits."""
        if values.ndim == 2 and self.one_hot and values.shape[1] != self.num_classes:
            raise InputError(
                f"y has the shape {values.shape}, but the classifier has {self.num_classes} classes. "
                f"Pass rows of {self.num_classes} numbers."
            )
        return values.astype(np.int32) if values.dtype.kind in "iu" else finite(values)


def _numbers(values: Array) -> Array:
    return to_numbers(values, "Every text needs a number or a name as its label.")


def _check_range(values: Array, num_classes: int) -> None:
    outside = np.flatnonzero((values < 0) | (values >= num_classes))
    if not len(outside):
        return
    row = outside[0]
    advice = "Number the classes from 0, or build the classifier with more classes."
    if values.min() == 1 and values.max() == num_classes:
        advice = "These seem to count from 1: pass y - 1."
    raise InputError(
        f"Row {row} of y is {values[row]}, but the {num_classes} classes are numbered 0 to {num_classes - 1}. {advice}"
    )


def _classes(targets: Array) -> Array:
    """Return the class number of each text, `(n,)`; of one-hot rows the place of the one."""
    if targets.ndim > 1 and targets.shape[-1] > 1:
        if not np.allclose(targets.sum(axis=-1), 1.0):
            raise InputError("class_weight needs one class per text, but y marks several. Pass sample_weight instead.")
        return np.asarray(targets.argmax(axis=-1))
    return np.round(targets.reshape(len(targets))).astype(np.int64)


def is_sparse(loss: Any) -> bool:
    """Return whether a loss takes the integer of each text's one class; so does a model without a loss."""
    if loss is None:
        return True
    names = ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy")
    return isinstance(loss, keras.losses.SparseCategoricalCrossentropy) or getattr(loss, "__name__", loss) in names
