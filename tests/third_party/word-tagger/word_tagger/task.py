"""The task: a score per label for each word."""

import keras
import numpy as np
from modelry.data import TokenTargets, WordReader, word_outputs
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
    """Labels each word of a sentence; a sentence is a list of words.

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
    reader = WordReader()

    def __init__(self, backbone, labels, preprocessor=None, dropout=0.1, compile=True, **kwargs):
        head = TokenHead(len(labels), dropout, dtype=backbone.dtype_policy, name="head")
        super().__init__(backbone=backbone, preprocessor=preprocessor, head=head, **kwargs)
        self.labels = tuple(labels)
        self.dropout = dropout
        if compile:
            self.compile()

    def sample_inputs(self, texts):
        """Split texts into words."""
        return [text.split() for text in texts]

    def targets(self):
        """Return the reader of labels: a name or a number per word."""
        return TokenTargets(self.labels)

    def auto_loss(self):
        """Return the cross-entropy of the scores."""
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="mean_with_sample_weight")

    def postprocess(self, outputs, inputs):
        """Return the scores of each word's first token: `(words, labels)` per sentence, NaN if it is cut off."""
        return word_outputs(outputs, inputs)

    def tag(self, sentences):
        """Return the best label of each word; `None` for words that are cut off."""
        best = [np.where(np.isnan(one[:, 0]), -1, one.argmax(-1)) for one in self.predict(sentences, verbose=0)]
        return [[None if index < 0 else self.labels[index] for index in row] for row in best]
