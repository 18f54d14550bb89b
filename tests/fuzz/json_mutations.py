"""Random changes to a JSON file: of the tree that it holds, and of the text that the tree becomes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .byte_mutations import mutate_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    _Spot = tuple[Any, Any]
    """A list or an object, and an index or a name in it."""

ODD_TEXTS = (
    *("", " ", "\0", "\n", "a" * 70_000, "é", "e\u0301", "\u202egnp.", "\U0001f642", "\ud800", "%s{0}$(id)`id`"),
    *(
        "../../../etc/passwd",
        "/etc/passwd",
        "C:\\x",
        "file:///etc/passwd",
        "http://127.0.0.1:9/x",
        "con",
        "a/../b",
        ".",
    ),
    *(
        "float16",
        "int8",
        "mixed_bfloat16",
        "gelu",
        "keras>Lambda",
        "keras_hub>BertBackbone",
        "os:system",
        "modelry:file",
    ),
    *("[UNK]", "[PAD]", "model.weights.h5", "modelry-bert>=0", "x @ http://127.0.0.1:9/x.whl", "1.0", "9" * 400),
)
ODD_NUMBERS = (
    0,
    1,
    -1,
    2,
    7,
    64,
    400,
    2**31,
    -(2**31),
    2**63,
    10**30,
    0.5,
    -0.0,
    1e-300,
    1e308,
    float("nan"),
    float("inf"),
)
ODD_JSON = (
    *("null", "true", "false", "[]", "{}", "[[]]", "[null]", '{"": 0}', f"[{'0,' * 5_000}0]", "[" * 300 + "]" * 300),
    json.dumps({str(number): number for number in range(1_000)}),
    '{"module": "builtins", "class_name": "eval", "config": "1", "registered_name": null}',
    '{"module": "keras.layers", "class_name": "Lambda", "config": {"function": {"class_name": "__lambda__"}}}',
    '{"module": "keras", "class_name": "DTypePolicyMap", "config": {}, "registered_name": "DTypePolicyMap"}',
    '{"class_name": "__tensor__", "config": {"value": [0], "dtype": "float32"}}',
)


def mutate_json(draw: Random, content: bytes) -> bytes:
    """Return the text of a JSON file with some changes."""
    tree = [json.loads(content)]
    for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
        spot = _spot(draw, tree)
        draw.choice(CHANGES)(draw, tree, spot)
    text = json.dumps(tree[0], ensure_ascii=draw.random() < 0.5)
    if draw.random() < 0.05:
        text = _twice(draw, text)
    found = text.encode("utf-8", "surrogatepass")
    if draw.random() < 0.02:
        found = text.encode(draw.choice(("utf-8-sig", "utf-16", "utf-32")), "surrogatepass")
    return mutate_bytes(draw, found) if draw.random() < 0.15 else found


def mutate_safetensors(draw: Random, content: bytes) -> bytes:
    """Return a safetensors file with another header, whose length is right again; or with other bytes."""
    if draw.random() < 0.5:
        return mutate_bytes(draw, content)
    end = 8 + int.from_bytes(content[:8], "little")
    header = mutate_json(draw, json.dumps(json.loads(content[8:end])).encode())
    return len(header).to_bytes(8, "little") + header + content[end:]


def _spot(draw: Random, tree: list[Any]) -> _Spot:
    """Return a place in a tree; half of the time near its root, where names mean most."""
    spots: list[_Spot] = [(tree, 0)]
    queue = [tree[0]]
    while queue and len(spots) < 500:
        holder = queue.pop(0)
        names = (
            list(holder)[:60]
            if isinstance(holder, dict)
            else range(min(len(holder), 60))
            if isinstance(holder, list)
            else ()
        )
        spots += [(holder, name) for name in names]
        queue += [holder[name] for name in names]
    return draw.choice(spots[:40] if draw.random() < 0.5 else spots)


def _replace(draw: Random, tree: list[Any], spot: _Spot) -> None:
    holder, name = spot
    holder[name] = _odd(draw)


def _odd(draw: Random) -> Any:
    kind = draw.random()
    if kind < 0.3:
        return json.loads(draw.choice(ODD_JSON))
    return draw.choice(ODD_TEXTS if kind < 0.7 else ODD_NUMBERS)


def _retype(draw: Random, tree: list[Any], spot: _Spot) -> None:
    holder, name = spot
    value = holder[name]
    holder[name] = draw.choice((str(value), [value], {"config": value}, bool(value), [value, value]))


def _shift(draw: Random, tree: list[Any], spot: _Spot) -> None:
    """Change a number a little or much, and of a text one character."""
    holder, name = spot
    value = holder[name]
    if isinstance(value, (int, float)):
        holder[name] = draw.choice((value + 1, value - 1, -value, value * 1000, value / 3))
    elif isinstance(value, str):
        place = draw.randint(0, len(value))
        holder[name] = value[:place] + draw.choice("a/.\0\u0301\u202e:>-_") + value[place + draw.randint(0, 1) :]


def _delete(draw: Random, tree: list[Any], spot: _Spot) -> None:
    holder, name = spot
    if holder is not tree:
        del holder[name]


def _rename(draw: Random, tree: list[Any], spot: _Spot) -> None:
    holder, name = spot
    if isinstance(holder, dict):
        new = draw.choice((f"{name}s", name[:-1], name.upper(), draw.choice(ODD_TEXTS)))
        holder[new] = holder.pop(name) if draw.random() < 0.5 else holder[name]


def _swap(draw: Random, tree: list[Any], spot: _Spot) -> None:
    """Put here what stands elsewhere, and that one there."""
    holder, name = spot
    other, place = _spot(draw, tree)
    if holder is not tree and other is not tree:
        copies = [json.loads(json.dumps(value)) for value in (other[place], holder[name])]
        holder[name], other[place] = copies if draw.random() < 0.5 else (copies[0], copies[0])


CHANGES: tuple[Callable[[Random, list[Any], _Spot], None], ...] = (
    *(_replace, _replace, _retype, _shift, _shift, _delete, _rename, _swap),
)


def _twice(draw: Random, text: str) -> str:
    """Repeat a name within the object that it stands in."""
    return text.replace("{", f'{{"{draw.choice(("config", "registered_name", "name"))}": null, ', 1)
