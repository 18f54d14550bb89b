"""The JSON of a saved component: KerasHub's class id and config where KerasHub can compute the same, ours otherwise.

A preset that KerasHub would load but compute differently names modelry's classes, which KerasHub refuses to load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.arguments import KERAS_ARGUMENTS
from modelry.errors import SaveError
from modelry.models.int8 import quantized_paths, serialized_policy
from modelry.presets.components import owned_class
from modelry.text.preprocessor import Preprocessor

if TYPE_CHECKING:
    from modelry.models.backbone import Backbone
    from modelry.models.text_classifier import TextClassifier
    from modelry.text.tokenizer import Tokenizer

Serialized = dict[str, Any]


def serialized_backbone(backbone: Backbone) -> Serialized:
    """Return the contents of `config.json`."""
    return _serialized(backbone, backbone.keras_hub_config(), backbone.get_config())


def serialized_preprocessor(preprocessor: Preprocessor) -> Serialized:
    """Return the contents of `preprocessor.json`, with those of `tokenizer.json` in it."""
    tokenizer = _serialized_tokenizer(preprocessor.tokenizer)
    written = _serialized(preprocessor, preprocessor.keras_hub_config(), preprocessor.get_config())
    return {**written, "config": {**written["config"], "tokenizer": tokenizer}}


def serialized_task(task: TextClassifier) -> Serialized:
    """Return the contents of `task.json`, with copies of the backbone's and the preprocessor's.

    Raises:
        SaveError: The preprocessor is a plain callable, which no file can hold.
    """
    if task.preprocessor is not None and not isinstance(task.preprocessor, Preprocessor):
        raise SaveError(
            f"The preprocessor is {task.preprocessor!r}, no modelry.Preprocessor, so it cannot be saved. "
            "Set classifier.preprocessor = None before saving, and pass it to from_preset again."
        )
    parts = {
        "backbone": serialized_backbone(task.backbone),
        "preprocessor": None if task.preprocessor is None else serialized_preprocessor(task.preprocessor),
        "name": task.name,
    }
    config = {**parts, **task.own_arguments}
    is_quantized = bool(quantized_paths(task))
    if is_quantized:
        config["dtype"] = serialized_policy(task.head, task.backbone.dtype_policy)
    if owned_class(task).makes_head_of(task):  # not the task's own class, which only this program may know
        return _serialized(task, config if task.keras_hub_class and not is_quantized else None, config)
    return _serialized(task, None, {**config, "head": _serialized(task.head, None, _head_config(task))})


def _head_config(task: TextClassifier) -> dict[str, Any]:
    return {key: value for key, value in task.head.get_config().items() if key not in KERAS_ARGUMENTS}


def _serialized_tokenizer(tokenizer: Tokenizer) -> Serialized:
    written = _serialized(tokenizer, tokenizer.keras_hub_config(), tokenizer.get_config())
    # The assets are files of their own.
    return {**written, "config": {**written["config"], **dict.fromkeys(tokenizer.assets)}}


def _serialized(component: Any, keras_hub: dict[str, Any] | None, own: dict[str, Any]) -> Serialized:
    cls = type(component)
    package, name = cls.__module__.partition(".")[0], cls.__name__
    if keras_hub is not None:
        package, name = "keras_hub", cls.keras_hub_class
    return {
        "module": cls.__module__,
        "class_name": name,
        "config": own if keras_hub is None else keras_hub,
        "registered_name": f"{package}>{name}",
    }
