"""Building blocks that several architectures share.

Their class and attribute names are part of the weights' file format: KerasHub stores weights under the same ones.
"""
