"""A preset without a README.md is published with a model card."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import modelry
import modelry_bert
from modelry.errors import InputError

PRESET = Path(modelry_bert.__file__).parent / "presets" / "bert_micro_sst2"


@pytest.fixture
def preset(tmp_path):
    folder = Path(shutil.copytree(PRESET, tmp_path / "sentiment"))
    (folder / "README.md").unlink()
    return folder


def card_of(memory):
    """Return the facts in front of the card, and its text."""
    _, facts, text = memory.cat("/p/README.md").decode().split("---\n", 2)
    pairs = (line.split(": ", 1) for line in facts.splitlines())
    return {name: json.loads(value) for name, value in pairs}, text


def test_a_card_says_what_the_preset_is_and_how_to_use_it(memory, preset):
    modelry.upload_preset("memory://p", preset, metrics={"accuracy": 0.8125}, licence="Apache-2.0")
    facts, text = card_of(memory)
    assert facts == {
        "library_name": "modelry",
        "tags": ["modelry", "keras"],
        "pipeline_tag": "text-classification",
        "license": "apache-2.0",
        "metrics": ["accuracy"],
    }
    for part in ("0. negative\n1. positive", "| accuracy | 0.8125 |", 'pip install "modelry-bert>='):
        assert part in text
    assert not (preset / "README.md").exists()


def test_the_usage_on_the_card_runs(memory, preset):
    modelry.upload_preset("memory://p", preset)
    code = card_of(memory)[1].split("```python\n")[1].split("```")[0]
    names = {}
    exec(code, names)
    assert names["classifier"].labels == ("negative", "positive")


def test_a_card_without_figures_claims_none(memory, preset):
    modelry.upload_preset("memory://p", preset)
    facts, text = card_of(memory)
    assert "metrics" not in facts
    assert "license" not in facts
    assert "Metrics" not in text


def test_a_readme_of_the_folder_or_of_the_place_is_kept(memory, preset):
    memory.pipe("/p/README.md", b"by hand")
    memory.pipe("/p/config.json", b"{}")
    modelry.upload_preset("memory://p", preset)
    assert memory.cat("/p/README.md") == b"by hand"
    modelry.upload_preset("memory://p", preset, metrics={"accuracy": 0.5})
    assert "| accuracy | 0.5 |" in card_of(memory)[1]
    (preset / "README.md").write_text("in the folder")
    modelry.upload_preset("memory://p", preset)
    assert memory.cat("/p/README.md") == b"in the folder"
    with pytest.raises(InputError, match=r"has a README\.md, which is published as it is"):
        modelry.upload_preset("memory://p", preset, licence="MIT")


@pytest.mark.parametrize(
    "facts",
    [
        {"metrics": {"accuracy": float("nan")}},
        {"metrics": {"accuracy": "high"}},
        {"metrics": {"": 1}},
        {"metrics": [1]},
        {"licence": ""},
    ],
)
def test_facts_that_are_none_are_refused(memory, preset, facts):
    with pytest.raises(InputError):
        modelry.upload_preset("memory://p", preset, **facts)
    assert memory.store == {}
