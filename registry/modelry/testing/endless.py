"""Whether a preset that asks for a model without end is refused before anything is created."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Sized
from typing import TYPE_CHECKING, Any

import pytest

from modelry.arguments import argument_defaults
from modelry.errors import ModelryError
from modelry.storage.budget import Budget
from modelry.testing.contract import expect, fail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelry.backbones.backbone import Backbone

ENDLESS = 10**9
ROOM = 10**7
"""Bytes that a preset may take. Whatever number of a config is endless, a hundredth part of it is more than that."""

RULE = "a preset is held against its budget by weight_shapes, before your constructor loops over its numbers."


def expect_endless_refused(backbone: Backbone, preset: Path) -> None:
    """Fail unless each number that its weights grow with makes a preset be refused when it is endless.

    Args:
        backbone: A backbone that tells the shapes of its weights.
        preset: The same, saved; its config is changed.
    """
    __tracebackhide__ = True
    cls = type(backbone)
    config = {**argument_defaults(cls), **backbone.get_config()}
    shapes = cls.weight_shapes(config)
    what = f"{cls.__name__}.weight_shapes makes a {type(shapes).__name__} of all shapes."
    expect(not isinstance(shapes, Sized), what, RULE, "yield them one by one: the sum stops where it is too great.")
    path = preset / "config.json"
    saved = json.loads(path.read_text("utf-8"))
    for name in _numbers(cls, config):
        path.write_text(json.dumps({**saved, "config": {**saved["config"], name: ENDLESS}}), "utf-8")
        if _is_created(cls, preset, ROOM + _size(cls, config)[1]):
            fail(
                f"With {name}={ENDLESS} in its config, a preset of {cls.__name__} is not refused: it is created.",
                RULE,
                f"let weight_shapes yield all the weights that {name} makes, however many.",
            )


def _numbers(cls: type[Backbone], config: Mapping[str, Any]) -> list[str]:
    """Return the numbers of a config that its weights grow with."""
    numbers = {name: value for name, value in config.items() if type(value) is int}
    return [name for name, value in numbers.items() if _size(cls, {**config, name: 2 * value + 1}) > _size(cls, config)]


def _size(cls: type[Backbone], config: Mapping[str, Any]) -> tuple[int, int]:
    shapes = list(cls.weight_shapes(config))
    return len(shapes), sum(map(math.prod, shapes))


def _is_created(cls: type[Backbone], preset: Path, memory: int) -> bool:
    """Return whether the constructor is called for a preset that may take so many bytes."""
    created = []

    @functools.wraps(cls.__init__)
    def create(*_: Any, **__: Any) -> None:
        created.append(cls)
        raise RuntimeError("It is not needed.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cls, "__init__", create)
        try:
            cls.from_preset(preset, budget=Budget(memory=memory))
        except ModelryError:
            return bool(created)
    return True
