"""Byte-level byte-pair encoding, as GPT-2, RoBERTa and ModernBERT use it, on the Rust `tokenizers`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import tokenizers
from tokenizers import decoders, models, pre_tokenizers, processors

from modelry.errors import InputError, UnsafePresetError
from modelry.strict_json import read_json_file
from modelry.tokenizers.tokenizer import LARGEST_ASSET, VocabularyTokenizer, check_texts, ordered_tokens
from modelry.tokenizers.tokenizer_json import build_pipeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modelry.tokenizers.tokenizer import Encoded

SETTINGS = (
    *("unk_token", "fuse_unk", "byte_fallback", "ignore_merges"),
    *("continuing_subword_prefix", "end_of_word_suffix"),
)
"""Settings of the model that a pipeline may have."""


class BytePairTokenizer(VocabularyTokenizer):
    """Splits texts into words as GPT-2 does, then merges the bytes of each word, the most frequent pairs first.

    Reference: [Radford et al., 2019](https://openai.com/index/better-language-models/).

    Args:
        vocabulary: The tokens ordered by id; or a mapping from tokens to ids; or the path of a JSON file with one.
        merges: The pairs of tokens to merge, such as `"Ġt he"`, the first ones first; or the path of a file with one
            pair a line.
        sequence_length: Pad or cut every text to this many ids; `None` leaves them ragged.
        add_prefix_space: Begin every text with a space, so that its first word is like all others.
        unsplittable_tokens: Tokens that are found in a text before it is split; `None` for `special_tokens`.
        pipeline: What surrounds the model in transformers' `tokenizer.json`; see `build_pipeline`. It replaces
            `add_prefix_space` and `unsplittable_tokens`. `None` does as GPT-2 and KerasHub do.

    Raises:
        InputError: The files are unreadable, the vocabulary lacks a token that must be in it or does not number its
            tokens from 0 on, or a merge is malformed.

    Attributes:
        special_tokens: Tokens with a role of their own, which every vocabulary has.
        trim_offsets: Whether the spans of `encode_with_offsets` leave out the space before a word, as transformers does
            for RoBERTa and not for GPT-2 and ModernBERT.
    """

    special_tokens: ClassVar[tuple[str, ...]] = ()
    trim_offsets: ClassVar[bool] = False
    assets: ClassVar[Mapping[str, str]] = {"vocabulary": "vocabulary.json", "merges": "merges.txt"}

    def __init__(
        self,
        vocabulary: Iterable[str] | Mapping[str, int] | str | os.PathLike[str],
        merges: Iterable[str] | str | os.PathLike[str],
        sequence_length: int | None = None,
        add_prefix_space: bool = False,
        unsplittable_tokens: Iterable[str] | None = None,
        pipeline: Mapping[str, Any] | None = None,
    ) -> None:
        if isinstance(vocabulary, (str, os.PathLike)):
            vocabulary = _read_vocabulary(vocabulary)
        tokens = ordered_tokens(vocabulary) if isinstance(vocabulary, Mapping) else list(vocabulary)
        unsplittable_tokens = None if unsplittable_tokens is None else list(unsplittable_tokens)
        super().__init__(tokens, sequence_length, needed=(*self.special_tokens, *(unsplittable_tokens or ())))
        self.merges = _read_merges(merges) if isinstance(merges, (str, os.PathLike)) else list(merges)
        self._pairs = [self._pair(number, merge) for number, merge in enumerate(self.merges, start=1)]
        self.add_prefix_space = add_prefix_space
        self.unsplittable_tokens = unsplittable_tokens
        self.pipeline = pipeline
        self._rust = self.to_transformers()
        if self.trim_offsets:
            splitter = (pipeline or {}).get("pre_tokenizer") or {}
            prefix = splitter.get("add_prefix_space", add_prefix_space)  # a space that no text has is not trimmed
            self._rust.post_processor = processors.ByteLevel(trim_offsets=True, add_prefix_space=prefix)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, without start, end or padding tokens.

        Raises:
            InputError: One of them is not a text; the message names the row.
        """
        try:
            encodings = self._rust.encode_batch_fast(list(texts), add_special_tokens=False)
        except (TypeError, UnicodeEncodeError):
            check_texts(texts)
            raise
        return [encoding.ids for encoding in encodings]

    def encode_with_offsets(self, texts: Sequence[str]) -> list[Encoded]:
        """Return ids and character spans; see `Tokenizer.encode_with_offsets`."""
        check_texts(texts)
        return [(one.ids, one.offsets) for one in self._rust.encode_batch(list(texts), add_special_tokens=False)]

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Return the text of each sequence of ids."""
        return [self._rust.decode(list(row), skip_special_tokens=False) for row in ids]

    def save_assets(self, folder: Path) -> None:
        """Write `vocabulary.json`, an object from tokens to ids, and `merges.txt`, one merge a line."""
        (folder / self.assets["vocabulary"]).write_text(json.dumps(self._ids), "utf-8")
        (folder / self.assets["merges"]).write_text("".join(f"{merge}\n" for merge in self.merges), "utf-8")

    def keras_hub_config(self) -> dict[str, Any] | None:
        """Return the config for KerasHub, which knows no pipelines."""
        if self.pipeline is not None or super().keras_hub_config() is None:
            return None
        return {key: value for key, value in self.get_config().items() if key != "pipeline"}

    def to_transformers(self) -> tokenizers.Tokenizer:
        """Return a Rust tokenizer that transformers can read, and that gives the same ids."""
        if self.pipeline is not None:
            rust = build_pipeline(self._model, SETTINGS, self.pipeline)
        else:
            rust = tokenizers.Tokenizer(self._model())
            rust.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=self.add_prefix_space)
            whole = self.special_tokens if self.unsplittable_tokens is None else self.unsplittable_tokens
            rust.add_special_tokens(list(whole))
        rust.decoder = decoders.ByteLevel()
        return rust

    def _model(self, **settings: Any) -> models.BPE:
        given = {key: value for key, value in settings.items() if value is not None}
        return models.BPE(self._ids, self._pairs, **given)

    def _pair(self, number: int, merge: str) -> tuple[str, str]:
        first, _, second = merge.partition(" ")
        if not {first, second, first + second} <= self._ids.keys():
            raise InputError(
                f"Merge {number} is {merge!r}; it must be two tokens of the vocabulary with a space between, which "
                "together make a third one. Are vocabulary and merges from the same tokenizer?"
            )
        return first, second


def _read_vocabulary(path: str | os.PathLike[str]) -> dict[str, int]:
    where = f"The vocabulary file {os.fspath(path)!r}"
    try:
        ids = read_json_file(Path(path), where, LARGEST_ASSET)
    except UnsafePresetError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(f"{where} cannot be read: {error}") from error
    if not isinstance(ids, dict):
        raise InputError(f"{where} must hold a JSON object from tokens to ids.")
    return ids


def _read_merges(path: str | os.PathLike[str]) -> list[str]:
    try:
        lines = Path(path).read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The merges file {os.fspath(path)!r} cannot be read: {error}") from error
    return [line.rstrip() for line in lines if line.strip() and not line.startswith("#version:")]
