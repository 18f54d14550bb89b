"""Preprocessors: raw inputs to the arrays that a backbone takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._lazy import attach

if TYPE_CHECKING:
    from modelry.preprocessing.preprocessor import Preprocessor as Preprocessor
    from modelry.preprocessing.text_preprocessor import EncoderPreprocessor as EncoderPreprocessor
    from modelry.preprocessing.text_preprocessor import TextPreprocessor as TextPreprocessor
    from modelry.preprocessing.text_preprocessor import kept_lengths as kept_lengths

_PUBLIC = {
    "EncoderPreprocessor": "modelry.preprocessing.text_preprocessor:EncoderPreprocessor",
    "Preprocessor": "modelry.preprocessing.preprocessor:Preprocessor",
    "TextPreprocessor": "modelry.preprocessing.text_preprocessor:TextPreprocessor",
    "kept_lengths": "modelry.preprocessing.text_preprocessor:kept_lengths",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = attach(__name__, _PUBLIC)
