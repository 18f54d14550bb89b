from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from modelry.cli.plan import plan_of
from modelry.storage.files import FolderFiles

FIXTURES = Path(__file__).parents[1] / "fixtures"
KERAS_HUB, TRANSFORMERS = (FIXTURES / name / "bert" for name in ("keras_hub", "transformers"))

VAULT = """
import pathlib
from modelry.storage.files import FolderFiles
from modelry.storage.handler import Storage

class Sealed(FolderFiles):
    def is_local(self, name):
        return False

    def path(self, name):
        assert not name.endswith(".h5"), "weights were fetched"
        return super().path(name)

    def size(self, name):
        return (self.folder / name).stat().st_size

class Vault(Storage):
    def open(self, reference):
        return Sealed(pathlib.Path("/" + reference.path), reference.text)
"""
HOOKS = """
from modelry.plugin import BuiltinPreset, hookimpl

@hookimpl
def modelry_presets():
    return [BuiltinPreset("far_away", "vault://%s", "bert", 109_482_240)]
"""


@pytest.fixture
def explain(invoke):
    """Return what `modelry explain --json` tells of a preset, with the exit status in it."""

    def plan(preset: Path | str, *arguments: str) -> dict:
        result = invoke("explain", str(preset), "--json", *arguments)
        assert result.stderr == ""
        return {**json.loads(result.stdout), "exit": result.exit_code}

    return plan


def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def test_a_built_in_preset_from_its_name_to_its_weights(explain):
    plan = explain("bert_micro_sst2")
    assert (plan["exit"], plan["loads"], plan["problems"], plan["needs"]) == (0, True, [], [])
    assert plan["reference"] == "bert_micro_sst2 (package://modelry-bert/modelry_bert/presets/bert_micro_sst2)"
    assert plan["contributor"]["target"] == "modelry_bert.plugin"
    assert plan["storage"] == {
        "scheme": "package",
        "target": "modelry.storage.open:PackageStorage",
        "distribution": "modelry",
        "version": plan["storage"]["version"],
    }
    assert [found["installed"] for found in plan["requires"]] == ["0.1.0"]
    assert [(found["kind"], found["distribution"]) for found in plan["components"]] == [
        (kind, "modelry-bert") for kind in ("backbones", "tokenizers", "preprocessors", "tasks")
    ]
    assert plan["task"] == {
        "name": "text_classifier",
        "labels": ["negative", "positive"],
        "num_classes": 2,
        "problem_type": "single_label",
    }
    assert plan["fetch_bytes"] == 0
    assert {file["name"] for file in plan["files"]} == {
        "config.json", "modelry.json", "model.weights.h5", "task.weights.h5", "task.json", "preprocessor.json",
        "tokenizer.json", "assets/tokenizer/vocabulary.txt",
    }  # fmt: skip
    assert plan["weights"]["parameters"] == 815_682
    assert plan["weights"]["peak_bytes"] == plan["weights"]["bytes"] == 4 * 815_682
    assert plan["weights"]["formula"] == "weights as float32, mapped from the file"


def test_what_converting_the_weights_takes(explain, copy_of):
    tensors = load_file(TRANSFORMERS / "model.safetensors")
    count = sum(math.prod(tensor.shape) for tensor in tensors.values())
    largest = max(tensor.nbytes for tensor in tensors.values())
    weights = explain(TRANSFORMERS, "--dtype", "bfloat16")["weights"]
    assert weights == {
        "parameters": count,
        "stored_dtypes": ["float32"],
        "stored_bytes": 4 * count,
        "dtype": "bfloat16",
        "bytes": 2 * count,
        "peak_bytes": 2 * count + largest,
        "formula": "weights as bfloat16, and the largest tensor once more while it is converted",
    }
    assert explain(TRANSFORMERS, "--dtype", "mixed_bfloat16")["weights"]["bytes"] == 4 * count
    half = copy_of("transformers/bert")
    save_file({name: tensor.astype(np.float16) for name, tensor in tensors.items()}, half / "model.safetensors")
    weights = explain(half)["weights"]
    assert (weights["stored_dtypes"], weights["stored_bytes"]) == (["float16"], 2 * count)
    assert (weights["bytes"], weights["peak_bytes"]) == (4 * count, 4 * count + largest // 2)


def test_the_dtype_is_the_one_that_keras_is_configured_to_use(run, tmp_path):
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "keras.json").write_text('{"floatx": "float16", "backend": "jax"}')
    plan = json.loads(run("explain", str(KERAS_HUB), "--json").stdout)
    assert plan["weights"]["dtype"] == "float16"


def test_a_wrong_dtype_is_a_usage_error(invoke):
    result = invoke("explain", str(KERAS_HUB), "--dtype", "float8")
    assert result.exit_code == 2
    assert "Choose one of" in result.stderr
    assert "bfloat16" in result.stderr


def test_a_missing_plugin_is_named_with_its_command_and_the_rest_is_explained(copy_of, explain, invoke):
    preset = copy_of("keras_hub/bert")
    for path in preset.glob("*.json"):
        path.write_text(path.read_text().replace("keras_hub>Bert", "keras_hub>Bart"))
    plan = explain(preset)
    assert (plan["exit"], plan["loads"], plan["architecture"]) == (1, False, "bart")
    assert plan["components"][0]["problem"] in plan["problems"]
    assert plan["components"][0]["problem"].startswith(
        f"Preset {str(preset)!r} needs the backbone 'bart'. No installed plugin registers a backbone 'bart'."
    )
    assert plan["weights"]["parameters"] > 0
    lines = rows(invoke("explain", str(preset)).stdout)
    assert lines[-1] == ["loads", f"no: {len(plan['problems'])} problems"]
    assert "problem" not in [line[0] for line in lines]


def test_what_a_preset_requires_and_is_not_there(copy_of, explain, edit):
    preset = copy_of("keras_hub/bert")
    manifest = {"format_version": 1, "modelry_version": "0.1.0", "components": {}, "weights": {}, "files": {}}
    manifest |= {"requires": ["modelry-bert>=0.1,<0.2", "acme-bert>=3"], "labels": None}
    (preset / "modelry.json").write_text(json.dumps(manifest))
    plan = explain(preset)
    assert plan["exit"] == 1
    assert [found["installed"] for found in plan["requires"]] == ["0.1.0", None]
    assert plan["problems"][0].endswith('needs acme-bert>=3, which is not installed. Run: pip install "acme-bert>=3"')


def test_a_preset_without_a_task_says_what_it_can_become(copy_of, explain, invoke):
    preset = copy_of("keras_hub/bert")
    for name in ("task.json", "preprocessor.json", "tokenizer.json", "task.weights.h5"):
        (preset / name).unlink()
    plan = explain(preset)
    assert (plan["exit"], plan["task"]) == (0, None)
    assert [need.partition(";")[0] for need in plan["needs"]] == [
        "TextClassifier: num_classes= or labels=",
        "preprocessor=: one of yours, or None and token ids for texts",
    ]
    assert [line[0] for line in rows(invoke("explain", str(preset)).stdout)][-3:] == ["pass", "pass", "loads"]


def test_a_task_without_its_weights_gets_a_new_head(copy_of, explain):
    preset = copy_of("keras_hub/bert")
    (preset / "task.weights.h5").unlink()
    plan = explain(preset)
    assert (plan["exit"], plan["task"]["num_classes"]) == (0, 3)
    assert plan["needs"] == ["num_classes= or labels=; the preset has no trained head, so it gets a new, untrained one"]


def test_a_tokenizer_that_cannot_be_read_is_told_and_the_rest_is_explained(copy_of, explain, edit):
    preset = copy_of("transformers/bert")
    edit(preset / "tokenizer_config.json", lambda values: values.update(tokenizer_class="BertJapaneseTokenizer"))
    plan = explain(preset)
    assert (plan["exit"], len(plan["problems"])) == (1, 1)
    assert "has a BertJapaneseTokenizer, which splits texts in a way of its own" in plan["problems"][0]
    assert plan["needs"][0].endswith("has a tokenizer that cannot be read here")
    assert [found["kind"] for found in plan["components"]] == ["backbones", "tasks"]
    assert plan["weights"]["parameters"] > 0


@pytest.mark.parametrize("content", [None, b"not HDF5"])
def test_missing_and_damaged_weights_stop_it(copy_of, explain, content):
    preset = copy_of("keras_hub/bert")
    weights = preset / "model.weights.h5"
    weights.unlink() if content is None else weights.write_bytes(content)
    plan = explain(preset)
    assert (plan["exit"], plan["weights"], len(plan["problems"])) == (1, None, 1)
    assert ("has no file 'model.weights.h5'" if content is None else "not a readable HDF5 file") in plan["problems"][0]


def test_a_damaged_config_is_explained_as_far_as_it_goes(copy_of, explain):
    preset = copy_of("keras_hub/bert")
    (preset / "task.json").write_text("{")
    plan = explain(preset)
    assert (plan["exit"], plan["storage"]["scheme"], plan["format"]) == (1, "file", None)
    assert plan["problems"][0].startswith("task.json of preset")


@pytest.mark.parametrize(
    ("reference", "problem", "storage"),
    [
        ("nowhere", "'nowhere' is neither a built-in preset nor a folder here.", None),
        ("gone://x/y", "opens gone:// references, as 'gone://x/y' is.", None),
        ("package://nobody/x", "needs the distribution 'nobody', which is not installed. Run: pip install", "package"),
    ],
)
def test_a_reference_that_leads_nowhere(explain, reference, problem, storage):
    plan = explain(reference)
    assert plan["exit"] == 1
    assert problem in plan["problems"][0]
    assert (plan["storage"] or {}).get("scheme") == storage


def test_without_a_backend_nothing_loads(run):
    done = run("explain", str(KERAS_HUB), "--json", KERAS_BACKEND="nonexistent")
    plan = json.loads(done.stdout)
    assert (done.returncode, plan["backend"]["version"]) == (1, None)
    assert plan["problems"][0].startswith("KERAS_BACKEND is 'nonexistent', but nonexistent is not installed. Run: pip")


@pytest.fixture
def vault(sites):
    points = {"modelry.storage": {"vault": "acme_vault:Vault"}, "modelry.plugin": {"vault": "acme_vault_plugin"}}
    files = {"acme_vault.py": VAULT, "acme_vault_plugin.py": HOOKS % str(KERAS_HUB).lstrip("/")}
    return str(sites({"acme-vault==1.0": {"points": points, "files": files}})["acme-vault==1.0"])


def test_what_lies_far_away_is_not_fetched_to_be_explained(run, vault):
    done = run("explain", "far_away", "--json", PYTHONPATH=vault)
    assert done.stderr == ""
    plan = json.loads(done.stdout)
    assert (done.returncode, plan["weights"], plan["storage"]["distribution"]) == (0, None, "acme-vault")
    assert plan["contributor"] == {
        "target": "acme_vault_plugin", "distribution": "acme-vault", "version": "1.0", "parameters": 109_482_240
    }  # fmt: skip
    assert {file["here"] for file in plan["files"]} == {False}
    assert plan["fetch_bytes"] == sum((KERAS_HUB / file["name"]).stat().st_size for file in plan["files"])
    lines = rows(run("explain", "far_away", PYTHONPATH=vault).stdout)
    assert ["named by", "acme_vault_plugin  (acme-vault 1.0)"] in lines
    assert ["parameters", "109 M, as its plugin says"] in lines
    assert any(name == "reads" and value.endswith("to be fetched") for name, value in lines)


def test_an_incompatible_plugin_stops_it(sites, copy_of, run):
    needs_more = {
        "requires": ["modelry>=99"],
        "points": {"modelry.backbones": {"bart": "acme_bart:E"}},
        "files": {"acme_bart.py": ""},
    }
    site = sites({"acme-bart==1.0": needs_more})["acme-bart==1.0"]
    preset = copy_of("keras_hub/bert")
    for name in ("task.json", "preprocessor.json", "tokenizer.json", "task.weights.h5"):
        (preset / name).unlink()
    path = preset / "config.json"
    path.write_text(path.read_text().replace("keras_hub>Bert", "keras_hub>Bart"))
    done = run("explain", str(preset), PYTHONPATH=str(site))
    assert done.returncode == 1
    (row,) = (value for name, value in rows(done.stdout) if name == "backbone")
    assert row.startswith("bart: acme-bart 1.0 needs modelry>=99, and this is modelry ")
    assert row.endswith('Run: pip install "modelry>=99"')


def test_a_grid_on_a_terminal(terminal):
    lines = [line.rstrip() for line in terminal("explain", str(KERAS_HUB), COLUMNS="250").splitlines()]
    assert "format        keras_hub" in lines
    assert lines[-1] == "loads         yes"


def test_sharded_weights_are_read_with_their_index(tmp_path, copy_of, explain):
    preset = copy_of("transformers/bert")
    tensors = load_file(preset / "model.safetensors")
    (preset / "model.safetensors").unlink()
    names = sorted(tensors)
    parts = {"model-1.safetensors": names[::2], "model-2.safetensors": names[1::2]}
    for file, kept in parts.items():
        save_file({name: tensors[name] for name in kept}, preset / file)
    index = {"weight_map": {name: file for file, kept in parts.items() for name in kept}}
    (preset / "model.safetensors.index.json").write_text(json.dumps(index))
    plan = explain(preset)
    assert [file["name"] for file in plan["files"]][-3:] == ["model.safetensors.index.json", *parts]
    assert plan["weights"]["parameters"] == sum(math.prod(tensor.shape) for tensor in tensors.values())


def test_a_plan_reads_no_weights(monkeypatch):
    monkeypatch.setattr("modelry.weights.tensors.FileMap.array", None)
    assert plan_of(str(TRANSFORMERS), "float32")["loads"] is True
    assert FolderFiles(TRANSFORMERS, "x").is_local("config.json") is True
