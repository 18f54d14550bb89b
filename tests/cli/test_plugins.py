from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

PROJECTS = {
    "acme-many==1.0": {
        "points": {
            "modelry.heads": {"a": "acme_many:A", "b": "acme_many:B"},
            "modelry.storage": {"many": "acme_many:S"},
            "modelry.plugin": {"many": "acme_many"},
            "modelry.haeds": {"c": "acme_many:C"},
        },
        "files": {"acme_many.py": "raise AssertionError('imported')\n"},
    },
    "acme-app==1.0": {"requires": ["modelry>=0.1"], "files": {"acme_app.py": ""}},
}


@pytest.fixture(scope="session")
def installed(sites):
    return sites(PROJECTS)


@pytest.fixture
def path(installed):
    return os.pathsep.join(map(str, installed.values()))


def test_one_object_for_each_distribution_with_what_it_brings(run, installed, path):
    done = run("plugins", "--json", PYTHONPATH=path)
    found = {plugin["name"]: plugin for plugin in json.loads(done.stdout)}
    assert done.returncode == 0
    assert {"acme-app", "acme-many", "modelry", "modelry-bert"} <= set(found)
    findings = found["acme-many"].pop("findings")
    assert found["acme-many"] == {
        "name": "acme-many",
        "version": "1.0",
        "place": str(installed["acme-many==1.0"]),
        "source": None,
        "summary": "About acme-many.",
        "brings": {"heads": 2, "storage": 1, "haeds": 1, "plugin": 1},
        "status": "broken",
    }
    assert [finding["status"] for finding in findings] == ["broken"]
    assert (found["acme-app"]["brings"], found["acme-app"]["status"]) == ({}, "ok")
    assert found["modelry"]["brings"] == {"heads": 6, "tasks": 1, "task_specs": 1, "storage": 19}


def test_rows_when_piped(run, installed, path):
    lines = [line.split("\t") for line in run("plugins", PYTHONPATH=path).stdout.splitlines()]
    place = str(installed["acme-many==1.0"])
    brings = "2 heads, 1 storage handler, 1 entry of modelry.haeds, 1 hook module"
    assert lines[1] == ["acme-many", "1.0", "broken", brings, place, "", "About acme-many."]
    assert lines[0][3] == "nothing"


def test_a_table_on_a_terminal(terminal, path):
    lines = [line.rstrip() for line in terminal("plugins", PYTHONPATH=path, COLUMNS="300").splitlines()]
    assert lines[0].split() == ["Distribution", "Version", "Status", "Brings", "Where"]
    assert lines[2].strip() == "About acme-app."


def test_an_editable_install_lies_where_its_code_does(run, installed, tmp_path):
    site = Path(shutil.copytree(installed["acme-many==1.0"], tmp_path / "site"))
    origin = {"url": (tmp_path / "a project").as_uri(), "dir_info": {"editable": True}}
    (site / "acme_many-1.0.dist-info" / "direct_url.json").write_text(json.dumps(origin))
    lines = [line.split("\t") for line in run("plugins", PYTHONPATH=str(site)).stdout.splitlines()]
    assert lines[0][4:6] == [str(tmp_path / "a project"), "editable"]


@pytest.mark.parametrize("origin", ["", "[]", "{", '{"dir_info": 3}', '{"url": "https://a/b.whl", "archive_info": {}}'])
def test_an_origin_that_is_none_means_no_editable_install(run, installed, tmp_path, origin):
    site = Path(shutil.copytree(installed["acme-many==1.0"], tmp_path / "site"))
    (site / "acme_many-1.0.dist-info" / "direct_url.json").write_text(origin)
    lines = [line.split("\t") for line in run("plugins", PYTHONPATH=str(site)).stdout.splitlines()]
    assert lines[0][4:6] == [str(site), ""]
