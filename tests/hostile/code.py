"""Configs that name code (M01 to M07, M20 to M23, M31 to M36): of a preset, only registered names are looked up."""

from __future__ import annotations

import base64
import json
import marshal
import pickle
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from .lab import Attempt, Lab, cases_in, edit

if TYPE_CHECKING:
    from collections.abc import Iterator

OBJECT = "holds an object where a value belongs"


class Payload:
    """Touches a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return open, (self.path, "w")


def function(module: str, name: str, *arguments: Any) -> dict:
    """Return what Keras wrote for an object that it makes by calling what it finds in a module."""
    config = {"arguments": list(arguments)}
    return {"module": module, "class_name": name, "config": config, "registered_name": name}


def bytecode(lab: Lab) -> dict:
    """Return a lambda that touches a file, as Keras serializes one."""
    touch = compile(f"open({str(lab.pwned)!r}, 'w')", "<lambda>", "eval")
    return {"class_name": "__lambda__", "config": {"value": base64.b64encode(marshal.dumps(touch)).decode()}}


def m01(lab: Lab) -> Iterator[Attempt]:
    """The bytecode of a lambda in the config (CVE-2024-3660)."""
    yield Attempt(lab.nested(bytecode(lab)), OBJECT)
    preset = lab.hub("layer")
    edit(preset / "config.json", lambda config: config.update(class_name="Lambda", registered_name="keras>Lambda"))
    edit(preset / "task.json", lambda task: task["config"].pop("backbone"))
    yield Attempt(preset, "Lambda", error="MissingPlugin", name="as the backbone")


def m02(lab: Lab) -> Iterator[Attempt]:
    """`os.system` in place of an activation (CVE-2025-1550)."""
    yield Attempt(lab.nested(function("os", "system", f"touch {lab.pwned}")), OBJECT)


def m03(lab: Lab) -> Iterator[Attempt]:
    """`subprocess.Popen` as the class of an initializer."""
    named = function("subprocess", "Popen", ["touch", str(lab.pwned)])
    yield Attempt(lab.nested(named), OBJECT)
    yield Attempt(lab.nested({"module": "keras.initializers", **named}, "deep"), OBJECT, name="as an initializer")
    preset = lab.hub("component")
    edit(preset / "task.json", lambda task: task["config"]["preprocessor"].update(named, config={"tokenizer": named}))
    yield Attempt(preset, "Popen", error="ModelryError", name="as the preprocessor")


def m04(lab: Lab) -> Iterator[Attempt]:
    """`builtins.eval`, also deep in a list."""
    named = function("builtins", "eval", f"open({str(lab.pwned)!r}, 'w')")
    yield Attempt(lab.nested(named), OBJECT)
    yield Attempt(lab.nested([0, {"x": [named]}], "deep"), OBJECT, name="deep")
    listed = {"module": "keras.initializers", "class_name": ["Zeros"], "config": {}}
    yield Attempt(lab.nested(listed, "listed"), OBJECT, name="a list for a name")
    two = {"num_classes": 2}
    yield Attempt(lab.nested("eval", "text"), "no activation 'eval'", "PresetFormatError", two, name="by name")


def m05(lab: Lab) -> Iterator[Attempt]:
    """`keras.utils.get_file` as a gadget (CVE-2025-8747)."""
    yield Attempt(lab.nested(function("keras.utils", "get_file", "x", "http://127.0.0.1:9/evil.tar")), OBJECT)


def m06(lab: Lab) -> Iterator[Attempt]:
    """A config that turns Keras' safe mode off (CVE-2025-9906)."""
    yield Attempt(lab.nested(function("keras.config", "enable_unsafe_deserialization")), OBJECT)
    named = lab.nested("enable_unsafe_deserialization", "text")
    yield Attempt(named, "no activation", "PresetFormatError", {"num_classes": 2}, name="by name")


def m07(lab: Lab) -> Iterator[Attempt]:
    """Whole models where weights belong (CVE-2025-9905)."""
    preset = lab.hub()
    with h5py.File(preset / "model.weights.h5", "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"layers": [bytecode(lab)]}})
        file.create_group("model_weights")
    yield Attempt(preset, "a whole model")
    yield from (named_weights(lab, f"model{ending}", "whole models", b"PK") for ending in (".keras", ".pb", ".onnx"))


def named_weights(lab: Lab, name: str, refused: str, content: bytes, **options: Any) -> Attempt:
    """Return a preset whose manifest names a file of weights."""
    preset = lab.manifested(f"preset-{name}")
    (preset / name).write_bytes(content)
    facts = {"size": len(content), "sha256": "0" * 64}
    edit(preset / "modelry.json", lambda values: values["files"].update({name: facts}))
    edit(preset / "modelry.json", lambda values: values["weights"].update(backbone=name))
    return Attempt(preset, refused, name=name, **options)


def m20(lab: Lab) -> Iterator[Attempt]:
    """A layer that loads a SavedModel (CVE-2026-1462)."""
    named = {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": str(lab.outside)}}
    yield Attempt(lab.nested(named), OBJECT)


def m21(lab: Lab) -> Iterator[Attempt]:
    """Names of models that are paths (CVE-2026-12479)."""
    for name, evil in (("up", "../../pwned"), ("absolute", str(lab.pwned)), ("nul", "a\0b")):
        preset = lab.hub(name)
        edit(preset / "config.json", lambda config, evil=evil: config["config"].update(name=evil))
        (preset / "task.json").unlink()
        yield Attempt(preset, "names a model", options={"num_classes": 2}, name=name)
    preset = lab.hub("task")
    edit(preset / "task.json", lambda task: task["config"].update(name="../pwned"))
    yield Attempt(preset, "names a model", name="of the task")


def m22(lab: Lab) -> Iterator[Attempt]:
    """A `Lambda` layer where a preset names its head (CVE-2026-12481)."""
    preset = lab.hub()
    head = {"module": "keras.layers", "class_name": "Lambda", "registered_name": None}
    head["config"] = {"function": bytecode(lab), "num_classes": 3}
    edit(preset / "task.json", lambda task: task["config"].update(head=head))
    yield Attempt(preset, "'registered_name' in .* is None|holds an object", error="PresetFormatError")
    edit(preset / "task.json", lambda task: task["config"]["head"].update(registered_name="keras>Lambda"))
    yield Attempt(preset, "holds an object|'keras>Lambda'", error="ModelryError", name="by its registered name")


def m23(lab: Lab) -> Iterator[Attempt]:
    """A folder where a file of weights belongs, which Keras takes for an Orbax checkpoint."""
    preset = lab.manifested()
    (preset / "model.weights.h5").unlink()
    (preset / "model.weights.h5").mkdir()
    (preset / "model.weights.h5" / "_CHECKPOINT_METADATA").write_text(json.dumps({"assets": "../../pwned"}))
    yield Attempt(preset, r"model\.weights\.h5", error="PresetNotFound")


def m31(lab: Lab) -> Iterator[Attempt]:
    """Keys of a transformers config that name code in another repository (CVE-2026-4372): not read."""
    preset = lab.foreign()
    evil = {"auto_map": {"AutoModel": "evil/repo--evil_module.Model"}, "_attn_implementation_internal": "evil/repo"}
    edit(preset / "config.json", lambda config: config.update(evil, custom_pipelines={"x": {"impl": "evil_module.P"}}))
    (preset / "evil_module.py").write_text(f"open({str(lab.pwned)!r}, 'w')")
    yield Attempt(preset)
    preset = lab.hub("module")
    edit(preset / "task.json", lambda task: task.update(module="evil_module"))
    edit(preset / "config.json", lambda config: config.update(module="antigravity"))
    yield Attempt(preset, name="modules of KerasHub")


def m32(lab: Lab) -> Iterator[Attempt]:
    """A config that gives its reader leave to trust it (CVE-2026-5241)."""
    trust = {"trust_remote_code": True, "safe_mode": False, "allow_pickle": True, "budget": {"parameters": 10**18}}
    preset = lab.foreign("foreign")
    edit(preset / "config.json", lambda config: config.update(trust))
    (preset / "model.safetensors").rename(preset / "pytorch_model.bin")
    yield Attempt(preset, "a pickle", name="transformers")
    for name, change in {
        "manifest": ("modelry.json", lambda values: values.update(trust)),
        "task": ("task.json", lambda values: values["config"].update(trust)),
        "backbone": ("config.json", lambda values: values["config"].update(trust)),
    }.items():
        preset = lab.manifested(name)
        if name == "backbone":
            edit(preset / "task.json", lambda task: task["config"].pop("backbone"))
        edit(preset / change[0], change[1])
        yield Attempt(preset, "trust_remote_code", error="PresetFormatError", name=name)


def m33(lab: Lab) -> Iterator[Attempt]:
    """Chat templates whose names are paths (CVE-2026-9856): not read."""
    preset = lab.foreign()
    templates = [{"name": "../../pwned", "template": "{{ ''.__class__.__mro__ }}"}]
    edit(preset / "tokenizer_config.json", lambda settings: settings.update(chat_template=templates))
    yield Attempt(preset)


def m34(lab: Lab) -> Iterator[Attempt]:
    """Settings of a tokenizer that are paths: not read."""
    preset = lab.foreign()
    (preset / "tokenizer.json").unlink()
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "film", *(f"x{number}" for number in range(393))]
    (preset / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens))
    paths = {"vocab_file": str(lab.secret), "tokenizer_file": str(lab.secret), "special_tokens_map_file": "/etc/passwd"}
    edit(preset / "tokenizer_config.json", lambda settings: settings.update(paths))
    yield Attempt(preset)


def m35(lab: Lab) -> Iterator[Attempt]:
    """Pickles of all kinds where weights belong (CVE-2026-1839)."""
    evil = pickle.dumps(Payload(str(lab.pwned)))
    preset = lab.foreign("bin")
    (preset / "model.safetensors").unlink()
    (preset / "pytorch_model.bin").write_bytes(evil)
    yield Attempt(preset, "a pickle", name=".bin")
    array = lab.inside / "array.npy"
    np.save(array, np.array([Payload(str(lab.pwned))], dtype=object), allow_pickle=True)
    contents = dict.fromkeys((".pt", ".pkl", ".joblib", ".ckpt"), evil) | {".npy": array.read_bytes()}
    yield from (named_weights(lab, f"x{ending}", "Python pickles", one) for ending, one in contents.items())


def m36(lab: Lab) -> Iterator[Attempt]:
    """Special tokens that are regular expressions without end, and a text that is meant for them: they are texts."""
    preset = lab.hub()
    path = preset / "assets" / "tokenizer" / "vocabulary.txt"
    lines = path.read_text().split("\n")
    lines[-5:-1] = ["(a+)+$", "(.*)*b", "[^", "\\1"]
    path.write_text("\n".join(lines))
    tokenizer = {"special_tokens": ["(a+)+$", "(.*)*b", "[^", "\\1"], "special_tokens_in_strings": True}
    edit(preset / "task.json", lambda t: t["config"]["preprocessor"]["config"]["tokenizer"]["config"].update(tokenizer))
    yield Attempt(preset, texts=["a" * 5000 + "!"])


CASES = cases_in(globals())
