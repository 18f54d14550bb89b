"""A preset that is signed is loaded as it was signed, or not at all."""

from __future__ import annotations

import json
import os
import sys
import tracemalloc

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from modelry import TextClassifier, Tokenizer
from modelry.errors import ChecksumMismatch, InputError, PresetFormatError, SignatureError, UnsafePresetError
from modelry.presets.read import read_recipe
from modelry.presets.verify import sign_preset, verify
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions
from modelry.storage.views import SignedFiles

WEIGHTS = "model.weights.h5"


def write_keys(folder, password=None):
    """Write a pair of keys; return where they are."""
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    (folder / "private.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    (folder / "public.pem").write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return folder / "private.pem", folder / "public.pem"


@pytest.fixture
def keys(tmp_path):
    return write_keys(tmp_path / "keys")


@pytest.fixture
def public(keys, preset):
    """The public key of a preset that is signed."""
    sign_preset(preset, keys[0])
    return keys[1]


def change(folder, name, edit):
    values = json.loads((folder / name).read_text())
    edit(values)
    (folder / name).write_text(json.dumps(values))


def test_what_is_signed_is_loaded_and_every_file_is_vouched_for(preset, public):
    assert TextClassifier.from_preset(preset, public_key=public).labels == ("negative", "positive")
    statuses = {one.name: one.status for one in verify(open_preset(preset), signed=True)}
    assert statuses.pop("README.md") == "unchecked"
    assert set(statuses.values()) == {"ok"}
    assert TextClassifier.from_preset(preset).labels == ("negative", "positive")  # whoever asks for no key needs none


def test_of_a_remote_preset_only_what_is_used_is_fetched(web, preset, public, tmp_path):
    url = f"{web.url}/sentiment"
    Tokenizer.from_preset(url, public_key=public)
    assert not [path for path, _ in web.requests if path.endswith(".h5")]
    sign_preset(preset, write_keys(tmp_path / "others")[0])
    with pytest.raises(SignatureError, match="is not signed with the key"):
        open_preset(url, OpenOptions(public_key=public))


@pytest.mark.parametrize("name", ["config.json", WEIGHTS, "assets/tokenizer/vocabulary.txt"])
def test_a_file_that_was_changed_is_not_read(preset, public, name):
    content = bytearray((preset / name).read_bytes())
    content[len(content) // 2] ^= 1
    (preset / name).write_bytes(content)
    files = open_preset(preset, OpenOptions(public_key=public))
    with pytest.raises(ChecksumMismatch, match="is not what was signed"):
        files.path(name)


@pytest.mark.parametrize(
    "edit",
    [
        lambda values: values["labels"].reverse(),
        lambda values: values["files"]["config.json"].update(size=1),
        lambda values: values["files"].pop("task.json"),
        lambda values: values.update(more=1),
        lambda values: values["signature"]["dsseEnvelope"]["signatures"][0].update(sig="AAAA"),
        lambda values: values["signature"]["dsseEnvelope"].update(payload="e30="),
        lambda values: values["signature"].clear(),
        lambda values: values.update(signature=None),
    ],
)
def test_a_manifest_that_was_changed_is_refused(preset, public, edit):
    change(preset, "modelry.json", edit)
    with pytest.raises(SignatureError, match="Nothing of it is loaded"):
        open_preset(preset, OpenOptions(public_key=public))


def test_a_manifest_that_is_too_large_is_not_read_as_a_whole(preset, public):
    os.truncate(preset / "modelry.json", 2**28)
    tracemalloc.start()
    with pytest.raises(UnsafePresetError, match="is larger than 8,388,608 bytes"):
        open_preset(preset, OpenOptions(public_key=public))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**25


def test_a_file_that_was_added_is_not_read_and_one_that_is_missing_is_missed(preset, keys):
    (preset / "task.json").unlink()
    change(preset, "modelry.json", lambda values: values["files"].pop("task.json"))
    sign_preset(preset, keys[0])
    (preset / "task.json").write_text("{}")
    with pytest.raises(SignatureError, match=r"task\.json of .* is not in the modelry\.json that is signed"):
        read_recipe(preset, OpenOptions(public_key=keys[1]))
    (preset / "task.json").unlink()
    (preset / "config.json").unlink()
    with pytest.raises(SignatureError, match=r"lacks config\.json, which is signed"):
        open_preset(preset, OpenOptions(public_key=keys[1]))


def test_what_is_not_signed_or_by_somebody_else_is_refused(preset, keys, tmp_path):
    with pytest.raises(SignatureError, match="is not signed, and only what is signed"):
        TextClassifier.from_preset(preset, public_key=keys[1])
    sign_preset(preset, write_keys(tmp_path / "others")[0])
    with pytest.raises(SignatureError, match=r"is not signed with the key .* Key mismatch"):
        TextClassifier.from_preset(preset, public_key=keys[1])
    sign_preset(preset, keys[0])  # which takes its place
    assert open_preset(preset, OpenOptions(public_key=keys[1])).path(WEIGHTS).is_file()
    (preset / "modelry.json").unlink()
    with pytest.raises(SignatureError, match=r"has no modelry\.json"):
        SignedFiles(open_preset(preset), keys[1])


def test_a_preset_that_is_not_as_it_was_saved_is_not_signed(preset, keys):
    before = (preset / "modelry.json").read_bytes()
    (preset / "model_00000.weights.h5").write_bytes(b"planted")
    with pytest.raises(PresetFormatError, match=r"model_00000\.weights\.h5 is unexpected"):
        sign_preset(preset, keys[0])
    assert (preset / "modelry.json").read_bytes() == before


def test_an_encrypted_key_needs_its_password(preset, tmp_path):
    private, public = write_keys(tmp_path / "keys", b"planted-password")
    for wrong in (None, "planted-wrong"):
        with pytest.raises(InputError, match="holds no private key that can be used") as caught:
            sign_preset(preset, private, wrong)
        assert "planted" not in str(caught.value).replace(str(tmp_path), "")
    sign_preset(preset, private, "planted-password")
    assert open_preset(preset, OpenOptions(public_key=public)).path(WEIGHTS).is_file()


def test_what_is_no_key_is_named(preset, public, keys, tmp_path):
    (tmp_path / "empty.pem").write_text("")
    for key in (keys[0], tmp_path / "empty.pem"):  # a private one where a public one is needed
        with pytest.raises(InputError, match="holds no public key that can be used"):
            open_preset(preset, OpenOptions(public_key=key))
    with pytest.raises(InputError, match="There is no public key"):
        open_preset(preset, OpenOptions(public_key=tmp_path / "nothing.pem"))
    with pytest.raises(InputError, match="public_key must be the path"):
        OpenOptions(public_key=3)
    with pytest.raises(InputError, match="There is no key"):
        sign_preset(preset, tmp_path / "nothing.pem")


def test_without_the_library_the_error_has_the_command(preset, public, monkeypatch):
    monkeypatch.setitem(sys.modules, "model_signing", None)
    with pytest.raises(SignatureError, match=r'pip install "modelry\[signing\]"'):
        open_preset(preset, OpenOptions(public_key=public))
