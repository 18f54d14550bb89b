"""The data of tasks: inputs, labels, batches for Keras, and sequence packing.

A task describes its data with a `DataSpec`; its labels are a `Targets`. Everything else follows: batches by length or
packed, streams, resuming, and outputs in the order of the examples.
"""

from modelry._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
