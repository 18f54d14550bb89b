"""The student: a small BERT that learns to answer as its teacher does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

import training
from modelry import Backbone, Tokenizer
from modelry_bert import BertBackbone, BertTextClassifier, BertTextClassifierPreprocessor, BertTokenizer
from sst2 import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

EPOCHS, BATCH_SIZE, LEARNING_RATE = 4, 64, 2e-3
LENGTH, HIDDEN_DIM = 128, 64
EMBEDDING_SCALE = 0.1  # standard deviation of the first token embeddings


class AdamW(keras.optimizers.AdamW):
    """AdamW that moves token embeddings, which a rare word shows to it only now and then, at a third of its pace."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        pace = 0.3 if "token_embedding" in variable.path else 1.0
        super().update_step(gradient, variable, pace * learning_rate)


def build(vocabulary: list[str], teacher: str) -> BertTextClassifier:
    """Return an untrained student.

    Args:
        vocabulary: Its tokens, ordered by id.
        teacher: The preset whose token embeddings it starts from.
    """
    backbone = BertBackbone(
        vocabulary_size=len(vocabulary),
        num_layers=2,
        num_heads=4,
        hidden_dim=HIDDEN_DIM,
        intermediate_dim=128,
        max_sequence_length=LENGTH,
    )
    backbone.token_embedding.embeddings.assign(_reduced_embeddings(vocabulary, teacher))
    tokenizer = BertTokenizer(vocabulary, lowercase=True, strip_accents=True)
    return BertTextClassifier(
        backbone, preprocessor=BertTextClassifierPreprocessor(tokenizer, sequence_length=LENGTH), labels=LABELS
    )


def train(student: BertTextClassifier, texts: Sequence[str], targets: np.ndarray) -> None:
    """Train on scores.

    Args:
        student: What to train.
        texts: n texts.
        targets: The scores to give them, `(n, 2)`.
    """
    rate = training.schedule(LEARNING_RATE, EPOCHS, len(texts), BATCH_SIZE, warmup=0.06)
    optimizer = AdamW(rate, weight_decay=0.01, global_clipnorm=1.0)
    optimizer.exclude_from_weight_decay(var_names=["embeddings", "bias", "gamma", "beta"])
    student.compile(optimizer, "mean_squared_error", metrics=[])
    student.fit(texts, targets, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=2)


def targets(logits: np.ndarray, labels: Sequence[int], weight: float = 0.2) -> np.ndarray:
    """Return the scores to train on: the teacher's, moved towards the truth where it is known.

    The gradient of the squared error to these is, where student and teacher agree, that of the squared error to the
    teacher's scores plus `weight` times the cross-entropy with the labels.

    Args:
        logits: The teacher's scores, `(n, 2)`.
        labels: The true labels of the first texts.
        weight: How much the truth counts.
    """
    targets = logits - logits.mean(axis=1, keepdims=True)
    known = targets[: len(labels)]
    odds = np.exp(known)
    known += weight * (np.eye(2)[labels] - odds / odds.sum(axis=1, keepdims=True))
    return targets.astype("float32")


def _reduced_embeddings(vocabulary: Sequence[str], teacher: str) -> np.ndarray:
    """Return the teacher's embeddings of the student's tokens, reduced to their principal components."""
    tokenizer = Tokenizer.from_preset(teacher)
    table = Backbone.from_preset(teacher).token_embedding.embeddings.numpy()
    ids = tokenizer.tokenize([token.removeprefix("##") for token in vocabulary])
    vectors = np.stack([table[row].mean(axis=0) for row in ids])
    vectors -= vectors.mean(axis=0)
    directions = np.linalg.svd(vectors, full_matrices=False)[2][:HIDDEN_DIM]
    reduced = vectors @ directions.T
    return EMBEDDING_SCALE * reduced / reduced.std()
