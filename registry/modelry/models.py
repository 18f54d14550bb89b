"""The classes that models are built of: modelry's own base classes, and those of every installed plugin.

`modelry.models.BertTextClassifier` imports the plugin that registers this class; `dir(modelry.models)` imports nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._backend import require_backend
from modelry._lazy import resolve
from modelry.discovery.default import registry as _registry
from modelry.errors import UnknownComponent

if TYPE_CHECKING:
    from modelry.backbones.backbone import Backbone as Backbone
    from modelry.preprocessing.preprocessor import Preprocessor as Preprocessor
    from modelry.tasks.base.head import Head as Head
    from modelry.tasks.base.task import Task as Task
    from modelry.tasks.text_classifier.preprocessor import TextClassifierPreprocessor as TextClassifierPreprocessor
    from modelry.tasks.text_classifier.task import TextClassifier as TextClassifier
    from modelry.tokenizers.tokenizer import Tokenizer as Tokenizer

_BASES = {
    "Backbone": "modelry.backbones.backbone:Backbone",
    "Head": "modelry.tasks.base.head:Head",
    "Preprocessor": "modelry.preprocessing.preprocessor:Preprocessor",
    "Task": "modelry.tasks.base.task:Task",
    "TextClassifier": "modelry.tasks.text_classifier.task:TextClassifier",
    "TextClassifierPreprocessor": "modelry.tasks.text_classifier.preprocessor:TextClassifierPreprocessor",
    "Tokenizer": "modelry.tokenizers.tokenizer:Tokenizer",
}


def __getattr__(name: str) -> object:
    if name in _BASES:
        require_backend()
        value = globals()[name] = resolve(_BASES[name])
        return value
    # The import system, which looks for a module here before it imports it, and inspection tools probe for such names
    # all the time; no class of a plugin has one.
    if not name[:1].isupper():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        entry = _registry.find_class(name)
    except UnknownComponent as error:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}. {error}") from None
    require_backend()
    return entry.load()


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *_BASES, *_registry.class_names()})
