"""A broken plugin is listed, and says what is wrong when it is used."""

from __future__ import annotations

import pytest

BROKEN, BERT = "broken-targets==3.1", "acme-bert==1.2"

CODE = """
    import modelry
    print(modelry.registry.names("backbones"))
    try:
        modelry.registry.load("backbones", {name!r})
    except modelry.errors.BrokenPlugin as error:
        assert isinstance(error, ImportError)
        print(error)
        print(type(error.__cause__).__name__)
    print(modelry.registry.load("backbones", "sound").__name__, len(modelry.registry.entries("backbones")))
"""


@pytest.mark.parametrize(
    ("name", "message", "cause"),
    [
        (
            "needs_more",
            "importing 'broken_needs:X' fails with ModuleNotFoundError: No module named 'surely_not_there'. Install "
            "its dependency surely_not_there, or reinstall it: pip install --upgrade broken-targets",
            "ModuleNotFoundError",
        ),
        (
            "exits",
            "importing 'broken_exits:X' fails with SystemExit: 3. Try another version of it: "
            "pip install --upgrade broken-targets",
            "SystemExit",
        ),
        (
            "panics",
            "importing 'broken_panics:X' fails with PanicException: out of luck. Try another version of it: "
            "pip install --upgrade broken-targets",
            "PanicException",
        ),
        (
            "absent",
            "importing 'broken_panics_not:X' fails with ModuleNotFoundError: No module named 'broken_panics_not'. If "
            "broken-targets was installed while Python ran, restart Python; otherwise reinstall it.",
            "ModuleNotFoundError",
        ),
        (
            "renamed",
            "importing 'broken_renamed:OldName' fails with AttributeError: module 'broken_renamed' has no attribute "
            "'OldName'. Try another version of it: pip install --upgrade broken-targets",
            "AttributeError",
        ),
    ],
)
def test_use_says_who_what_and_why_and_the_others_work(run, name, message, cause):
    listed, said, caused, sound = run(CODE.format(name=name), BROKEN).splitlines()
    assert name in listed
    assert said == f"broken-targets 3.1 registers the backbone {name!r}, but {message}"
    assert caused == cause
    assert sound == "NewName 7"


def test_an_interrupt_is_not_a_broken_plugin(run):
    output = run(
        """
        import modelry
        try:
            modelry.registry.load("backbones", "interrupted")
        except KeyboardInterrupt:
            print("stopped")
        """,
        BROKEN,
    )
    assert output == "stopped"


def test_import_from_models_raises_the_broken_plugin_itself(run):
    output = run(
        """
        import modelry
        try:
            from modelry.models import OldName
        except modelry.errors.BrokenPlugin as error:
            print(error.__cause__)
        """,
        BROKEN,
    )
    assert output == "module 'broken_renamed' has no attribute 'OldName'"
