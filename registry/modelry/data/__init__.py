"""The data of tasks: inputs, labels, batches for Keras, and sequence packing.

A task describes its data with a `DataSpec`; its labels are a `Targets`. Everything else follows: batches by length or
packed, streams, resuming, and outputs in the order of the examples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._lazy import attach

if TYPE_CHECKING:
    from modelry.data.columns import TextReader as TextReader
    from modelry.data.columns import WordReader as WordReader
    from modelry.data.columns import as_text_columns as as_text_columns
    from modelry.data.columns import is_text_example as is_text_example
    from modelry.data.columns import to_array as to_array
    from modelry.data.predictions import as_predictions as as_predictions
    from modelry.data.rows import ArrayPreprocessor as ArrayPreprocessor
    from modelry.data.rows import InputReader as InputReader
    from modelry.data.rows import Inputs as Inputs
    from modelry.data.rows import RowPreprocessor as RowPreprocessor
    from modelry.data.rows import TokenizedTexts as TokenizedTexts
    from modelry.data.rows import first_tokens as first_tokens
    from modelry.data.rows import word_outputs as word_outputs
    from modelry.data.rows import word_spans as word_spans
    from modelry.data.source import as_batch as as_batch
    from modelry.data.source import as_source as as_source
    from modelry.data.spec import DataSpec as DataSpec
    from modelry.data.targets import Targets as Targets
    from modelry.data.targets import TokenTargets as TokenTargets

_PUBLIC = {
    "ArrayPreprocessor": "modelry.data.rows:ArrayPreprocessor",
    "DataSpec": "modelry.data.spec:DataSpec",
    "InputReader": "modelry.data.rows:InputReader",
    "Inputs": "modelry.data.rows:Inputs",
    "RowPreprocessor": "modelry.data.rows:RowPreprocessor",
    "Targets": "modelry.data.targets:Targets",
    "TextReader": "modelry.data.columns:TextReader",
    "TokenTargets": "modelry.data.targets:TokenTargets",
    "TokenizedTexts": "modelry.data.rows:TokenizedTexts",
    "WordReader": "modelry.data.columns:WordReader",
    "as_batch": "modelry.data.source:as_batch",
    "as_predictions": "modelry.data.predictions:as_predictions",
    "as_source": "modelry.data.source:as_source",
    "as_text_columns": "modelry.data.columns:as_text_columns",
    "first_tokens": "modelry.data.rows:first_tokens",
    "is_text_example": "modelry.data.columns:is_text_example",
    "to_array": "modelry.data.columns:to_array",
    "word_outputs": "modelry.data.rows:word_outputs",
    "word_spans": "modelry.data.rows:word_spans",
}

__all__ = list(_PUBLIC)


__getattr__, __dir__ = attach(__name__, _PUBLIC)
