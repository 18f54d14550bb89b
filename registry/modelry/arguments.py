"""The one convention for configs: every constructor argument is kept as an attribute of the same name.

It makes a component's config a fact of its constructor, so nobody writes `get_config` by hand, and it makes a misspelt
argument an error that names the right one.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

from modelry.errors import InputError, UnknownArgument, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

KERAS_ARGUMENTS = ("dtype", "name", "trainable")
"""Arguments that every Keras object takes; they describe the object, not the component."""


def argument_names(cls: type) -> tuple[str, ...]:
    """Return the names of a class's constructor arguments, through `**kwargs` up to its bases."""
    return tuple(_parameters(cls))


def argument_defaults(cls: type) -> dict[str, Any]:
    """Return the defaults of a class's constructor arguments, without those that must be given."""
    return {name: one.default for name, one in _parameters(cls).items() if one.default is not one.empty}


def config_of(component: object, without: Iterable[str] = ()) -> dict[str, Any]:
    """Return a component's constructor arguments, read from its attributes of the same names."""
    skipped = set(without)
    return {name: getattr(component, name) for name in argument_names(type(component)) if name not in skipped}


def check_arguments(given: Iterable[str], known: Iterable[str], taker: str) -> None:
    """Check that every given argument is known.

    Raises:
        UnknownArgument: One is not; the message names the nearest and lists them all.
    """
    known = tuple(known)
    for name in given:
        if name not in known:
            raise UnknownArgument(
                f"{taker} takes no argument {name!r}.{did_you_mean(name, known)} It takes: {', '.join(known)}."
            )


def one_of(name: str, value: Any, choices: tuple[T, ...]) -> T:
    """Return the choice that an argument's value names.

    Raises:
        InputError: It names none of them.
    """
    for choice in choices:
        if value == choice:
            return choice
    raise InputError(f"{name}={value!r} is unknown; choose one of {', '.join(map(repr, choices))}.")


def _parameters(cls: type) -> dict[str, inspect.Parameter]:
    found: dict[str, inspect.Parameter] = {}
    for base in cls.__mro__:
        if "__init__" not in vars(base):
            continue
        parameters = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        named = {one.name: one for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)}
        found |= {name: one for name, one in named.items() if name not in found}
        if not any(one.kind is one.VAR_KEYWORD for one in parameters):
            break
    return found
