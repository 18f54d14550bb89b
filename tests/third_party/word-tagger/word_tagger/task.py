"""The task: a score per label for each word."""

import keras
from modelry.data import TokenTargets, as_text_columns, first_tokens, word_spans
from modelry.tasks import Head, Task


class TokenHead(Head):
    """Scores each token by its hidden state."""

    def __init__(self, num_labels, dropout=0.1, **kwargs):
        super().__init__(**kwargs)
        self.num_labels = num_labels
        self.dropout = dropout
        self.output_dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)
        self.scores = keras.layers.Dense(num_labels, dtype=self.dtype_policy, name="logits")

    def call(self, outputs, padding_mask=None, training=None):
        """Return scores, `(batch, length, num_labels)`."""
        return self.scores(self.output_dropout(outputs["sequence_output"], training=training))  # (B, T, C)


class WordTagger(Task):
    """Labels each word of a sentence; sentences are lists of words.

    Args:
        backbone: The backbone.
        labels: The names of the labels.
        preprocessor: Turns texts into the backbone's inputs.
        dropout: The rate of dropout before the scores.
        compile: Whether to compile with the defaults.
        **kwargs: `name`, `trainable`.
    """

    task = "word_tagger"
    output_per = "token"
    needs_offsets = True
    resets = ("labels",)  # other labels need another head

    def __init__(self, backbone, labels, preprocessor=None, dropout=0.1, compile=True, **kwargs):
        head = TokenHead(len(labels), dropout, dtype=backbone.dtype_policy, name="head")
        super().__init__(backbone=backbone, preprocessor=preprocessor, head=head, **kwargs)
        self.labels = tuple(labels)
        self.dropout = dropout
        if compile:
            self.compile()

    def columns(self, x):
        """Join the words of each sentence with spaces."""
        return as_text_columns([" ".join(words) for words in x])

    def is_example(self, x):
        """Return whether an element of a stream is a sentence, rather than a batch of them."""
        return all(isinstance(word, str) for word in x)

    def targets(self):
        """Return the reader of labels: a name or a number per word."""
        return TokenTargets(self.labels)

    def auto_loss(self):
        """Return the cross-entropy of the scores."""
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="mean_with_sample_weight")

    def auto_weighted_metrics(self):
        """Return the accuracy among the words."""
        return [keras.metrics.SparseCategoricalAccuracy()]

    def finish(self, outputs, inputs):
        """Return the scores of each word's first token: `(words, num_labels)` per sentence."""
        spans = [word_spans(text) for text in inputs.columns[0]]
        firsts = map(first_tokens, inputs.rows.offsets, spans)
        return [scores[first] for scores, first in zip(outputs, firsts, strict=True)]

    def tag(self, sentences):
        """Return the best label of each word."""
        return [[self.labels[index] for index in scores.argmax(-1)] for scores in self.predict(sentences, verbose=0)]
