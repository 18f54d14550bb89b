"""A survey tells of everything that discovery passes over, and imports nothing."""

from __future__ import annotations

import importlib.metadata
import sys

import pytest

from modelry.cli.doctor.survey import NOTE, OK, STATUSES, Finding, survey, worst

BERT, NEWER, OTHER, BROKEN, NOTHING = (
    "acme-bert==1.2", "acme-bert==1.3", "other.bert==0.1", "broken-targets==3.1", "no-plugin==1.0"
)  # fmt: skip


@pytest.fixture
def look(site, monkeypatch):
    """Survey the environment with some projects before everything else on the path."""

    def see(*projects, variable="-modelry-bert"):
        monkeypatch.setenv("MODELRY_PLUGINS", variable)
        monkeypatch.setattr(sys, "path", [*(str(site(project)) for project in projects), *sys.path])
        return survey()

    return see


def of(found, distribution):
    return [component for component in found.components if component.entry.distribution == distribution]


def test_names_of_one_owner_are_sound_and_nothing_is_imported(look):
    found = look(BERT, BROKEN)
    assert {component.status for component in of(found, "acme-bert") + of(found, "broken-targets")} == {OK}
    assert not {name for name in sys.modules if name.startswith(("acme_bert", "broken_"))}


def test_the_kinds_and_names_are_sorted(look):
    keys = [(found.entry.kind, found.entry.name) for found in look(BERT, OTHER).components]
    assert keys == sorted(keys)
    assert len(keys) > 6


def test_ambiguous_names_tell_both_ways_out(look):
    found = look(BERT, OTHER)
    backbone = next(component for component in of(found, "other-bert") if component.entry.kind == "backbones")
    (finding,) = backbone.findings
    assert backbone.status == "ambiguous"
    assert "acme-bert 1.2 (acme_bert.backbone:AcmeBert)" in finding.problem
    assert "'acme-bert:bert' or 'other-bert:bert'" in finding.advice
    assert {component.status for component in of(found, "other-bert") if component.entry.kind == "plugin"} == {OK}


def test_a_malformed_declaration_makes_no_sound_one_ambiguous(tmp_path, monkeypatch):
    for name, value in {"acme_one": "acme_one:Head", "acme_two": "not a target"}.items():
        folder = tmp_path / f"{name}-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (folder / "entry_points.txt").write_text(f"[modelry.heads]\nsame = {value}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    statuses = {found.entry.distribution: found.status for found in survey().components if found.entry.name == "same"}
    assert statuses == {"acme-one": OK, "acme-two": "broken"}


def test_a_name_twice_in_one_distribution_is_for_its_author(tmp_path, monkeypatch):
    folder = tmp_path / "acme_twice-1.dist-info"
    folder.mkdir()
    (folder / "entry_points.txt").write_text("[modelry.heads]\ntwice = acme:A\ntwice = acme:B\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    first, second = (found for found in survey().components if found.entry.name == "twice")
    assert first.findings == (
        Finding(
            "ambiguous",
            "acme-twice 1 (acme:B) registers the head 'twice' too",
            "One distribution registers it twice: tell its author, or uninstall it.",
        ),
    )
    assert second.status == "ambiguous"


def test_the_first_on_the_path_shadows_all_that_the_second_declares(look, site):
    found = of(look(NEWER, BERT), "acme-bert")
    assert {(component.entry.version, component.status) for component in found} == {("1.3", OK), ("1.2", "shadowed")}
    assert {component.place for component in found if component.status == "shadowed"} == {str(site(BERT))}
    assert not any(component.importable for component in found if component.status == "shadowed")


def test_a_blocked_component_has_no_other_fault(look):
    (one,) = {component.status for component in of(look(BERT, OTHER, variable="-modelry-bert,-acme-bert"), "acme-bert")}
    assert one == "blocked"
    assert {component.status for component in of(survey(), "other-bert")} == {OK}


def test_a_policy_that_names_nothing_is_a_finding_and_still_blocks(look):
    found = look(BERT, variable="-acme-bert,-nobody")
    (finding,) = found.findings
    assert (finding.status, "'nobody', which is not installed" in finding.problem) == ("broken", True)
    assert {component.status for component in of(found, "acme-bert")} == {"blocked"}


def test_contributors_are_those_that_declare_or_require(look):
    found = look(BERT, NOTHING)
    about = {contributor.name: contributor for contributor in found.contributors}
    assert "no-plugin" in found.distributions - about.keys()
    assert (about["acme-bert"].version, about["acme-bert"].source, about["acme-bert"].findings) == ("1.2", None, ())
    assert about["modelry"].version == importlib.metadata.version("modelry")


def test_the_worst_status_counts_and_a_note_does_not():
    findings = [Finding(status, "", "") for status in (*STATUSES, NOTE)]
    assert worst(findings) == STATUSES[0] == "broken"
    assert worst(findings[-2:]) == worst([]) == OK
