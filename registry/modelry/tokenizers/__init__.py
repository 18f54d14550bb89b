"""Tokenizers: texts to token ids and back, and the tokenizer files of transformers. Never imports TensorFlow."""

from modelry._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
