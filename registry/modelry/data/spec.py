"""A task's description of its data: preprocessor, targets, and the reader of what users pass as x."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs

from modelry.data.rows import Inputs, tokenized
from modelry.errors import InputError

if TYPE_CHECKING:
    from modelry.data.rows import AnyPreprocessor, Columns, InputReader, RowLayout
    from modelry.data.targets import Targets


@attrs.frozen
class DataSpec:
    """A task's description of its data.

    Attributes:
        preprocessor: A `RowPreprocessor`, an `ArrayPreprocessor`, or a callable that is given a list of texts.
        targets: The labels.
        reader: Reads x; often the task, which delegates to its preprocessor. `TextReader()` reads texts and pairs.
        supports_packing: Whether the model takes packed batches; see `modelry.data.packing`.
        outputs: Whether the model has one output per example, or one per token. For "token" its predict function
            returns those of a batch flattened, `(rows * length, …)`.
        offsets: Whether the targets or the outputs need the character offsets of tokens.
    """

    preprocessor: AnyPreprocessor
    targets: Targets
    reader: InputReader
    supports_packing: bool = False
    outputs: Literal["example", "token"] = "example"
    offsets: bool = False


@attrs.frozen(eq=False)
class Examples:
    """Examples with their labels.

    Attributes:
        inputs: n examples, tokenized where the preprocessor has tokens.
        values: The result of `Targets.read`, with n entries; or `None`.
        weights: The result of `Targets.weights`, with n entries; or `None`.
    """

    inputs: Inputs
    values: Any
    weights: Any

    def batch(self, spec: DataSpec, layout: RowLayout) -> tuple[Any, ...]:
        """Return `(features,)`, `(features, y)` or `(features, y, sample_weight)` of one batch."""
        features = layout.features(spec.preprocessor, self.inputs)
        if self.values is None:
            return (features,)
        return (features, *spec.targets.collate(self.values, self.weights, layout))


def read_examples(
    spec: DataSpec, columns: Columns, y: Any, sample_weight: Any = None, class_weight: Any = None
) -> Examples:
    """Check labels and weights, and tokenize examples.

    Labels are read first if that is possible: a wrong one then shows before all texts are tokenized.

    Args:
        spec: The task's description of its data.
        columns: n examples.
        y: The labels as the user passed them, or `None`.
        sample_weight: The weights as the user passed them, or `None`.
        class_weight: A weight per class, or `None`.

    Raises:
        InputError: A label or weight is missing or wrong.
    """
    targets, noun = spec.targets, spec.reader.noun
    if y is None and targets.required:
        raise InputError(f"y is missing: training and evaluation need one label per {noun}.")
    if y is not None and not targets.required:
        raise InputError("y is given, but this task has no labels. Leave it out.")
    inputs = Inputs(columns, None, noun)
    early = spec.offsets or y is None
    if early:
        inputs = tokenized(spec.preprocessor, inputs, spec.offsets)
    values = targets.read(y, inputs)
    if values is None and not (sample_weight is None and class_weight is None):
        raise InputError("sample_weight and class_weight need labels, and this task has none. Leave them out.")
    weights = None if values is None else targets.weights(sample_weight, class_weight, values, inputs)
    return Examples(inputs if early else tokenized(spec.preprocessor, inputs), values, weights)
