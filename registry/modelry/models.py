"""The classes that models are built of: modelry's base classes, and those of every installed plugin.

`modelry.models.BertTextClassifier` imports the plugin that registers this class; `dir(modelry.models)` imports nothing.
`modelry.TextClassifier` is resolved here too, as is the class of any other installed task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._backend import require_backend
from modelry._lazy import resolve
from modelry.discovery.entry import BASES, MODEL_KINDS
from modelry.discovery.registry import registry as _registry
from modelry.errors import UnknownComponent

if TYPE_CHECKING:
    from modelry.backbones.backbone import Backbone as Backbone
    from modelry.preprocessing.preprocessor import Preprocessor as Preprocessor
    from modelry.tasks.base.head import Head as Head
    from modelry.tasks.base.task import Task as Task
    from modelry.tokenizers.tokenizer import Tokenizer as Tokenizer

_BASES = {target.partition(":")[2]: target for kind, target in BASES.items() if kind in MODEL_KINDS}


def find_class(name: str, module: str) -> object:
    """Return the class of an installed plugin, for attribute access on `module`.

    Raises:
        AttributeError: No installed plugin registers or exports a class of this name.
    """
    # The import system, which looks for a module here before it imports it, and inspection tools probe for such names
    # all the time; plugins have no classes of this kind.
    if not name[:1].isupper():
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    if name not in _registry.class_names():
        from modelry.presets.task_spec import task_specs

        for _, spec in task_specs():
            if name in spec.exports:
                require_backend()
                return resolve(spec.exports[name])
    try:
        entry = _registry.find_class(name)
    except UnknownComponent as error:
        raise AttributeError(f"module {module!r} has no attribute {name!r}. {error}") from None
    require_backend()
    return entry.load()


def __getattr__(name: str) -> object:
    if name in _BASES:
        require_backend()
        value = globals()[name] = resolve(_BASES[name])
        return value
    return find_class(name, __name__)


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *_BASES, *_registry.class_names()})
