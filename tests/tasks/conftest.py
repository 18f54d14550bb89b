from pathlib import Path

import keras
import pytest

from modelry.models import BertBackbone, BertTextClassifier, BertTextClassifierPreprocessor, BertTokenizer

FIXTURES = Path(__file__).parents[1] / "fixtures"
BERT = FIXTURES / "keras_hub" / "bert"
CHECKPOINT = FIXTURES / "transformers" / "bert"
TEXTS = ["good film", "bad film", "a good good film", "bad", "film", "good", "bad bad", "a film"]
LABELS = [1, 0, 1, 0, 0, 1, 0, 1]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "film", "good", "bad"]


@pytest.fixture
def make():
    """Create a tiny classifier."""

    def create(num_classes=2, **arguments):
        keras.utils.set_random_seed(0)
        backbone = BertBackbone(
            vocabulary_size=len(VOCABULARY),
            num_layers=1,
            num_heads=2,
            hidden_dim=8,
            intermediate_dim=16,
            max_sequence_length=32,
        )
        preprocessor = BertTextClassifierPreprocessor(BertTokenizer(VOCABULARY), sequence_length=32)
        return BertTextClassifier(backbone, num_classes, **{"preprocessor": preprocessor, **arguments})

    return create
