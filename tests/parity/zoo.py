"""Every architecture with random sizes, in the words of each library: what `zoo_plan.py` compares."""

from __future__ import annotations

import random
import re
from typing import Any

import attrs
from texts import texts, vocabulary
from vocabularies import (
    AMINO_ACIDS,
    BYTE_PAIR_TOKENS,
    SENTENCE_PIECE_ROLES,
    byte_pairs,
    pieces_of,
    sentence_piece_model,
)

TEXTS = 24
CONFIGURATIONS = 3
LENGTH = 40  # tokens, to which all rows are cut and padded

Case = dict[str, Any]

# Our backbone's arguments in transformers' words, where its config does not call them otherwise.
_TRANSFORMERS = {
    "num_layers": "num_hidden_layers",
    "num_heads": "num_attention_heads",
    "hidden_dim": "hidden_size",
    "intermediate_dim": "intermediate_size",
    "max_sequence_length": "max_position_embeddings",
}


@attrs.frozen
class Architecture:
    """One architecture.

    Attributes:
        name: The name it is registered under.
        prefix: What the names of modelry's and KerasHub's classes start with.
        task: What follows the prefix in the name of the classifier.
        keras_hub: Whether KerasHub has such a classifier.
        transformers: What the names of transformers' classes start with; `None` if it has no such classifier.
        tokenizer: `"wordpiece"`, `"byte_pair"`, `"sentence_piece"` or `"amino_acids"`.
        segments: Whether the backbone takes segments.
        positions: Whether it has a table of positions.
        masks: Whether KerasHub's backbone keeps padding out on JAX. Where not, only rows without padding are compared.
        more: More arguments of the backbone.
        words: Our arguments → transformers', beside those that most architectures share.
        theirs: More values of transformers' config.
    """

    name: str
    prefix: str
    tokenizer: str
    keras_hub: bool = True
    transformers: str | None = None
    task: str = "TextClassifier"
    segments: bool = False
    positions: bool = True
    masks: bool = True
    more: dict[str, Any] = attrs.field(factory=dict)
    words: dict[str, str] = attrs.field(factory=dict)
    theirs: dict[str, Any] = attrs.field(factory=dict)


ZOO = (
    Architecture(
        "bert", "Bert", "wordpiece", transformers="Bert", segments=True, words={"num_segments": "type_vocab_size"}
    ),
    Architecture(
        "distil_bert",
        "DistilBert",
        "wordpiece",
        transformers="DistilBert",
        words={"num_layers": "n_layers", "num_heads": "n_heads", "hidden_dim": "dim", "intermediate_dim": "hidden_dim"},
    ),
    Architecture(
        "roberta", "Roberta", "byte_pair", transformers="Roberta", theirs={"type_vocab_size": 1, "pad_token_id": 1}
    ),
    Architecture(
        "xlm_roberta",
        "XLMRoberta",
        "sentence_piece",
        transformers="XLMRoberta",
        theirs={"type_vocab_size": 1, "pad_token_id": 1},
    ),
    Architecture(
        "albert",
        "Albert",
        "sentence_piece",
        transformers="Albert",
        segments=True,
        more={"embedding_dim": 12, "num_groups": 1, "num_inner_repetitions": 1},
        words={
            "num_segments": "type_vocab_size",
            "embedding_dim": "embedding_size",
            "num_groups": "num_hidden_groups",
            "num_inner_repetitions": "inner_group_num",
        },
    ),
    Architecture(
        "deberta_v3",
        "DebertaV3",
        "sentence_piece",
        transformers="DebertaV2",
        more={"bucket_size": 8},
        words={"bucket_size": "position_buckets"},
        theirs={
            "relative_attention": True,
            "share_att_key": True,
            "pos_att_type": ["p2c", "c2p"],
            "norm_rel_ebd": "layer_norm",
            "position_biased_input": False,
            "max_relative_positions": -1,
            "type_vocab_size": 0,
        },
    ),
    Architecture(
        "f_net", "FNet", "sentence_piece", transformers="FNet", segments=True, words={"num_segments": "type_vocab_size"}
    ),
    Architecture(
        "roformer_v2",
        "RoformerV2",
        "wordpiece",
        segments=True,
        positions=False,
        masks=False,
        more={"head_size": 8},
    ),
    Architecture(
        "esm",
        "ESM",
        "amino_acids",
        transformers="Esm",
        task="ProteinClassifier",
        masks=False,
        more={"pad_token_id": AMINO_ACIDS.index("<pad>"), "position_embedding_type": "rotary"},
        theirs={"mask_token_id": AMINO_ACIDS.index("<mask>"), "token_dropout": True},
    ),
    Architecture(
        "electra",
        "Electra",
        "wordpiece",
        keras_hub=False,
        transformers="Electra",
        segments=True,
        more={"embedding_dim": 12},
        words={"num_segments": "type_vocab_size", "embedding_dim": "embedding_size"},
    ),
    Architecture(
        "modernbert",
        "ModernBert",
        "byte_pair",
        keras_hub=False,
        transformers="ModernBert",
        theirs={"pad_token_id": None, "local_attention": 8, "global_attn_every_n_layers": 2},
    ),
)


def zoo_cases(architecture: Architecture, seed: int) -> list[Case]:
    """Return the random configurations of an architecture."""
    return [_case(architecture, seed * 100 + number, number) for number in range(CONFIGURATIONS)]


def _case(one: Architecture, seed: int, number: int) -> Case:
    rng = random.Random(f"{one.name}{seed}")
    heads = rng.choice((1, 2, 4))
    sizes = {
        "num_layers": rng.randrange(1, 4),
        "num_heads": heads,
        "hidden_dim": heads * 8,
        "intermediate_dim": rng.randrange(16, 50),
        **({"max_sequence_length": rng.choice((48, 64, 130))} if one.positions else {}),
        **({"num_segments": rng.choice((2, 4))} if one.segments else {}),
        **one.more,
    }
    if one.name == "f_net":
        del sizes["num_heads"]
    protein = one.tokenizer == "amino_acids"
    firsts, seconds = (_proteins(rng) if protein else texts(seed + more, TEXTS) for more in (0, 500))
    num_classes = rng.choice((2, 3, 5))
    tokenizer = _tokenizer(one, seed, number, firsts + seconds)
    return {
        "name": f"{one.name}-{number}",
        "seed": seed,
        "prefix": one.prefix,
        "task": one.task,
        "pairs": not protein,
        "masks": one.masks,
        "firsts": firsts,
        "seconds": seconds,
        "tokenizer": tokenizer,
        "backbone": sizes,
        "preprocessor": {"sequence_length": LENGTH},
        "num_classes": num_classes,
        "labels": [f"class {index} ✓" for index in range(num_classes)],
        "transformers": {
            "prefix": one.transformers,
            "pieces": pieces_of(one.name, tokenizer["proto"]) if "proto" in tokenizer else None,
            "config": {{**_TRANSFORMERS, **one.words}.get(key, key): value for key, value in sizes.items()}
            | one.theirs,
        },
    }


def single_spaced(case: Case) -> Case:
    """Return a configuration whose texts have no two spaces, line breaks or the like behind one another, and no NUL.

    Where KerasHub knows a token of several line breaks, it takes that between words, too; RoBERTa was trained on two.
    Its `tf.data` drops NUL.
    """
    texts = {key: [re.sub(r"\s+", " ", text.replace("\0", "")) for text in case[key]] for key in ("firsts", "seconds")}
    return {**case, **texts}


def _tokenizer(one: Architecture, seed: int, number: int, samples: list[str]) -> dict[str, Any]:
    if one.tokenizer == "wordpiece":
        return {"vocabulary": vocabulary(seed, samples, 500), "lowercase": number % 2 == 0}
    if one.tokenizer == "amino_acids":
        return {"vocabulary": list(AMINO_ACIDS)}
    if one.tokenizer == "byte_pair":
        return byte_pairs(samples, BYTE_PAIR_TOKENS[one.name])
    return {"proto": sentence_piece_model(samples, **SENTENCE_PIECE_ROLES[one.name])}


def _proteins(rng: random.Random) -> list[str]:
    return ["".join(rng.choice(AMINO_ACIDS[4:29]) for _ in range(rng.randrange(1, 60))) for _ in range(TEXTS)]
