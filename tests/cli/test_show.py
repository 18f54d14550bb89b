from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest

from modelry.cli.facts import facts_of
from modelry.cli.show import byte_count
from modelry.presets.read import read_files, read_recipe
from modelry.storage.files import PresetFiles

FIXTURES = Path(__file__).parents[1] / "fixtures"
KERAS_HUB, TRANSFORMERS = (FIXTURES / name / "bert" for name in ("keras_hub", "transformers"))
MANIFEST = {
    "format_version": 1,
    "modelry_version": "0.1.0",
    "components": {},
    "requires": ["modelry-bert>=0.1,<0.2", "acme-bert>=3"],
    "labels": ["bad", "so so", "good"],
    "weights": {},
    "files": {},
}


@pytest.fixture
def show(invoke):
    """Return what `modelry show --json` tells of a preset."""

    def facts(preset: Path) -> dict:
        result = invoke("show", str(preset), "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    return facts


def component(kind: str, name: str, target: str) -> dict:
    owner = {"distribution": "modelry-bert", "version": "0.1.0", "problem": None}
    return {"kind": kind, "name": name, "target": f"modelry_bert.{target}", **owner}


def test_a_preset_of_keras_hub(show):
    facts = show(KERAS_HUB)
    files = facts.pop("files")
    assert files == [{"name": name, "size": (KERAS_HUB / name).stat().st_size} for name in sorted(
        path.relative_to(KERAS_HUB).as_posix() for path in KERAS_HUB.rglob("*") if path.is_file()
    )]  # fmt: skip
    assert facts == {
        "reference": str(KERAS_HUB),
        "format": "keras_hub",
        "architecture": "bert",
        "components": [
            component("backbones", "bert", "backbone:BertBackbone"),
            component("tokenizers", "bert", "text:BertTokenizer"),
            component("preprocessors", "bert.text_classifier", "text:BertTextClassifierPreprocessor"),
            component("tasks", "bert.text_classifier", "text_classifier:BertTextClassifier"),
        ],
        "task": {
            "name": "text_classifier",
            "labels": None,
            "num_classes": 3,
            "problem_type": "single_label",
        },
        "sequence_length": 40,
        "dtype": "float32",
        "backbone": {
            "vocabulary_size": 400,
            "num_layers": 2,
            "num_heads": 4,
            "hidden_dim": 32,
            "intermediate_dim": 64,
            "dropout": 0.1,
            "max_sequence_length": 64,
            "num_segments": 2,
        },
        "weights": [{"name": "model.weights.h5", "found": True}, {"name": "task.weights.h5", "found": True}],
        "requires": [],
        "keras_hub": True,
        "card": None,
    }


def test_a_checkpoint_of_transformers(show):
    facts = show(TRANSFORMERS)
    assert facts["format"] == "transformers"
    assert facts["task"]["labels"] == ["label_a", "label_b", "label_c", "label_d", "label_e"]
    assert (facts["task"]["num_classes"], facts["sequence_length"], facts["dtype"]) == (5, 64, None)
    assert facts["weights"] == [{"name": "model.safetensors", "found": True}]
    assert facts["keras_hub"] is None


def test_lines_when_piped(invoke):
    result = invoke("show", str(TRANSFORMERS))
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert lines[:4] == [
        ["reference", str(TRANSFORMERS)],
        ["format", "transformers"],
        ["architecture", "bert"],
        ["backbone", "modelry-bert:bert  modelry_bert.backbone:BertBackbone  (modelry-bert 0.1.0)"],
    ]
    assert ["labels", "label_a, label_b, label_c, label_d, label_e"] in lines
    assert ["num classes", "5"] in lines
    assert ["problem type", "single_label"] in lines
    assert ["backbone config", "layer_norm_epsilon=1e-12"] in lines
    assert ["files", "model.safetensors  137.5 kB"] in lines
    assert {name for name, _ in lines}.isdisjoint({"KerasHub", "requires", "model card", "weights", "dtype"})
    assert ["KerasHub", "can read it"] in [
        line.split("\t") for line in invoke("show", str(KERAS_HUB)).stdout.splitlines()
    ]


def test_a_grid_on_a_terminal(terminal):
    lines = [line.rstrip() for line in terminal("show", str(KERAS_HUB)).splitlines()]
    assert "format           keras_hub" in lines
    first = lines.index("backbone config  vocabulary_size=400")
    assert lines[first + 1] == "                 num_layers=2"


def test_a_missing_plugin_is_a_fact_and_no_error(copy_of, edit, invoke, show):
    preset = copy_of("keras_hub/bert")
    for path in preset.glob("*.json"):
        path.write_text(path.read_text().replace("keras_hub>Bert", "keras_hub>Bart"))
    facts = show(preset)
    assert facts["architecture"] == "bart"
    assert [found["target"] for found in facts["components"]] == [None] * 4
    assert "No installed plugin registers a backbone 'bart'." in facts["components"][0]["problem"]
    assert facts["keras_hub"] is True
    assert "backbone\tbart: No installed plugin registers a backbone" in invoke("show", str(preset)).stdout


def test_a_pip_command_for_what_a_preset_requires(copy_of, invoke, show):
    preset = copy_of("keras_hub/bert")
    (preset / "modelry.json").write_text(json.dumps(MANIFEST))
    facts = show(preset)
    assert facts["format"] == "modelry"
    assert facts["task"]["labels"] == ["bad", "so so", "good"]
    met, missing = facts["requires"]
    assert met == {"requirement": "modelry-bert>=0.1,<0.2", "problem": None}
    assert missing["requirement"] == "acme-bert>=3"
    assert missing["problem"].endswith('needs acme-bert>=3, which is not installed. Run: pip install "acme-bert>=3"')
    lines = invoke("show", str(preset)).stdout.splitlines()
    assert "requires\tmodelry-bert>=0.1,<0.2" in lines
    assert f"requires\t{missing['problem']}" in lines


def test_a_backbone_alone_has_no_task(copy_of, show):
    preset = copy_of("keras_hub/bert")
    for name in ("task.json", "preprocessor.json", "task.weights.h5"):
        (preset / name).unlink()
    facts = show(preset)
    assert [(found["kind"], found["name"]) for found in facts["components"]] == [
        ("backbones", "bert"), ("tokenizers", "bert")
    ]  # fmt: skip
    assert (facts["task"], facts["sequence_length"]) == (None, None)


def test_a_backbone_may_come_from_any_distribution(copy_of, show, install):
    install("acme", {"modelry.backbones": {"bart": "acme:Electra"}})
    preset = copy_of("keras_hub/bert")
    for name in ("task.json", "preprocessor.json", "tokenizer.json", "task.weights.h5"):
        (preset / name).unlink()
    path = preset / "config.json"
    path.write_text(path.read_text().replace("keras_hub>Bert", "keras_hub>Bart"))
    (backbone,) = show(preset)["components"]
    assert (backbone["target"], backbone["distribution"], backbone["version"]) == ("acme:Electra", "acme", "1.5")


def test_weights_may_be_absent(copy_of, invoke, show):
    preset = copy_of("keras_hub/bert")
    (preset / "model.weights.h5").unlink()
    assert show(preset)["weights"][0] == {"name": "model.weights.h5", "found": False}
    assert "weights\tmodel.weights.h5 is missing" in invoke("show", str(preset)).stdout.splitlines()


def test_classes_of_others_are_not_for_keras_hub(copy_of, edit, invoke, show):
    preset = copy_of("keras_hub/bert")
    head = {"class_name": "MeanPoolHead", "config": {}, "registered_name": "modelry>MeanPoolHead"}
    edit(preset / "task.json", lambda values: values["config"].update(head=head))
    facts = show(preset)
    assert facts["keras_hub"] is False
    assert [found["name"] for found in facts["components"] if found["kind"] == "heads"] == ["modelry:mean_pool"]
    assert "KerasHub\tcannot read it" in invoke("show", str(preset)).stdout


def test_safetensors_in_its_own_layout_are_not_for_keras_hub():
    recipe = read_recipe(KERAS_HUB)
    assert facts_of(recipe)["keras_hub"] is True
    assert facts_of(attrs.evolve(recipe, backbone_weights="model.safetensors"))["keras_hub"] is False


@pytest.mark.parametrize(
    ("text", "card"),
    [
        (
            "# Reviews\n\nSays whether\n  people\n\n\nlike\na\nfilm\n",
            ["# Reviews", "Says whether", "people", "like", "a"],
        ),
        ("---\nlicense: mit\n---\n\n# Reviews\n---\n", ["# Reviews", "---"]),
        ("\ufeff---\nlicense: mit\n", []),
        ("", []),
    ],
)
def test_the_model_card(copy_of, invoke, show, text, card):
    preset = copy_of("keras_hub/bert")
    (preset / "README.md").write_text(text, encoding="utf-8")
    assert show(preset)["card"] == card
    shown = invoke("show", str(preset)).stdout.splitlines()
    assert [line for line in shown if line.startswith("model card")] == [f"model card\t{line}" for line in card]


class Remote(PresetFiles):
    """Files that are far away; fetching weights fails the test."""

    reference = "far://away"

    def names(self):
        return frozenset({"config.json", "model.weights.h5"})

    def fetch(self, name):
        assert not name.endswith(".h5")
        return KERAS_HUB / name


def test_no_file_is_fetched_for_its_size():
    assert facts_of(read_files(Remote()))["files"] == [
        {"name": "config.json", "size": None},
        {"name": "model.weights.h5", "size": None},
    ]


def test_control_characters_of_a_preset_do_not_reach_the_terminal(copy_of, edit, invoke, terminal):
    preset = copy_of("transformers/bert")
    edit(preset / "config.json", lambda values: values["id2label"].update({"0": "\x1b[2Ja\nb"}))
    assert "labels\t\\x1b[2Ja\\nb, label_b" in invoke("show", str(preset)).stdout
    assert "\\x1b[2Ja\\nb, label_b" in terminal("show", str(preset))


def test_a_damaged_preset_is_an_error(copy_of, invoke):
    preset = copy_of("keras_hub/bert")
    (preset / "task.json").write_text("{")
    result = invoke("show", str(preset))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: task.json of preset")


@pytest.mark.parametrize(
    ("size", "text"),
    [(None, ""), (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (17_701_234, "17.7 MB"), (2_500_000_000, "2.5 GB")],
)
def test_sizes(size, text):
    assert byte_count(size) == text
