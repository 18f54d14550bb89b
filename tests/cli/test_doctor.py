"""Plugins of every kind of badness, installed by pip, and a doctor that survives them all."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from modelry.cli.doctor.trial import _signal

STORAGE = "from modelry.storage.handler import Storage\nclass S(Storage):\n    def open(self, reference): pass\n"
BACKBONE = "from modelry import Backbone\nclass B(Backbone): pass\n"
HOOKS = "from modelry.plugin import BuiltinPreset, hookimpl\n@hookimpl\ndef modelry_presets(): "

PROJECTS = {
    "acme-sound==1.0": {
        "requires": ["modelry>=0.1"],
        "points": {
            "modelry.backbones": {"sound": "acme_sound_models:B"},
            "modelry.storage": {"sound": "acme_sound_storage:S"},
            "modelry.plugin": {"sound": "acme_sound_plugin"},
        },
        "files": {
            "acme_sound_models.py": BACKBONE,
            "acme_sound_storage.py": 'import os, sys\nprint("noise")\nos.write(1, b"{}\\n")\nsys.stdin.read()\n'
            + STORAGE,
            "acme_sound_plugin.py": HOOKS + 'return [BuiltinPreset("quiet", "sound://quiet", "sound", 7)]\n',
        },
    },
    "acme-sound==2.0": {
        "points": {"modelry.backbones": {"sound": "acme_sound_models:B"}},
        "files": {"acme_sound_models.py": BACKBONE},
    },
    "other-sound==0.3": {
        "points": {"modelry.backbones": {"sound": "other_sound:B"}, "modelry.plugin": {"sound": "other_sound_plugin"}},
        "files": {"other_sound.py": BACKBONE, "other_sound_plugin.py": ""},
    },
    "acme-ends==1.0": {
        "points": {
            "modelry.storage": {
                "a-aborts": "acme_aborts:S",
                "b-is-illegal": "acme_illegal:S",
                "c-leaves": "acme_leaves:S",
                "d-exits": "acme_exits:S",
                "e-hangs": "acme_hangs:S",
                "f-interrupts": "acme_interrupts:S",
                "g-works": "acme_works:S",
            }
        },
        "files": {
            "acme_aborts.py": 'import os, sys\nsys.stderr.write("out of cheese\\n")\nsys.stderr.flush()\nos.abort()\n',
            "acme_illegal.py": "import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n",
            "acme_leaves.py": "import os\nos._exit(0)\n",
            "acme_exits.py": "import sys\nsys.exit(3)\n",
            "acme_hangs.py": "import time\ntime.sleep(600)\n",
            "acme_interrupts.py": "raise KeyboardInterrupt\n",
            "acme_works.py": STORAGE,
        },
    },
    "acme-needs==1.0": {
        "requires": ["modelry", "plainly-missing>=1"],
        "extras": {"fast": ["surely-missing[x]>=2; python_version > '3'"], "other": ["modelry", "also-missing"]},
        "points": {
            "modelry.storage": {
                "extra": "acme_needs_extra:S",
                "plain": "acme_needs_plain:S",
                "renamed": "acme_needs_renamed:S",
                "own": "acme_needs_own:S",
                "absent": "acme_needs_nowhere.deep:S",
            }
        },
        "files": {
            "acme_needs_extra.py": "import surely_missing.inner\n",
            "acme_needs_plain.py": "import plainly_missing\n",
            "acme_needs_renamed.py": "import renamed_missing\n",
            "acme_needs_own.py": "import acme_needs_own.part\n",
        },
    },
    "acme-undeclared==1.0": {
        "points": {"modelry.storage": {"undeclared": "acme_undeclared:S"}},
        "files": {"acme_undeclared.py": "import never_heard_of\n"},
    },
    "acme-wrong==1.0": {
        "points": {
            "modelry.backbones": {"kind": "acme_wrong_models:NotABackbone", "typo": "acme_wrong_models:Bakcbone"},
            "modelry.storage": {
                "abstract": "acme_wrong:Half",
                "function": "acme_wrong:open_it",
                "renamed": "acme_wrong:Storrage",
            },
            "modelry.plugin": {"raises": "acme_wrong_hooks", "typo": "acme_wrong_hook_name"},
            "modelry.storages": {"group": "acme_wrong:Half"},
        },
        "files": {
            "acme_wrong_models.py": "import keras\nclass NotABackbone(keras.Model): pass\nclass Backbone: pass\n",
            "acme_wrong.py": "from modelry.storage.handler import Storage\nclass Half(Storage): pass\n"
            "def open_it(): pass\nraised = ValueError\n",
            "acme_wrong_hooks.py": HOOKS + "raise RuntimeError('no more')\n",
            "acme_wrong_hook_name.py": HOOKS.replace("presets", "preset") + "return []\n",
        },
    },
    "acme-heavy==1.0": {
        "points": {
            "modelry.plugin": {"heavy": "acme_heavy_plugin"},
            "modelry.storage": {"heavy": "acme_heavy_storage:S", "light": "acme_light_storage:S"},
        },
        "files": {
            "acme_heavy_plugin.py": HOOKS + "return []\nimport keras\n",
            "acme_heavy_storage.py": "import keras\n" + STORAGE,
            "acme_light_storage.py": STORAGE,
        },
    },
    "acme-future==1.0": {
        "requires": ["modelry>=99"],
        "points": {"modelry.storage": {"future": "acme_future:S"}},
        "files": {"acme_future.py": "raise AssertionError('imported')\n"},
    },
    "acme-app==1.0": {"requires": ["modelry>=0.1"], "files": {"acme_app.py": ""}},
    "acme-optional==1.0": {"extras": {"labels": ["modelry>=99"]}, "files": {"acme_optional.py": ""}},
}


@pytest.fixture(scope="session")
def installed(sites):
    return sites(PROJECTS)


@pytest.fixture
def doctor(run, installed):
    """Run `modelry doctor --json` where some projects are installed; return its JSON with the exit status in it."""

    def examine(*projects: str | Path, arguments: tuple[str, ...] = (), **variables: str) -> dict:
        places = [installed.get(project, project) for project in projects]
        done = run("doctor", "--json", *arguments, PYTHONPATH=os.pathsep.join(map(str, places)), **variables)
        assert done.stderr == ""
        return {**json.loads(done.stdout), "exit": done.returncode}

    return examine


def rows(found: dict) -> dict[str, dict]:
    return {f"{row['kind']} {row['distribution']}:{row['name']}": row for row in found["components"]}


def statuses(found: dict) -> dict[str, str]:
    return {name: row["status"] for name, row in rows(found).items()}


def told(row: dict) -> tuple[str, str]:
    (finding,) = row["findings"]
    assert finding["status"] == row["status"]
    return finding["problem"], finding["advice"]


def test_a_sound_plugin_whatever_it_prints(doctor):
    found = doctor("acme-sound==1.0", arguments=("acme-sound",))
    assert (found["exit"], found["notes"]) == (0, [])
    assert found["summary"] == {"fails": False, "ok": 3}
    assert {type(row["seconds"]) for row in found["components"]} == {float}
    assert found["components"][0] == {
        "kind": "backbones",
        "name": "sound",
        "target": "acme_sound_models:B",
        "distribution": "acme-sound",
        "version": "1.0",
        "place": found["components"][1]["place"],
        "status": "ok",
        "seconds": found["components"][0]["seconds"],
        "findings": [],
    }


def test_every_way_to_end_a_process_is_a_row_and_the_next_target_is_tried(doctor):
    found = doctor("acme-ends==1.0", arguments=("acme-ends", "--timeout", "5"))
    assert found["exit"] == 1
    assert found["summary"] == {"fails": True, "ok": 1, "broken": 6}
    problems = {row["name"]: told(row)[0] for row in found["components"] if row["status"] == "broken"}
    assert problems == {
        "a-aborts": "importing 'acme_aborts:S' crashes: Python is killed by SIGABRT (out of cheese)",
        "b-is-illegal": "importing 'acme_illegal:S' crashes: Python is killed by SIGILL",
        "c-leaves": "importing 'acme_leaves:S' ends with exit status 0",
        "d-exits": "importing 'acme_exits:S' fails with SystemExit: 3",
        "e-hangs": "importing 'acme_hangs:S' timed out after 5 s",
        "f-interrupts": "importing 'acme_interrupts:S' fails with KeyboardInterrupt",
    }
    seconds = {row["name"]: row["seconds"] for row in found["components"]}
    assert [name for name, value in seconds.items() if value is not None] == ["g-works"]
    assert "--timeout" in told(rows(found)["storage acme-ends:e-hangs"])[1]


def test_what_is_missing_comes_with_the_command_that_brings_it(doctor):
    found = rows(doctor("acme-needs==1.0", arguments=("acme-needs",)))
    problem, advice = told(found["storage acme-needs:extra"])
    assert problem == (
        "importing 'acme_needs_extra:S' fails with ModuleNotFoundError: No module named 'surely_missing'"
    )
    assert advice == 'Run: pip install "acme-needs[fast]"'
    assert told(found["storage acme-needs:plain"])[1] == 'Run: pip install "plainly-missing>=1"'
    assert told(found["storage acme-needs:renamed"])[1] == (
        'One of its extras may bring it: pip install "acme-needs[fast,other]"'
    )
    assert told(found["storage acme-needs:own"])[1].startswith(
        "Reinstall it: pip install --force-reinstall acme-needs."
    )
    assert told(found["storage acme-needs:absent"])[1].startswith(
        "Correct the entry point 'absent' of the group modelry.storage."
    )


def test_what_no_metadata_mentions_is_the_authors_to_declare(doctor):
    (row,) = doctor("acme-undeclared==1.0", arguments=("acme-undeclared",))["components"]
    assert told(row)[1] == (
        "Install the distribution of never_heard_of. acme-undeclared does not declare that dependency: tell its author."
    )


def test_targets_must_be_what_their_group_holds(doctor):
    found = doctor("acme-wrong==1.0", arguments=("acme-wrong",))
    assert found["exit"] == 1
    problems = {name: told(row)[0] for name, row in rows(found).items()}
    assert problems == {
        "backbones acme-wrong:kind": "'acme_wrong_models:NotABackbone' is a class, and not a subclass of "
        "modelry.backbones.backbone.Backbone, as a backbone must be",
        "backbones acme-wrong:typo": "acme_wrong_models has no 'Bakcbone'. Did you mean 'Backbone'?",
        "storage acme-wrong:abstract": "'acme_wrong:Half' leaves out what every storage handler must have: open",
        "storage acme-wrong:function": "'acme_wrong:open_it' is a function, and not a subclass of "
        "modelry.storage.handler.Storage, as a storage handler must be",
        "storage acme-wrong:renamed": "acme_wrong has no 'Storrage'. Did you mean 'Storage'?",
        "plugin acme-wrong:raises": "modelry_presets fails with RuntimeError: no more",
        "plugin acme-wrong:typo": "its hook module fails with TypeError: modelry has no hook 'modelry_preset'. "
        "Did you mean 'modelry_presets'?",
        "storages acme-wrong:group": "this modelry has no entry-point group 'modelry.storages' "
        "(Did you mean 'modelry.storage'?)",
    }


def test_keras_at_discovery_is_noted_of_each_that_imports_it(doctor):
    found = doctor("acme-heavy==1.0", arguments=("acme-heavy",))
    assert (found["exit"], set(statuses(found).values())) == (0, {"ok"})
    notes = {row["name"] if row["kind"] == "storage" else "hooks": row["findings"] for row in found["components"]}
    assert notes["light"] == []
    for name in ("heavy", "hooks"):
        (note,) = notes[name]
        assert note["status"] == "note"
        assert note["problem"].startswith("imports keras")
        assert note["problem"].endswith("at discovery")


def test_an_incompatible_plugin_is_not_imported(doctor):
    found = doctor("acme-future==1.0", arguments=("acme-future",))
    (row,) = found["components"]
    problem, advice = told(row)
    assert (found["exit"], row["status"]) == (1, "incompatible")
    assert problem.startswith("acme-future 1.0 needs modelry>=99, and this is modelry ")
    assert advice == 'Run: pip install "modelry>=99"'


def test_two_owners_of_a_short_name_are_ambiguous_but_hook_modules_may_share_one(doctor):
    found = doctor("acme-sound==1.0", "other-sound==0.3", arguments=("acme-sound", "other-sound", "--no-import"))
    assert found["exit"] == 1
    assert statuses(found) == {
        "backbones acme-sound:sound": "ambiguous",
        "backbones other-sound:sound": "ambiguous",
        "plugin acme-sound:sound": "ok",
        "plugin other-sound:sound": "ok",
        "storage acme-sound:sound": "ok",
    }
    problem, advice = told(found["components"][0])
    assert problem == "other-sound 0.3 (other_sound:B) registers the backbone 'sound' too"
    assert advice.startswith("Write 'acme-sound:sound' or 'other-sound:sound', or choose once with")


def test_a_blocked_plugin_is_no_failure_and_ambiguous_with_nobody(doctor):
    arguments = ("acme-sound", "other-sound")
    found = doctor("acme-sound==1.0", "other-sound==0.3", arguments=arguments, MODELRY_PLUGINS="-other-sound")
    assert found["exit"] == 0
    assert found["summary"] == {"fails": False, "ok": 3, "blocked": 2}
    blocked = rows(found)["backbones other-sound:sound"]
    assert told(blocked) == ("MODELRY_PLUGINS='-other-sound' keeps it out", "Change that variable to use it.")
    assert blocked["seconds"] is None


def test_a_second_copy_further_down_the_path_is_shadowed(doctor, installed):
    found = doctor("acme-sound==2.0", "acme-sound==1.0", arguments=("acme-sound", "--no-import"))
    assert found["exit"] == 0
    assert found["summary"] == {"fails": False, "ok": 1, "shadowed": 3}
    assert {(row["version"], row["status"]) for row in found["components"]} == {("2.0", "ok"), ("1.0", "shadowed")}
    problem, advice = told(next(row for row in found["components"] if row["status"] == "shadowed"))
    first, second = (str(installed[f"acme-sound=={version}"]) for version in ("2.0", "1.0"))
    assert problem == f"the acme-sound of {first} comes first on sys.path and hides it"
    assert second in advice


def test_a_stale_record_beside_the_new_one_is_shadowed(doctor, installed, tmp_path):
    site = Path(shutil.copytree(installed["acme-sound==2.0"], tmp_path / "site"))
    shutil.copytree(site / "acme_sound-2.0.dist-info", site / "acme_sound.egg-info")
    (site / "acme_sound.egg-info" / "METADATA").rename(site / "acme_sound.egg-info" / "PKG-INFO")
    found = doctor(site, arguments=("acme-sound", "--no-import"))
    assert sorted(row["status"] for row in found["components"]) == ["ok", "shadowed"]
    problem, advice = told(next(row for row in found["components"] if row["status"] == "shadowed"))
    assert problem == f"acme-sound is recorded twice in {site}, and it is a matter of chance which record counts"
    assert advice.startswith("Run pip uninstall acme-sound until")


def test_a_folder_that_is_on_the_path_twice_shadows_nothing(doctor, installed, tmp_path):
    (tmp_path / "again").symlink_to(installed["acme-sound==2.0"])
    found = doctor("acme-sound==2.0", tmp_path / "again", arguments=("acme-sound", "--no-import"))
    assert found["summary"] == {"fails": False, "ok": 1}


def test_a_distribution_that_requires_modelry_and_registers_nothing_is_noted(doctor):
    found = doctor("acme-app==1.0", "acme-optional==1.0", arguments=("--no-import",))
    (note,) = found["notes"]
    assert found["exit"] == 0
    assert (note["distribution"], note["status"], note["problem"]) == ("acme-app", "note", "acme-app registers nothing")
    assert '[project.entry-points."modelry.backbones"]' in note["advice"]


def test_one_that_is_asked_for_is_noted_even_so(doctor):
    found = doctor("acme-optional==1.0", arguments=("acme_Optional",))
    assert [note["problem"] for note in found["notes"]] == ["acme-optional registers nothing"]
    assert found["components"] == []


@pytest.mark.parametrize(
    ("variable", "problem"),
    [
        ("modelry-bert,-acme", "allows some plugins and blocks others"),
        ("-acme-nothing", "names 'acme-nothing', which is not installed"),
    ],
)
def test_a_malformed_policy_is_a_finding(doctor, variable, problem):
    found = doctor(arguments=("--no-import",), MODELRY_PLUGINS=variable)
    (note,) = found["notes"]
    assert (found["exit"], note["status"], note["distribution"]) == (1, "broken", None)
    assert problem in note["problem"]
    assert note["advice"].startswith("Correct MODELRY_PLUGINS")
    assert found["summary"]["ok"] >= 12
    assert found["environment"]["MODELRY_PLUGINS"] == variable


def test_a_finder_that_breaks_discovery_is_a_finding(environment):
    code = """
import sys
class Finder:
    def find_spec(self, *arguments): return None
    def find_distributions(self, context=None): raise RuntimeError("no metadata today")
from modelry.cli import main
import modelry.cli.doctor
sys.meta_path.append(Finder())
sys.argv = ["modelry", "doctor", "--json"]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    (note,) = json.loads(done.stdout)["notes"]
    assert note["problem"] == "looking at what is installed fails with RuntimeError: no metadata today"


def test_without_a_backend_models_are_broken_and_the_command_is_there(doctor):
    found = rows(doctor("acme-sound==1.0", arguments=("acme-sound",), KERAS_BACKEND="nonexistent"))
    problem, advice = told(found["backbones acme-sound:sound"])
    assert "KERAS_BACKEND is 'nonexistent', but nonexistent is not installed" in problem
    assert "pip install nonexistent" in problem
    assert advice
    assert found["storage acme-sound:sound"]["status"] == "ok"


def test_no_import_imports_nothing(doctor):
    found = doctor("acme-ends==1.0", "acme-wrong==1.0", arguments=("acme-ends", "acme-wrong", "--no-import"))
    assert {row["seconds"] for row in found["components"]} == {None}
    assert found["summary"] == {"fails": True, "ok": 14, "broken": 1}


def test_the_facts_that_a_report_needs(doctor):
    facts = doctor(arguments=("--no-import",), KERAS_BACKEND="jax", MODELRY_COMPILATION_CACHE="/some/folder")[
        "environment"
    ]
    assert facts["backend"].startswith("jax ")
    assert facts["compilation cache"] == "/some/folder"
    assert {"modelry", "Python", "Keras", "platform"} < facts.keys()


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs JAX")
def test_the_cache_that_is_told_is_the_one_that_is_used(environment, tmp_path):
    code = """
import jax
from modelry.cli.environment import environment
from modelry.runtime.jax import enable_compilation_cache
enable_compilation_cache()
print(jax.config.jax_compilation_cache_dir)
print(environment()["compilation cache"])
"""
    variables = environment | {"KERAS_BACKEND": "jax", "XDG_CACHE_HOME": str(tmp_path)}
    for settings in ({"MODELRY_COMPILATION_CACHE": str(tmp_path / "chosen")}, {"MODELRY_COMPILATION_CACHE": ""}):
        done = subprocess.run([sys.executable, "-c", code], env=variables | settings, capture_output=True, check=True)
        used, told = map(Path, done.stdout.decode().splitlines())
        assert used.parent == told


def test_rows_when_piped(run, installed):
    done = run("doctor", "acme-future", PYTHONPATH=str(installed["acme-future==1.0"]))
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert {len(line) for line in lines} == {7}
    assert lines[0][:2] == ["environment", "modelry"]
    assert lines[-1][:6] == ["storage", "future", "acme-future", "1.0", "incompatible", ""]
    assert lines[-1][6].startswith("acme-future 1.0 needs modelry>=99")


def test_tables_and_what_to_do_on_a_terminal(terminal, installed):
    shown = terminal("doctor", "acme-heavy", "acme-app", "--no-import", PYTHONPATH=os.pathsep.join(
        str(installed[name]) for name in ("acme-heavy==1.0", "acme-app==1.0")
    ))  # fmt: skip
    lines = [line.rstrip() for line in shown.splitlines()]
    assert any(
        line.split() == ["Kind", "Name", "Distribution", "Version", "Status", "Import", "Notes"] for line in lines
    )
    assert any(line.split() == ["storage", "light", "acme-heavy", "1.0", "ok"] for line in lines)
    assert "note: acme-app" in lines
    assert lines[lines.index("note: acme-app") + 1].startswith("acme-app registers nothing. An application need not.")
    assert lines[-1] == "3 ok"


def test_an_unknown_distribution_is_an_error(run, installed):
    done = run("doctor", "acme-sund", PYTHONPATH=str(installed["acme-sound==1.0"]))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: 'acme-sund' is not installed. Did you mean 'acme-sound'?")


def test_a_signal_without_a_name():
    assert (_signal(signal.SIGKILL), _signal(63 - 1000)) == ("SIGKILL", "signal -937")
