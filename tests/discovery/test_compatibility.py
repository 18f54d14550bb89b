"""A plugin made for another modelry says which one it needs, wherever one meets it."""

from __future__ import annotations

import pytest

NEXT, LATER, DATED = "acme-next==5.0", "acme-later==5.1", "acme-dated==0.9"

LOAD = """
    import modelry
    try:
        modelry.registry.load("backbones", {name!r})
    except ImportError as error:
        print(type(error).__name__, error)
"""
NEEDS = (
    "acme-next 5.0 registers {what} 'next', but acme-next needs modelry<8,>=7, and this is modelry 0.1.0. "
    'Run: pip install "modelry<8,>=7"'
)


@pytest.mark.parametrize(
    ("project", "name", "message"),
    [
        (NEXT, "next", "IncompatiblePlugin " + NEEDS.format(what="the backbone")),
        (
            DATED,
            "dated",
            "IncompatiblePlugin acme-dated 0.9 registers the backbone 'dated', but acme-dated needs modelry<0.0.5, and "
            "this is modelry 0.1.0. Run: pip install --upgrade acme-dated",
        ),
        (
            LATER,
            "later",
            "BrokenPlugin acme-later 5.1 registers the backbone 'later', but importing 'acme_later:Later' fails with "
            "ImportError: cannot import name 'FromTheFuture' from 'modelry.plugin'",
        ),
    ],
)
def test_a_component_of_a_plugin_for_another_modelry(run, core, project, name, message):
    said = run(LOAD.format(name=name), project, core)
    assert said.startswith(message)
    if project == LATER:
        advice = "It was made for another version of modelry. Run: pip install --upgrade modelry acme-later"
        assert said.endswith(advice)


def test_without_a_version_of_modelry_there_is_nothing_to_compare(run):
    assert run(LOAD.format(name="dated"), DATED) == ""


def test_finding_and_listing_do_not_compare(run, core):
    output = run(
        """
        import sys, modelry
        print(modelry.registry.find("backbones", "next").target, len(modelry.registry.entries("backbones")))
        print("packaging" in sys.modules, "importlib.metadata" in sys.modules)
        """,
        NEXT,
        core,
    )
    assert output == "acme_next:Next 1\nFalse False"


CHECK = """
    import modelry
    for failure in modelry.registry.check_hooks():
        print(failure)
    assert modelry.registry.check_hooks() == modelry.registry.failures()
    print([name for name in __import__("sys").modules if name.startswith("acme_later")])
"""


def test_every_hook_module_is_checked_and_what_is_wrong_has_a_name(run, core):
    *failures, modules = run(CHECK, LATER, NEXT, core).splitlines()
    begin = "acme-later 5.1"
    wrong = "its hook module fails with"
    assert failures == [
        f"{begin} (acme_later_empty): {wrong} TypeError: it implements no hook; decorate its functions with @hookimpl "
        "from modelry.plugin",
        f"{begin} (acme_later_plugin): {wrong} IncompatiblePlugin: {begin} is written for plugin API 2, and this "
        "modelry 0.1.0 has API 1. Run: pip install --upgrade modelry",
        "acme-next 5.0 (acme_next_plugin): its hook module fails with IncompatiblePlugin: "
        + NEEDS.format(what="a hook module"),
        f"{begin} (acme_later_number): {wrong} BrokenPlugin: {begin} registers a hook module 'number', but its API "
        "must be an int, the number of the plugin API that it was written for, not '1'. Tell its author, or remove "
        "acme-later.",
        f"{begin} (acme_later_other): {wrong} TypeError: modelry has no hook 'modelry_before_fetch' in the group "
        "'modelry.plugin'; declare its module in 'modelry.policies'",
        f"{begin} (acme_later_unmarked): {wrong} TypeError: modelry_presets would never be called; decorate its "
        "functions with @hookimpl from modelry.plugin",
        failures[-1],
    ]
    assert failures[-1].startswith(f"{begin} (acme_later_observer): {wrong} PluginValidationError:")
    assert "modelry_fetched(happening)" in failures[-1]
    assert "acme_later_plugin" in modules


def test_an_api_that_is_too_new_says_which_modelry_it_needs(run, core):
    output = run(
        """
        import modelry
        from modelry.discovery.entry import check_api
        from modelry.discovery.entry import Entry
        import acme_next_plugin
        try:
            check_api(Entry("plugin", "next", "acme_next_plugin", "acme-next", "5.0"), acme_next_plugin)
        except modelry.errors.IncompatiblePlugin as error:
            print(error)
        """,
        NEXT,
        core,
    )
    assert output == (
        "acme-next 5.0 is written for plugin API 2, and this modelry 0.1.0 has API 1. It needs modelry<8,>=7. "
        'Run: pip install "modelry<8,>=7"'
    )


def test_a_plugin_for_a_newer_api_is_passed_over_and_named(run):
    output = run(
        """
        import warnings, modelry
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            print(list(modelry.registry.presets()))
        print(sum("written for plugin API 2" in str(warning.message) for warning in caught))
        """,
        LATER,
        "acme-bert==1.2",
    )
    assert output.splitlines() == ["['acme_base', 'shared']", "1"]
