"""JSON from strangers, read strictly and within limits.

Python's own reader accepts duplicate names (the last one wins), NaN and Infinity, lone surrogates, and unlimited
nesting and digits. Readers differ in all of these, so one program may check content that another does not see.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from modelry._atomic import write_text
from modelry.errors import PresetFormatError, UnsafePresetError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LARGEST = 8 * 2**20
"""Bytes of a file that holds no list of tokens or tensors; real ones have some thousand."""

DEEPEST = 64
"""Objects and lists inside one another; real files have about ten."""

MOST_DIGITS = 100
"""Digits of an integer; transformers writes some of 31, for lengths without a limit."""

# With these, looking for a long number takes a tenth of what a regular expression does.
_DIGITS_AS_ZEROS = bytes(48 if 48 <= byte <= 57 else 32 for byte in range(256))
_TOO_LONG = b"0" * (MOST_DIGITS + 1)
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")

_Place: TypeAlias = "tuple[_Place, str | int] | None"
"""The position of a value: the position of its container, and its name or index there."""


def read_json_file(path: Path, where: str, limit: int = LARGEST) -> Any:
    """Return the JSON value in a file; the arguments and errors are those of `parse_json`."""
    with path.open("rb") as file:
        content = file.read(limit + 1)
    return parse_json(content, where, limit)


def parse_json(content: bytes, where: str, limit: int = LARGEST) -> Any:
    """Return the value of a JSON text in UTF-8.

    Args:
        content: The text.
        where: What messages call it: the file and the preset.
        limit: The most bytes it may have.

    Raises:
        UnsafePresetError: It is too large, nested too deeply, has a name twice or a number of too many digits.
        PresetFormatError: It is not JSON, or holds an invalid number or character.
    """
    if len(content) > limit:
        raise _unsafe(where, f"is larger than {limit:,} bytes")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) != len(pairs):
            ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
            raise _unsafe(where, f"has the name {twice!r:.200} twice in one object")
        return table

    def integer(digits: str) -> int:
        if len(digits) > MOST_DIGITS:
            raise _unsafe(where, f"has a number of {len(digits):,} digits")
        return int(digits)

    def constant(name: str) -> None:
        raise _broken(where, f"holds {name}, which is not a number in JSON")

    try:
        text = content.decode("utf-8-sig")
        parse_int = integer if _TOO_LONG in content.translate(_DIGITS_AS_ZEROS) else None
        value = json.loads(text, object_pairs_hook=unique, parse_int=parse_int, parse_constant=constant)
    except PresetFormatError:
        raise
    except RecursionError:
        raise _too_deep(where) from None
    except ValueError as error:
        raise PresetFormatError(
            f"{where} is not readable JSON: {error}. It may be truncated; fetch or save the preset again."
        ) from error
    _check(value, where, None, 1)
    if _HALF_CHARACTER.search(text):  # whole ones, in two halves, are fine
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            half = str(error.object)[error.start]
            raise _broken(where, f"holds half a surrogate pair, {half!r}, which is not a character") from None
    return value


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


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON object atomically, with the indentation KerasHub uses."""
    write_text(path, json.dumps(value, indent=4, ensure_ascii=False) + "\n")


def _check(value: Any, where: str, place: _Place, depth: int) -> None:
    """Check depth and numbers of a parsed value."""
    if depth > DEEPEST:
        raise _too_deep(where, place)
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    if not {dict, list, float}.intersection(map(type, inside)):  # a vocabulary of a hundred thousand numbers
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(inside):
        if isinstance(inner, (dict, list)):
            _check(inner, where, (place, key), depth + 1)
        elif isinstance(inner, float) and not math.isfinite(inner):
            raise _broken(where, f"holds a number at {_spelt((place, key))} that is too large for one")


def _spelt(place: _Place) -> str:
    parts: list[str] = []
    while place is not None:
        place, key = place
        parts.append(f"[{key!r:.80}]")
    return "".join(reversed(parts))


def _too_deep(where: str, place: _Place = None) -> UnsafePresetError:
    at = f" at {_spelt(place):.200}…" if place is not None else ""
    return _unsafe(where, f"nests objects and lists more than {DEEPEST} deep{at}")


def _unsafe(where: str, problem: str) -> UnsafePresetError:
    return UnsafePresetError(f"{where} {problem}, as no honest file does. Do not use this preset; tell its publisher.")


def _broken(where: str, problem: str) -> PresetFormatError:
    return PresetFormatError(f"{where} {problem}. Save the preset again, or tell its publisher.")


T = TypeVar("T")
