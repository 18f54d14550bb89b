"""MODELRY_PLUGINS allows or blocks distributions, and never silently does neither."""

from __future__ import annotations

import pytest

from modelry.discovery.policy import Policy, parse_policy
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
            "MODELRY_PLUGINS='-no.plugin' names 'no-plugin', which has no modelry plugin in it. "
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
        parse_policy("a,-b")


def test_the_core_cannot_be_blocked():
    with pytest.raises(PluginError, match=r"blocks modelry itself"):
        parse_policy("-Modelry")
    assert parse_policy("a").permits("modelry")


def test_nothing_but_commas_is_no_policy():
    assert parse_policy(" , ").permits("anybody")
    assert parse_policy("-A.B_c") == Policy("-A.B_c", frozenset({"a-b-c"}), blocks=True)
