"""An archive that is damaged is told at once; one that its store did not send to the end is asked for again."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest

from modelry.errors import ChecksumMismatch, StorageError, UnsafePresetError
from modelry.storage import retries
from modelry.storage.client_errors import Interrupted
from modelry.storage.filesystems.archives import StoreFile
from modelry.storage.open import open_preset
from modelry.testing.presets import contents

from .conftest import upload

WEIGHTS = "model.weights.h5"
KINDS = ("zip", "tar", "tar.gz", "tar.bz2", "tar.xz")
DAMAGED = "cannot be read, because the archive is damaged, or was cut off before its end"


@pytest.fixture
def small(tmp_path):
    """A folder of few files, so that every place of its archive can be tried."""
    folder = tmp_path / "small"
    (folder / "assets").mkdir(parents=True)
    for name in ("config.json", "assets/vocabulary.txt", "model.weights.h5"):
        (folder / name).write_bytes(bytes(range(256)) * 5 + name.encode())
    return folder


@pytest.fixture
def once(monkeypatch):
    """Nothing is tried again."""

    class Failed(Exception):
        def __init__(self, error):
            raise AssertionError(f"{error!r} is tried again")

    monkeypatch.setattr(retries, "_Failed", Failed)


def packed(folder, kind) -> bytes:
    file = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            upload(folder, archive.writestr)
    else:
        with tarfile.open(fileobj=file, mode=f"w:{kind.partition('.')[2]}") as archive:
            archive.add(folder, ".")
    return file.getvalue()


def read(place, kind):
    files = open_preset(f"{kind[:3]}://::{place}")
    return {name: files.path(name).read_bytes() for name in sorted(files.names())}


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_that_is_cut_off_is_told_at_once_wherever_that_is(tmp_path, small, kind, once):
    whole = packed(small, kind)
    end = len(whole.rstrip(b"\0")) if kind == "tar" else len(whole)
    for length in {*range(0, end, max(end // 40, 1)), *range(0, end, 512), end - 1}:
        place = tmp_path / "cut"
        place.write_bytes(whole[:length])
        with pytest.raises(ChecksumMismatch, match=DAMAGED):
            read(place, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_is_told_at_once_or_does_no_harm(tmp_path, small, kind, once):
    whole, place, refused = packed(small, kind), tmp_path / "flipped", 0
    for position in range(0, len(whole), max(len(whole) // 60, 1)):
        place.write_bytes(whole[:position] + bytes([whole[position] ^ 0x20]) + whole[position + 1 :])
        try:
            found = read(place, kind)
        except (ChecksumMismatch, UnsafePresetError):
            refused += 1
        else:  # tar has no sums of its files' contents
            assert kind == "tar" or found == contents(small)
            assert found.keys() == contents(small).keys()
    assert refused > 3


def test_what_is_no_archive_is_told_at_once(tmp_path, once):
    (tmp_path / "page").write_text("<html>Not here</html>" * 100)
    for kind in ("zip", "tar"):
        with pytest.raises(ChecksumMismatch, match=rf"{kind}://::/.*page' {DAMAGED}.*Pack it and put it there again"):
            open_preset(f"{kind}://::{tmp_path / 'page'}")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_damaged_archive_in_a_store_is_asked_for_once(web, preset, kind, once):
    whole = packed(preset, kind)
    (web.folder / "cut").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ChecksumMismatch, match=DAMAGED):
        open_preset(f"{kind[:3]}://::{web.url}/cut")


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_an_archive_that_is_not_sent_to_its_end_is_asked_for_again(web, preset, kind):
    (web.folder / "presets").write_bytes(packed(preset, kind))
    web.faults.extend(["short", "cut", "503", "close"])
    files = open_preset(f"{kind[:3]}://::{web.url}/presets")
    web.faults.extend(["short", "short"])
    assert {name: files.path(name).read_bytes() for name in files.names()} == contents(preset)


def test_a_store_that_never_sends_the_end_is_no_damaged_archive(web, preset):
    (web.folder / "presets.zip").write_bytes(packed(preset, "zip"))
    web.faults.extend(["short"] * 10_000)
    with pytest.raises(StorageError, match=r"the archive ended .* before it should.*Try again later") as caught:
        open_preset(f"zip://::{web.url}/presets.zip")
    assert not isinstance(caught.value, ChecksumMismatch)


@pytest.mark.parametrize("inner", KINDS)
def test_an_archive_in_an_archive_is_read_and_told_at_once_where_it_is_damaged(tmp_path, preset, inner, once):
    whole, outer = packed(preset, inner), tmp_path / "outer.zip"
    reference = f"{inner[:3]}://::zip://in/side::{outer}"
    for content in (whole, whole[: len(whole) // 2]):
        with zipfile.ZipFile(outer, "w") as archive:
            archive.writestr("in/side", content)
        if content is whole:
            files = open_preset(reference)
            assert {name: files.path(name).read_bytes() for name in files.names()} == contents(preset)
        else:
            with pytest.raises(ChecksumMismatch, match=DAMAGED):
                open_preset(reference).path(WEIGHTS)


def test_an_archive_that_is_replaced_meanwhile_has_changed_and_is_not_damaged(web, preset, small):
    (web.folder / "presets.zip").write_bytes(packed(preset, "zip"))
    files = open_preset(f"zip://::{web.url}/presets.zip")
    (web.folder / "presets.zip").write_bytes(packed(small, "zip") * 100)
    with pytest.raises(StorageError, match="has changed in the store"):
        files.path(WEIGHTS)


def test_a_file_of_a_store_ends_where_the_store_says(tmp_path):
    class Short(io.BytesIO):
        size = 10

    file = StoreFile(Short(b"12345"))
    assert file.read(3) == b"123"
    with pytest.raises(Interrupted, match="ended 5 bytes before it should"):
        file.read()
    assert isinstance(file.failed, Interrupted)
    assert StoreFile(io.BytesIO(b"12345")).read() == b"12345"
