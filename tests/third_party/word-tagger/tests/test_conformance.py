"""The tagger keeps modelry's contract."""

import keras
import numpy as np
import pytest
from modelry.testing import TaskContract
from word_tagger import WordTagger


class TestWordTagger(TaskContract):
    """On BERT, which takes several texts per row."""

    @pytest.fixture
    def task(self):
        """A tagger that knows nothing yet."""
        keras.utils.set_random_seed(0)
        return WordTagger.from_preset("bert_micro_sst2", load_weights=False, labels=["O", "PER", "LOC"])

    def labels(self, task, examples):
        """Return a label for each word."""
        return [[len(word) % 3 for word in words] for words in self.batch(task, examples)]

    def is_finite(self, outputs):
        """Return whether the scores are finite, except of words that have no token."""
        return not any(np.isinf(one).any() for one in keras.tree.flatten(outputs))

    def wrong_inputs(self, examples):
        """Return what is not a list of lists of words."""
        return super().wrong_inputs(examples) | {"texts": list(examples), "a word with a space": [["a film"]]}

    def test_words_that_are_cut_off_have_no_label(self, task):
        """A word without a token has NaN for scores and no label."""
        task.preprocessor.sequence_length = 4
        assert [label is None for label in task.tag([["a", "good", "film", "."]])[0]] == [False, False, True, True]


def test_it_learns_the_labels():
    """After training on two sentences, their words get their labels."""
    keras.utils.set_random_seed(1)
    sentences = [["Angela", "is", "in", "Leeds"], ["Where", "is", "my", "parcel", "?"]]
    labels = [["PER", "O", "O", "LOC"], ["O"] * 5]
    tagger = WordTagger.from_preset("bert_micro_sst2", labels=["O", "PER", "LOC"])
    tagger.compile(optimizer=keras.optimizers.Adam(5e-3))
    tagger.fit(sentences, labels, epochs=60, verbose=0)
    assert tagger.tag(sentences) == labels
