"""modelry: find, check, fetch and assemble Keras 3 models that ship as pip packages.

Every public name is imported the first time it is used, so `import modelry` costs next to nothing and imports no Keras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._backend import choose_backend, require_backend
from modelry._lazy import resolve

if TYPE_CHECKING:
    from modelry import errors as errors
    from modelry import models as models
    from modelry.checkpoints.checkpoint import Checkpoint as Checkpoint
    from modelry.discovery.registry import isolated as isolated
    from modelry.discovery.registry import register as register
    from modelry.discovery.registry import registry as registry
    from modelry.models.backbone import Backbone as Backbone
    from modelry.models.head import Head as Head
    from modelry.models.pooled_head import PooledHead as PooledHead
    from modelry.models.task import Task as Task
    from modelry.models.text_classifier import TextClassifier as TextClassifier
    from modelry.presets.publish import upload_preset as upload_preset
    from modelry.storage.budget import Budget as Budget
    from modelry.storage.files import PresetFiles as PresetFiles
    from modelry.storage.handler import Storage as Storage
    from modelry.text.byte_pair import BytePairTokenizer as BytePairTokenizer
    from modelry.text.classifier_preprocessor import TextClassifierPreprocessor as TextClassifierPreprocessor
    from modelry.text.preprocessor import Preprocessor as Preprocessor
    from modelry.text.sentence_piece import SentencePieceTokenizer as SentencePieceTokenizer
    from modelry.text.splitting_tokenizer import SplittingTokenizer as SplittingTokenizer
    from modelry.text.tokenizer import Tokenizer as Tokenizer
    from modelry.text.wordpiece import WordPieceTokenizer as WordPieceTokenizer

    __version__: str

_PUBLIC = {
    "Backbone": "modelry.models.backbone:Backbone",
    "Budget": "modelry.storage.budget:Budget",
    "BytePairTokenizer": "modelry.text.byte_pair:BytePairTokenizer",
    "Checkpoint": "modelry.checkpoints.checkpoint:Checkpoint",
    "Head": "modelry.models.head:Head",
    "PooledHead": "modelry.models.pooled_head:PooledHead",
    "Preprocessor": "modelry.text.preprocessor:Preprocessor",
    "PresetFiles": "modelry.storage.files:PresetFiles",
    "SentencePieceTokenizer": "modelry.text.sentence_piece:SentencePieceTokenizer",
    "SplittingTokenizer": "modelry.text.splitting_tokenizer:SplittingTokenizer",
    "Storage": "modelry.storage.handler:Storage",
    "Task": "modelry.models.task:Task",
    "TextClassifier": "modelry.models.text_classifier:TextClassifier",
    "TextClassifierPreprocessor": "modelry.text.classifier_preprocessor:TextClassifierPreprocessor",
    "Tokenizer": "modelry.text.tokenizer:Tokenizer",
    "WordPieceTokenizer": "modelry.text.wordpiece:WordPieceTokenizer",
    "__version__": "modelry._version:version",
    "errors": "modelry.errors",
    "isolated": "modelry.discovery.registry:isolated",
    "models": "modelry.models",
    "register": "modelry.discovery.registry:register",
    "registry": "modelry.discovery.registry:registry",
    "upload_preset": "modelry.presets.publish:upload_preset",
}

__all__ = list(_PUBLIC)

choose_backend()


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        from modelry.errors import did_you_mean

        raise AttributeError(f"module 'modelry' has no attribute {name!r}.{did_you_mean(name, _PUBLIC)}")
    target = _PUBLIC[name]
    if target.startswith("modelry.models."):  # the classes that need Keras
        require_backend()
    value = globals()[name] = resolve(target)
    return value


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *_PUBLIC})
