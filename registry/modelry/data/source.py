"""The one door of the data path: what a task calls before it calls Keras.

```python
source = as_source(x, y, sample_weight, preprocessor=…, labels=…, num_classes=…, shuffle=True)
super().fit(x=source, …)                                     # and evaluate
source = as_predictions(x, preprocessor=…)
return source.restore(super().predict(x=source, …))          # in the order of x
```
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from modelry.data.adapter import Source
from modelry.data.arrays import to_array
from modelry.data.batches import TextBatches
from modelry.data.class_names import infer_labels
from modelry.data.columns import Columns, as_columns
from modelry.data.features import Preprocessor, as_packer, encode
from modelry.data.label_sets import name_sets
from modelry.data.predictions import WINDOW, Predictions, WindowPlanner, gathered, sliced
from modelry.data.streams import TextStream, is_stream, stream_columns
from modelry.data.targets import TargetSpec, as_targets
from modelry.data.weights import ClassWeight, as_weights
from modelry.errors import InputError
from modelry.tasks.text_classifier.problem_types import SINGLE_LABEL

if TYPE_CHECKING:
    from modelry.data.arrays import Array

__all__ = ["Source", "as_batch", "as_predictions", "as_source", "infer_labels", "split_validation", "unpack_validation"]

BATCH_SIZE = 32  # Keras' default

Data = tuple[Any, Any, Any]  # x, y, sample_weight


def as_source(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    preprocessor: Preprocessor,
    labels: tuple[str, ...] = (),
    num_classes: int | None = None,
    sparse: bool = True,
    problem_type: str = SINGLE_LABEL,
    batch_size: int | None = None,
    shuffle: bool = False,
    class_weight: ClassWeight | None = None,
    steps: int | None = None,
    steps_per_epoch: int | None = None,
    shares_rows: bool = False,
) -> Source:
    """Return what to hand to Keras' fit or evaluate as its x, with neither y nor sample_weight.

    Args:
        x: texts or sentence pairs in memory (see `columns.py`), or a stream of them (see `streams.py`), or a
            source, which is returned as it is.
        y: one label per text; None for a stream, which brings its own.
        sample_weight: one weight per text; None for a stream.
        preprocessor: turns texts into features.
        labels: the names of the classes, by number.
        num_classes: how many outputs the classifier has.
        sparse: whether the loss takes class numbers.
        problem_type: what the outputs mean; see `modelry.tasks.text_classifier.problem_types`.
        batch_size: texts per batch, 32 by default. A stream of batches keeps its own.
        shuffle: draw new batches each epoch.
        class_weight: a weight per class, by number or name.
        steps: look only at the first `steps * batch_size` texts in memory; pass it on to Keras as well. For evaluate:
            batches are sorted by length, so Keras' own first steps would not be the first texts.
        steps_per_epoch: of texts in memory, batches per epoch, if not all; pass it on to Keras as well. For fit.
        shares_rows: whether the model takes rows that several texts share (see `shared_rows.py`).
    """
    if isinstance(x, Source):
        return x
    size = BATCH_SIZE if batch_size is None else batch_size
    spec = TargetSpec(tuple(labels), num_classes, sparse, problem_type)
    packer = as_packer(preprocessor)
    if size < 1:
        raise InputError(f"batch_size is {batch_size}. Pass at least 1.")
    if is_stream(x):
        if y is not None or sample_weight is not None:
            raise InputError(
                f"x is a stream ({type(x).__name__}), so y and sample_weight must come with it. "
                "Yield (x, y) or (x, y, sample_weight)."
            )
        return TextStream(
            x,
            spec,
            packer=packer,
            batch_size=size,
            class_weight=class_weight,
            shuffle=shuffle,
            shares_rows=shares_rows,
        )
    columns = as_columns(x)
    targets = _targets(y, sample_weight, class_weight, spec, len(columns[0]))
    if steps is not None:
        columns = _sliced(columns, 0, steps * size)
        targets = tuple(values[: steps * size] for values in targets)
    return TextBatches(
        columns,
        targets,
        packer=packer,
        batch_size=size,
        shuffle=shuffle,
        steps_per_epoch=steps_per_epoch,
        shares_rows=shares_rows,
    )


def as_predictions(
    x: Any,
    *,
    preprocessor: Preprocessor,
    labels: tuple[str, ...] = (),
    num_classes: int | None = None,
    sparse: bool = True,
    problem_type: str = SINGLE_LABEL,
    batch_size: int | None = None,
    steps: int | None = None,
    window: int = WINDOW,
    shares_rows: bool = False,
) -> Predictions:
    """Return what to hand to Keras' predict as its x. Labels that a stream brings are left out.

    Args:
        x: as above.
        preprocessor: as above.
        labels: as above.
        num_classes: as above.
        sparse: as above.
        problem_type: as above.
        batch_size: texts per batch, 32 by default; rows of 64 tokens where texts share rows.
        steps: look only at the first `steps * batch_size` texts in memory, or the first `steps` batches of a stream.
        window: how many texts are tokenised and put in batches together.
        shares_rows: as above.
    """
    if isinstance(x, Predictions):
        return x
    size = BATCH_SIZE if batch_size is None else batch_size
    spec = TargetSpec(tuple(labels), num_classes, sparse, problem_type)
    planner = WindowPlanner(as_packer(preprocessor), size, shares_rows)
    if is_stream(x):
        return Predictions(
            lambda: gathered(itertools.islice(stream_columns(x, spec, size), steps), window),
            planner,
            once=isinstance(x, Iterator),
        )
    columns = as_columns(x)
    if steps is not None:
        columns = _sliced(columns, 0, steps * size)
    return Predictions(lambda: sliced(columns, window), planner, num_texts=len(columns[0]))


def as_batch(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    preprocessor: Preprocessor,
    labels: tuple[str, ...] = (),
    num_classes: int | None = None,
    sparse: bool = True,
    problem_type: str = SINGLE_LABEL,
    class_weight: ClassWeight | None = None,
    predicting: bool = False,
) -> tuple[Any, Array | None, Array | None]:
    """Return `(features, y, sample_weight)` for train_on_batch and its relatives; the arguments are as above."""
    columns = as_columns(x)
    features = encode(as_packer(preprocessor), columns)
    if predicting:
        return features, None, None
    spec = TargetSpec(tuple(labels), num_classes, sparse, problem_type)
    targets = _targets(y, sample_weight, class_weight, spec, len(columns[0]))
    return features, targets[0], targets[1] if len(targets) > 1 else None


def split_validation(x: Any, y: Any, sample_weight: Any, fraction: float) -> tuple[Data, Data | None]:
    """Hold out the last part of data in memory, before any shuffling, as Keras does.

    Args:
        x: texts or sentence pairs.
        y: one label per text.
        sample_weight: one weight per text, or None.
        fraction: the part to hold out; 0 for none.

    Returns:
        `(x, y, sample_weight)` to train on, and what is held out or None.
    """
    if not fraction:
        return (x, y, sample_weight), None
    if not 0 < fraction < 1:
        raise InputError(f"validation_split is {fraction}. Pass a fraction between 0 and 1.")
    if isinstance(x, Source) or is_stream(x):
        raise InputError(
            f"validation_split needs data in memory, but x is a stream ({type(x).__name__}). Pass validation_data."
        )
    columns = as_columns(x)
    rows = len(columns[0])
    split = math.floor(rows * (1 - fraction))
    if not 0 < split < rows:
        raise InputError(
            f"validation_split={fraction} of {rows} texts leaves nothing to {'validate' if split else 'train'} on."
        )
    names = ("y", "sample_weight")
    arrays = (
        None if y is None else _labels(y),
        None if sample_weight is None else to_array(sample_weight, "sample_weight"),
    )
    for name, array in zip(names, arrays, strict=True):
        if array is not None and (array.ndim == 0 or len(array) != rows):
            raise InputError(f"x has {rows} texts, but {name} has the shape {array.shape}. Pass one value per text.")
    kept, held_out = (
        (_sliced(columns, start, stop), *(None if array is None else array[start:stop] for array in arrays))
        for start, stop in ((0, split), (split, rows))
    )
    return (kept[0], kept[1], kept[2]), (held_out[0], held_out[1], held_out[2])


def unpack_validation(validation_data: Any) -> Data:
    """Return `(x, y, sample_weight)` of what fit takes as validation_data: `(x, y[, sample_weight])` or a stream."""
    if not isinstance(validation_data, tuple | list):
        return validation_data, None, None
    if len(validation_data) not in (2, 3):
        raise InputError(
            f"validation_data has {len(validation_data)} items. Pass (x, y), (x, y, sample_weight) or a stream."
        )
    return validation_data[0], validation_data[1], validation_data[2] if len(validation_data) == 3 else None


def _targets(
    y: Any, sample_weight: Any, class_weight: ClassWeight | None, spec: TargetSpec, rows: int
) -> tuple[Array, ...]:
    if y is None:
        raise InputError("y is missing: training and evaluation need one label per text.")
    targets = as_targets(y, spec, rows)
    weights = as_weights(sample_weight, class_weight, targets, spec)
    return (targets,) if weights is None else (targets, weights)


def _labels(y: Any) -> Array:
    sets = name_sets(y)
    return to_array(y, "y") if sets is None else sets


def _sliced(columns: Columns, start: int, stop: int) -> Columns:
    return tuple(column[start:stop] for column in columns)
