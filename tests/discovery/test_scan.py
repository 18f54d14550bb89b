"""The own reader of metadata agrees with importlib.metadata, and no declaration makes it raise."""

from __future__ import annotations

import importlib.metadata
import sys
from typing import TYPE_CHECKING

import pytest

from modelry.discovery.entry import normalise
from modelry.discovery.scan import _declarations, installed, scan
from modelry.errors import BrokenPlugin

if TYPE_CHECKING:
    from pathlib import Path

PROJECTS = ("acme-bert==1.2", "other.bert==0.1", "acme-bert==1.3", "broken-targets==3.1", "no-plugin==1.0")


def _declared_by_modelry():
    found = set()
    for distribution in installed():
        declarations = list(_declarations(distribution.read("entry_points.txt") or ""))
        version = distribution.version if declarations else ""
        found.update((distribution.name, version, *declaration) for declaration in declarations)
    return found


def _declared_by_the_standard_library():
    groups = {point.group for found in importlib.metadata.distributions() for point in found.entry_points}
    points = [point for group in groups for point in importlib.metadata.entry_points(group=group)]
    return {(normalise(point.dist.name), point.dist.version, point.group, point.name, point.value) for point in points}


def test_the_whole_environment_reads_as_importlib_metadata_reads_it(site, wheels, monkeypatch):
    folders = [*map(site, PROJECTS), wheels["acme-cnn==2.0"]]
    monkeypatch.setattr(sys, "path", [str(folders[0]), "", "/nowhere", *sys.path, *map(str, folders)])
    ours, theirs = _declared_by_modelry(), _declared_by_the_standard_library()
    assert {"acme-bert", "other-bert", "broken-targets", "acme-cnn", "hatchling"} <= {found[0] for found in ours}
    assert ("acme-cnn", "2.0", "modelry.backbones", "cnn", "acme_cnn:Cnn") in ours
    assert ours == theirs


def test_every_distribution_is_seen_in_the_same_order():
    theirs = dict.fromkeys(normalise(found.name) for found in importlib.metadata.distributions())
    assert [found.name for found in installed()] == list(theirs)


def test_a_zip_file_and_a_foreign_finder_are_left_to_importlib_metadata(wheels, run):
    output = run(
        f"""
        import importlib.metadata, sys, modelry

        class Finder:
            def find_spec(self, name, path=None, target=None):
                return None

            def find_distributions(self, context=importlib.metadata.DistributionFinder.Context()):
                return importlib.metadata.MetadataPathFinder.find_distributions(
                    importlib.metadata.DistributionFinder.Context(path=[{str(wheels["other.bert==0.1"])!r}])
                )

        sys.meta_path.append(Finder())
        print([entry.owner for entry in modelry.registry.entries("backbones")])
        print(modelry.registry.load("backbones", "cnn").__name__)
        """,
        wheels["acme-cnn==2.0"],
    )
    assert output == "['other-bert 0.1', 'acme-cnn 2.0']\nCnn"


def _install(folder: Path, name: str, points: str, metadata: str = "Metadata-Version: 2.1\nVersion: 5\n\nVersion: 6\n"):
    information = folder / name
    information.mkdir()
    (information / "entry_points.txt").write_bytes(points.encode("latin-1"))
    (information / "METADATA").write_text(metadata)
    return information


@pytest.mark.parametrize(
    ("points", "problem"),
    [
        ("[modelry.heads]\nbad name = m:C", "'bad name' cannot name a component"),
        ("[modelry.heads]\nkeras_hub>Head = m:C", "cannot name a component"),
        ("[modelry.heads]\n= m:C", "'' cannot name a component"),
        ("[modelry.heads]\nname = m", "'m' is not of the form 'module:Class'"),
        ("[modelry.heads]\nname = m:C:D", "'m:C:D' is not of the form 'module:Class'"),
        ("[modelry.heads]\nname = os; evil()", "is not of the form 'module:Class'"),
        ("[modelry.heads]\nname", "'' is not of the form 'module:Class'"),
        ("[modelry.heads]\nn\xe9 = m:C", "cannot name a component"),
        ("[modelry.plugin]\nname = m:", "'m:' is not of the form"),
        ("[modelry.head]\nname = m:C", "no entry-point group 'modelry.head' (Did you mean 'modelry.heads'?)"),
        ("[modelry.zzzzzz]\nname = m:C", "no entry-point group 'modelry.zzzzzz'. Tell its author"),
    ],
)
def test_a_malformed_declaration_is_listed_with_its_problem_and_fails_on_use(tmp_path, points, problem):
    _install(tmp_path, "bad_one-5.dist-info", points + "\n[modelry.tasks]\ngood = m:C\n")
    bad, good = scan([str(tmp_path)]).entries
    assert (good.name, good.problem, good.owner) == ("good", None, "bad-one 5")
    assert bad.problem is not None
    with pytest.raises(BrokenPlugin, match=r"^bad-one 5 registers .* remove bad-one\.$") as caught:
        bad.load()
    assert problem in str(caught.value)


def test_what_is_not_for_modelry_is_passed_over(tmp_path):
    points = "stray line\n# [modelry.heads]\n[console_scripts]\nmodelry.x = m:f\n[modelry]\nx = m:C\n"
    _install(tmp_path, "other-5.dist-info", points)
    _install(tmp_path, "~eft_over-5.dist-info", "[modelry.heads]\nx = m:C\n")
    (tmp_path / "file-1.egg-info").write_text("Name: file")
    (tmp_path / "empty-1.dist-info").mkdir()
    found = scan([str(tmp_path), str(tmp_path / "empty-1.dist-info" / "missing"), 3])
    assert found.entries == ()
    assert found.distributions == {"other", "file", "empty"}


def test_spaces_extras_and_repetitions_do_not_matter(tmp_path):
    points = "[modelry.heads]\n x=m.n : C.D [extra]\nx = m.n:C.D\n[ modelry.heads ]\n[modelry.plugin]\np = m [x]"
    _install(tmp_path, "A.b-5.dist-info", points)
    head, plugin = scan([str(tmp_path)]).entries
    assert (head.kind, head.name, head.target, head.qualified) == ("heads", "x", "m.n:C.D", "a-b:x")
    assert (plugin.kind, plugin.target, plugin.problem) == ("plugin", "m", None)


def test_a_version_is_in_the_name_of_the_folder_unless_it_is_escaped_there(tmp_path):
    for number, version in enumerate(("1.2", "2!1.0rc1+local.7", "1_0", "1.0-py3", "V1")):
        points = f"[modelry.heads]\nx{number} = m:C"
        _install(tmp_path, f"a{number}-{version}.dist-info", points, "Name: a\nVersion: of the header\n")
    versions = {entry.name: entry.version for entry in scan([str(tmp_path)]).entries}
    header = "of the header"
    assert versions == {"x0": "1.2", "x1": "2!1.0rc1+local.7", "x2": header, "x3": header, "x4": header}


def test_a_version_is_read_from_the_header_alone(tmp_path):
    _install(tmp_path, "none.dist-info", "[modelry.heads]\nx = m:C", "Name: none\n\nVersion: 9\n")
    old = _install(tmp_path, "develop.egg-info", "[modelry.heads]\ny = m:C")
    (old / "METADATA").rename(old / "PKG-INFO")
    owners = {entry.name: entry.owner for entry in scan([str(tmp_path)]).entries}
    assert owners == {"x": "none", "y": "develop 5"}
