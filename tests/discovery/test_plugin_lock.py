"""A lock of plugins tells every way in which an installed wheel can differ from the one that was locked."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from modelry.discovery.distributions import installed
from modelry.discovery.findings import CHANGED, NOTE
from modelry.discovery.lock_check import lock_all, lock_findings
from modelry.discovery.plugin_lock import read_plugin_lock, write_plugin_lock
from modelry.discovery.record import read_record
from modelry.discovery.survey import survey
from modelry.errors import PluginError

BERT, NEWER, CNN = "acme-bert==1.2", "acme-bert==1.3", "acme-cnn==2.0"
MODULE = "acme_bert/backbone.py"


@pytest.fixture
def place(site, tmp_path, monkeypatch) -> Path:
    """A folder with a copy of an installed acme-bert 1.2, on the path of this process."""
    folder = Path(shutil.copytree(site(BERT), tmp_path / "site"))
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.fixture
def lock(place, tmp_path) -> Path:
    """The lock of what is installed now."""
    path = tmp_path / "plugins.lock"
    write_plugin_lock(path, lock_all(survey()))
    return path


def drift(lock: Path, name: str = "acme-bert") -> list[str]:
    """What has changed of a distribution since it was locked."""
    found = lock_findings(read_plugin_lock(lock), survey(), "plugins.lock")
    return [finding.problem for about, finding in found if about == name and finding.status == CHANGED]


def record(place: Path) -> Path:
    (path,) = place.glob("acme_bert-*/RECORD")
    return path


def rewrite(place: Path, name: str, text: str) -> None:
    """Change a file, and what RECORD says of it."""
    old, new = (place / name).read_bytes(), text.encode()
    (place / name).write_bytes(new)
    lines = record(place).read_text()
    assert _row(name, old) in lines
    record(place).write_text(lines.replace(_row(name, old), _row(name, new)))


def _row(name: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}"


def test_what_is_as_it_was_locked_is_no_finding(lock):
    locked = json.loads(lock.read_text())["distributions"]["acme-bert"]
    assert locked["version"] == "1.2"
    assert len(locked["sha256"]) == 64
    assert drift(lock) == []


def test_what_installers_add_is_no_part_of_the_lock(place, lock):
    note = "acme_bert-1.2.dist-info/uv_cache.json"
    (place / note).write_text("{}")
    with record(place).open("a") as file:
        file.write(f"{_row(note, b'{}')}\n../../bin/acme,sha256=AAAA,9\n")
    assert drift(lock) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda place: (place / MODULE).write_text("#"), f"{MODULE} is not what RECORD says"),
        (lambda place: (place / MODULE).unlink(), f"{MODULE} is missing"),
        (
            lambda place: rewrite(place, MODULE, "import os"),
            "the RECORD of acme-bert 1.2 is not the one that was locked",
        ),
        (
            lambda place: (place / f"acme_bert/backbone{EXTENSION_SUFFIXES[0]}").write_bytes(b""),
            f"acme_bert/backbone{EXTENSION_SUFFIXES[0]} is not in RECORD",
        ),
        (
            lambda place: (place / "acme_bert/sub").mkdir() or (place / "acme_bert/sub/__init__.py").write_text(""),
            "acme_bert/sub/__init__.py is not in RECORD",
        ),
        (lambda place: (place / "acme_bert/sub").symlink_to(place), "acme_bert/sub is not in RECORD"),
        (lambda place: (place / "acme_bert.py").write_text(""), "acme_bert.py is not in RECORD"),
        (
            lambda place: record(place).unlink(),
            "acme-bert was installed without a RECORD, and was locked with the content of a wheel",
        ),
    ],
)
def test_every_change_of_content_is_found(place, lock, change, problem):
    change(place)
    assert drift(lock) == [problem]


def test_what_python_compiles_and_data_beside_it_are_no_change(place, lock):
    (place / "acme_bert/__pycache__").mkdir(exist_ok=True)
    (place / "acme_bert/__pycache__/backbone.cpython-399.pyc").write_bytes(b"")
    (place / "acme_bert/notes.txt").write_text("")
    assert drift(lock) == []


def test_a_namespace_package_can_be_shared_and_no_other(tmp_path):
    files = ("space/one/__init__.py", "space/two.py", "space/one/more.py", "space/three.py")
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    told = {"acme_one": files[:1], "acme_two": files[1:3]}  # the second has a file in a package of the first
    for name, listed in told.items():
        (tmp_path / f"{name}-1.dist-info").mkdir()
        rows = "".join(f"{_row(file, b'')}\n" for file in listed)
        (tmp_path / f"{name}-1.dist-info" / "RECORD").write_text(rows)
    one = next(found for found in installed([str(tmp_path)]) if found.name == "acme-one")
    problems = ["space/one/more.py is not in RECORD", "space/three.py is not in RECORD"]
    assert list(read_record(one).problems()) == problems


def test_another_version_a_newcomer_and_a_missing_one_are_found(place, lock, site, monkeypatch):
    monkeypatch.syspath_prepend(str(site(CNN)))
    shutil.rmtree(place)
    assert drift(lock) == ["acme-bert 1.2 is locked in plugins.lock, and not installed"]
    assert drift(lock, "acme-cnn") == ["acme-cnn 2.0 contributes here, and plugins.lock does not list it"]
    shutil.copytree(site(NEWER), place)
    assert drift(lock) == ["acme-bert 1.3 is installed, and 1.2 is locked"]


def test_what_a_policy_keeps_out_need_not_be_locked(lock, site, monkeypatch):
    monkeypatch.syspath_prepend(str(site(CNN)))
    monkeypatch.setenv("MODELRY_PLUGINS", "-acme-cnn")
    assert drift(lock, "acme-cnn") == []


def test_one_that_contributes_no_more_is_still_held_against_its_lock(place, lock):
    rewrite(place, "acme_bert-1.2.dist-info/entry_points.txt", "")
    assert drift(lock) == ["the RECORD of acme-bert 1.2 is not the one that was locked"]


def test_of_an_editable_install_only_the_version_is_locked(wheels, tmp_path, monkeypatch):
    (wheel,) = (wheels[BERT].parent / "editable").glob("acme_bert-1.2-*.whl")
    place, lock = tmp_path / "editable", tmp_path / "lock"
    shutil.unpack_archive(wheel, place, "zip")
    (place / "acme_bert-1.2.dist-info" / "direct_url.json").write_text(
        json.dumps({"dir_info": {"editable": True}, "url": (tmp_path / "src").as_uri()})
    )
    monkeypatch.syspath_prepend(str(place))
    write_plugin_lock(lock, lock_all(survey()))
    found = [one for name, one in lock_findings(read_plugin_lock(lock), survey(), "lock") if name == "acme-bert"]
    assert [(one.status, one.problem) for one in found] == [
        (
            NOTE,
            f"acme-bert is an editable install of {tmp_path / 'src'}: only its version is checked, and not its code",
        )
    ]


def test_what_is_not_as_it_was_installed_cannot_be_locked(place):
    (place / "acme_bert/backbone.py").write_text("#")
    with pytest.raises(
        PluginError, match=r"acme-bert 1.2 is not locked.*backbone.py is not what RECORD says.*Run: pip"
    ):
        lock_all(survey())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"cannot be used: Expecting"),
        ("[]", r"must be an object with format_version and distributions"),
        ('{"format_version": 2, "distributions": {}}', r"format version 2, not 1"),
        ('{"format_version": 1, "distributions": []}', r"distributions is no object"),
        ('{"format_version": 1, "distributions": {"a": {"version": "1"}}}', r"'a' must have version and sha256"),
        ('{"format_version": 1, "distributions": {"a": {"version": 1, "sha256": null}}}', r"is 1, no text"),
        ('{"format_version": 1, "distributions": {"a": {"version": "1", "sha256": "0"}}}', r"neither 64 hexadecimal"),
    ],
)
def test_a_lock_that_cannot_be_understood_is_an_error(tmp_path, text, message):
    (tmp_path / "lock").write_text(text)
    with pytest.raises(PluginError, match=message):
        read_plugin_lock(tmp_path / "lock")


def test_a_lock_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(PluginError, match=r"No such file.*modelry plugins --lock"):
        read_plugin_lock(tmp_path / "lock")
    with pytest.raises(PluginError, match=r"cannot be written"):
        write_plugin_lock(tmp_path / "no" / "lock", {})
