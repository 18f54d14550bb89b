"""Tokens that were added to a tokenizer of transformers, by any of the files beside its vocabulary that say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.errors import PresetFormatError
from modelry.json_values import field
from modelry.presets.json_files import read_json
from modelry.presets.tokenizer_settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from modelry.storage.files import PresetFiles

ADDED, SPECIAL = "added_tokens.json", "special_tokens_map.json"

_FLAGS = ("single_word", "lstrip", "rstrip", "normalized")
_MORE = ("additional_special_tokens", "extra_special_tokens")  # transformers 4 and 5


def plain_ids(entries: Iterable[Any], where: str) -> dict[str, Any]:
    """Return token → id of entries such as `tokenizer.json` has, all of tokens that are found anywhere, as they are.

    Args:
        entries: Objects with `content`, `id` and the flags that say how a token is found in a text.
        where: The file and preset, for messages.

    Raises:
        PresetFormatError: A token is found in another way.
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
    """Return token → id of the tokens that the files beside a vocabulary add to it, or say to be special.

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
    """Check that the files beside a vocabulary add no token to it, where none is read from them.

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
    """Return what the files say: entries of tokens with ids and flags, special tokens without a role, token → id."""
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
