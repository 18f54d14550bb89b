"""Example texts, and token ids for backbones: texts without padding, and batches of them. Imports no Keras."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from modelry.testing.contract import expect, fail

if TYPE_CHECKING:
    from modelry.backbones.backbone import Backbone

Text = Mapping[str, Sequence[int]]
"""The inputs of one text by name, lists of one length; or of one example that is not text, arrays of one shape."""

LENGTHS = (5, 1, 8)  # few, since JAX compiles for each

STRANGE = (
    "",
    " ",
    "\t\n \r\n",
    "\u00a0\u2003\u200b",  # spaces that are not ASCII, and one of zero width
    "\x00\x07\x7f",
    "naïve café ﬁlm",
    "e\u0301",  # an accent as a character
    "電影很好看",
    "Это фильм",
    "فيلم جيد",
    "🎬👩‍👩‍👧🏽",  # one of them consists of several characters
    "[CLS] </s> <|endoftext|> ##ing",
    "\U0010ffff",
    "!?…—“”",
    "word" * 500,
    "a good film " * 500,
)
"""Texts on which tokenizers fail."""

ENGLISH = (
    "A gripping, funny film.",
    "An utter waste of two hours!",
    "it 's charming",
    "No",
    "The second half is boring, and the first one is worse.",
    "great",
)


def expect_different(examples: Sequence[Any], least: int) -> None:
    """Fail unless a fixture has enough different examples."""
    __tracebackhide__ = True
    count = len({pickle.dumps(example) for example in examples})
    expect(
        count >= least,
        f"The fixture has {count} different examples.",
        f"{least} examples or more show whether examples are kept apart.",
        f"let 'examples', or 'texts', return {least} different ones or more, or leave the fixture out.",
    )


def texts_for(preprocessor: Any) -> list[str]:
    """Return six texts of different lengths, of known tokens if the tokenizer can decode ids."""
    tokenizer: Any = getattr(preprocessor, "tokenizer", None)
    generator = np.random.default_rng(0)
    try:
        rows = [generator.integers(0, tokenizer.vocabulary_size(), length).tolist() for length in (5, 2, 9, 1, 12, 4)]
        texts = [str(text) for text in tokenizer.decode(rows)]
    except (AttributeError, NotImplementedError):
        return list(ENGLISH)
    return texts if len(set(texts)) == len(texts) and all(text.strip() for text in texts) else list(ENGLISH)


def default_texts(backbone: Backbone) -> list[Text]:
    """Return a few texts of different lengths for a backbone with the usual inputs."""
    longest = getattr(backbone, "max_sequence_length", None) or max(LENGTHS)
    generator = np.random.default_rng(0)
    return [_text(backbone, min(length, longest), generator) for length in LENGTHS]


def expect_several(texts: Sequence[Text]) -> None:
    """Fail unless there are texts of different lengths, or several examples that are not texts."""
    __tracebackhide__ = True
    if "token_ids" not in texts[0]:
        what = f"The fixture 'inputs' has {len(texts)} example."
        expect(len(texts) > 1, what, "several examples show whether others matter.", "let 'inputs' return two or more.")
        return
    lengths = [_length(text) for text in texts]
    expect(
        len(set(lengths)) > 1,
        f"The fixture 'inputs' has texts of {', '.join(map(str, lengths)) or 'no'} tokens.",
        "texts of different lengths show whether padding and other texts matter.",
        "let 'inputs' return two texts or more, of different lengths; let the backbone take 8 tokens or more.",
    )


def batch_of(texts: Sequence[Text], length: int | None = None, generator: Any = None) -> dict[str, np.ndarray]:
    """Return texts as int32 arrays, `(texts, length)`, padded on the right; other examples as they are, stacked.

    Args:
        texts: The texts.
        length: The length; `None` for that of the longest.
        generator: A NumPy generator that puts other tokens than 0 where the padding mask is 0.
    """
    if "token_ids" not in texts[0]:
        return {name: np.stack([np.asarray(text[name]) for text in texts]) for name in texts[0]}
    length = length or max(_length(text) for text in texts)
    batch = {}
    for name in texts[0]:
        batch[name] = np.zeros((len(texts), length), "int32")
        if generator is not None and name != "padding_mask":
            seen = sorted({value for text in texts for value in text[name]})
            batch[name] = generator.choice(seen, (len(texts), length)).astype("int32")
        for row, text in zip(batch[name], texts, strict=True):
            row[: _length(text)] = text[name]
    return batch


def real_part(name: str, output: np.ndarray, row: int, text: Text) -> np.ndarray:
    """Return the part of a batch's output that belongs to one text, without its padding."""
    return output[row, : _length(text)] if name == "sequence_output" and "token_ids" in text else output[row]


def _length(text: Text) -> int:
    return len(text["token_ids"])


def _text(backbone: Backbone, length: int, generator: np.random.Generator) -> Text:
    sources: dict[str, Callable[[], np.ndarray[Any, Any]]] = {
        "token_ids": lambda: generator.integers(1, _vocabulary_size(backbone), length),
        "padding_mask": lambda: np.ones(length, "int32"),
        "segment_ids": lambda: (np.arange(length) > length // 2) * (getattr(backbone, "num_segments", 1) > 1),
    }
    unknown = sorted(set(backbone.input) - set(sources))
    if unknown:
        fail(
            f"{type(backbone).__name__} takes {', '.join(map(repr, unknown))}, for which the kit has no values.",
            "the kit makes token_ids, padding_mask and segment_ids only.",
            "write a fixture 'inputs': for each text a dict from every input's name to a list of integers, unpadded; "
            "for images and the like, to an array.",
        )
    return {name: sources[name]().tolist() for name in backbone.input}


def _vocabulary_size(backbone: Backbone) -> int:
    embedding = getattr(backbone, "token_embedding", None)
    size = getattr(backbone, "vocabulary_size", None) or getattr(embedding, "input_dim", None)
    if not isinstance(size, int):
        fail(
            f"{type(backbone).__name__} has no attribute vocabulary_size.",
            "the kit makes token ids below backbone.vocabulary_size.",
            "keep the number as an attribute, or write a fixture 'inputs': for each text a dict of lists of integers.",
        )
    return size
