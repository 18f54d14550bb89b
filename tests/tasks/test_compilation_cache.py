"""What JAX compiled is kept for the next process, where nobody decided otherwise. Each process here is a real one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import keras
import pytest

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="only JAX has such a cache")

PROGRAM = """
import collections, json, sys
{before}
import jax
events = collections.Counter()
jax.monitoring.register_event_listener(lambda event, **_: events.update([event.rpartition("/")[2]]))
from modelry import TextClassifier
import keras
keras.utils.set_random_seed(1)
model = TextClassifier.from_preset("bert_micro_sst2")
found = {{"folder": jax.config.jax_compilation_cache_dir}}
if {predict}:
    found["scores"] = model.predict(["a fine film"], verbose=0).tolist()
if {fit}:
    found["loss"] = model.fit(["a fine film", "a dull one"], [1, 0], verbose=0, shuffle=False).history["loss"]
print(json.dumps(found | {{"hits": events["cache_hits"]}}))
"""


@pytest.fixture
def run(tmp_path):
    """Load in a process of its own, with these variables set, then predict and fit where wanted."""

    def in_new_process(before="", predict=False, fit=False, **variables):
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("JAX_", "MODELRY_COMPILATION"))}
        home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "KERAS_BACKEND": "jax"}
        program = PROGRAM.format(before=before, predict=predict, fit=fit)
        done = subprocess.run(
            [sys.executable, "-W", "error::UserWarning", "-c", program],
            env=inherited | home | {"PYTHONPATH": os.pathsep.join(sys.path)} | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1]) | {"stderr": done.stderr}

    return in_new_process


def entries(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*-cache")}


def steps(folder):
    """Return the programs that always take long enough to be kept; others do on a machine that is busy."""
    return {path: program for path, program in entries(folder).items() if "_step-" in path.name}


def test_the_second_process_compiles_nothing_again_and_computes_the_same(run, tmp_path):
    first = run(predict=True, fit=True)
    kept = steps(tmp_path / "cache" / "modelry" / "jax")
    assert {path.name.split("-")[0] for path in kept} == {"jit_predict_step", "jit_train_step"}
    second = run(predict=True, fit=True)
    assert steps(tmp_path / "cache" / "modelry" / "jax") == kept
    assert second["hits"] >= len(kept)
    assert (second["scores"], second["loss"]) == (first["scores"], first["loss"])


def test_off_writes_nothing(run, tmp_path):
    assert run(predict=True, MODELRY_COMPILATION_CACHE="off")["folder"] is None
    assert not (tmp_path / "cache").exists()


def test_another_folder(run, tmp_path):
    run(predict=True, MODELRY_COMPILATION_CACHE=str(tmp_path / "elsewhere"))
    assert entries(tmp_path / "elsewhere")
    assert not (tmp_path / "cache").exists()


def test_a_folder_made_for_it_is_the_users_alone(run, tmp_path):
    run()
    (folder,) = (tmp_path / "cache" / "modelry" / "jax").iterdir()
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("way", ["environment", "config"])
def test_the_users_own_setting_stands(run, tmp_path, way):
    own = str(tmp_path / "own")
    if way == "environment":
        found = run(JAX_COMPILATION_CACHE_DIR=own)
    else:
        found = run(before=f"import jax; jax.config.update('jax_compilation_cache_dir', {own!r})")
    assert found["folder"] == own
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_the_user_switched_off_stays_off(run, tmp_path):
    assert run(JAX_ENABLE_COMPILATION_CACHE="false")["folder"] is None
    assert not (tmp_path / "cache").exists()


def test_where_nothing_can_be_written_nothing_is_kept(run, tmp_path):
    (tmp_path / "cache").write_text("a file, where a folder should be")
    assert run(predict=True)["folder"] is None


def test_a_folder_of_the_users_that_cannot_be_written_is_a_warning(run, tmp_path):
    (tmp_path / "file").touch()
    chosen = str(tmp_path / "file" / "below")
    found = run(before="import warnings; warnings.simplefilter('default')", MODELRY_COMPILATION_CACHE=chosen)
    assert f"MODELRY_COMPILATION_CACHE is {chosen!r}, where nothing can be written" in found["stderr"]
    assert found["folder"] is None


def test_damaged_entries_do_not_stop_a_run(run, tmp_path):
    first = run(predict=True)
    for path in (tmp_path / "cache").rglob("*-cache"):
        path.write_bytes(path.read_bytes()[:100])
    second = run(before="import warnings; warnings.simplefilter('default')", predict=True)
    assert second["scores"] == first["scores"]
