"""Presets of an older plugin: accepted or not, brought up to date, under the names that components have now."""

from __future__ import annotations

import json
import sys

import pytest

from modelry.discovery.registry import registry
from modelry.errors import MissingPlugin, PresetFormatError
from modelry.presets.components import Owner
from modelry.presets.read import read_recipe, ready_recipe
from modelry.presets.task_spec import default_name

UPGRADE = """
from modelry.plugin import hookimpl

@hookimpl
def modelry_aliases():
    return {("backbones", "old"): "up", ("tasks", "old.text_classifier"): "up.text_classifier"}

@hookimpl
def modelry_upgrade_config(kind, name, config, saved_version):
    print(kind, name, saved_version)
    if kind == "backbones":
        config["layers"] = config.pop("num_layers")
        return config
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put acme-up 0.3.1 on the path, with this hook module."""
    with registry.isolated():

        def write(code):
            site = tmp_path / "site"
            info = site / "acme_up-0.3.1.dist-info"
            info.mkdir(parents=True)
            (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-up\nVersion: 0.3.1\n")
            points = "[modelry.backbones]\nup = acme_up:Up\n[modelry.tasks]\nup.text_classifier = acme_up:Task\n"
            points += "[modelry.plugin]\nup = acme_up_plugin\n" if code else ""
            (info / "entry_points.txt").write_text(points)
            if code:
                (site / "acme_up_plugin.py").write_text(code)
            monkeypatch.syspath_prepend(str(site))

        yield write
    sys.modules.pop("acme_up_plugin", None)


@pytest.fixture
def saved(copy_of):
    """A preset that acme-up saved, in the version that its manifest states or whose range it has."""

    def save(requires, versions=None, backbone="acme-up:up"):
        preset = copy_of("keras_hub/bert")
        task = f"{backbone}.text_classifier"
        manifest = {
            "format_version": 1,
            "modelry_version": "0.1.0",
            "components": {"backbones": backbone, "tasks": task},
            "requires": [requires],
            "labels": None,
            "weights": {},
            "files": {},
        }
        manifest |= {} if versions is None else {"versions": versions}
        (preset / "modelry.json").write_text(json.dumps(manifest))
        return preset

    return save


@pytest.mark.parametrize(
    ("requires", "versions", "told"),
    [
        ("acme-up>=0.3.0,<0.4", {"acme-up": "0.3.0"}, "0.3.0"),
        ("Acme_Up>=0.1.0,<0.2", {"acme-up": "0.1.2"}, "0.1.2"),
        ("acme-up>=0.1.0,<0.2", None, "0.1.0"),
        ("acme-up~=0.2.1", None, None),
    ],
)
def test_an_older_config_is_brought_up_to_date(install, saved, capsys, requires, versions, told):
    install(UPGRADE)
    preset = saved(requires, versions)
    if told is None:  # `~=` says that no later minor version will do, and cannot be taken for a mere upper bound
        with pytest.raises(MissingPlugin, match=r"is installed in version 0\.3\.1"):
            ready_recipe(preset)
        return
    recipe = ready_recipe(preset)
    assert recipe.backbone.config["layers"] == 2
    assert "num_layers" not in recipe.backbone.config
    assert recipe.backbone.config["vocabulary_size"] == 400
    assert recipe.task.config == read_recipe(preset).task.config
    calls = sorted(capsys.readouterr().out.splitlines())
    assert calls == [f"backbones up {told}", f"tasks up.text_classifier {told}"]


@pytest.mark.parametrize("version", ["0.3.1", "0.3.2"])
def test_the_same_or_a_newer_version_is_not_asked(install, saved, version):
    install("raise AssertionError('imported')")
    recipe = ready_recipe(saved("acme-up>=0.3.0,<0.4", {"acme-up": version}))
    assert recipe.backbone.config["num_layers"] == 2
    assert "acme_up_plugin" not in sys.modules


@pytest.mark.parametrize("code", ["", UPGRADE.partition("@hookimpl\ndef modelry_upgrade_config")[0]])
def test_a_plugin_that_does_not_promise_to_read_older_presets_is_too_new(install, saved, code):
    install(code)
    preset = saved("acme-up>=0.1.0,<0.2")
    with pytest.raises(MissingPlugin) as caught:
        ready_recipe(preset)
    assert str(caught.value) == (
        f"Preset {str(preset)!r} needs acme-up>=0.1.0,<0.2, which is installed in version 0.3.1. "
        'Run: pip install "acme-up>=0.1.0,<0.2"'
    )


@pytest.mark.parametrize("requires", ["acme-up>=0.4,<0.5", "acme-up>=0.1,!=0.3.1", "acme-up==0.1.0"])
def test_the_promise_covers_older_presets_only(install, saved, requires):
    install(UPGRADE)
    with pytest.raises(MissingPlugin, match=r"which is installed in version 0\.3\.1"):
        ready_recipe(saved(requires))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            UPGRADE.replace("print(kind, name, saved_version)", 'raise ValueError("no layer norm before 0.2")'),
            "modelry_upgrade_config fails with ValueError: no layer norm before 0.2",
        ),
        (
            UPGRADE.replace("return config\n", "return [config]\n"),
            "modelry_upgrade_config fails with TypeError: expected the arguments by name, or None, got [{",
        ),
        ("import surely_not_there", "No module named 'surely_not_there'"),
    ],
)
def test_a_hook_that_fails_is_an_error_with_its_name(install, saved, code, reason):
    install(code)
    preset = saved("acme-up>=0.3.0,<0.4")
    with pytest.raises(PresetFormatError) as caught:
        ready_recipe(preset)
    assert str(caught.value).startswith(
        f"Preset {str(preset)!r} was saved by acme-up 0.3.0, and acme-up 0.3.1 cannot upgrade the config of its "
        "backbone 'up'. acme-up 0.3.1 (acme_up_plugin): "
    )
    assert reason in str(caught.value)
    assert str(caught.value).endswith("Tell its author, or run: pip install acme-up==0.3.0")


def test_what_is_no_version_is_an_error(install, saved):
    install(UPGRADE)
    with pytest.raises(PresetFormatError, match="says that acme-up 'new' saved it, which is not a version"):
        ready_recipe(saved("acme-up>=0.3.0,<0.4", {"acme-up": "new"}))


def test_a_deprecated_name_warns_and_stands_for_the_new_one(install, saved):
    install(UPGRADE)
    preset = saved("acme-up>=0.3.0,<0.4", {"acme-up": "0.3.1"}, backbone="acme-up:old")
    with pytest.warns(DeprecationWarning, match="acme-up:old") as caught:
        recipe = ready_recipe(preset)
    assert (recipe.backbone.name, recipe.task.part.name) == ("acme-up:up", "acme-up:up.text_classifier")
    assert default_name("tasks", recipe.backbone.name, "modelry:text_classifier") == "acme-up:up.text_classifier"
    assert [str(warning.message) for warning in caught] == [
        "The backbone 'acme-up:old' is deprecated; it is called 'acme-up:up' now.",
        "The task 'acme-up:old.text_classifier' is deprecated; it is called 'acme-up:up.text_classifier' now.",
    ]


@pytest.mark.parametrize(
    ("version", "requirement"),
    [
        ("0.1.0", "acme>=0.1.0,<0.2"),
        ("0.12.3", "acme>=0.12.3,<0.13"),
        ("0.2.0.dev3+local", "acme>=0.2.0.dev3,<0.3"),
        ("1.4.2", "acme>=1.4.2,<2"),
        ("2027.1", "acme>=2027.1,<2028"),
    ],
)
def test_a_preset_accepts_versions_up_to_the_next_that_may_break_it(version, requirement):
    assert Owner("acme:x", "acme", version).requirement == requirement


def test_modelry_reads_whatever_an_older_modelry_saved():
    assert Owner("modelry:mean_pool", "modelry", "0.3.1").requirement == "modelry>=0.3.1"
