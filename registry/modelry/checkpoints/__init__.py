"""Checkpoints of transformers: the converter's contract, the tables it is made of, and the strict JSON reader.

Never imports Keras.
"""

from modelry._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
