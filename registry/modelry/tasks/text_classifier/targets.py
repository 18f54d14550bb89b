"""Labels of a text classifier: names or numbers as users write them, and the arrays that its loss takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from modelry.data.columns import Array, describe, holds_strings, is_string, rank, to_array
from modelry.data.targets import Targets, check_count, class_factors, finite, to_numbers
from modelry.errors import InputError, did_you_mean
from modelry.tasks.text_classifier.spec import MULTI_LABEL, REGRESSION, SINGLE_LABEL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelry.data.columns import Array
    from modelry.data.rows import Inputs


def infer_labels(y: object, num_classes: int | None = None) -> tuple[str, ...] | None:
    """Return the sorted names found in y, or None when y holds numbers.

    Args:
        y: The labels of a whole data set.
        num_classes: The number of names that there must be.

    Raises:
        InputError: There is another number of names.
    """
    if not holds_names(y):
        return None
    sets = name_sets(y)
    rows = ((value,) for value in to_array(y, "y").tolist()) if sets is None else sets
    names = tuple(sorted({_name(value, row) for row, values in enumerate(rows) for value in values}))
    if num_classes is not None and len(names) != num_classes:
        raise InputError(
            f"y holds {len(names)} different labels ({_listed(names)}), but the classifier has {num_classes} classes. "
            f"Pass labels= with all {num_classes} names, or build the classifier with num_classes={len(names)}."
        )
    return names


def holds_names(y: object) -> bool:
    """Return whether any of the labels is a name, or a set of names."""
    return name_sets(y) is not None or holds_strings(to_array(y, "y"))


def numbers_by_name(labels: tuple[str, ...]) -> dict[str, int]:
    """Return the number of each class.

    Raises:
        InputError: The classes have no names.
    """
    if not labels:
        raise InputError("y holds names, but the classifier's labels have none. Pass labels=, or integers as y.")
    return {name: number for number, name in enumerate(labels)}


def class_number(value: object, row: int, numbers: dict[str, int]) -> int:
    """Return the number of the class that a row names.

    Raises:
        InputError: There is no such class.
    """
    name = _name(value, row)
    if name not in numbers:
        raise InputError(
            f"Row {row} of y is {name!r}, which is not a label of this classifier.{did_you_mean(name, numbers)} "
            f"Its labels are {_listed(tuple(numbers))}."
        )
    return numbers[name]


def name_sets(y: object) -> Array | None:
    """Return the names of each text, or None when y does not hold several for some.

    Args:
        y: The labels of some texts: a list, an array or a Series, with a list, tuple, set or array of names for each.

    Returns:
        `(rows,)` object, a tuple for each text; a name that stands alone is a tuple of one.
    """
    if isinstance(y, list | tuple):
        rows = list(y)
    else:
        array = to_array(y, "y")
        if array.ndim == 0 or array.dtype.kind not in "OUST":
            return None
        rows = array.tolist()
    inner = [row for row in rows if _is_collection(row)]
    if not inner or (any(map(len, inner)) and not any(is_string(one) for row in inner for one in row)):
        return None
    sets = np.empty(len(rows), dtype=object)
    for number, row in enumerate(rows):
        sets[number] = tuple(row) if _is_collection(row) else (row,)
    return sets


def checked_multi_hot(values: Array, num_classes: int) -> Array:
    """Return numbers as `(rows, num_classes)` float32.

    Raises:
        InputError: They are of another shape, or not from 0 to 1.
    """
    if num_classes == 1 and values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or values.shape[1] != num_classes:
        raise InputError(
            f"y has the shape {values.shape}, but a text may have any of {num_classes} labels. Pass for each text the "
            f"names of its labels, or {num_classes} zeros and ones. If every text has one class, build the classifier "
            "with problem_type='single_label'."
        )
    bad = np.argwhere(~((values >= 0) & (values <= 1)))
    if len(bad):
        row, column = bad[0]
        raise InputError(
            f"Row {row} of y has {describe(values[row, column].item())} for class {column}. Pass 1 for a label that "
            "the text has, and 0 for any other."
        )
    return values.astype(np.float32)


def _is_collection(row: object) -> bool:
    return isinstance(row, list | tuple | set | frozenset) or (isinstance(row, np.ndarray) and row.ndim > 0)


def _name(value: object, row: int) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, str):
        raise InputError(f"Row {row} of y is {describe(value)}, while other labels are names. Pass only names.")
    return str(value)


def _listed(names: tuple[str, ...]) -> str:
    shown: list[Any] = [repr(name) for name in names[:20]]
    return ", ".join(shown) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


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
