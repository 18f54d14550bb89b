"""Preprocessors: raw inputs to the arrays that a backbone takes."""

from modelry._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
