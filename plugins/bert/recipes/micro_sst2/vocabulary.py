"""The student's vocabulary: most words of the data set whole, and pieces for all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tokenizers
from tokenizers import models, normalizers, pre_tokenizers, trainers

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZE = 11_500
SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def learn(texts: Sequence[str]) -> list[str]:
    """Return WordPiece tokens, ordered by id. Where candidates tie, another run may choose others."""
    tokenizer = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=SIZE,
        min_frequency=1,
        special_tokens=SPECIAL_TOKENS,
        # The data set has no full stops, for one; people's texts do.
        initial_alphabet=[chr(code) for code in range(33, 127) if not chr(code).isupper()],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    ids: dict[str, int] = tokenizer.get_vocab()
    return sorted(ids, key=ids.__getitem__)
