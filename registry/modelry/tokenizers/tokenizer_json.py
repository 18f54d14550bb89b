"""`tokenizer.json` of transformers: its vocabulary, its tokens, and the pipeline around its model; read and written.

A pipeline is plain data, saved in configs as it is:

- `normalizer` and `pre_tokenizer`: these parts of the file, or `None`.
- `added_tokens`: the tokens that are found in a text before it is split, with the flags that say how.
- `model`: the model's settings, such as its unknown token, without type, vocabulary and merges.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import tokenizers
from attrs import frozen
from tokenizers.processors import TemplateProcessing

from modelry.arguments import check_arguments
from modelry.errors import InputError, PresetFormatError, UnsafePresetError
from modelry.presets.tokenizer_settings import SETTINGS
from modelry.storage.files import read_json
from modelry.strict_json import field, write_json
from modelry.tokenizers.tokenizer import LARGEST_ASSET, ordered_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from tokenizers import models

    from modelry.storage.files import PresetFiles
    from modelry.tokenizers.tokenizer import Tokenizer


@frozen
class SpecialTokens:
    """The special tokens of rows `start a end`, or `start a separator b end` for a pair.

    Attributes:
        start: The tokens before a text.
        separator: The tokens between the texts of a pair; they belong to the first segment.
        end: The tokens after it.
        segment_ids: Whether the model takes segment ids: 1 for the second text of a pair and what follows it.
        roles: transformers' names of roles → tokens, such as `{"cls_token": "[CLS]", "pad_token": "[PAD]"}`.
        max_length: The greatest number of tokens of a row.
        tokenizer_class: The name of the class that transformers loads. The default takes `tokenizer.json` as it
            is; most others rebuild it from the vocabulary and settings of their own.
    """

    start: tuple[str, ...]
    separator: tuple[str, ...]
    end: tuple[str, ...]
    segment_ids: bool
    roles: Mapping[str, str]
    max_length: int
    tokenizer_class: str = "PreTrainedTokenizerFast"

    def template(self, tokenizer: Tokenizer) -> TemplateProcessing:
        """Return the post-processor with which the Rust `tokenizers` add these tokens."""
        second = int(self.segment_ids)
        tokens = dict.fromkeys((*self.start, *self.separator, *self.end))
        return TemplateProcessing(
            single=[*_of(self.start, 0), "$A:0", *_of(self.end, 0)],
            pair=[*_of(self.start, 0), "$A:0", *_of(self.separator, 0), f"$B:{second}", *_of(self.end, second)],
            special_tokens=[(token, tokenizer.token_to_id(token)) for token in tokens],
        )


def _of(tokens: tuple[str, ...], segment: int) -> list[str]:
    return [f"{token}:{segment}" for token in tokens]


def write_tokenizer_json(tokenizer: Tokenizer, special: SpecialTokens, folder: Path) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json`, which `AutoTokenizer.from_pretrained` reads.

    Args:
        tokenizer: The tokenizer; its `to_transformers` says which texts get other ids there.
        special: The special tokens of the architecture's rows.
        folder: Where to; existing files are replaced.

    Raises:
        SaveError: transformers has no such tokenizer.
        InputError: A token of `special` is not in the vocabulary.
    """
    for token in special.roles.values():
        tokenizer.token_to_id(token)
    rust = tokenizer.to_transformers()
    rust.add_special_tokens(list(dict.fromkeys(special.roles.values())))
    rust.post_processor = special.template(tokenizer)
    (folder / TOKENIZER).write_text(rust.to_str(pretty=True), "utf-8")
    inputs = ["input_ids", *(["token_type_ids"] if special.segment_ids else []), "attention_mask"]
    write_json(
        folder / SETTINGS,
        {
            "tokenizer_class": special.tokenizer_class,
            "model_max_length": special.max_length,
            "model_input_names": inputs,
            "clean_up_tokenization_spaces": False,
            **special.roles,
        },
    )


TOKENIZER = "tokenizer.json"


@frozen
class TokenizerJson:
    """The contents of a `tokenizer.json` without post-processor and decoder.

    Attributes:
        where: The file and preset, for messages.
        model: The model with its vocabulary.
        added: The tokens that are found in a text before it is split, with the ids that the file gives them.
        pipeline: The pipeline around the model.
    """

    where: str
    model: Mapping[str, Any]
    added: Mapping[str, Any]
    pipeline: dict[str, Any]


def read_tokenizer_json(files: PresetFiles, kind: str, vocabulary: tuple[str, ...]) -> TokenizerJson:
    """Read `tokenizer.json`.

    Args:
        files: A transformers checkpoint with this file.
        kind: The type that the model must have, such as `"BPE"`.
        vocabulary: The keys of the model that are not settings.

    Raises:
        PresetFormatError: The file is damaged, its model is of another type, or it drops pairs at random.
    """
    where = f"{TOKENIZER} of preset {files.reference!r}"
    contents = read_json(files, TOKENIZER, LARGEST_ASSET)
    model = field(contents, "model", dict, where)
    if model.get("type") != kind:
        raise PresetFormatError(
            f"{where} has a {model.get('type')} model; this architecture's tokenizer is a {kind}. "
            "Build the tokenizer yourself and pass preprocessor=."
        )
    if model.get("dropout"):
        raise PresetFormatError(f"{where} merges pairs at random (dropout={model['dropout']!r}); set it to null.")
    added = {}
    entries = []
    for entry in field(contents, "added_tokens", list, where, []):
        if not isinstance(entry, dict) or not isinstance(entry.get("content"), str):
            raise PresetFormatError(f"{where} adds the token {entry!r}, which has no content.")
        added[entry["content"]] = entry.get("id")
        entries.append({"content": entry["content"], **{flag: bool(entry.get(flag)) for flag in FLAGS}})
    pipeline = {
        "normalizer": contents.get("normalizer"),
        "pre_tokenizer": contents.get("pre_tokenizer"),
        "added_tokens": entries,
        "model": {key: value for key, value in model.items() if key not in ("type", "dropout", *vocabulary)},
    }
    return TokenizerJson(where, model, added, pipeline)


def ordered_vocabulary(ids: Mapping[str, Any], where: str) -> list[str]:
    """Return the tokens of a vocabulary, ordered by id.

    Raises:
        PresetFormatError: The ids are not 0 to the number of tokens - 1.
    """
    try:
        return ordered_tokens(ids)
    except InputError as error:
        raise PresetFormatError(f"In {where}: {error}") from error


PARTS = ("normalizer", "pre_tokenizer", "added_tokens", "model")
FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")

# A pattern that backtracks could hang on a text, so files may only have these, which take one pass.
PATTERNS = (" {2,}", "^ +|(?<! ) +$", r"\s{2,}|[\n\r\t]", r"\s+")


def plain_tokens(tokens: Iterable[str]) -> list[dict[str, Any]]:
    """Return the entries of special tokens that are found anywhere, and just as they are."""
    return [{"content": token, **dict.fromkeys(FLAGS, False), "special": True} for token in dict.fromkeys(tokens)]


def build_pipeline(
    model: Callable[..., models.Model], settings: Collection[str], pipeline: Mapping[str, Any]
) -> tokenizers.Tokenizer:
    """Return a Rust tokenizer without post-processor and decoder.

    Args:
        model: Creates the model from its settings as keyword arguments.
        settings: The names of these settings.
        pipeline: The pipeline around it.

    Raises:
        InputError: The pipeline has other parts, or one that the installed `tokenizers` cannot read.
        UnsafePresetError: It holds a regular expression that is not among `PATTERNS`.
    """
    if not isinstance(pipeline, dict) or set(pipeline) != set(PARTS):
        raise InputError(f"pipeline must be a dict with {', '.join(PARTS)}, not {pipeline!r:.200}.")
    # tokenizers itself would ignore unknown settings.
    check_arguments(pipeline["model"], settings, "The model of a pipeline")
    for entry in pipeline["added_tokens"]:
        check_arguments(entry, ("content", *FLAGS), "An added token of a pipeline")
    around = {name: pipeline[name] for name in ("normalizer", "pre_tokenizer")}
    _check_patterns(around)
    rest = dict.fromkeys(("truncation", "padding", "post_processor", "decoder"))
    empty = {"type": "WordLevel", "vocab": {}, "unk_token": ""}
    contents = {"version": "1.0", "added_tokens": [], **rest, **around, "model": empty}
    try:
        # Read from JSON without the vocabulary, which is much faster than with it.
        parts = tokenizers.Tokenizer.from_str(json.dumps(contents))
        rust = tokenizers.Tokenizer(model(**pipeline["model"]))
        added = [tokenizers.AddedToken(**entry) for entry in pipeline["added_tokens"]]
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # tokenizers raises bare Exceptions, and a panic in Rust is not even that
        raise InputError(
            f"The pipeline cannot be built with tokenizers {tokenizers.__version__}: {error}. "
            "If it is from a newer version, upgrade tokenizers."
        ) from error
    if parts.normalizer is not None:
        rust.normalizer = parts.normalizer
    if parts.pre_tokenizer is not None:
        rust.pre_tokenizer = parts.pre_tokenizer
    size = rust.get_vocab_size()
    rust.add_special_tokens([token for token in added if token.special])
    rust.add_tokens([token for token in added if not token.special])
    if rust.get_vocab_size() > size:
        lacking = [token.content for token in added if (rust.token_to_id(token.content) or 0) >= size]
        raise InputError(f"The vocabulary ({size} tokens) lacks the added tokens {', '.join(map(repr, lacking))}.")
    return rust


def _check_patterns(part: Any) -> None:
    if isinstance(part, dict) and part.get("Regex", PATTERNS[0]) not in PATTERNS:
        raise UnsafePresetError(
            f"A pipeline holds the regular expression {part['Regex']!r:.200}; only "
            f"{', '.join(map(repr, PATTERNS))} are accepted, because no text makes them slow. Build the tokenizer "
            "yourself and pass preprocessor=."
        )
    if isinstance(part, (dict, list)):
        for inner in part.values() if isinstance(part, dict) else part:
            _check_patterns(inner)


ADDED, SPECIAL = "added_tokens.json", "special_tokens_map.json"

_FLAGS = ("single_word", "lstrip", "rstrip", "normalized")
_MORE = ("additional_special_tokens", "extra_special_tokens")  # transformers 4 and 5


def plain_ids(entries: Iterable[Any], where: str) -> dict[str, Any]:
    """Return token → id of the entries in `added_tokens`, which must be found anywhere and as they are.

    Args:
        entries: Objects with `content`, `id` and the flags that say how a token is found in a text.
        where: The file and preset, for messages.

    Raises:
        PresetFormatError: A token's flags ask for something else.
    """
    added = {}
    for entry in entries:
        if not isinstance(entry, dict) or "content" not in entry or any(entry.get(key) for key in _FLAGS):
            raise PresetFormatError(
                f"{where} adds the token {entry!r}; only tokens that are recognised anywhere and as they are "
                f"({', '.join(f'{key}=false' for key in _FLAGS)}) are read. Build the tokenizer yourself and pass "
                "preprocessor=."
            )
        added[str(entry["content"])] = entry.get("id")
    return added


def with_added_tokens(files: PresetFiles, ids: Mapping[str, Any], special: Iterable[str]) -> dict[str, Any]:
    """Return token → id of the tokens that the other files add to a vocabulary or declare special.

    Args:
        files: A transformers checkpoint.
        ids: Token → id of the vocabulary. An added token that has no id anywhere gets the next one.
        special: The tokens with a role of their own.

    Raises:
        PresetFormatError: One of the files is damaged, or adds a token that is found only after the text is normalized.
    """
    entries, more, listed = _said(files)
    added = plain_ids(entries, f"{SETTINGS} of preset {files.reference!r}")
    for token, id_ in listed.items():
        if token not in (*special, *more, *added):
            raise PresetFormatError(
                f"{ADDED} of preset {files.reference!r} adds the token {token!r}, which is not special, so that "
                "transformers looks for it in texts that are normalized already. Build the tokenizer yourself and "
                "pass preprocessor=."
            )
        added[token] = id_
    for token in more:
        added.setdefault(token, ids.get(token, len({*ids, *added})))
    return added


def check_none_added(files: PresetFiles, known: Iterable[str]) -> None:
    """Check that the other files add no token to a vocabulary, for readers that would ignore it.

    Args:
        files: A transformers checkpoint.
        known: The tokens with a role of their own, which these files name as well.

    Raises:
        PresetFormatError: One of the files is damaged, or adds another token.
    """
    entries, more, listed = _said(files)
    tokens = (*(str(entry.get("content")) for entry in entries), *more, *listed)
    added = next((token for token in tokens if token not in known), None)
    if added is not None:
        raise PresetFormatError(
            f"The tokenizer of preset {files.reference!r} has the added token {added!r}, and no tokenizer.json to say "
            "how texts are searched for it. Load it with transformers' AutoTokenizer and save it, which writes one; or "
            "build the tokenizer yourself and pass preprocessor=."
        )


def _said(files: PresetFiles) -> tuple[list[dict[str, Any]], list[str], dict[str, Any]]:
    """Return the contents of the files: entries with ids and flags, special tokens without a role, token → id."""
    where = f"{SETTINGS} of preset {files.reference!r}"
    settings = read_json(files, SETTINGS) if SETTINGS in files else {}
    entries = list(_entries(field(settings, "added_tokens_decoder", dict, where, {}), where))
    more = list(_more(settings, where))
    if SPECIAL in files:
        more += _more(read_json(files, SPECIAL), f"{SPECIAL} of preset {files.reference!r}")
    return entries, more, read_json(files, ADDED) if ADDED in files else {}


def _entries(decoder: Mapping[str, Any], where: str) -> Iterator[dict[str, Any]]:
    for id_, entry in decoder.items():
        if not id_.isdecimal() or not isinstance(entry, dict):
            raise PresetFormatError(f"added_tokens_decoder in {where} must lead from ids to tokens; {id_!r} does not.")
        yield {**entry, "id": int(id_)}


def _more(values: Mapping[str, Any], where: str) -> Iterator[str]:
    """Yield the special tokens without a role, each a text or an object with `content`."""
    for key in _MORE:
        found = field(values, key, (list, dict), where, [])
        for token in found.values() if isinstance(found, dict) else found:
            content = token.get("content") if isinstance(token, dict) else token
            if not isinstance(content, str):
                raise PresetFormatError(f"{key} in {where} must hold tokens, not {token!r}.")
            yield content
