"""Values of JSON objects, with errors that name key, file and preset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from modelry.errors import PresetFormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")


def field(
    values: Mapping[str, Any], key: str, kind: type[T] | tuple[type[T], ...], where: str, default: Any = ...
) -> T:
    """Return `values[key]`, which must be of type `kind`.

    Args:
        values: A JSON object.
        key: The key to look up.
        kind: What the value must be an instance of. A `bool` is not accepted as an `int`.
        where: The file and preset, for messages.
        default: What a missing key or a `null` stands for; without it, both are errors.

    Raises:
        PresetFormatError: The key is missing, or its value is of another type.
    """
    value = values.get(key)
    if value is None and default is not ...:
        return default  # type: ignore[no-any-return]
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds):
        return value
    wanted = " or ".join(one.__name__ for one in kinds)
    found = "is missing" if key not in values else f"is {value!r}"
    raise PresetFormatError(f"{key!r} in {where} {found}; it must be a {wanted}.")
