"""Objects inside configs: which ones a preset may name. All others are refused before Keras sees the config.

Keras' own reader finds any class or function that any installed package has registered or exported. No object is
made here: allowed values stay JSON, for the code that knows the field.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from modelry.errors import PresetFormatError, UnsafePresetError, did_you_mean
from modelry.strict_json import field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
