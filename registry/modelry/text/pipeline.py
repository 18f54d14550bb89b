"""What surrounds the model of a tokenizer in transformers' `tokenizer.json`; the Rust `tokenizers` say pipeline.

A pipeline is plain data, so that it is saved in a config as it is:

- `normalizer` and `pre_tokenizer`: these parts of the file, or `None`.
- `added_tokens`: the tokens that are found in a text before it is split, with the flags that say how.
- `model`: the model's settings, such as its unknown token; all of it but type, vocabulary and merges.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import tokenizers

from modelry.arguments import check_arguments
from modelry.errors import InputError, UnsafePresetError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from tokenizers import models

PARTS = ("normalizer", "pre_tokenizer", "added_tokens", "model")
FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")

# A pattern that backtracks could take for ever on a text, so none comes from a file but those that take one pass.
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
        pipeline: What surrounds it.

    Raises:
        InputError: The pipeline has other parts, or one that the installed `tokenizers` cannot read.
        UnsafePresetError: It holds a regular expression that is not among `PATTERNS`.
    """
    if not isinstance(pipeline, dict) or set(pipeline) != set(PARTS):
        raise InputError(f"pipeline must be a dict with {', '.join(PARTS)}, not {pipeline!r:.200}.")
    # tokenizers itself would pass over what it does not know.
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
            f"{', '.join(map(repr, PATTERNS))} are taken, which no text can make slow. Build the tokenizer yourself "
            "and pass preprocessor=."
        )
    if isinstance(part, (dict, list)):
        for inner in part.values() if isinstance(part, dict) else part:
            _check_patterns(inner)
