"""What a preset needs and nothing here registers: the message has the pip command, wherever one is known."""

from __future__ import annotations

import json
import shlex

import pytest

from modelry.discovery.registry import registry
from modelry.errors import MissingPlugin, StorageError
from modelry.presets.components import load_class
from modelry.presets.read import read_recipe, ready_recipe
from modelry.storage.open import open_preset

HINTS = """
from modelry.plugin import hookimpl

KNOWN = {
    ("backbones", "bart"): "acme-bart>=2",
    ("backbones", "bert"): "acme-bert-instead",
    ("checkpoints", "wav2vec2"): "acme-speech",
    ("classes", "AcmeBackbone"): "acme-zoo>=0.3,<0.4",
    ("storage", "vault"): "acme-vault",
}

@hookimpl
def modelry_install_hint(kind, name):
    return KNOWN.get((kind, name))
"""


@pytest.fixture(autouse=True)
def hints(tmp_path, monkeypatch):
    """A plugin that knows what else there is."""
    site = tmp_path / "site"
    info = site / "acme_hints-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-hints\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[modelry.plugin]\nhints = acme_hints_plugin\n")
    (site / "acme_hints_plugin.py").write_text(HINTS)
    monkeypatch.syspath_prepend(str(site))
    with registry.isolated():
        yield


def config(folder, values):
    (folder / "config.json").write_text(json.dumps(values))
    return folder


def test_an_architecture_of_keras_hub(copy_of, edit):
    preset = copy_of("keras_hub/bert")
    (preset / "task.json").unlink()
    edit(preset / "config.json", lambda values: values.update(registered_name="keras_hub>BartBackbone"))
    recipe = read_recipe(preset)
    with pytest.raises(MissingPlugin) as caught:
        load_class(recipe, recipe.backbone, object)
    assert str(caught.value) == (
        f"Preset {str(preset)!r} needs the backbone 'bart'. No installed plugin registers a backbone 'bart'. "
        'Run: pip install "acme-bart>=2"'
    )


def test_an_architecture_that_the_modelry_project_publishes_itself(copy_of, monkeypatch):
    monkeypatch.setenv("MODELRY_PLUGINS", "acme-hints")
    recipe = read_recipe(copy_of("keras_hub/bert"))
    with pytest.raises(MissingPlugin, match=r"comes from modelry-bert .* which MODELRY_PLUGINS='acme-hints' keeps out"):
        load_class(recipe, recipe.backbone, object)


def test_a_checkpoint_of_transformers(tmp_path):
    with pytest.raises(MissingPlugin) as caught:
        read_recipe(config(tmp_path, {"model_type": "wav2vec2"}))
    assert str(caught.value) == (
        f"Preset {str(tmp_path)!r} is a 'wav2vec2' checkpoint of transformers. No installed plugin registers a "
        "checkpoint 'wav2vec2'. Run: pip install acme-speech"
    )


@pytest.mark.parametrize(
    ("class_id", "advice"),
    [
        ("acme>AcmeBackbone", 'Run: pip install "acme-zoo>=0.3,<0.4"'),
        ("AcmeBackbone", 'Run: pip install "acme-zoo>=0.3,<0.4"'),
        ("acme>NobodysBackbone", "No installed plugin registers a class named 'NobodysBackbone'."),
    ],
)
def test_the_class_of_a_plugin_in_a_preset_without_a_manifest(tmp_path, class_id, advice):
    with pytest.raises(MissingPlugin) as caught:
        read_recipe(config(tmp_path, {"registered_name": class_id, "config": {}}))
    assert str(caught.value).startswith(
        f"config.json of preset {str(tmp_path)!r} names the class {class_id!r}. No installed plugin registers a class"
    )
    assert str(caught.value).endswith(advice)


def test_a_scheme():
    with pytest.raises(StorageError) as caught:
        open_preset("vault://acme/x")
    assert str(caught.value) == (
        "Nothing here opens vault:// references, as 'vault://acme/x' is. Install a storage plugin for them, or "
        "download the preset and pass its folder. No installed plugin registers a storage handler 'vault'. "
        "Run: pip install acme-vault"
    )


def test_a_scheme_that_nobody_knows():
    with pytest.raises(StorageError, match=r"Install a storage plugin for them, .* Installed: .*\bfile\b.*\bpackage\b"):
        open_preset("gopher://acme/x")


def test_a_requirement(copy_of):
    preset = copy_of("keras_hub/bert")
    needed = "acme-zoo[x]>=0.3,<0.4"
    manifest = {"format_version": 1, "components": {}, "requires": [needed], "weights": {}, "files": {}}
    (preset / "modelry.json").write_text(json.dumps(manifest))
    with pytest.raises(MissingPlugin) as caught:
        ready_recipe(preset)
    assert str(caught.value) == (
        f'Preset {str(preset)!r} needs {needed}, which is not installed. Run: pip install "{needed}"'
    )


@pytest.mark.parametrize(
    ("needed", "command"),
    [
        ("acme-zoo; python_version > '$(id)'", "acme-zoo"),
        ('acme-zoo [x, a] >=1; extra == "`id`"', "acme-zoo[a,x]>=1"),
    ],
)
def test_what_a_preset_says_behind_a_requirement_is_no_part_of_the_command(copy_of, needed, command):
    preset = copy_of("keras_hub/bert")
    manifest = {"format_version": 1, "components": {}, "requires": [needed], "weights": {}, "files": {}}
    (preset / "modelry.json").write_text(json.dumps(manifest))
    with pytest.raises(MissingPlugin) as caught:
        ready_recipe(preset)
    text = str(caught.value)
    assert shlex.split(text.partition("Run: ")[2]) == ["pip", "install", command]
    assert "id" not in text.replace(str(preset), "")


def test_a_version_that_is_code_of_a_shell_leads_to_no_command(copy_of):
    preset = copy_of("keras_hub/bert")
    manifest = {"format_version": 1, "components": {}, "requires": ["acme-zoo===`id`"], "weights": {}, "files": {}}
    (preset / "modelry.json").write_text(json.dumps(manifest))
    with pytest.raises(MissingPlugin, match="there is no command to install it") as caught:
        ready_recipe(preset)
    assert "pip install" not in str(caught.value)


def test_a_component_of_a_preset_that_no_distribution_can_have_leads_to_no_command(copy_of):
    preset = copy_of("keras_hub/bert")
    components = {"backbones": 'x"; touch owned; ":bert'}
    manifest = {"format_version": 1, "components": components, "requires": [], "weights": {}, "files": {}}
    (preset / "modelry.json").write_text(json.dumps(manifest))
    recipe = read_recipe(preset)
    with pytest.raises(MissingPlugin, match="there is no command to install it") as caught:
        load_class(recipe, recipe.backbone, object)
    assert "pip install" not in str(caught.value)
