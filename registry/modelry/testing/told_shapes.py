"""Whether a backbone has the weights whose shapes it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.arguments import argument_defaults
from modelry.testing.contract import expect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry.backbones.backbone import Backbone

RULE = "weight_shapes yields the shape of each weight of any config, so that presets are held against their budget."


def tells_shapes(backbone: Backbone) -> bool:
    """Return whether a backbone tells the shapes of its weights."""
    return any(True for _ in type(backbone).weight_shapes(_config(backbone)))


def expect_shapes_told(backbone: Backbone) -> None:
    """Fail unless a backbone has the shapes that it tells, as it is and with each number of its config doubled."""
    __tracebackhide__ = True
    cls, config = type(backbone), _config(backbone)
    for how, told, weights in ((" for its own config", config, backbone.weights), *_doubled(cls, config)):
        shapes = sorted(map(tuple, cls.weight_shapes(told)))
        found = sorted(tuple(one.shape) for one in weights)
        what = f"It tells {_shortened(shapes)}, and has {_shortened(found)}{how}."
        expect(shapes == found, what, RULE, "yield each weight's shape once, computed from the config.")


def _config(backbone: Backbone) -> dict[str, Any]:
    return {**argument_defaults(type(backbone)), **backbone.get_config()}


def _doubled(cls: type[Backbone], config: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield what is another in a config, the config, and the weights of such a backbone, where there can be one."""
    for name, value in config.items():
        if type(value) is not int:
            continue
        other = {**config, name: 2 * value or 1}
        try:
            weights = cls.from_config(other).weights
        except Exception:  # numbers that do not go together, such as heads that do not divide a width
            continue
        yield f" with {name}={other[name]}", other, weights


def _shortened(shapes: list[tuple[int, ...]]) -> str:
    return str(shapes) if len(shapes) < 9 else f"[{', '.join(map(str, shapes[:8]))} and {len(shapes) - 8} more]"
