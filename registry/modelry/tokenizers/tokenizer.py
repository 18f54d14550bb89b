"""Base classes of tokenizers, and loading one from a preset."""

from __future__ import annotations

import abc
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import numpy as np

from modelry.arguments import config_of
from modelry.errors import InputError, PresetNotFound, SaveError, did_you_mean
from modelry.presets.builtin import BuiltinPresets
from modelry.presets.components import create, load_class, preset_loader, serialized
from modelry.presets.keras_hub import ASSETS
from modelry.presets.read import ready_recipe
from modelry.presets.replace import replace_parts
from modelry.storage.files import bounded
from modelry.storage.options import take_options

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import tokenizers

    from modelry.presets.components import Serialized
    from modelry.presets.recipe import Recipe
    from modelry.storage.paths import Preset

LARGEST_ASSET = 64 * 2**20
"""Bytes of a tokenizer's file; a vocabulary of a quarter of a million tokens has five million."""

Encoded = tuple[list[int], list[tuple[int, int]]]
"""The ids of a text, and the character span of each."""

NO_SPAN = (-1, -1)
"""The span of a token that stands for no part of a text."""

T = TypeVar("T", bound="Tokenizer")


class Tokenizer(abc.ABC):
    """Turns texts into token ids and back.

    A subclass keeps each constructor argument as an attribute of the same name, and names in `assets` the arguments
    that are files of a preset. Those arguments accept a path as well as the value itself. `SplittingTokenizer` does
    all this for tokenizers that split texts and look the pieces up.

    Attributes:
        assets: Constructor argument → the name of the file that holds it, such as
            `{"vocabulary": "vocabulary.txt"}`.
        presets: The built-in presets that have a tokenizer of this class, by name.
        keras_hub_class: The name of the KerasHub class that gives the same ids, if there is one.
        sequence_length: Pad or cut every text to this many ids; `None` leaves them ragged. It pads with
            `pad_token_id`, or with 0 if the tokenizer has none.
    """

    assets: ClassVar[Mapping[str, str]] = {}
    presets = BuiltinPresets()
    keras_hub_class: ClassVar[str | None] = None
    sequence_length: int | None = None

    @abc.abstractmethod
    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, without start, end or padding tokens."""

    def encode_with_offsets(self, texts: Sequence[str]) -> list[Encoded]:
        """Return the ids of each text, as `encode` does, and the character span of each of them.

        A span is `(start, end)`: `text[start:end]` is the part of the original text, before any normalization, that the
        token comes from. The spans are those of transformers' fast tokenizers:

        - Tokens for bytes of one character all have the span of that character.
        - Whether a token's leading space (`Ġ`, `▁`) belongs to its span depends on the tokenizer, as it does there. A
          space that only the tokenizer puts before a text does not.
        - Tokens that a tokenizer adds by itself, such as the start token of SentencePiece, have `(-1, -1)`.

        Returns:
            For each text its ids and as many spans.

        Raises:
            InputError: One of them is not a text; the message names the row.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say where in a text its tokens stand.")

    @abc.abstractmethod
    def vocabulary_size(self) -> int:
        """Return the number of different ids: they are 0 to `vocabulary_size() - 1`."""

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Return the text of each sequence of ids; a tokenizer that hashes has none."""
        raise NotImplementedError(f"{type(self).__name__} cannot turn ids into texts.")

    def get_vocabulary(self) -> list[str]:
        """Return all tokens, ordered by id; a tokenizer that hashes has none."""
        raise NotImplementedError(f"{type(self).__name__} has no vocabulary.")

    def token_to_id(self, token: str) -> int:
        """Return the id of a token.

        Raises:
            InputError: There is no such token.
        """
        raise NotImplementedError(f"{type(self).__name__} has no vocabulary.")

    def id_to_token(self, id: int) -> str:  # noqa: A002 - KerasHub's name
        """Return the token with this id.

        Raises:
            InputError: There is none.
        """
        raise NotImplementedError(f"{type(self).__name__} has no vocabulary.")

    def save_assets(self, folder: Path) -> None:
        """Write the files named in `assets` into a folder."""
        if self.assets:
            raise NotImplementedError(f"{type(self).__name__} does not say how to write {', '.join(self.assets)}.")

    def to_transformers(self) -> tokenizers.Tokenizer:
        """Return a Rust tokenizer that transformers can read, and that gives the same ids.

        Raises:
            SaveError: There is none.
        """
        raise SaveError(
            f"{type(self).__name__} cannot be written for transformers. Save with preprocessor=None, or in modelry's "
            "own format."
        )

    def __call__(self, texts: str | Sequence[str]) -> Any:
        """Same as `tokenize`."""
        return self.tokenize(texts)

    def tokenize(self, texts: str | Sequence[str]) -> Any:
        """Return the token ids of a text (a list) or of several (a list of lists).

        With `sequence_length` set, an int32 array of shape `(sequence_length,)` or `(texts, sequence_length)`.
        """
        if not isinstance(texts, Iterable):
            raise InputError(f"A tokenizer takes a text or a list of them, not {texts!r}.")
        rows: Any = self.encode([texts] if isinstance(texts, str) else list(texts))
        if self.sequence_length is not None:
            padded = np.full((len(rows), self.sequence_length), getattr(self, "pad_token_id", 0), "int32")
            for row, ids in zip(padded, rows, strict=True):
                row[: len(ids)] = ids[: self.sequence_length]
            rows = padded
        return rows[0] if isinstance(texts, str) else rows

    def detokenize(self, ids: Any) -> Any:
        """Return the text of a sequence of ids (a `str`), or of several (a list)."""
        rows = [np.asarray(row).tolist() for row in ids] if np.ndim(ids[0]) else [np.asarray(ids).tolist()]
        texts = self.decode(rows)
        return texts if np.ndim(ids[0]) else texts[0]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, assets included: `type(self)(**config)` is an equal tokenizer."""
        return config_of(self)

    def keras_hub_config(self) -> dict[str, Any] | None:
        """Return the config under which KerasHub's class gives the same ids, or `None` if it cannot."""
        return None if self.keras_hub_class is None else self.get_config()

    def serialized(self) -> Serialized:
        """Return the contents of a preset's `tokenizer.json`; the assets are files of their own."""
        written = serialized(self, self.keras_hub_config(), self.get_config())
        return {**written, "config": {**written["config"], **dict.fromkeys(self.assets)}}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create a tokenizer from what `get_config` returned."""
        return cls(**config)

    @classmethod
    def from_preset(cls, preset: Preset, **overrides: Any) -> Self:
        """Load the tokenizer of a preset. No weights are read.

        Args:
            preset: A built-in name, a folder, or a URI; or a list of places with the same files.
            **overrides: Constructor arguments that replace the saved ones;
                and how the preset is opened (`revision`, `token`, `offline`, `budget` and so on), as in
                `TextClassifier.from_preset`.

        Raises:
            PresetError: The preset is missing, damaged, has no tokenizer, or has one of another class.
            UnknownArgument: An override is not an argument of the tokenizer.
        """
        return load_tokenizer(cls, preset, overrides)

    def save_to_preset(self, preset_dir: str | os.PathLike[str]) -> None:
        """Put this tokenizer into an existing preset in place of the old one; see `Preprocessor.save_to_preset`.

        Args:
            preset_dir: The folder of a preset in KerasHub's layout, as `save_to_preset` writes it.

        Raises:
            SaveError: There is no such preset, or it cannot be written.
            InputError: `preset_dir` is not a folder.
            PresetFormatError: The preset is damaged.
        """
        replace_parts(preset_dir, {"tokenizers": self}, None, self)


def check_texts(texts: Sequence[Any]) -> None:
    """Check that all of `texts` are texts that UTF-8 can hold. Tokenizers call this after a failure, to say why.

    Raises:
        InputError: One of them is not; the message names the row.
    """
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"Row {row} is {text!r}, which is not a text. Pass strings.")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InputError(
                f"Row {row} holds half a surrogate pair, {text[error.start]!r} at character {error.start}, not "
                "a character. Read the data in the encoding it was written in."
            ) from None


class TokenId:
    """An attribute of a tokenizer's class that is the id of one of its tokens.

    ```python
    class AcmeTokenizer(Tokenizer):
        start_token_id = TokenId("<s>")
    ```

    Args:
        token: The token.
    """

    def __init__(self, token: str) -> None:
        self.token = token

    def __get__(self, tokenizer: Tokenizer, owner: type[Tokenizer]) -> int:
        """Return the id that the token has in a tokenizer."""
        return tokenizer.token_to_id(self.token)


class VocabularyTokenizer(Tokenizer, abc.ABC):
    """A tokenizer whose ids are indices into a list of tokens; abstract.

    Derive from `SplittingTokenizer` to say only how a text is split, or from this class to write `encode` as well.

    Args:
        vocabulary: The tokens, ordered by id.
        sequence_length: Pad or cut every text to this many ids; `None` leaves them ragged.
        needed: Tokens that must be in the vocabulary.

    Raises:
        InputError: The vocabulary lacks one of them, or holds a token twice.
    """

    def __init__(self, vocabulary: list[str], sequence_length: int | None, needed: Iterable[str]) -> None:
        self.vocabulary = vocabulary
        self.sequence_length = sequence_length
        self._ids = {token: id_ for id_, token in enumerate(vocabulary)}
        if len(self._ids) < len(vocabulary):
            token, times = Counter(vocabulary).most_common(1)[0]
            raise InputError(f"The vocabulary holds {token!r} {times} times; each token needs its own id.")
        for token in needed:
            if token not in self._ids:
                raise InputError(
                    f"The vocabulary ({len(self._ids)} tokens) lacks {token!r}, which {type(self).__name__} needs."
                    f"{did_you_mean(token, self._ids)} Is it the vocabulary of another tokenizer?"
                )

    def vocabulary_size(self) -> int:
        """Return the number of tokens."""
        return len(self.vocabulary)

    def get_vocabulary(self) -> list[str]:
        """Return all tokens, ordered by id."""
        return self.vocabulary

    def token_to_id(self, token: str) -> int:
        """Return the id of a token.

        Raises:
            InputError: The vocabulary has no such token.
        """
        if token not in self._ids:
            raise InputError(f"The vocabulary has no token {token!r}.{did_you_mean(token, self._ids)}")
        return self._ids[token]

    def id_to_token(self, id: int) -> str:  # noqa: A002 - KerasHub's name
        """Return the token with this id.

        Raises:
            InputError: There is none.
        """
        if not 0 <= id < len(self.vocabulary):
            raise InputError(
                f"Token id {id} is out of range: the vocabulary has the ids 0 to {len(self.vocabulary) - 1}."
            )
        return self.vocabulary[id]


@preset_loader
def load_tokenizer(cls: type[T], preset: Preset, overrides: Mapping[str, Any]) -> T:
    """Load a preset's tokenizer, which must be a `cls`."""
    options, overrides = take_options(overrides)
    return build_tokenizer(ready_recipe(preset, options), cls, overrides)


def build_tokenizer(recipe: Recipe, cls: type[T], overrides: Mapping[str, Any]) -> T:
    """Build the tokenizer of a Recipe.

    Raises:
        PresetNotFound: The preset has no tokenizer.
        PresetError: It is not a `cls`.
    """
    part = recipe.inputs().tokenizer
    if part is None:
        raise PresetNotFound(
            f"Preset {recipe.files.reference!r} has no tokenizer: neither tokenizer.json nor a vocabulary. "
            "Add one, or pass preprocessor=None to work on token ids."
        )
    found = load_class(recipe, part, cls)
    config = dict(part.config)
    if recipe.checkpoint is None:
        # Always from the preset's own files: a path inside the config must never be opened.
        config |= {key: bounded(recipe.files, ASSETS + name, LARGEST_ASSET) for key, name in found.assets.items()}
    return create(found, config, overrides, recipe)


def ordered_tokens(ids: Mapping[str, Any]) -> list[str]:
    """Return the tokens of a mapping from tokens to ids, ordered by id.

    Raises:
        InputError: The ids are not 0 to the number of tokens - 1.
    """
    tokens = sorted(ids, key=lambda token: ids[token] if isinstance(ids[token], int) else -1)
    if [ids[token] for token in tokens] != list(range(len(tokens))):
        raise InputError(f"The vocabulary does not number its tokens 0 to {len(tokens) - 1}.")
    return tokens
