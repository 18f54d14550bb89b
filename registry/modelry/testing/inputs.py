"""Token ids for backbones: texts without padding, and batches of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from modelry.testing.contract import expect, fail

if TYPE_CHECKING:
    from modelry.backbones.backbone import Backbone

Text = Mapping[str, Sequence[int]]
"""The inputs of one text by name, lists of one length."""

LENGTHS = (5, 1, 8)  # few, since JAX compiles for each


def default_texts(backbone: Backbone) -> list[Text]:
    """Return a few texts of different lengths for a backbone with the usual inputs."""
    longest = getattr(backbone, "max_sequence_length", None) or max(LENGTHS)
    generator = np.random.default_rng(0)
    return [_text(backbone, min(length, longest), generator) for length in LENGTHS]


def expect_several(texts: Sequence[Text]) -> None:
    """Fail unless there are texts of different lengths, without which nothing is padded or mixed."""
    __tracebackhide__ = True
    lengths = [_length(text) for text in texts]
    expect(
        len(set(lengths)) > 1,
        f"The fixture 'inputs' has texts of {', '.join(map(str, lengths)) or 'no'} tokens.",
        "texts of different lengths show whether padding and other texts matter.",
        "let 'inputs' return two texts or more, of different lengths; let the backbone take 8 tokens or more.",
    )


def batch_of(texts: Sequence[Text], length: int | None = None, generator: Any = None) -> dict[str, np.ndarray]:
    """Return texts as int32 arrays, `(texts, length)`, padded on the right.

    Args:
        texts: The texts.
        length: The length; `None` for that of the longest.
        generator: A NumPy generator that puts other tokens than 0 where the padding mask is 0.
    """
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
    """Return what an output of a batch says of one text, without its padding."""
    return output[row, : _length(text)] if name == "sequence_output" else output[row]


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
            "by itself the kit makes token_ids, padding_mask and segment_ids.",
            "write a fixture 'inputs': for each text a dict from every input's name to a list of integers, unpadded.",
        )
    return {name: sources[name]().tolist() for name in backbone.input}


def _vocabulary_size(backbone: Backbone) -> int:
    embedding = getattr(backbone, "token_embedding", None)
    size = getattr(backbone, "vocabulary_size", None) or getattr(embedding, "input_dim", None)
    if not isinstance(size, int):
        fail(
            f"{type(backbone).__name__} does not say how many token ids it takes.",
            "the kit makes token ids below backbone.vocabulary_size.",
            "keep it as an attribute, or write a fixture 'inputs': for each text a dict of lists of integers.",
        )
    return size
