"""Bags of hashed n-grams: fast, small, and without a vocabulary. One module is enough for a plugin."""

from zlib import crc32

import keras
from modelry import Backbone, TextClassifier, TextClassifierPreprocessor, Tokenizer
from modelry.tasks.text_classifier import ClassifierHead


class NgramTokenizer(Tokenizer):
    """Hashes the words of a text, and all runs of up to `longest` words, into buckets.

    Args:
        buckets: The number of ids; 0 is kept for padding.
        longest: The greatest number of words in an n-gram.
        sequence_length: Pad or cut every text to this many ids; `None` leaves them ragged.
    """

    def __init__(self, buckets=2**14, longest=2, sequence_length=None):
        self.buckets = buckets
        self.longest = longest
        self.sequence_length = sequence_length

    def encode(self, texts):
        """Return the ids of each text's n-grams, words first."""
        return [[self._id(ngram) for ngram in self._ngrams(text.lower().split())] for text in texts]

    def vocabulary_size(self):
        """Return the number of buckets."""
        return self.buckets

    def _ngrams(self, words):
        for length in range(1, self.longest + 1):
            for start in range(len(words) - length + 1):
                yield " ".join(words[start : start + length])

    def _id(self, ngram):
        return 1 + crc32(ngram.encode()) % (self.buckets - 1)


class NgramPreprocessor(TextClassifierPreprocessor):
    """Pads with bucket 0."""

    tokenizer_cls = NgramTokenizer
    pad_token = None


class NgramBackbone(Backbone):
    """Gives each n-gram its embedding, whatever stands around it.

    Args:
        vocabulary_size: The number of buckets.
        hidden_dim: The size of an embedding (E).
        dtype: The dtype policy; `None` for Keras' global one.
        **kwargs: `name`, `trainable`.
    """

    supports_packing = True

    def __init__(self, vocabulary_size, hidden_dim=32, dtype=None, **kwargs):
        self.vocabulary_size = vocabulary_size
        self.hidden_dim = hidden_dim
        self.token_embedding = keras.layers.Embedding(vocabulary_size, hidden_dim, dtype=dtype, name="token_embedding")
        inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in ("token_ids", "padding_mask")}
        super().__init__(inputs=inputs, outputs=self.outputs_of(self.encode(**inputs)), dtype=dtype, **kwargs)

    def encode(self, token_ids, padding_mask, positions=None, document_ids=None):
        """Return the embeddings; texts that share a row cannot affect each other."""
        return self.token_embedding(token_ids)  # (B, T, E)


class MlpHead(ClassifierHead):
    """Classifies the mean of the embeddings with one hidden layer.

    Args:
        num_classes: The number of classes (C).
        activation: The activation of the scores; see `modelry.Head`.
        dropout: The rate of dropout before the last layer.
        width: The size of the hidden layer (H).
        **kwargs: `name`, `dtype`, `trainable`.
    """

    def __init__(self, num_classes, activation=None, dropout=0.1, width=32, **kwargs):
        super().__init__(num_classes, activation, dropout, **kwargs)
        self.width = width
        self.hidden = keras.layers.Dense(width, activation="relu", dtype=self.dtype_policy, name="hidden")
        self.hidden_dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="hidden_dropout")
        self.logits = keras.layers.Dense(num_classes, self.activation, dtype=self.dtype_policy, name="logits")

    def call(self, outputs, padding_mask=None, training=None):
        """Return scores, `(batch, num_classes)`."""
        states = outputs["sequence_output"]  # (B, T, E)
        mask = keras.ops.ones_like(states[:, :, 0]) if padding_mask is None else padding_mask
        mask = keras.ops.cast(keras.ops.not_equal(mask, 0), states.dtype)[:, :, None]  # (B, T, 1)
        x = keras.ops.sum(states * mask, axis=1) / keras.ops.sum(mask, axis=1)  # (B, E)
        x = self.hidden_dropout(self.hidden(x), training=training)  # (B, H)
        return self.logits(x)  # (B, C)


class NgramTextClassifier(TextClassifier):
    """Classifies texts by their n-grams."""

    backbone_cls = NgramBackbone
    preprocessor_cls = NgramPreprocessor
    head_cls = MlpHead
    learning_rate = 1e-2
