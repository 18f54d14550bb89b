"""The JSON of a saved component: KerasHub's class id and config where KerasHub can compute the same, ours otherwise.

A preset that KerasHub would load but compute differently names modelry's classes, which KerasHub refuses to load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelry.text.preprocessor import Preprocessor
    from modelry.text.tokenizer import Tokenizer

Serialized = dict[str, Any]


def serialized(component: Any, keras_hub: dict[str, Any] | None, own: dict[str, Any]) -> Serialized:
    """Return the JSON of a component.

    Args:
        component: The component.
        keras_hub: Its config for KerasHub's class that computes the same; `None` if there is none.
        own: Its config for its own class.
    """
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


def serialized_tokenizer(tokenizer: Tokenizer) -> Serialized:
    """Return the contents of `tokenizer.json`."""
    written = serialized(tokenizer, tokenizer.keras_hub_config(), tokenizer.get_config())
    # The assets are files of their own.
    return {**written, "config": {**written["config"], **dict.fromkeys(tokenizer.assets)}}


def serialized_preprocessor(preprocessor: Preprocessor) -> Serialized:
    """Return the contents of `preprocessor.json`, with those of `tokenizer.json` in it."""
    tokenizer = serialized_tokenizer(preprocessor.tokenizer)
    written = serialized(preprocessor, preprocessor.keras_hub_config(), preprocessor.get_config())
    return {**written, "config": {**written["config"], "tokenizer": tokenizer}}
