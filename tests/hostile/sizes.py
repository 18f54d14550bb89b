"""Presets that want all of a machine (M55, M56): texts without end, numbers beyond any model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lab import Attempt, Lab, cases_in, edit

if TYPE_CHECKING:
    from collections.abc import Iterator


def written(lab: Lab, name: str, content: bytes, refused: str, error: str = "UnsafePresetError") -> Attempt:
    """Return a preset with a config of this content."""
    preset = lab.hub(name)
    (preset / "task.json").unlink()
    (preset / "config.json").write_bytes(content)
    return Attempt(preset, refused, error, name=name)


def m55(lab: Lab) -> Iterator[Attempt]:
    """Configs of a gibibyte, nested without end, and with what readers understand differently."""
    preset = lab.hub("size")
    for name in ("config.json", "task.json", "preprocessor.json", "tokenizer.json"):
        with (preset / name).open("r+b") as file:
            file.truncate(2**30)
    yield Attempt(preset, "larger than 8,388,608 bytes", name="size")
    with (lab.hub("vocabulary") / "assets" / "tokenizer" / "vocabulary.txt").open("r+b") as file:
        file.truncate(2**30)
    yield Attempt(lab.inside / "vocabulary", "larger than 67,108,864 bytes", name="vocabulary")
    yield written(lab, "depth", b'{"config":' + b"[" * 10**5 + b"]" * 10**5 + b"}", "more than 64 deep")
    yield written(lab, "depth 70", b'{"config":' + b'{"x":' * 70 + b"1" + b"}" * 71, "more than 64 deep")
    yield written(lab, "twice", b'{"registered_name": "a", "registered_name": "b"}', "'registered_name' twice")
    yield written(lab, "digits", b'{"config": ' + b"9" * 10**6 + b"}", "a number of 1,000,000 digits")
    yield written(lab, "nan", b'{"config": NaN}', "holds NaN", "PresetFormatError")
    yield written(lab, "infinite", b'{"config": [1e999]}', "too large", "PresetFormatError")
    yield written(lab, "surrogate", b'{"config": "\\ud800"}', "half a surrogate pair", "PresetFormatError")
    yield written(lab, "utf-16", '{"config": 1}'.encode("utf-16"), "not readable JSON", "PresetFormatError")


def m56(lab: Lab) -> Iterator[Attempt]:
    """Models without end, by each number of a config."""
    numbers = {
        "vocabulary_size": 10**15,
        "num_layers": 10**9,
        "intermediate_dim": 2**40,
        "max_sequence_length": 10**12,
        "num_segments": 10**60,
    }
    for name, number in numbers.items():
        preset = lab.hub(name)
        change = {name: number}
        edit(preset / "task.json", lambda task, change=change: task["config"]["backbone"]["config"].update(change))
        yield Attempt(preset, "(parameters|tensors|layers), and its budget is", name=name)
    preset = lab.hub("wide")
    wide = {"hidden_dim": 2**19, "num_heads": 1}
    edit(preset / "task.json", lambda task: task["config"]["backbone"]["config"].update(wide))
    yield Attempt(preset, "parameters, and its budget is", name="wide")
    preset = lab.hub("classes")
    edit(preset / "task.json", lambda task: task["config"].update(num_classes=10**12))
    yield Attempt(preset, "parameters, and its budget is", name="classes")
    for name, number in {"vocab_size": 10**15, "num_hidden_layers": 10**9}.items():
        preset = lab.foreign(name)
        edit(preset / "config.json", lambda config, change={name: number}: config.update(change))
        yield Attempt(preset, "(parameters|tensors|layers), and its budget is", name=f"transformers {name}")


CASES = cases_in(globals())
