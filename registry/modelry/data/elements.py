"""One element of a stream -> x, y and weight, and whether it is a batch or a single example.

A tuple is always `(x,)`, `(x, y)` or `(x, y, sample_weight)`, as everywhere in Keras; so sentence pairs are a dict
with "text" and "text_pair", or stand inside: `((first, second), y)`. There the label tells one pair from a batch of two
texts, which a `collate_fn` of one's own may make a tuple too; where it does not, the element is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from modelry.data.arrays import describe, rank, to_array
from modelry.data.label_sets import name_sets
from modelry.errors import InputError
from modelry.tasks.text_classifier.problem_types import MULTI_LABEL, REGRESSION

if TYPE_CHECKING:
    from modelry.data.targets import TargetSpec


@attrs.frozen(eq=False)
class Element:
    """What a stream yielded: a batch of texts, or one.

    Attributes:
        x: texts, in any of the spellings of `columns.py`; or of one example a string, two, or a dict of strings.
        y: the label or labels, or None.
        sample_weight: the weight or weights, or None.
    """

    x: Any
    y: Any = None
    sample_weight: Any = None


def as_element(value: Any, *, collated: bool = False) -> Element:
    """Take apart what a stream yielded.

    Args:
        value: `x`, or a tuple or list of x, y and weight.
        collated: whether torch's `default_collate` made it, which turns (first, second) tuples into a list of columns,
            and a column of strings into a tuple.

    Raises:
        InputError: It is a tuple of another length, or a list of (first, second) tuples.
    """
    if isinstance(value, list) and not all(isinstance(item, str | bytes) for item in value):
        if not collated and all(_two_strings(item) for item in value):
            raise InputError(
                f"The stream yielded a list of {len(value)} tuples of two strings, which may be pairs, or texts and "
                'labels. Yield pairs as {"text": firsts, "text_pair": seconds}, and texts with labels as a tuple: '
                "(texts, labels)."
            )
        value = tuple(value)  # torch's DataLoader collates tuples to lists; a list of strings is a column
    if not isinstance(value, tuple):
        return Element(value)
    if not 1 <= len(value) <= 3:
        raise InputError(
            f"The stream yielded a tuple of {len(value)} items. Yield texts as a list, or (x, y), or "
            "(x, y, sample_weight)."
        )
    element = Element(*value)
    x = element.x
    if collated and isinstance(x, list) and len(x) == 2 and not isinstance(x[0], str | bytes):
        return attrs.evolve(element, x=tuple(x))
    if collated and _two_strings(x):
        return attrs.evolve(element, x=list(x))
    return element


def is_example(element: Element, spec: TargetSpec) -> bool:
    """Whether an element is a single example rather than a batch.

    The parts may also be specifications with a `shape`, such as those of a `tf.data.Dataset`.

    Raises:
        InputError: x is a tuple of two strings, and the label does not tell.
    """
    x = element.x
    if isinstance(x, Mapping):
        return bool(x) and all(rank(part) == 0 for part in x.values())
    if _two_strings(x):
        one = _labels_one_text(element.y, spec)
        if one is None:
            raise InputError(
                f"The stream yielded x as {x!r}, and its label does not tell whether this is one pair or two texts. "
                f'Yield a pair as {{"text": {x[0]!r}, "text_pair": {x[1]!r}}}, and two texts as a list: {list(x)!r}.'
            )
        return one
    return rank(x) == 0 or (isinstance(x, tuple) and len(x) == 2 and all(rank(part) == 0 for part in x))


def _two_strings(x: Any) -> bool:
    return isinstance(x, tuple) and len(x) == 2 and all(isinstance(part, str | bytes) for part in x)


def _labels_one_text(y: Any, spec: TargetSpec) -> bool | None:
    """Whether y labels one text rather than two; None where it may be either."""
    if y is None:
        return None
    if rank(y) == 0:
        return True
    if spec.problem_type == MULTI_LABEL:
        return all(rank(label) == 0 for label in y)
    if spec.problem_type == REGRESSION or not spec.one_hot:
        return spec.one_hot and rank(y) == 1
    names = any(isinstance(label, str | bytes) for label in y)
    if names or rank(y) > 1 or len(y) != spec.num_classes:
        return False
    return None if len(y) == 2 else True  # two numbers: the row of one text, or the classes of two


def stack(examples: list[Element]) -> Element:
    """Make one batch of single examples."""
    first = examples[0]
    if isinstance(first.x, Mapping):
        x: Any = {name: [_scalar(example.x[name]) for example in examples] for name in first.x}
    elif isinstance(first.x, tuple):
        x = [tuple(_scalar(part) for part in example.x) for example in examples]
    else:
        x = [_scalar(example.x) for example in examples]
    return Element(
        x,
        _stacked([example.y for example in examples], "y"),
        _stacked([example.sample_weight for example in examples], "sample_weight"),
    )


def _scalar(value: Any) -> Any:
    """Return a string as str or bytes, whatever tensor it comes in; anything else is refused with the batch."""
    return value if isinstance(value, str | bytes) or value is None else to_array(value, "x").item()


def _stacked(values: list[Any], name: str) -> Any:
    missing = [value is None for value in values]
    if all(missing):
        return None
    if any(missing):
        raise InputError(f"The stream yielded {name} with some examples and not with others. Yield all or none.")
    if all(isinstance(value, str | bytes) for value in values) or name_sets(values) is not None:
        return values
    rows = [to_array(value, name) for value in values]
    if len({row.shape for row in rows}) > 1:
        raise InputError(f"The stream yielded {name} of different shapes: {sorted({row.shape for row in rows})}.")
    if rows[0].ndim == 0:
        return [row.item() for row in rows]  # bytes of a string tensor stay strings this way
    return np.stack(rows)


def check_kind(example: bool, expected: bool, element: Element) -> None:
    """Refuse a stream that mixes batches and single examples."""
    if example != expected:
        kinds = ("single examples", "batches") if expected else ("batches", "single examples")
        raise InputError(f"The data began with {kinds[0]}, but x is {describe(element.x)}. Do not mix in {kinds[1]}.")
