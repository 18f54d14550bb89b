"""Vocabularies learned from random texts, in the forms that the libraries take."""

from __future__ import annotations

import io
import json
import string
from typing import Any

AMINO_ACIDS = ("<cls>", "<pad>", "<eos>", "<unk>", *"LAGVSERTIDPKQNFYMHWCXBUZO", ".", "-", "<null_1>", "<mask>")
BYTE_PAIR_TOKENS = {
    "roberta": ("<s>", "<pad>", "</s>", "<unk>", "<mask>"),
    "modernbert": ("[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"),
}
_CLS_SEP = {"bos_piece": "[CLS]", "eos_piece": "[SEP]"}
_ALBERT = {"pad_id": 0, "unk_id": 1, "bos_id": 2, "eos_id": 3, **_CLS_SEP, "user_defined_symbols": ["[MASK]"]}
SENTENCE_PIECE_ROLES: dict[str, dict[str, Any]] = {
    "albert": _ALBERT,
    "f_net": _ALBERT,
    "xlm_roberta": {"unk_id": 0, "bos_id": 1, "eos_id": 2},
    "deberta_v3": {
        "pad_id": 0,
        "bos_id": 1,
        "eos_id": 2,
        "unk_id": 3,
        "pad_piece": "[PAD]",
        "unk_piece": "[UNK]",
        **_CLS_SEP,
    },
}


def byte_pairs(samples: list[str], special_tokens: tuple[str, ...]) -> dict[str, Any]:
    """Return the vocabulary (token → id) and the merges of byte-level BPE."""
    import tokenizers
    from tokenizers import models, pre_tokenizers, trainers

    rust = tokenizers.Tokenizer(models.BPE())
    rust.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=list(special_tokens),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    rust.train_from_iterator(samples, trainer)
    model = json.loads(rust.to_str())["model"]
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]]
    return {"vocabulary": model["vocab"], "merges": merges}


def sentence_piece_model(samples: list[str], **roles: Any) -> str:
    """Return a unigram model, as Latin-1 so that JSON can hold it."""
    import sentencepiece

    lines = [line for sample in samples for line in sample.replace("\0", " ").splitlines() if line.strip()]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*lines, string.ascii_letters]),
        model_writer=model,
        vocab_size=2000,
        hard_vocab_limit=False,
        character_coverage=0.98,
        minloglevel=2,
        **roles,
    )
    return model.getvalue().decode("latin-1")


def pieces_of(architecture: str, proto: str) -> list[tuple[str, float]]:
    """Return the pieces with their scores in the order in which transformers numbers them."""
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(model_proto=proto.encode("latin-1"))
    pieces = [(model.id_to_piece(index), model.get_score(index)) for index in range(model.get_piece_size())]
    if architecture == "xlm_roberta":  # <unk>, <s>, </s> come first in the model
        return [*((token, 0.0) for token in ("<s>", "<pad>", "</s>", "<unk>")), *pieces[3:], ("<mask>", 0.0)]
    return [*pieces, ("[MASK]", 0.0)] if architecture == "deberta_v3" else pieces
