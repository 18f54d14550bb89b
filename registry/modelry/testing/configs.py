"""Claims about configs, the same for every kind of component. Imports no Keras."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from modelry.arguments import KERAS_ARGUMENTS, argument_names
from modelry.errors import UnknownArgument
from modelry.testing.contract import expect, fail

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONVENTION = "every constructor argument is kept unchanged as an attribute of the same name."


def expect_arguments_kept(component: Any, without: Iterable[str] = ()) -> None:
    """Fail unless every constructor argument is an attribute that holds the value passed."""
    __tracebackhide__ = True
    cls = type(component)
    skipped = {*without, *KERAS_ARGUMENTS}
    names = [name for name in argument_names(cls) if name not in skipped]
    missing = [name for name in names if not hasattr(component, name)]
    if missing:
        fail(f"{cls.__name__} has no attribute {missing[0]!r}.", CONVENTION, f"self.{missing[0]} = {missing[0]}")
    config = component.get_config()
    lost = [name for name in names if name not in config]
    if lost:
        fail(
            f"get_config() of {cls.__name__} lacks {lost[0]!r}.",
            "the config holds every constructor argument; the base class collects them.",
            "do not override get_config.",
        )
    for name in names:
        for value in _others(config[name]) or _other_activations(name, config[name]):
            _expect_kept(cls, config, name, value)


def expect_json(config: Mapping[str, Any], cls: type) -> None:
    """Fail unless a config is the same after it was written as JSON and read again."""
    __tracebackhide__ = True
    rule = "configs are written as JSON: strings, numbers, booleans, None, lists and dicts of these."
    for name, value in config.items():
        try:
            same = json.loads(json.dumps(value)) == _without_tuples(value)
        except (TypeError, ValueError):
            same = False
        if not same:
            fail(f"{name}={value!r} of {cls.__name__} cannot be written as JSON.", rule, f"keep {name} as plain data.")


def expect_restored(component: Any, restored: Any) -> None:
    """Fail unless a component that was created from another's config has the same config."""
    __tracebackhide__ = True
    one, other = component.get_config(), restored.get_config()
    for name in one:
        expect(
            _plain(one[name]) == _plain(other.get(name)),
            f"{name} of {type(component).__name__} is {one[name]!r}, but {other.get(name)!r} after from_config.",
            "from_config(get_config()) gives an equal component.",
            f"let self.{name} hold the argument {name}.",
        )


def expect_unknown_refused(create: Any, config: Mapping[str, Any], cls: type) -> None:
    """Fail unless an unknown argument raises an error."""
    __tracebackhide__ = True
    rule = "an unknown argument raises UnknownArgument, or Python's own TypeError, so that typing errors show."
    to_do = "pass **kwargs to super().__init__, which checks them, or do not take any."
    try:
        create(**config, no_such_argument=1)
    except (UnknownArgument, TypeError) as error:
        if "no_such_argument" not in str(error):
            fail(f"{cls.__name__}(no_such_argument=1) raises {error!r}, which does not name it.", rule, to_do)
    else:
        fail(f"{cls.__name__}(no_such_argument=1) is accepted.", rule, to_do)


def _expect_kept(cls: type, config: Mapping[str, Any], name: str, value: Any) -> None:
    __tracebackhide__ = True
    try:
        other = cls(**{**config, name: value})
    except Exception:
        return
    kept = getattr(other, name)
    if _plain(kept) != _plain(value):
        fail(f"{cls.__name__}({name}={value!r}) keeps {name} as {kept!r}.", CONVENTION, f"self.{name} = {name}")


def _others(value: Any) -> list[Any]:
    """Return other values for an argument."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value * 2]
    if isinstance(value, (list, tuple)) and value:
        others = [_others(one) for one in value]
        return [[found[0] for found in others]] if all(others) else []
    return [value / 2 + 0.001] if isinstance(value, float) else []


def _other_activations(name: str, value: Any) -> list[str]:
    known = isinstance(value, str) and name.endswith("activation")
    return [next(other for other in ("relu", "tanh") if other != value)] if known else []


def _plain(value: Any) -> Any:
    """Return a config's value for comparison; objects, such as tokenizers, are represented by their class."""
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value if isinstance(value, (str, int, float, bool, type(None))) else type(value)


def _without_tuples(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_without_tuples(one) for one in value]
    return {key: _without_tuples(one) for key, one in value.items()} if isinstance(value, dict) else value
