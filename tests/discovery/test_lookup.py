"""What a look-up says when there is not exactly one answer."""

from __future__ import annotations

import importlib
import os
import shlex
import sys
import time

import pytest

from modelry import models
from modelry.discovery.entry import Entry
from modelry.discovery.index import build_index
from modelry.discovery.pip import install_advice, is_requirement, pip_install, pip_upgrade
from modelry.discovery.policy import Policy
from modelry.discovery.registry import registry
from modelry.discovery.scan import Scan, snapshot
from modelry.errors import AmbiguousName, UnknownComponent

BERT = Entry("backbones", "bert", "acme_bert:Bert", "acme-bert", "1.2")


@pytest.fixture
def installed(monkeypatch):
    """Make the registry find these entries, and no others."""
    with registry.isolated():

        def install(*entries):
            found = Scan(entries, frozenset(entry.distribution for entry in entries))
            monkeypatch.setattr("modelry.discovery.registry.scan", lambda: found)
            registry.refresh()

        yield install


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("backbones", "brt", "No installed plugin registers a backbone 'brt'. Did you mean 'bert'? Installed: bert."),
        (
            "tokenizers",
            "bert",
            "No installed plugin registers a tokenizer 'bert'. There is a backbone of that name. "
            "Run: pip install modelry-bert",
        ),
        ("heads", "bert.mlm", "No installed plugin registers a head 'bert.mlm'. Run: pip install modelry-bert"),
        (
            "storage",
            "gs",
            "No installed plugin registers a storage handler 'gs'. Installed: none.",
        ),
        (
            "backbones",
            "Acme.CNN:cnn",
            "Backbone 'cnn' comes from acme-cnn, which is not installed. Run: pip install acme-cnn",
        ),
        (
            "backbones",
            "acme-bert:bart",
            "acme-bert registers no backbone 'bart'. Did you mean 'acme-bert:bert'? Another version of it may: "
            "pip install --upgrade acme-bert",
        ),
        (
            "backbones",
            "runtime:mine",
            "Backbone 'mine' was registered by a call, in a process that has ended. "
            "Register it here too: @modelry.register('backbones', 'mine').",
        ),
    ],
)
def test_an_unknown_name_says_what_to_do(installed, kind, name, message):
    installed(BERT)
    with pytest.raises(UnknownComponent) as caught:
        registry.find(kind, name)
    assert str(caught.value) == message


def test_what_is_installed_already_is_not_recommended(installed):
    installed(Entry("backbones", "bert", "m:C", "modelry-bert"))
    with pytest.raises(UnknownComponent, match=r"head 'bert\.mlm'\. Installed: none\."):
        registry.find("heads", "bert.mlm")


def test_one_distribution_that_registers_a_name_twice_is_told_apart(installed):
    installed(BERT, Entry("backbones", "bert", "acme_bert:Bert2", "acme-bert", "1.2"))
    with pytest.raises(AmbiguousName, match=r"registers it twice: tell its author"):
        registry.find("backbones", "acme-bert:bert")


def test_a_malformed_owner_does_not_make_a_name_ambiguous(installed):
    installed(Entry("backbones", "bert", "bert", "bad", "1", problem="it is malformed"), BERT)
    assert registry.find("backbones", "bert") == BERT
    assert registry.find("backbones", "bad:bert").problem == "it is malformed"


def test_a_preference_for_what_is_gone_is_forgotten(installed):
    other = Entry("backbones", "bert", "other:Bert", "other")
    installed(BERT, other)
    registry.prefer("backbones", "bert", "other")
    assert registry.find("backbones", "bert") == other
    installed(BERT)
    assert registry.find("backbones", "bert") == BERT


def test_a_class_name_of_two_plugins_says_how_to_import_each(installed):
    installed(BERT, Entry("backbones", "rival", "rival.models:Bert", "rival"))
    with pytest.raises(
        AmbiguousName, match=r"Import the one you mean: from acme_bert import Bert or from rival\.models"
    ):
        registry.find_class("Bert")


def test_a_class_under_two_names_is_one_class(installed):
    installed(BERT, Entry("tasks", "bert.x", "acme_bert:Bert", "acme-bert", "1.2"))
    assert registry.find_class("Bert") == BERT


def test_classes_that_no_model_is_built_of_are_not_offered(installed):
    installed(BERT, Entry("storage", "gs", "m:Handler", "acme-gs"), Entry("plugin", "p", "m:Plugin", "acme-gs"))
    assert registry.class_names() == ("Bert",)
    with pytest.warns(RuntimeWarning, match="No module named 'm'"), pytest.raises(UnknownComponent):
        registry.find_class("Handler")


def test_listings_are_sorted_and_hold_everything(installed):
    entries = [BERT, Entry("zeta", "x", "m:C", "a", problem="no such group"), Entry("plugin", "p", "m", "a")]
    installed(*entries)
    assert registry.entries() == (BERT, entries[2], entries[1])
    assert registry.entries("plugin") == (entries[2],)
    assert registry.names()["backbones"] == ("bert",)
    assert "zeta" not in registry.names()


def test_an_index_never_changes():
    index = build_index(Scan((BERT,), frozenset({"acme-bert"})), Policy())
    with pytest.raises(AttributeError):
        index.runtime = {}


def test_a_snapshot_is_current_until_a_folder_changes(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.path", [str(tmp_path), str(tmp_path / "missing")])
    long_ago = time.time() - 100
    os.utime(tmp_path, (long_ago, long_ago))
    before = snapshot()
    assert before.is_current()
    (tmp_path / "acme_bert-1.2.dist-info").mkdir()
    assert not before.is_current()
    # A folder changed so recently that a file system with a coarse clock could hide the next change.
    assert not snapshot().is_current()


def test_a_miss_costs_no_scan_while_nothing_changed(tmp_path, monkeypatch):
    scans = []
    monkeypatch.setattr("modelry.discovery.registry.scan", lambda: scans.append(1) or Scan((), frozenset()))
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    os.utime(tmp_path, (1, 1))
    with registry.isolated():
        for _ in range(3):
            with pytest.raises(UnknownComponent):
                registry.find("heads", "nothing")
    assert len(scans) == 1


def test_refresh_lets_python_find_new_modules_too(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("acme_late")
    before = tmp_path.stat().st_mtime_ns
    (tmp_path / "acme_late.py").write_text("class Late: pass")
    (tmp_path / "acme_late-1.dist-info").mkdir()
    (tmp_path / "acme_late-1.dist-info" / "entry_points.txt").write_text("[modelry.heads]\nlate = acme_late:Late")
    os.utime(tmp_path, ns=(before, before))  # as with a clock too coarse to tell these changes from what was before
    with registry.isolated():
        registry.refresh()
        assert registry.load("heads", "late").__name__ == "Late"
    del sys.modules["acme_late"]


def test_probing_for_private_names_asks_no_registry(monkeypatch):
    monkeypatch.setattr("modelry.discovery.registry.scan", lambda: pytest.fail("scanned"))
    with registry.isolated():
        assert not hasattr(models, "_repr_html_")


@pytest.mark.parametrize(
    ("requirement", "command"),
    [
        ("acme-bert", "pip install acme-bert"),
        ("acme-bert>=2,<3", 'pip install "acme-bert>=2,<3"'),
        ("modelry[jax]", 'pip install "modelry[jax]"'),
        ("acme==1.0", "pip install acme==1.0"),
    ],
)
def test_a_command_is_quoted_where_a_shell_would_misread_it(requirement, command):
    assert pip_install(requirement) == command


HOSTILE = [
    "x; rm -rf ~",
    'x" ; rm -rf ~; "',
    "$(touch owned)",
    "`touch owned`",
    "x\nrm -rf ~",
    "--index-url=https://evil.example",
    "x @ https://evil.example/x.whl",
    "x' && y",
    "x==1; python_version > '$(id)'",
    "x>=1,`id`",
    "x===`id`",
    "",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_requirement_is_never_part_of_a_command(text):
    assert not is_requirement(text)
    assert install_advice(text) == f"{text!r} is not the name of a distribution, so there is no command to install it."


@pytest.mark.parametrize("text", [*HOSTILE, "x>=1!2", "acme-bert>=2,<3", "modelry[s3]"])
@pytest.mark.parametrize("command", [pip_install, pip_upgrade])
def test_a_command_has_no_more_words_than_were_meant(text, command):
    assert shlex.split(command(text))[-1] == text
    assert len(shlex.split(command(text))) == len(shlex.split(command("x")))


@pytest.mark.parametrize("name", ["x; rm -rf ~:cnn", "$(touch owned):cnn", "a b:cnn"])
def test_a_qualified_name_that_no_distribution_can_have_leads_to_no_command(name):
    with registry.isolated(), pytest.raises(UnknownComponent) as caught:
        registry.find("backbones", name, in_file=True)
    owner = name.partition(":")[0]
    assert str(caught.value) == (
        f"Backbone 'cnn' comes from {owner!r}, which is not installed. {owner!r} is not the name of a distribution, so "
        "there is no command to install it."
    )
