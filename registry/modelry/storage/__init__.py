"""Storage: references to presets, the handlers that open and publish them, and the contracts for writing more of them.

The names below are public; everything deeper is private. Nothing here imports Keras, and each name is imported when it
is first used.
"""

from modelry._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
