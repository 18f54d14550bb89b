"""Examples before batching: columns, tokenized texts, and the preprocessors that turn them into a model's inputs.

A text is tokenized once. The length that it is padded to is decided later, when its batch is known.
"""

from __future__ import annotations

import abc
import itertools
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeGuard, runtime_checkable

import attrs
import numpy as np
import numpy.typing as npt

from modelry.errors import InputError

if TYPE_CHECKING:
    from modelry.data.columns import Array

Ints = npt.NDArray[np.int64]
IntArray = npt.NDArray[np.integer]
Columns = tuple[Sequence[Any] | npt.NDArray[Any], ...]
"""One or more columns with a value per example each: lists, or arrays of shape `(n, …)`."""


@attrs.frozen(eq=False)  # == between arrays is elementwise
class TokenizedTexts:
    """Rows of token ids, ready to be padded: special tokens are in, and long texts are truncated.

    Attributes:
        token_ids: One int32 array of shape `(length_i,)` per text.
        segment_ids: One int32 array of shape `(length_i,)` per text: 0 in its first segment, 1 in its second.
        offsets: One int32 array of shape `(length_i, 2)` per text: the first character of each token in the original
            text of its segment, and the one after its last; (-1, -1) for special tokens. `None` if not asked for.
    """

    token_ids: tuple[IntArray, ...]
    segment_ids: tuple[IntArray, ...]
    offsets: tuple[IntArray, ...] | None = None

    def __len__(self) -> int:
        return len(self.token_ids)

    def take(self, indices: Ints) -> TokenizedTexts:
        """Return some of the rows, in the order of `indices`."""
        parts = (self.token_ids, self.segment_ids, self.offsets)
        return TokenizedTexts(*(part and tuple(part[index] for index in indices) for part in parts))  # type: ignore[arg-type]

    @property
    def lengths(self) -> Ints:
        """Tokens per text, `(n,)` int64."""
        return np.fromiter(map(len, self.token_ids), dtype=np.int64, count=len(self))


@runtime_checkable
class RowPreprocessor(Protocol):
    """A preprocessor with separate steps for tokenizing and padding, so that each batch can have its own length."""

    @property
    def sequence_length(self) -> int:
        """The greatest number of tokens of a row."""

    @property
    def padding(self) -> Literal["bucket", "fixed"]:
        """`"fixed"`: every batch has `sequence_length`, because padding changes what this architecture computes."""

    def tokenize(self, columns: Any) -> TokenizedTexts:
        """Tokenize one column of texts, or two for sentence pairs.

        With a keyword argument `offsets=True`, the character offsets of the tokens are returned too. Only tasks that
        need them pass it.
        """

    def pad(self, tokenized: TokenizedTexts, rows: Any, length: int) -> dict[str, Any]:
        """Return the model's inputs for some rows, each an array of shape `(len(rows), length)`."""


@runtime_checkable
class ArrayPreprocessor(Protocol):
    """A preprocessor without tokens: images, or inputs of one fixed length."""

    def arrays(self, columns: Any) -> dict[str, Any]:
        """Return the model's inputs for the examples of one batch, each an array of shape `(n, …)`."""


AnyPreprocessor = RowPreprocessor | ArrayPreprocessor | Callable[[Any], Any]
"""A preprocessor, or a callable that is given a list of texts, or a tuple of lists where there are several columns."""


class InputReader(Protocol):
    """A reader of what users pass as x."""

    @property
    def noun(self) -> str:
        """The name of an example in error messages, such as "text"."""

    def columns(self, x: Any) -> Columns:
        """Return the examples of x as columns of equal length, at least one.

        Raises:
            InputError: x holds something else.
        """

    def is_example(self, x: Any) -> bool | None:
        """Return whether x, yielded by a stream, is one example rather than a batch; `None` if it may be either.

        Args:
            x: The value; or what stands for it in the `element_spec` of a `tf.data.Dataset`, with a `shape`.
        """


@attrs.frozen(eq=False)
class Inputs:
    """Some examples.

    Attributes:
        columns: One or more columns of n values each.
        rows: The examples as rows of tokens; `None` if they are not tokenized.
        noun: What an example is called in error messages, such as "text".
    """

    columns: Columns
    rows: TokenizedTexts | None = None
    noun: str = "example"

    def __len__(self) -> int:
        return len(self.columns[0])

    def take(self, indices: Ints) -> Inputs:
        """Return some of the examples, in the order of `indices`."""
        rows = None if self.rows is None else self.rows.take(indices)
        return Inputs(take(self.columns, indices), rows, self.noun)


def take(columns: Columns, indices: Ints) -> Columns:
    """Return some of the values of each column, in the order of `indices`."""
    return tuple(
        column[indices] if isinstance(column, np.ndarray) else [column[index] for index in indices]
        for column in columns
    )


def joined(parts: Sequence[Columns]) -> Columns:
    """Return the columns of all parts, one part after the other."""
    return tuple(
        np.concatenate(column) if isinstance(column[0], np.ndarray) else list(itertools.chain.from_iterable(column))
        for column in zip(*parts, strict=True)
    )


def joined_inputs(parts: Sequence[Inputs]) -> Inputs:
    """Return the examples of all parts, one part after the other; all of them are tokenized, or none."""
    if len(parts) == 1:
        return parts[0]
    columns, noun = joined([part.columns for part in parts]), parts[0].noun
    rows = [part.rows for part in parts if part.rows is not None]
    if not rows:
        return Inputs(columns, None, noun)
    both = TokenizedTexts(
        tuple(ids for one in rows for ids in one.token_ids),
        tuple(ids for one in rows for ids in one.segment_ids),
        None if rows[0].offsets is None else tuple(spans for one in rows for spans in one.offsets or ()),
    )
    return Inputs(columns, both, noun)


def read_columns(reader: InputReader, x: Any) -> Columns:
    """Return the columns of x, which may be `Inputs` that were read before.

    Raises:
        InputError: x holds no examples, or its columns have different lengths.
    """
    if isinstance(x, Inputs):
        return x.columns
    columns = reader.columns(x)
    sizes = {len(column) for column in columns}
    if len(sizes) != 1 or 0 in sizes:
        raise InputError(
            f"x has {len(columns)} columns of {', '.join(str(len(column)) for column in columns) or 'no'} "
            f"{reader.noun}s. Pass at least one {reader.noun}, in columns of one length."
        )
    return columns


def is_bucketed(preprocessor: AnyPreprocessor) -> TypeGuard[RowPreprocessor]:
    """Return whether rows of tokens may be padded to any length, or packed."""
    return isinstance(preprocessor, RowPreprocessor) and preprocessor.padding == "bucket"


def tokenized(preprocessor: AnyPreprocessor, inputs: Inputs, offsets: bool = False) -> Inputs:
    """Return inputs with their rows of tokens; as they are where the preprocessor has none.

    Raises:
        InputError: The preprocessor returns another number of rows, or no offsets when asked for them.
    """
    if not isinstance(preprocessor, RowPreprocessor):
        if offsets:
            raise InputError("This task needs the tokens of each text, so its preprocessor must have tokenize and pad.")
        return inputs
    options = {"offsets": True} if offsets else {}
    rows = preprocessor.tokenize(inputs.columns, **options)
    if len(rows) != len(inputs):
        raise InputError(
            f"The preprocessor tokenized {len(inputs)} {inputs.noun}s into {len(rows)} rows. "
            "Its tokenize() must return one row for each."
        )
    if offsets and rows.offsets is None:
        raise InputError(
            f"{type(preprocessor).__name__}.tokenize(…, offsets=True) returned no offsets, which this task needs."
        )
    return attrs.evolve(inputs, rows=rows)


def check_lengths(lengths: Ints, batch_size: int, sequence_length: int) -> None:
    """Check that rows of tokens can be put into batches.

    Raises:
        InputError: `batch_size` is not positive, or a row is longer than `sequence_length`.
    """
    if batch_size < 1:
        raise InputError(f"batch_size is {batch_size}. Pass at least 1.")
    if len(lengths) and lengths.max() > sequence_length:
        row = int(lengths.argmax())
        raise InputError(
            f"Row {row} was tokenized to {lengths[row]} tokens, more than sequence_length={sequence_length}. "
            "This is a fault of the preprocessor: its tokenize() must truncate."
        )


def growing_lengths(shortest: int, growth: int, sequence_length: int) -> tuple[int, ...]:
    """Return `shortest` times the powers of `growth`, below `sequence_length`, then `sequence_length` itself."""
    if sequence_length < 1:
        raise InputError(f"sequence_length is {sequence_length}. Pass at least 1.")
    lengths = []
    length = shortest
    while length < sequence_length:
        lengths.append(length)
        length *= growth
    return (*lengths, sequence_length)


class RowLayout(abc.ABC):
    """The places of examples in a batch of rows."""

    __slots__ = ()

    @property
    @abc.abstractmethod
    def indices(self) -> Ints:
        """The examples, `(n,)` int64 indices into a data set."""

    @property
    @abc.abstractmethod
    def num_rows(self) -> int:
        """The number of rows."""

    @property
    @abc.abstractmethod
    def length(self) -> int:
        """Tokens per row; 0 for inputs that are not tokenized."""

    @property
    @abc.abstractmethod
    def token_starts(self) -> Ints:
        """The place of each example's first token in the flattened rows, `(n,)` int64."""

    @property
    @abc.abstractmethod
    def output_indices(self) -> Ints:
        """The example of each output of a model with one output per example, `(m,)` int64; -1 where there is none."""

    @abc.abstractmethod
    def features(self, preprocessor: Any, inputs: Inputs) -> Any:
        """Return the model's inputs, a structure of arrays."""

    def scatter(self, values: Sequence[Array], fill: float) -> Array:
        """Lay out values per token as the rows have their tokens.

        Args:
            values: One array of shape `(length_i, …)` per example of the data set.
            fill: The value of padding.

        Returns:
            An array of shape `(num_rows, length, …)`, of the dtype of the values.
        """
        first = np.asarray(values[self.indices[0]])
        flat = np.full((self.num_rows * self.length, *first.shape[1:]), fill, first.dtype)
        for index, start in zip(self.indices, self.token_starts, strict=True):
            flat[start : start + len(values[index])] = values[index]
        return flat.reshape(self.num_rows, self.length, *first.shape[1:])


def word_spans(text: str) -> IntArray:
    """Return the first character of each word of a text and the one after its last, `(k, 2)` int32.

    Words are separated by white space.
    """
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    return np.array(spans, np.int32).reshape(-1, 2)


def first_tokens(offsets: IntArray, spans: IntArray) -> IntArray:
    """Return the index of the first token of each word, `(k,)` int64; -1 for words without a token.

    Args:
        offsets: `(length, 2)`, the offsets of a text's tokens, as in `TokenizedTexts`; -1 for special tokens.
        spans: `(k, 2)`, the characters of its words, ascending.
    """
    found = np.full(len(spans), -1, np.int64)
    starts, ends = np.asarray(offsets)[:, 0], np.asarray(offsets)[:, 1]
    real = np.flatnonzero((starts >= 0) & (ends > starts))
    if len(spans):
        # A token may begin with the space before its word: the word is the first that ends after the token's start.
        words = np.searchsorted(spans[:, 1], starts[real], side="right")
        within = (words < len(spans)) & (ends[real] > spans[np.minimum(words, len(spans) - 1), 0])
        for token, word in zip(real[within][::-1], words[within][::-1], strict=True):
            found[word] = token
    return found


def word_outputs(outputs: Sequence[Array], inputs: Inputs) -> list[Array]:
    """Return the outputs of the first token of each word; NaN for words that were cut off.

    Args:
        outputs: One array `(length_i, …)` per text, as `Predictions.restore` returns them.
        inputs: The texts, tokenized with offsets.

    Returns:
        One array of floats `(k_i, …)` per text, a row per word.
    """
    assert inputs.rows is not None and inputs.rows.offsets is not None  # noqa: PT018 - the task's DataSpec has them
    found = []
    for text, offsets, output in zip(inputs.columns[0], inputs.rows.offsets, outputs, strict=True):
        tokens = first_tokens(offsets, word_spans(text))
        values = np.asarray(output)
        # NaN needs floats. NumPy does not promote bfloat16, which is one already.
        dtype = np.result_type(values, np.float16) if values.dtype.kind in "biu" else values.dtype
        words = values[tokens].astype(dtype)
        words[tokens < 0] = np.nan
        found.append(words)
    return found
