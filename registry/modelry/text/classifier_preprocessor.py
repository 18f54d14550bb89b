"""The preprocessor of encoder classifiers: start, first segment, end, and the second segment of a pair."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import numpy as np

from modelry.arguments import one_of
from modelry.data.rows import TokenizedTexts
from modelry.errors import InputError
from modelry.text.packing import Packing
from modelry.text.preprocessor import Padding, Preprocessor
from modelry.text.truncate import Truncate, kept_lengths
from modelry.text.write_tokenizer import write_tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modelry.text.tokenizer import Tokenizer


class TextClassifierPreprocessor(Preprocessor, abc.ABC):
    """Packs `start a end`, or `start a separator b end` for a pair, and pads on the right.

    A subclass names its special tokens and says which inputs its backbone takes. A text without any token becomes a
    single padding token, so that there is something to pool.

    Args:
        tokenizer: The tokenizer; it must know the special tokens.
        sequence_length: The greatest number of tokens of a row, special tokens included.
        truncate: Which tokens go when a text is too long: `"round_robin"`, `"waterfall"` or `"longest_first"`.
        padding: `"bucket"` or `"fixed"`; see `Preprocessor`.

    Raises:
        InputError: An argument is out of its range, or the tokenizer is of another class.

    Attributes:
        start_token: The token that starts a row, or `None`.
        end_token: The token that ends it, or `None`.
        separator: The tokens between the segments of a pair.
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

    def tokenize(self, columns: tuple[Sequence[str], ...]) -> TokenizedTexts:
        """Tokenize and truncate texts, and add the special tokens.

        Args:
            columns: One column of texts, or two of the same length for sentence pairs.
        """
        start, end = self._ids(self.start_token), self._ids(self.end_token)
        separator = self._ids(*self.separator) if len(columns) == 2 else []
        budget = self.sequence_length - len(start) - len(end) - len(separator)
        if budget < len(columns):
            raise InputError(f"sequence_length={self.sequence_length} leaves no room for sentence pairs; raise it.")
        token_ids, segment_ids = [], []
        for segments in zip(*(self.tokenizer.encode(column) for column in columns), strict=True):
            kept = kept_lengths(tuple(map(len, segments)), budget, self.truncate)
            first = [*start, *segments[0][: kept[0]], *(separator if len(segments) == 2 else end)]
            second = [*segments[1][: kept[1]], *end] if len(segments) == 2 else []
            token_ids.append(np.array(first + second or [self._pad_id()], "int32"))
            # The first separator belongs to the first segment, and so do all others.
            second_from = len(token_ids[-1]) - len(second)
            segment_ids.append(np.repeat(np.array([0, 1], "int32"), (second_from, len(second))))
        return TokenizedTexts(tuple(token_ids), tuple(segment_ids))

    def pad(self, packed: TokenizedTexts, rows: Sequence[int] | np.ndarray, length: int) -> dict[str, np.ndarray]:
        """Return the backbone's inputs for some of the packed rows.

        Returns:
            `token_ids` int32 and, if the backbone takes them, `padding_mask` bool and `segment_ids` int32; each of
            shape `(len(rows), length)`.
        """
        token_ids = np.full((len(rows), length), self._pad_id(), "int32")
        segment_ids = np.zeros_like(token_ids)
        padding_mask = np.zeros(token_ids.shape, "bool")
        for place, row in enumerate(rows):
            ids = packed.token_ids[row]
            token_ids[place, : len(ids)] = ids
            segment_ids[place, : len(ids)] = packed.segment_ids[row]
            padding_mask[place, : len(ids)] = True
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
        """Write `tokenizer.json` and `tokenizer_config.json`; transformers then packs texts in the same way.

        How too long texts are truncated is the caller's choice there.

        Raises:
            SaveError: transformers has no such tokenizer.
        """
        write_tokenizer(self.tokenizer, self.packing(), folder)

    def packing(self) -> Packing:
        """Return how texts are packed, in terms of transformers."""
        ids = {"mask_token": "mask_token_id", "unk_token": "unk_token_id"}
        named = {role: getattr(self.tokenizer, name) for role, name in ids.items() if hasattr(self.tokenizer, name)}
        roles = {
            "cls_token": self.start_token,
            "sep_token": self.end_token,
            "pad_token": self.pad_token,
            **{role: self.tokenizer.id_to_token(id_) for role, id_ in named.items()},
        }
        return Packing(
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
