"""Checkpoints of transformers: the converter's contract, the tables it is made of, and the strict JSON reader.

Never imports Keras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._lazy import attach

if TYPE_CHECKING:
    from modelry.checkpoints.checkpoint import Checkpoint as Checkpoint
    from modelry.checkpoints.fields import ACTIVATIONS as ACTIVATIONS
    from modelry.checkpoints.fields import BERT_SETTINGS as BERT_SETTINGS
    from modelry.checkpoints.fields import ENCODER_SIZES as ENCODER_SIZES
    from modelry.checkpoints.fields import HEAD_DROPOUT as HEAD_DROPOUT
    from modelry.checkpoints.fields import NUMBER as NUMBER
    from modelry.checkpoints.fields import REQUIRED as REQUIRED
    from modelry.checkpoints.fields import Field as Field
    from modelry.checkpoints.fields import check_fixed as check_fixed
    from modelry.checkpoints.fields import read_fields as read_fields
    from modelry.checkpoints.fields import write_fields as write_fields
    from modelry.checkpoints.weights import EncoderNames as EncoderNames
    from modelry.checkpoints.weights import Flat as Flat
    from modelry.checkpoints.weights import Layout as Layout
    from modelry.checkpoints.weights import Linear as Linear
    from modelry.checkpoints.weights import Names as Names
    from modelry.checkpoints.weights import Rows as Rows
    from modelry.checkpoints.weights import Same as Same
    from modelry.checkpoints.weights import SourcedWeight as SourcedWeight
    from modelry.storage.files import read_json as read_json
    from modelry.strict_json import field as field
    from modelry.strict_json import parse_json as parse_json
    from modelry.strict_json import write_json as write_json

_PUBLIC = {
    "ACTIVATIONS": "modelry.checkpoints.fields:ACTIVATIONS",
    "BERT_SETTINGS": "modelry.checkpoints.fields:BERT_SETTINGS",
    "Checkpoint": "modelry.checkpoints.checkpoint:Checkpoint",
    "ENCODER_SIZES": "modelry.checkpoints.fields:ENCODER_SIZES",
    "EncoderNames": "modelry.checkpoints.weights:EncoderNames",
    "Field": "modelry.checkpoints.fields:Field",
    "Flat": "modelry.checkpoints.weights:Flat",
    "HEAD_DROPOUT": "modelry.checkpoints.fields:HEAD_DROPOUT",
    "Layout": "modelry.checkpoints.weights:Layout",
    "Linear": "modelry.checkpoints.weights:Linear",
    "NUMBER": "modelry.checkpoints.fields:NUMBER",
    "Names": "modelry.checkpoints.weights:Names",
    "REQUIRED": "modelry.checkpoints.fields:REQUIRED",
    "Rows": "modelry.checkpoints.weights:Rows",
    "Same": "modelry.checkpoints.weights:Same",
    "SourcedWeight": "modelry.checkpoints.weights:SourcedWeight",
    "check_fixed": "modelry.checkpoints.fields:check_fixed",
    "field": "modelry.strict_json:field",
    "parse_json": "modelry.strict_json:parse_json",
    "read_fields": "modelry.checkpoints.fields:read_fields",
    "read_json": "modelry.storage.files:read_json",
    "write_fields": "modelry.checkpoints.fields:write_fields",
    "write_json": "modelry.strict_json:write_json",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = attach(__name__, _PUBLIC)
