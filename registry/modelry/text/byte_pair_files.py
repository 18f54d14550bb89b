"""A byte-level BPE tokenizer as transformers saves it: `tokenizer.json`, or `vocab.json` with `merges.txt`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.json_values import field
from modelry.presets.json_files import bounded
from modelry.presets.tokenizer_settings import token_setting, tokenizer_setting
from modelry.text.added_tokens import check_none_added
from modelry.text.loading import LARGEST_ASSET
from modelry.text.pipeline import plain_tokens
from modelry.text.tokenizer_json import TOKENIZER, ordered_vocabulary, read_tokenizer_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelry.storage.files import PresetFiles

VOCABULARY, MERGES = "vocab.json", "merges.txt"


def byte_pair_config(files: PresetFiles, special_tokens: Sequence[str]) -> dict[str, Any] | None:
    """Return the arguments of a `BytePairTokenizer` that splits texts as the checkpoint's own tokenizer does.

    Args:
        files: A transformers checkpoint.
        special_tokens: The architecture's special tokens. Texts that spell them out mean them, as they mean the unknown
            token, where the checkpoint has only the older files, which do not say.

    Returns:
        The arguments, vocabulary and merges among them; `None` if the checkpoint has no tokenizer.

    Raises:
        PresetFormatError: The tokenizer is damaged or works in another way than byte-pair encoding.
    """
    if TOKENIZER in files:
        return _from_tokenizer_json(files)
    if VOCABULARY in files and MERGES in files:
        return _from_older_files(files, special_tokens)
    return None


def _from_tokenizer_json(files: PresetFiles) -> dict[str, Any]:
    contents = read_tokenizer_json(files, "BPE", ("vocab", "merges"))
    merges = [
        merge if isinstance(merge, str) else " ".join(map(str, merge))
        for merge in field(contents.model, "merges", list, contents.where)
    ]
    ids = {**field(contents.model, "vocab", dict, contents.where), **contents.added}
    vocabulary = ordered_vocabulary(ids, contents.where)
    return {"vocabulary": vocabulary, "merges": merges, "pipeline": contents.pipeline}


def _from_older_files(files: PresetFiles, special_tokens: Sequence[str]) -> dict[str, Any]:
    prefix = tokenizer_setting(files, "add_prefix_space", bool, False)
    splitter = {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": True}
    unknown = token_setting(files, "unk_token", None)
    known = (*special_tokens, *(() if unknown is None else (unknown,)))
    check_none_added(files, known)
    added = plain_tokens(known)
    pipeline = {"normalizer": None, "pre_tokenizer": splitter, "added_tokens": added, "model": {}}
    vocabulary, merges = (bounded(files, name, LARGEST_ASSET) for name in (VOCABULARY, MERGES))
    return {"vocabulary": vocabulary, "merges": merges, "pipeline": pipeline}
