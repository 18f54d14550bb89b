"""The base class of preprocessors of texts: tokenize once, pad each batch as far as it needs."""

from __future__ import annotations

import abc
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from rich.console import Console
from rich.table import Table

from modelry.data.columns import as_text_columns, rank
from modelry.errors import InputError
from modelry.preprocessing.preprocessor import Preprocessor

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelry.data.rows import TokenizedTexts
    from modelry.tokenizers.tokenizer import Tokenizer

Padding = Literal["bucket", "fixed"]


class TextPreprocessor(Preprocessor, abc.ABC):
    """Turns texts, or pairs of texts, into padded rows of token ids; abstract.

    It works in two steps, so that batches can be formed by length in between: `tokenize` turns texts into ragged rows
    of token ids, `pad` turns some of the rows into arrays of one length. Calling a preprocessor does both, padding to
    `sequence_length`.

    Attributes:
        tokenizer_cls: The class of its tokenizer.
        tokenizer: The tokenizer.
        sequence_length: The greatest number of tokens of a row, special tokens included. It can be set at any time.
        padding: `"bucket"` lets `fit`, `evaluate` and `predict` pad each batch only as far as its own texts need;
            `"fixed"` pads all of them to `sequence_length`, for architectures whose output depends on the padding.
    """

    noun = "text"
    tokenizer_cls: ClassVar[type[Tokenizer]]
    tokenizer: Tokenizer
    padding: Padding

    @abc.abstractmethod
    def tokenize(self, columns: tuple[Sequence[str], ...], offsets: bool = False) -> TokenizedTexts:
        """Tokenize and truncate texts, and add the special tokens.

        Args:
            columns: One column of texts, or two of the same length for sentence pairs.
            offsets: Whether to keep where in its text each token stands; see `Tokenizer.encode_with_offsets`.
        """

    @abc.abstractmethod
    def pad(self, tokenized: TokenizedTexts, indices: Sequence[int] | np.ndarray, length: int) -> dict[str, np.ndarray]:
        """Return the backbone's inputs for some of the tokenized texts.

        Args:
            tokenized: The result of `tokenize`.
            indices: Which texts; one row each, in this order.
            length: The number of tokens of each row, at least that of the longest text.

        Returns:
            Arrays by name, each of shape `(len(indices), length)`.
        """

    @property
    def sequence_length(self) -> int:
        """The greatest number of tokens of a row."""
        return self._sequence_length

    @sequence_length.setter
    def sequence_length(self, value: int) -> None:
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 3:
            raise InputError(f"sequence_length must be a whole number of tokens, at least 3, not {value!r}.")
        self._sequence_length = int(value)

    def columns(self, x: Any) -> tuple[list[str], ...]:
        """Return one column of texts, or two for sentence pairs.

        Args:
            x: Texts or sentence pairs in any of the spellings of `modelry.data.columns`.

        Raises:
            InputError: `x` holds something that is not a text; the message names the row.
        """
        return as_text_columns(x)

    def is_example(self, x: Any) -> bool | None:
        """Return whether `x` is a single text or pair; `None` for a tuple of two strings, which may be two texts.

        Parts of `x` may also be specifications with a `shape`, such as those of a `tf.data.Dataset`.
        """
        if isinstance(x, Mapping):
            return bool(x) and all(rank(part) == 0 for part in x.values())
        if isinstance(x, tuple) and len(x) == 2:
            if all(isinstance(part, str | bytes) for part in x):
                return None
            return all(rank(part) == 0 for part in x)
        return rank(x) == 0

    def arrays(self, columns: tuple[Sequence[str], ...]) -> dict[str, np.ndarray]:
        """Return the backbone's inputs, each of shape `(texts, sequence_length)`."""
        tokenized = self.tokenize(columns)
        return self.pad(tokenized, range(len(tokenized)), self.sequence_length)

    def print_summary(self, print_fn: Callable[[str], Any] | None = None) -> None:
        """Print a table of the tokenizer's vocabulary, and of how texts are truncated and padded.

        Args:
            print_fn: Called with the text of the table; `None` prints it.
        """
        table = Table(title=f'Preprocessor: "{type(self).__name__}"', title_justify="left", title_style="bold")
        table.add_column("Part")
        table.add_column("Config", justify="right")
        table.add_row(type(self.tokenizer).__name__, f"Vocabulary size: {self.tokenizer.vocabulary_size():,}")
        table.add_row("sequence_length", f"at most {self.sequence_length:,} tokens")
        table.add_row("padding", self.padding)
        if print_fn is None:
            Console().print(table)
            return
        text = io.StringIO()
        Console(file=text, width=100).print(table)
        print_fn(text.getvalue())
