"""What presets may take of a machine, and who says so."""

from __future__ import annotations

import ipaddress
import json
import zipfile

import pytest

from modelry import Budget, TextClassifier
from modelry.errors import InputError, UnsafePresetError
from modelry.storage.filesystems.guards import _reach_of
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions, Tally


@pytest.mark.parametrize("value", [0, -1, 1.5, "9", True, None])
def test_a_budget_is_made_of_whole_numbers(value):
    with pytest.raises(InputError, match="bytes of a Budget must be a whole number"):
        Budget(bytes=value)


def test_a_budget_is_a_budget():
    with pytest.raises(InputError, match=r"budget must be a modelry\.Budget, not 5"):
        OpenOptions(budget=5)


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (Budget(parameters=100_000), r"wants .* parameters, and its budget is 100,000.*budget=modelry.Budget\(param"),
        (Budget(tensors=5), "wants 6 tensors"),
        (Budget(layers=5), r"wants 6 layers, and its budget is 5\..*budget=modelry.Budget\(layers=6\)"),
        (Budget(memory=10**6), "wants .* bytes of memory"),
        (Budget(bytes=10**6), "wants .* bytes, and its budget is 1,000,000"),
    ],
)
def test_a_preset_beyond_the_budget_is_refused(preset, budget, message):
    with pytest.raises(UnsafePresetError, match=message):
        TextClassifier.from_preset(preset, budget=budget)
    assert TextClassifier.from_preset(preset, budget=Budget(parameters=10**6, bytes=10**7)).num_classes == 2


def test_what_is_not_read_need_not_fit(preset):
    assert TextClassifier.from_preset(preset, load_weights=False, budget=Budget(bytes=10)).num_classes == 2


def test_a_listing_beyond_the_budget_is_refused(preset, web):
    with pytest.raises(UnsafePresetError, match="wants 9 files, and its budget is 3"):
        open_preset(f"{web.url}/sentiment", OpenOptions(budget=Budget(files=3)))


def test_a_file_beyond_the_budget_is_not_fetched(preset, web):
    files = open_preset(f"{web.url}/sentiment", OpenOptions(budget=Budget(bytes=2500)))
    with pytest.raises(UnsafePresetError, match=r"assets/tokenizer/vocabulary\.txt of .* wants .* bytes"):
        files.path("assets/tokenizer/vocabulary.txt")
    assert not any("vocabulary" in path for path, _ in web.requests)


def test_a_json_file_that_is_too_large_is_not_fetched(preset, web):
    values = json.loads((preset / "modelry.json").read_text())
    values["files"]["config.json"]["size"] = 10**8
    (preset / "modelry.json").write_text(json.dumps(values))
    with pytest.raises(UnsafePresetError, match=r"config\.json .* has 100,000,000 bytes"):
        TextClassifier.from_preset(f"{web.url}/sentiment")
    assert not any("config.json" in path for path, _ in web.requests)


def test_the_ratio_of_an_archive_is_the_callers_to_allow(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("p/config.json", bytes(2**24))
    place = f"zip://p::{tmp_path / 'x.zip'}"
    with pytest.raises(UnsafePresetError, match="bytes for each byte in the archive"):
        open_preset(place)
    assert open_preset(place, OpenOptions(budget=Budget(ratio=2000))).names() == {"config.json"}


def test_a_tally_stops_at_the_first_that_is_too_much():
    tally = Tally(Budget(parameters=10, tensors=3, memory=100), "It")
    tally.add((5,), 4)
    tally.add((), 4)
    with pytest.raises(UnsafePresetError, match="It wants 11 parameters, and its budget is 10"):
        tally.add((5, 1), 4)


def test_links_into_the_cache_of_a_hub_are_followed_and_others_are_not(preset, tmp_path):
    snapshot, blobs = (
        tmp_path / "hub" / "models--a--b" / "snapshots" / "c0ffee",
        tmp_path / "hub" / "models--a--b/blobs",
    )
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    (blobs / "1234").write_bytes((preset / "config.json").read_bytes())
    (snapshot / "config.json").symlink_to("../../blobs/1234")
    (snapshot / "task.json").symlink_to(preset / "task.json")
    (snapshot / "same.json").symlink_to("config.json")
    files = open_preset(snapshot)
    assert files.path("config.json").read_bytes() == files.path("same.json").read_bytes() != b""
    with pytest.raises(UnsafePresetError, match=r"task\.json of preset .* is a link to .*, outside of the preset"):
        files.path("task.json")


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        ("93.184.216.34", "public"),
        ("2606:2800:220:1::1", "public"),
        ("10.1.2.3", "private"),
        ("192.168.0.1", "private"),
        ("100.64.0.1", "private"),
        ("fd00::1", "private"),
        ("127.0.0.1", "loopback"),
        ("0.0.0.0", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("169.254.169.254", "link-local"),
        ("::ffff:169.254.169.254", "link-local"),
        ("fe80::1", "link-local"),
    ],
)
def test_whom_an_address_can_be_reached_by(address, reach):
    assert _reach_of(ipaddress.ip_address(address)) == reach
