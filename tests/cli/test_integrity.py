"""What `modelry verify`, `modelry sign` and `modelry lock` show on a terminal."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import modelry_bert

PRESET = Path(modelry_bert.__file__).parent / "presets" / "bert_micro_sst2"


@pytest.fixture
def preset(tmp_path) -> Path:
    return Path(shutil.copytree(PRESET, tmp_path / "sentiment"))


def test_verify_ends_with_a_summary(terminal, preset):
    shown = terminal("verify", str(preset))
    assert shown.splitlines()[0].split() == ["Status", "File"]
    assert shown.splitlines()[-1] == "8 ok, 2 unchecked"
    (preset / "task.json").unlink()
    shown = terminal("verify", str(preset), status=1)
    assert "missing" in shown
    assert shown.splitlines()[-1] == "7 ok, 1 missing, 2 unchecked"


def test_lock_says_what_was_locked_and_what_has_changed(terminal, preset, tmp_path):
    lock = str(tmp_path / "modelry.lock")
    assert terminal("lock", str(preset), "--file", lock).split() == ["./sentiment", "10", "files"]
    assert terminal("lock", "--check", MODELRY_LOCK=lock).splitlines() == ["1 preset, 0 changed since locked"]
    (preset / "README.md").unlink()
    shown = terminal("lock", "--check", "--file", lock, status=1).splitlines()
    assert shown == ["./sentiment: removed: README.md", "1 preset, 1 changed since locked"]


def test_what_is_not_wanted_any_more_is_taken_out_of_a_lock_file(terminal, preset, tmp_path):
    lock = tmp_path / "modelry.lock"
    terminal("lock", str(preset), "bert_micro_sst2", "--file", str(lock))
    shutil.rmtree(preset)
    assert terminal("lock", "--remove", "./sentiment", "--file", str(lock)).split() == ["./sentiment"]
    assert list(json.loads(lock.read_text())["presets"]) == [
        "package://modelry-bert/modelry_bert/presets/bert_micro_sst2"
    ]
    shown = terminal("lock", "--remove", "./sentiment", "--file", str(lock), status=1)
    assert "is not in the lock file" in " ".join(shown.split())
    terminal("lock", "--remove", "bert_micro_sst2", "--file", str(lock))
    assert json.loads(lock.read_text())["presets"] == {}


def test_a_preset_is_signed_and_verified_with_keys(terminal, preset, tmp_path):
    key = ec.generate_private_key(ec.SECP384R1())
    pem = serialization.Encoding.PEM
    (tmp_path / "private.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (tmp_path / "public.pem").write_bytes(
        key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    public = str(tmp_path / "public.pem")
    assert "is not signed" in terminal("verify", str(preset), "--key", public, status=1)
    assert terminal("sign", str(preset), "--key", str(tmp_path / "private.pem")).split()[-2:] == ["is", "signed"]
    assert terminal("verify", str(preset), "--key", public).splitlines()[-1] == "9 ok, 1 unchecked"
