"""Preprocessors of texts: tokenize once, pad each batch as far as it needs."""

from __future__ import annotations

import abc
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np
from rich.console import Console
from rich.table import Table

from modelry.arguments import one_of
from modelry.data.columns import as_text_columns, rank
from modelry.data.rows import TokenizedTexts
from modelry.errors import InputError
from modelry.preprocessing.preprocessor import Preprocessor
from modelry.tokenizers.tokenizer_json import SpecialTokens, write_tokenizer_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

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
        if isinstance(x, list) and len(x) == 1 and isinstance(x[0], Mapping):  # a single pair
            x = {name: [text] for name, text in x[0].items()}
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


Truncate = Literal["round_robin", "waterfall", "longest_first"]

_NO_SPAN = (-1, -1)  # the offsets of a special token


class EncoderPreprocessor(TextPreprocessor, abc.ABC):
    """Builds rows `start a end`, or `start a separator b end` for a pair, padded on the right; abstract.

    A subclass names its special tokens and says which inputs its backbone takes. A text without any token becomes a
    single padding token, so that there is something to pool.

    Args:
        tokenizer: The tokenizer; it must know the special tokens.
        sequence_length: The greatest number of tokens of a row, special tokens included.
        truncate: Which tokens go when a text is too long: `"round_robin"`, `"waterfall"` or `"longest_first"`.
        padding: `"bucket"` or `"fixed"`; see `TextPreprocessor`.

    Raises:
        InputError: An argument is out of its range, or the tokenizer is of another class.

    Attributes:
        start_token: The token that starts a row, or `None`.
        end_token: The token that ends it, or `None`.
        separator: The tokens between the texts of a pair.
        pad_token: The token that fills a row up; `None` for the id 0.
        segment_ids: Whether the backbone takes `segment_ids`.
        padding_mask: Whether the backbone takes `padding_mask`.
    """

    start_token: ClassVar[str | None] = None
    end_token: ClassVar[str | None] = None
    separator: ClassVar[tuple[str, ...]] = ()
    pad_token: ClassVar[str | None] = "[PAD]"
    segment_ids: ClassVar[bool] = False
    padding_mask: ClassVar[bool] = True

    def __init__(
        self,
        tokenizer: Tokenizer,
        sequence_length: int = 512,
        truncate: str = "round_robin",
        padding: str = "bucket",
    ) -> None:
        if not isinstance(tokenizer, self.tokenizer_cls):
            raise InputError(
                f"{type(self).__name__} needs a {self.tokenizer_cls.__name__}, not a {type(tokenizer).__name__}."
            )
        self.tokenizer = tokenizer
        self.sequence_length = sequence_length
        self.truncate = one_of("truncate", truncate, get_args(Truncate))
        self.padding = one_of("padding", padding, get_args(Padding))

    def tokenize(self, columns: tuple[Sequence[str], ...], offsets: bool = False) -> TokenizedTexts:
        """Tokenize and truncate texts, and add the special tokens.

        Args:
            columns: One column of texts, or two of the same length for sentence pairs.
            offsets: Whether to keep the character span of each token in the text that it comes from, the first or the
                second of a pair; special tokens have `(-1, -1)`. See `Tokenizer.encode_with_offsets`.
        """
        start, end = self._ids(self.start_token), self._ids(self.end_token)
        separator = self._ids(*self.separator) if len(columns) == 2 else []
        budget = self.sequence_length - len(start) - len(end) - len(separator)
        if budget < len(columns):
            raise InputError(f"sequence_length={self.sequence_length} leaves no room for sentence pairs; raise it.")
        token_ids, segment_ids, spans = [], [], []
        encode = self.tokenizer.encode_with_offsets if offsets else self.tokenizer.encode
        for encoded in zip(*(encode(column) for column in columns), strict=True):
            texts = tuple(ids for ids, _ in encoded) if offsets else encoded
            kept = truncated_lengths(tuple(map(len, texts)), budget, self.truncate)
            pieces = [start, texts[0][: kept[0]], separator if len(texts) == 2 else end]
            pieces += [texts[1][: kept[1]], end] if len(texts) == 2 else []
            ids = np.array([id_ for piece in pieces for id_ in piece] or [self._pad_id()], "int32")
            token_ids.append(ids)
            # The first separator belongs to the first segment, as do all tokens of a text without a pair.
            second = sum(map(len, pieces[3:]))
            segment_ids.append(np.repeat(np.array([0, 1], "int32"), (len(ids) - second, second)))
            if offsets:
                row = np.full((len(ids), 2), _NO_SPAN, "int32")
                places = (len(start), len(ids) - second)
                for place, (_, found), number in zip(places, encoded, kept, strict=False):
                    row[place : place + number] = np.reshape(found[:number], (-1, 2))
                spans.append(row)
        return TokenizedTexts(tuple(token_ids), tuple(segment_ids), tuple(spans) if offsets else None)

    def pad(self, tokenized: TokenizedTexts, indices: Sequence[int] | np.ndarray, length: int) -> dict[str, np.ndarray]:
        """Return the backbone's inputs for some of the tokenized texts.

        Returns:
            `token_ids` int32 and, if the backbone takes them, `padding_mask` bool and `segment_ids` int32; each of
            shape `(len(indices), length)`.
        """
        token_ids = np.full((len(indices), length), self._pad_id(), "int32")
        segment_ids = np.zeros_like(token_ids)
        padding_mask = np.zeros(token_ids.shape, "bool")
        for row, index in enumerate(indices):
            ids = tokenized.token_ids[index]
            token_ids[row, : len(ids)] = ids
            segment_ids[row, : len(ids)] = tokenized.segment_ids[index]
            padding_mask[row, : len(ids)] = True
        features = {"token_ids": token_ids}
        if self.padding_mask:
            features["padding_mask"] = padding_mask
        if self.segment_ids:
            features["segment_ids"] = segment_ids
        return features

    def keras_hub_config(self) -> dict[str, Any] | None:
        """Return the config for KerasHub, which has neither buckets to turn off nor transformers' truncation."""
        if self.truncate == "longest_first" or super().keras_hub_config() is None:
            return None
        return {key: value for key, value in self.get_config().items() if key != "padding"}

    def save_for_transformers(self, folder: Path) -> None:
        """Write `tokenizer.json` and `tokenizer_config.json`; transformers then builds the same rows.

        How too long texts are truncated is the caller's choice there.

        Raises:
            SaveError: transformers has no such tokenizer.
        """
        write_tokenizer_json(self.tokenizer, self.row_tokens(), folder)

    def row_tokens(self) -> SpecialTokens:
        """Return the special tokens of a row, in terms of transformers."""
        ids = {"mask_token": "mask_token_id", "unk_token": "unk_token_id"}
        named = {role: getattr(self.tokenizer, name) for role, name in ids.items() if hasattr(self.tokenizer, name)}
        roles = {
            "cls_token": self.start_token,
            "sep_token": self.end_token,
            "pad_token": self.pad_token,
            **{role: self.tokenizer.id_to_token(id_) for role, id_ in named.items()},
        }
        return SpecialTokens(
            start=_given(self.start_token),
            separator=self.separator,
            end=_given(self.end_token),
            segment_ids=self.segment_ids,
            roles={role: token for role, token in roles.items() if token is not None},
            max_length=self.sequence_length,
        )

    def _ids(self, *tokens: str | None) -> list[int]:
        return [self.tokenizer.token_to_id(token) for token in tokens if token is not None]

    def _pad_id(self) -> int:
        return 0 if self.pad_token is None else self.tokenizer.token_to_id(self.pad_token)


def _given(token: str | None) -> tuple[str, ...]:
    return () if token is None else (token,)


def truncated_lengths(lengths: tuple[int, ...], budget: int, truncate: Truncate) -> tuple[int, ...]:
    """Return how many tokens each segment keeps.

    Args:
        lengths: The number of tokens of each segment; one or two.
        budget: The number of tokens that may stay in all.
        truncate: `"round_robin"` hands out the budget one token at a time, in turn, as KerasHub does. `"waterfall"`
            fills the first segment, then the second. `"longest_first"` shortens the longer segment, as transformers
            does; it differs from `"round_robin"` by at most a token.
    """
    if sum(lengths) <= budget:
        return lengths
    if len(lengths) == 1:
        return (budget,)
    first, second = lengths
    if truncate == "waterfall":
        first = min(first, budget)
        return first, budget - first
    if truncate == "round_robin":
        first = min(first, max(budget - budget // 2, budget - second))
        return first, budget - first
    shorter, longer = min(first, second), max(first, second)
    shorter = shorter if shorter <= budget - shorter else budget // 2
    longer = budget - shorter
    return (longer, shorter) if first > second else (shorter, longer)
