"""Any `tokenizer.json` of transformers: its vocabulary, and what surrounds its model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from modelry.errors import InputError, PresetFormatError
from modelry.json_values import field
from modelry.presets.json_files import read_json
from modelry.text.loading import LARGEST_ASSET
from modelry.text.pipeline import FLAGS
from modelry.text.vocabulary_tokenizer import ordered_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelry.storage.files import PresetFiles

TOKENIZER = "tokenizer.json"


@frozen
class TokenizerJson:
    """What a `tokenizer.json` says, but for how texts are packed and ids decoded.

    Attributes:
        where: The file and preset, for messages.
        model: The model with its vocabulary.
        added: The tokens that are found in a text before it is split, with the ids that the file gives them.
        pipeline: What surrounds the model, as `modelry.text.pipeline` has it.
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
