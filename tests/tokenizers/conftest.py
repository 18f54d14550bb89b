from __future__ import annotations

from pathlib import Path

import pytest

from modelry.storage.open import open_preset
from modelry.tokenizers.byte_pair import BytePairTokenizer
from modelry.tokenizers.sentence_piece import SentencePieceTokenizer
from modelry.tokenizers.transformers_files import byte_pair_config, sentence_piece_config, wordpiece_config
from modelry.tokenizers.wordpiece import WordPieceTokenizer

FIXTURES = Path(__file__).parents[1] / "fixtures"


class Roberta(BytePairTokenizer):
    special_tokens = ("<s>", "</s>", "<pad>", "<mask>")


class ModernBert(BytePairTokenizer):
    special_tokens = ("[CLS]", "[SEP]", "[PAD]", "[MASK]")


class XLMRoberta(SentencePieceTokenizer):
    special_tokens = ("<s>", "</s>", "<pad>", "<mask>")
    first_tokens = ("<s>", "<pad>", "</s>", "<unk>")
    tokens_without_piece = ("<pad>", "<mask>")


class Deberta(SentencePieceTokenizer):
    special_tokens = ("[CLS]", "[SEP]", "[PAD]", "[MASK]")
    tokens_without_piece = ("[MASK]",)


class Albert(SentencePieceTokenizer):
    special_tokens = ("[CLS]", "[SEP]", "<pad>", "[MASK]")


CLASSES = {
    "keras_hub/albert": Albert,
    "keras_hub/bert": WordPieceTokenizer,
    "keras_hub/deberta_v3": Deberta,
    "keras_hub/f_net": Albert,
    "keras_hub/roberta": Roberta,
    "keras_hub/xlm_roberta": XLMRoberta,
    "transformers/albert": Albert,
    "transformers/bert": WordPieceTokenizer,
    "transformers/deberta-v2": Deberta,
    "transformers/modernbert": ModernBert,
    "transformers/roberta": Roberta,
    "transformers/xlm-roberta": XLMRoberta,
}


@pytest.fixture(scope="session")
def create():
    """Create the tokenizer of a fixture, or of a changed copy of one."""

    def create(name: str, folder: Path | None = None, **arguments):
        cls, folder = CLASSES[name], folder or FIXTURES / name
        if name.startswith("keras_hub"):
            config = {key: folder / "assets" / "tokenizer" / file for key, file in cls.assets.items()}
        elif issubclass(cls, BytePairTokenizer):
            config = byte_pair_config(open_preset(folder), cls.special_tokens)
        elif issubclass(cls, SentencePieceTokenizer):
            config = sentence_piece_config(open_preset(folder), cls)
        else:
            config = wordpiece_config(open_preset(folder), ("[CLS]", "[SEP]", "[PAD]", "[MASK]"))
        return cls(**{**config, **arguments})

    return create
