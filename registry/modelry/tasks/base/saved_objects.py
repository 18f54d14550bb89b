"""The JSON of a saved backbone or task; a preprocessor's is its own `serialized()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.arguments import KERAS_ARGUMENTS
from modelry.backbones.int8 import quantized_paths, serialized_policy
from modelry.errors import SaveError
from modelry.preprocessing.preprocessor import Preprocessor
from modelry.presets.components import owned_class
from modelry.presets.parts import Serialized, serialized

if TYPE_CHECKING:
    from modelry.backbones.backbone import Backbone
    from modelry.tasks.text_classifier.task import TextClassifier


def serialized_backbone(backbone: Backbone) -> Serialized:
    """Return the contents of `config.json`."""
    return serialized(backbone, backbone.keras_hub_config(), backbone.get_config())


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
        "preprocessor": None if task.preprocessor is None else task.preprocessor.serialized(),
        "name": task.name,
    }
    config = {**parts, **task.own_arguments}
    is_quantized = bool(quantized_paths(task))
    if is_quantized:
        config["dtype"] = serialized_policy(task.head, task.backbone.dtype_policy)
    if owned_class(task).makes_head_of(task):  # not the task's own class, which only this program may know
        return serialized(task, config if task.keras_hub_class and not is_quantized else None, config)
    return serialized(task, None, {**config, "head": serialized(task.head, None, _head_config(task))})


def _head_config(task: TextClassifier) -> dict[str, Any]:
    return {key: value for key, value in task.head.get_config().items() if key not in KERAS_ARGUMENTS}
