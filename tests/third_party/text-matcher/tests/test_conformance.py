"""The matcher keeps modelry's contract."""

import keras
import pytest
from modelry.testing import TaskContract
from text_matcher import TextMatcher


class TestTextMatcher(TaskContract):
    """On BERT, whose weights both towers share."""

    @pytest.fixture
    def task(self):
        """A matcher that knows nothing yet."""
        keras.utils.set_random_seed(0)
        return TextMatcher.from_preset("bert_micro_sst2", load_weights=False, size=8)

    def batch(self, task, examples):
        """Return pairs: each text with itself, read backwards."""
        return list(examples), [" ".join(reversed(text.split())) for text in examples]

    def wrong_inputs(self, examples):
        """Return what is not pairs."""
        return super().wrong_inputs(examples) | {"single texts": list(examples)}
