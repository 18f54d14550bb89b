import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from . import Model

_T = TypeVar("_T")

def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True, **kwargs: Any
) -> Any: ...
def serialize_keras_object(obj: Any) -> Any: ...
def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[_T], _T]: ...
def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Model: ...
