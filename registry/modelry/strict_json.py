"""JSON from strangers, read strictly and within limits.

Python's own reader accepts duplicate names (the last one wins), NaN and Infinity, lone surrogates, and unlimited
nesting and digits. Readers differ in all of these, so one program may check content that another does not see.

Keras' own reader of configs finds any class or function that an installed package has registered or exported. No object
is made here: of the objects in a config, allowed ones stay JSON for the code that knows the field, and others are
refused before Keras sees them.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from modelry._atomic import write_text
from modelry.errors import PresetFormatError, UnsafePresetError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
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


_INITIALIZERS = """Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones
    Orthogonal OrthogonalInitializer RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros"""
_REGULARIZERS = "L1 L1L2 L2 OrthogonalRegularizer"
_CONSTRAINTS = "MaxNorm MinMaxNorm NonNeg UnitNorm"

ALLOWED: Final = frozenset(f"{_INITIALIZERS} {_REGULARIZERS} {_CONSTRAINTS}".split())
"""Keras' classes that only hold a few numbers, by name."""

DTYPES: Final = ("float16", "bfloat16", "float32", "float64", "mixed_float16", "mixed_bfloat16")
"""The dtype policies that a preset may have."""

OBJECT: Final = ("module", "class_name", "config", "registered_name", "build_config", "compile_config")
"""The keys of an object that Keras or KerasHub has written; the last two are not used."""

_INT8 = "int8_from_"
_MARKS = ("class_name", "registered_name", "__lambda__")
_PLAIN = (str, int, float, bool, type(None))
_PATH = re.compile(r"[/\\:]|\.\.")
_MODULES = ("keras.initializers", "keras.regularizers", "keras.constraints")


def check_config(config: Mapping[str, Any], where: str) -> None:
    """Check that a component's config holds values only, and of objects those that `ALLOWED` has.

    Raises:
        UnsafePresetError: It holds another; the message says where.
    """
    for key, value in config.items():
        _check_value(value, key, where)


def check_keys(values: Iterable[str], known: Iterable[str], where: str) -> None:
    """Check the keys of an object in a format that is modelry's to know in full.

    Raises:
        PresetFormatError: One is unknown; the message names the nearest.
    """
    known = tuple(known)
    for key in values:
        if key not in known:
            raise PresetFormatError(
                f"{where} has {key!r}, which is not known.{did_you_mean(key, known)} It may have: {', '.join(known)}. "
                "It may be from a newer version: upgrade what reads it, or save the preset again."
            )


def checked_keras_name(name: Any, where: str) -> str | None:
    """Return the name of a model, which Keras may make paths of; `None` if there is none.

    Raises:
        UnsafePresetError: It could become a path.
    """
    if name is None:
        return None
    if isinstance(name, str) and 0 < len(name) <= 128 and name.isprintable() and not _PATH.search(name):
        return name
    raise UnsafePresetError(
        f"{where} names a model {name!r:.200}. A name has at most 128 characters, and none of '/', '\\', ':' and "
        "'..', so that it cannot become a path. Change it, or do not use this preset."
    )


def is_quantized(dtype: Any) -> bool:
    """Return whether a saved dtype policy, which `dtype_name` has accepted, has layers in eight bits."""
    if isinstance(dtype, dict) and dtype.get("class_name") == "DTypePolicyMap":
        return bool(dtype["config"]["policy_map"])
    return (isinstance(dtype, dict) and dtype.get("class_name") == "QuantizedDTypePolicy") or (
        isinstance(dtype, str) and dtype.startswith(_INT8)
    )


def dtype_name(dtype: Any, where: str) -> str | None:
    """Return the name of a saved dtype policy: absent, a string, or Keras' serialized object.

    Of a policy by layer, this is the name of the default one; the paths of layers are not looked at. Of a quantized
    policy, it is the name of the one that it was made from.

    Raises:
        PresetFormatError: The policy is not understood, or quantized to something else than int8.
    """
    name = dtype.get("class_name") if isinstance(dtype, dict) else None
    if name == "DTypePolicyMap":
        config = field(dtype, "config", dict, where)
        for policy in field(config, "policy_map", dict, where).values():
            _simple_dtype_name(policy, where)
        dtype = config.get("default_policy")
    return _simple_dtype_name(dtype, where)


def _simple_dtype_name(dtype: Any, where: str) -> str | None:
    if isinstance(dtype, dict) and dtype.get("class_name") == "QuantizedDTypePolicy":
        config = field(dtype, "config", dict, where)
        if config.get("mode") != "int8":
            raise _not_int8(config.get("mode"), where)
        dtype = config.get("source_name")
    elif isinstance(dtype, dict) and dtype.get("class_name") in ("DTypePolicy", "FloatDTypePolicy"):
        dtype = field(field(dtype, "config", dict, where), "name", str, where)
    if dtype is None or dtype in DTYPES:
        return dtype  # type: ignore[no-any-return]
    if isinstance(dtype, str) and dtype.removeprefix(_INT8) in DTYPES:
        return dtype.removeprefix(_INT8)
    if isinstance(dtype, str) and "_from_" in dtype:
        raise _not_int8(dtype.partition("_from_")[0], where)
    raise PresetFormatError(
        f"{where} has a dtype that is not understood: {dtype!r:.200}. It may be: {', '.join(DTYPES)}."
    )


def _not_int8(mode: Any, where: str) -> PresetFormatError:
    return PresetFormatError(f"{where} is quantized to {mode!r:.80}; only int8 can be read. Load the float preset.")


def _check_value(value: Any, place: str, where: str) -> None:
    if isinstance(value, dict):
        if any(mark in value for mark in _MARKS) and not _is_allowed(value):
            named = value.get("registered_name") or value.get("class_name") or "a function"
            raise UnsafePresetError(
                f"{where} holds an object where a value belongs, {place} ({named!r:.120}). Presets name no code: of "
                "objects, only Keras' own initializers, regularizers and constraints are allowed. Do not use it."
            )
        for key, inner in value.items():
            _check_value(inner, f"{place}.{key}", where)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_value(inner, f"{place}[{index}]", where)


def _is_allowed(value: Mapping[str, Any]) -> bool:
    """Return whether an object is one of Keras' that hold a few numbers."""
    name, config = value.get("class_name"), value.get("config")
    return (
        set(value) <= set(OBJECT)
        and value.get("module") in _MODULES
        and isinstance(name, str)
        and name in ALLOWED
        and value.get("registered_name") in (None, name)
        and isinstance(config, dict)
        and all(isinstance(number, _PLAIN) for number in config.values())
    )
