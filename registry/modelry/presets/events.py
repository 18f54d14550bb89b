"""Tell the plugins that observe of presets that were loaded."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from modelry.discovery.hook_values import PresetLoaded
from modelry.discovery.registry import registry
from modelry.storage.reference import told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelry.storage.reference import Preset

P = ParamSpec("P")
C = TypeVar("C", bound=type)
T = TypeVar("T")

_PARTS = ("backbone", "head", "preprocessor", "tokenizer")


def announced(
    load: Callable[Concatenate[C, Preset, P], T],
) -> Callable[Concatenate[C, Preset, P], T]:
    """Decorate a function that loads a preset, `load(cls, preset, …)`, so that observers hear of what it returns."""

    @functools.wraps(load)
    def load_and_announce(cls: C, preset: Preset, /, *args: P.args, **kwargs: P.kwargs) -> T:
        start = time.perf_counter()
        component = load(cls, preset, *args, **kwargs)
        if registry.hooks.has_observers:
            seconds = time.perf_counter() - start
            event = PresetLoaded(told(preset), type(component).__name__, _distributions(component), seconds)
            registry.hooks.announce(event)
        return component

    return load_and_announce


def _distributions(component: object) -> dict[str, str]:
    found = {}
    for part in _parts(component):
        for entry in filter(None, map(registry.owner, type(part).__mro__)):
            found[entry.distribution] = entry.version
            break
    return dict(sorted(found.items()))


def _parts(component: object) -> Iterator[object]:
    """Yield a component and those inside it."""
    yield component
    for name in _PARTS:
        part = getattr(component, name, None)
        if part is not None:
            yield from _parts(part)
