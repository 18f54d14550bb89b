"""Text classification: the task, its heads and its preprocessor."""

from modelry._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
