"""From pairs of texts to two sets of rows."""

import numpy as np
from modelry.data import as_text_columns
from modelry.errors import InputError
from modelry.preprocessing import Preprocessor
from modelry.tokenizers import Tokenizer


class TextMatcherPreprocessor(Preprocessor):
    """Tokenizes queries and answers apart, without special tokens.

    Args:
        tokenizer: Any tokenizer.
        sequence_length: The greatest number of tokens of a text.
    """

    tokenizer_cls = Tokenizer
    noun = "pair"

    def __init__(self, tokenizer, sequence_length=64):
        self.tokenizer = tokenizer
        self.sequence_length = sequence_length

    def columns(self, x):
        """Return queries and answers."""
        columns = as_text_columns(x)
        if len(columns) != 2:
            raise InputError("x holds single texts. Pass pairs, as ([query, …], [answer, …]).")
        return columns

    def is_example(self, x):
        """Return whether x is one pair."""
        return all(isinstance(text, str) for text in x)

    def arrays(self, columns):
        """Return ids and masks of both texts, each `(n, sequence_length)`."""
        arrays = {}
        for name, texts in zip(("query", "answer"), columns, strict=True):
            ids = np.zeros((len(texts), self.sequence_length), "int32")
            mask = np.zeros_like(ids)
            for row, tokens in enumerate(self.tokenizer.encode(texts)):
                kept = list(tokens)[: self.sequence_length]
                ids[row, : len(kept)], mask[row, : max(len(kept), 1)] = kept, 1
            arrays |= {f"{name}_ids": ids, f"{name}_mask": mask}
        return arrays
