"""Layers that several architectures share.

Their class and attribute names are part of the weights' file format: KerasHub stores weights under the same ones.
"""

from modelry._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
