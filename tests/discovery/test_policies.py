"""A policy that refuses is obeyed, and one that cannot be asked is never bypassed."""

from __future__ import annotations

import pytest

GATE, BROKEN = "acme-gate==0.4", "broken-policy==0.2"

OPEN = """
    import pathlib, modelry
    from modelry.storage.open import open_preset
    pathlib.Path("preset").mkdir(exist_ok=True)
    pathlib.Path("link").exists() or pathlib.Path("link").symlink_to("preset")
    for reference in {references!r}:
        try:
            print(type(open_preset(reference)).__name__)
        except modelry.errors.ModelryError as error:
            print(type(error).__name__, error)
"""


def test_it_is_asked_about_the_one_spelling_of_each_reference(run, core, tmp_path):
    references = ["preset", "./link", "~/preset/../preset", "FILE://localhost" + str(tmp_path / "link")]
    lines = run(OPEN.format(references=references), GATE, core).splitlines()
    assert lines == [f"asked about file://{tmp_path}/preset", "FolderFiles"] * 4


def test_a_refusal_says_who_why_and_what_to_do(run):
    output = run(OPEN.format(references=["vault://acme/x"]), GATE)
    assert output.splitlines() == [
        "asked about vault://acme/x",
        "PresetRefused Preset 'vault://acme/x' is refused by acme-gate 0.4: only folders are reviewed. Use a preset "
        "that it allows, or ask the person who installed this policy.",
    ]


def test_the_built_in_name_is_resolved_before(run):
    output = run(OPEN.format(references=["acme_base"]), GATE, "acme-bert==1.2")
    assert output.splitlines()[0] == "asked about hf://acme/base"


def test_a_policy_that_raises_refuses_everything_each_time(run):
    output = run(OPEN.format(references=["preset", "preset"]), GATE, ACME_GATE="raise")
    message = output.splitlines()
    assert message[0] == message[1]
    assert message[0].startswith("PluginError Preset 'file://")
    assert message[0].endswith(
        "/preset' is not opened, because a policy that is installed here cannot be asked. acme-gate 0.4 (acme_gate): "
        "modelry_before_fetch fails with OSError: the list cannot be reached. Repair acme-gate, remove it, or turn it "
        "off with MODELRY_PLUGINS=-acme-gate"
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import surely_not_there", "No module named 'surely_not_there'"),
        ("def modelry_before_fetch(reference): return 'no'", "modelry_before_fetch would never be called"),
        ("", "it implements no hook"),
        ("API = 2", "is written for plugin API 2"),
        (
            "from modelry.plugin import hookimpl\n@hookimpl\ndef modelry_before_fetch(reference): return True",
            "expected a str with the reason to refuse the preset, or None, got True",
        ),
        (
            "from modelry.plugin import hookimpl\n@hookimpl\ndef modelry_before_fetch(url): return None",
            "PluginValidationError",
        ),
    ],
)
def test_a_policy_that_cannot_be_asked_refuses_everything_each_time(run, core, tmp_path, code, reason):
    site = tmp_path / "site"
    info = site / "broken_policy-0.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-policy\nVersion: 0.2\n")
    (info / "entry_points.txt").write_text("[modelry.policies]\np = broken_policy\n")
    (site / "broken_policy.py").write_text(code)
    code = OPEN.format(references=["preset", "preset"])
    output = run(code, site, core)
    assert output.count("PluginError Preset 'file://") == 2
    assert output.count(reason) == 2
    assert "cannot be asked. broken-policy 0.2 (broken_policy): " in output
    assert run(code, site, core, MODELRY_PLUGINS="-broken-policy").split() == ["FolderFiles", "FolderFiles"]


@pytest.mark.parametrize(
    ("variable", "off"),
    [("acme-gate,acme-bert", "acme-bert"), ("acme-gate", "modelry"), ("-acme-bert", "-acme-bert,-acme-gate")],
)
def test_the_way_to_turn_it_off_keeps_what_the_variable_says(run, variable, off):
    code = OPEN.format(references=["vault://x"])
    output = run(code, GATE, "acme-bert==1.2", ACME_GATE="raise", MODELRY_PLUGINS=variable)
    assert output.endswith(f"turn it off with MODELRY_PLUGINS={off}")
    assert "StorageError" in run(code, GATE, "acme-bert==1.2", ACME_GATE="raise", MODELRY_PLUGINS=off)
