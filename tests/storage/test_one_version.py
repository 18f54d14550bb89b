"""What is read of a preset is of one version, whatever is saved over it in the meantime."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

import modelry_bert
from modelry import Backbone, TextClassifier, Tokenizer
from modelry._atomic import atomic_folder
from modelry.errors import ChecksumMismatch, ModelryError, PresetChanged, PresetNotFound
from modelry.storage import views
from modelry.storage.files import FolderFiles
from modelry.storage.open import open_preset, read_one_version

TEXTS = ["What an amazing movie!", "A waste of my time."]

IMPORTS = """
import itertools, shutil, sys, time
from pathlib import Path
from modelry._atomic import atomic_folder
"""

SAVE_BY_TURNS = """
for turn in itertools.count():
    put(Path(sys.argv[1]), Path(sys.argv[2 + turn % 2]))
    time.sleep(0.05)
"""


def put(target, source):
    """Replace a preset, as save_to_preset does it."""
    with atomic_folder(target) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)


@pytest.fixture
def versions(tmp_path):
    """Two presets whose weights belong to labels in another order; and a place for either."""
    source = os.path.join(os.path.dirname(modelry_bert.__file__), "presets", "bert_micro_sst2")
    first = TextClassifier.from_preset(source, compile=False)
    first.save_to_preset(tmp_path / "first")
    kernel, bias = (np.asarray(one) for one in first.head.output_dense.get_weights())
    first.head.output_dense.set_weights([kernel[:, ::-1], bias[::-1]])
    first.labels = first.labels[::-1]
    first.save_to_preset(tmp_path / "second")
    put(tmp_path / "preset", tmp_path / "first")
    return tmp_path / "first", tmp_path / "second", tmp_path / "preset"


def labels_of(files):
    return json.loads(files.path("modelry.json").read_text("utf-8"))["task"]["facts"]["labels"]


def test_a_preset_that_is_replaced_is_read_again(versions):
    _, second, preset = versions
    turns = []

    def read():
        files = open_preset(preset)
        labels = labels_of(files)
        if not turns:
            put(preset, second)
        turns.append(labels)
        return labels, labels_of(files)

    assert read_one_version(read) == (["positive", "negative"],) * 2
    assert turns == [["negative", "positive"], ["positive", "negative"]]


def test_twice_is_an_error(versions):
    first, _, preset = versions

    def read():
        labels_of(open_preset(preset))
        put(preset, first)  # the same files once more: nobody can tell

    with pytest.raises(PresetChanged, match=r"was replaced while it was read, twice in a row.*Try again"):
        read_one_version(read)


def test_an_error_of_two_versions_is_not_reported(versions):
    _, second, preset = versions
    turns = []

    def read():
        files = open_preset(preset)
        labels_of(files)
        turns.append(1)
        if len(turns) == 1:
            put(preset, second)
            files.path("of the old version only")
        return "read"

    assert read_one_version(read) == "read"


def test_an_error_of_one_version_is_raised_at_once(versions):
    turns = []

    def read():
        turns.append(1)
        open_preset(versions[2]).path("missing.json")

    with pytest.raises(PresetNotFound, match="missing"):
        read_one_version(read)
    assert turns == [1]


def test_writing_into_a_file_is_a_change(versions):
    files = FolderFiles(versions[2], "preset")
    path = files.path("config.json")
    assert not files.has_changed()
    before = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # which whoever attacks can do
    assert files.has_changed()


@pytest.mark.parametrize("method", ["from_preset", "tokenizer", "backbone"])
def test_loading_does_so(versions, monkeypatch, method):
    _, second, preset = versions
    fetch, fetched = FolderFiles.fetch, []

    def fetch_and_replace(self, name):
        path = fetch(self, name)
        fetched.append(name)
        if len(fetched) == 2:  # of a few files
            put(preset, second)
        return path

    monkeypatch.setattr(FolderFiles, "fetch", fetch_and_replace)
    if method == "from_preset":
        loaded = TextClassifier.from_preset(preset)
        assert loaded.labels == ("positive", "negative")
        assert loaded.classify(TEXTS)[0][0][0] == "positive"
    elif method == "tokenizer":
        Tokenizer.from_preset(preset)
    else:
        Backbone.from_preset(preset)
    once = len(fetched) // 2
    assert set(fetched[:once]) == set(fetched[once:])


def test_a_locked_file_that_is_swapped_after_it_was_hashed(versions, tmp_path, monkeypatch, invoke):
    _, second, preset = versions
    assert invoke("lock", str(preset), "--file", str(tmp_path / "lock")).exit_code == 0
    hashed, swapped = views.sha256_of, []

    def hash_and_swap(path):
        found = hashed(path)
        if path == preset / "modelry.json" and not swapped:
            swapped.append(path)
            shutil.copy(second / "modelry.json", tmp_path / "evil")
            os.replace(tmp_path / "evil", path)
        return found

    monkeypatch.setattr(views, "sha256_of", hash_and_swap)
    with pytest.raises(ChecksumMismatch, match=r"modelry\.json of .* is not what the lock file says"):
        TextClassifier.from_preset(preset, lock=tmp_path / "lock")
    assert swapped


def test_processes_that_save_and_load_never_mix(versions):
    first, second, preset = versions
    code = IMPORTS + inspect.getsource(put) + SAVE_BY_TURNS
    saver = subprocess.Popen([sys.executable, "-c", code, preset, first, second])
    try:
        found, end = [], time.monotonic() + 6
        while time.monotonic() < end:
            try:
                classifier = TextClassifier.from_preset(preset, compile=False)
            except ModelryError as error:
                found.append(type(error).__name__)
            else:
                found.append(classifier.classify(TEXTS)[0][0][0])
        assert saver.poll() is None
    finally:
        saver.kill()
        saver.wait()
    assert set(found) <= {"positive", "PresetChanged"}
    assert found.count("positive") >= 3
