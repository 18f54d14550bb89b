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
    from modelry.backbones.backbone import Backbone as Backbone
    from modelry.checkpoints.checkpoint import Checkpoint as Checkpoint
    from modelry.discovery.registry import isolated as isolated
    from modelry.discovery.registry import register as register
    from modelry.discovery.registry import registry as registry
    from modelry.preprocessing.preprocessor import Preprocessor as Preprocessor
    from modelry.presets.write import upload_preset as upload_preset
    from modelry.storage.files import PresetFiles as PresetFiles
    from modelry.storage.handler import Storage as Storage
    from modelry.storage.options import Budget as Budget
    from modelry.tasks.base.head import Head as Head
    from modelry.tasks.base.task import Task as Task
    from modelry.tasks.text_classifier.preprocessor import TextClassifierPreprocessor as TextClassifierPreprocessor
    from modelry.tasks.text_classifier.task import TextClassifier as TextClassifier
    from modelry.tokenizers.byte_pair import BytePairTokenizer as BytePairTokenizer
    from modelry.tokenizers.sentence_piece import SentencePieceTokenizer as SentencePieceTokenizer
    from modelry.tokenizers.splitting_tokenizer import SplittingTokenizer as SplittingTokenizer
    from modelry.tokenizers.tokenizer import Tokenizer as Tokenizer
    from modelry.tokenizers.wordpiece import WordPieceTokenizer as WordPieceTokenizer

    __version__: str

_PUBLIC = {
    "Backbone": "modelry.backbones.backbone:Backbone",
    "Budget": "modelry.storage.options:Budget",
    "BytePairTokenizer": "modelry.tokenizers.byte_pair:BytePairTokenizer",
    "Checkpoint": "modelry.checkpoints.checkpoint:Checkpoint",
    "Head": "modelry.tasks.base.head:Head",
    "Preprocessor": "modelry.preprocessing.preprocessor:Preprocessor",
    "PresetFiles": "modelry.storage.files:PresetFiles",
    "SentencePieceTokenizer": "modelry.tokenizers.sentence_piece:SentencePieceTokenizer",
    "SplittingTokenizer": "modelry.tokenizers.splitting_tokenizer:SplittingTokenizer",
    "Storage": "modelry.storage.handler:Storage",
    "Task": "modelry.tasks.base.task:Task",
    "Tokenizer": "modelry.tokenizers.tokenizer:Tokenizer",
    "WordPieceTokenizer": "modelry.tokenizers.wordpiece:WordPieceTokenizer",
    "__version__": "modelry._version:version",
    "errors": "modelry.errors",
    "isolated": "modelry.discovery.registry:isolated",
    "models": "modelry.models",
    "register": "modelry.discovery.registry:register",
    "registry": "modelry.discovery.registry:registry",
    "upload_preset": "modelry.presets.write:upload_preset",
}

__all__ = list(_PUBLIC)

choose_backend()


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        from modelry.errors import did_you_mean

        near = did_you_mean(name, _PUBLIC)
        if name[:1].isupper() and not near:  # a class of an installed plugin, such as a task's
            from modelry.models import _find

            return _find(name, __name__)
        raise AttributeError(f"module 'modelry' has no attribute {name!r}.{near}")
    target = _PUBLIC[name]
    if target.startswith(("modelry.backbones.", "modelry.tasks.")):  # the classes that need Keras
        require_backend()
    value = globals()[name] = resolve(target)
    return value


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *_PUBLIC})
