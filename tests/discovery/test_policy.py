"""MODELRY_PLUGINS, or the file that it names, allows or blocks distributions, and never silently does neither."""

from __future__ import annotations

import pytest

from modelry.discovery.policy import Policy, read_policy
from modelry.errors import PluginError

BERT, OTHER, CNN, HOOKS = "acme-bert==1.2", "other.bert==0.1", "acme-cnn==2.0", "broken-hooks==0.3"

NAMES = "import modelry; print([entry.qualified for entry in modelry.registry.entries('backbones')])"


@pytest.mark.parametrize(
    ("variable", "names"),
    [
        ("", ["acme-bert:bert", "other-bert:bert", "acme-cnn:cnn"]),
        ("acme-cnn, Other_Bert", ["other-bert:bert", "acme-cnn:cnn"]),
        ("-acme-cnn,-other-bert", ["acme-bert:bert"]),
        ("modelry", []),
    ],
)
def test_the_variable_allows_or_blocks(run, variable, names):
    assert run(NAMES, BERT, OTHER, CNN, MODELRY_PLUGINS=variable) == str(names)


def test_blocking_one_owner_makes_a_name_unambiguous_and_the_blocked_one_says_so(run):
    output = run(
        """
        import sys, modelry
        print(modelry.registry.find("backbones", "bert").owner)
        for name in ("acme-bert:bert", "cnn"):
            try:
                modelry.registry.find("backbones", name)
            except modelry.errors.UnknownComponent as error:
                print(error)
        """,
        BERT,
        OTHER,
        CNN,
        MODELRY_PLUGINS="other-bert",
    )
    assert output.splitlines() == [
        "other-bert 0.1",
        "The backbone 'bert' comes from acme-bert 1.2, which MODELRY_PLUGINS='other-bert' keeps out. "
        "Change that variable to use it.",
        "The backbone 'cnn' comes from acme-cnn 2.0, which MODELRY_PLUGINS='other-bert' keeps out. "
        "Change that variable to use it.",
    ]


def test_a_blocked_plugin_is_not_asked_either(run):
    output = run(
        "import sys, modelry; print(list(modelry.registry.presets()), 'broken_hooks_raise' in sys.modules)",
        BERT,
        HOOKS,
        MODELRY_PLUGINS="-broken-hooks",
    )
    assert output == "['acme_base', 'shared'] False"


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        (
            "acme-cn",
            "MODELRY_PLUGINS='acme-cn' names 'acme-cn', which is not installed. Did you mean 'acme-cnn'? "
            "Installed plugins: acme-bert, acme-cnn.",
        ),
        (
            "-no.plugin",
            "MODELRY_PLUGINS='-no.plugin' names 'no-plugin', which contains no modelry plugin. "
            "Installed plugins: acme-bert, acme-cnn.",
        ),
    ],
)
def test_a_name_that_matches_nothing_is_an_error(run, variable, message):
    code = """
        import modelry
        try:
            modelry.registry.names()
        except modelry.errors.PluginError as error:
            print(error)
    """
    assert run(code, BERT, CNN, "no-plugin==1.0", MODELRY_PLUGINS=variable) == message


def test_allowing_and_blocking_at_once_is_refused():
    with pytest.raises(PluginError, match=r"allows some plugins and blocks others"):
        read_policy("a,-b")


def test_the_core_cannot_be_blocked():
    with pytest.raises(PluginError, match=r"blocks modelry itself"):
        read_policy("-Modelry")
    assert read_policy("a").permits("modelry")


def test_a_policy_that_names_nobody_allows_nobody_by_mistake():
    assert read_policy("").permits("anybody")
    with pytest.raises(PluginError, match=r"MODELRY_PLUGINS=' , ' names no distribution"):
        read_policy(" , ")
    assert read_policy("-A.B_c") == Policy("-A.B_c", frozenset({"a-b-c"}), blocks=True)


def test_a_file_allows_and_an_edit_of_it_counts_for_a_name_not_found_before(run, tmp_path):
    policy = tmp_path / "plugins.txt"
    policy.write_text("# reviewed in May\nOther_Bert  # for the mail\n\nnot-installed-here\n")
    output = run(
        f"""
        import modelry
        print([entry.qualified for entry in modelry.registry.entries('backbones')])
        try:
            modelry.registry.find("backbones", "cnn")
        except modelry.errors.UnknownComponent as error:
            print(error)
        open({str(policy)!r}, "a").write("acme-cnn\\n")
        print(modelry.registry.find("backbones", "cnn").owner)
        """,
        BERT,
        OTHER,
        CNN,
        MODELRY_PLUGINS=f"@{policy}",
    )
    assert output.splitlines() == [
        "['other-bert:bert']",
        f"The backbone 'cnn' comes from acme-cnn 2.0, which MODELRY_PLUGINS='@{policy}' keeps out. "
        f"Change {policy} to use it.",
        "acme-cnn 2.0",
    ]


def test_a_file_blocks(tmp_path):
    (tmp_path / "plugins").write_text("-acme-cnn\n-A.B_c")
    policy = read_policy(f"@{tmp_path / 'plugins'}")
    assert (policy.blocks, policy.names) == (True, {"acme-cnn", "a-b-c"})
    assert policy.without("other") == f"the line '-other' in {tmp_path / 'plugins'}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"cannot be read: .*No such file.* No plugin is used"),
        (b"\xff", r"cannot be read: .*utf-8"),
        (b"# nobody\n", r"names no distribution. Name those to allow, .* 'modelry' alone allows no plugin"),
        (b"a\n-b\n", r"allows some plugins and blocks others"),
    ],
)
def test_a_file_that_says_nothing_clear_is_an_error(tmp_path, text, message):
    if text is not None:
        (tmp_path / "plugins").write_bytes(text)
    with pytest.raises(PluginError, match=message):
        read_policy(f"@{tmp_path / 'plugins'}")


def test_no_file_is_looked_for_in_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "plugins").write_text("acme-cnn")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PluginError, match=r"by an absolute path"):
        read_policy("@plugins")


def test_whatever_a_blocked_plugin_may_have_is_said_to_be_blocked(run):
    output = run(
        """
        import modelry
        registry = modelry.registry
        questions = (
            lambda: registry.find("backbones", "acme-bert:gone"),
            lambda: registry.find("backbones", "bert_v0"),
            lambda: registry.find_class("AcmeBert"),
            lambda: registry.find_class("AcmeSomething"),
        )
        for question in questions:
            try:
                question()
            except modelry.errors.UnknownComponent as error:
                print(error)
        """,
        BERT,
        CNN,
        MODELRY_PLUGINS="-acme-bert",
    )
    out = "MODELRY_PLUGINS='-acme-bert' keeps out"
    assert output.splitlines() == [
        f"The backbone 'gone' comes from acme-bert, which {out}. Change that variable to use it.",
        f"No installed plugin registers a backbone 'bert_v0'. Installed: cnn. {out} acme-bert.",
        f"The class 'AcmeBert' comes from acme-bert 1.2, which {out}. Change that variable to use it.",
        f"No installed plugin registers a class named 'AcmeSomething'. {out} acme-bert.",
    ]
