"""Nothing that a caller may pass, or set in the environment, turns safety off by accident."""

from __future__ import annotations

import inspect
import re

import pytest
from typer.main import get_command

import modelry
from modelry.cli.app import app
from modelry.discovery.policy import read_policy
from modelry.errors import InputError, PluginError
from modelry.storage.options import OPTIONS, Budget, OpenOptions

SUSPICIOUS = re.compile(r"trust|unsafe|safe_mode|insecure|pickle|custom_objects|no_verify|no_check|skip_|bypass")
PUBLIC = [value for name in modelry.__all__ if inspect.isclass(value := getattr(modelry, name)) or callable(value)]


def parameters() -> list[str]:
    """Every parameter of what modelry exports, and of what the classes among it define."""
    found = []
    for value in PUBLIC:
        own = (
            [member for base in value.__mro__ for member in vars(base).values()] if isinstance(value, type) else [value]
        )
        for function in own:
            function = getattr(function, "__func__", function)
            if inspect.isfunction(function) and function.__module__.startswith("modelry."):
                found += [f"{function.__qualname__}: {name}" for name in inspect.signature(function).parameters]
    return found


def test_no_parameter_is_there_to_switch_a_check_off():
    found = parameters()
    assert any(one.endswith("from_preset: preset") for one in found)
    suspicious = {one for one in found if SUSPICIOUS.search(one.partition(": ")[2])}
    # Keras passes it on in its own formats, `load_model` and `clone_model`; what reads a preset never does.
    assert {one for one in suspicious if not one.endswith(".from_config: custom_objects")} == set()


def test_no_option_of_the_command_is_there_to_switch_a_check_off():
    commands = get_command(app).commands
    options = {
        f"{name} {option}"
        for name, command in commands.items()
        for parameter in command.params
        for option in parameter.opts
    }
    assert "verify --strict" in options
    assert {one for one in options if SUSPICIOUS.search(one.replace("-", "_"))} == set()


def test_every_option_of_opening_a_preset_has_been_looked_at():
    """A new one belongs here, with a test of the values that somebody may pass to be rid of it."""
    assert set(OPTIONS) == {
        *("revision", "token", "cache_dir", "offline", "storage_options"),  # where a preset is, and how to get there
        *("verify", "lock", "budget", "deadline", "public_key"),  # what is checked
    }


@pytest.mark.parametrize(
    "wrong",
    [
        *({"verify": value} for value in (False, "off", "none", "", 0)),
        *({"budget": value} for value in (False, 0, float("inf"), {}, "unlimited")),
        *({"lock": value} for value in (False, "", 0)),
        *({"deadline": value} for value in (False, "", 0, -1)),
        *({"public_key": value} for value in (False, "", 0)),
    ],
    ids=str,
)
def test_no_value_of_an_option_turns_a_check_off(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        OpenOptions(**wrong)


@pytest.mark.parametrize("limit", [0, -1, None, float("inf"), True])
def test_a_budget_has_no_limit_that_is_none(limit):
    with pytest.raises(InputError, match=r"memory of a Budget must be a whole number"):
        Budget(memory=limit)


def test_without_a_budget_there_is_one():
    assert OpenOptions().limits == Budget()


def test_a_variable_that_was_filled_with_nothing_is_an_error_where_it_names_plugins():
    with pytest.raises(PluginError):
        read_policy(",")
    with pytest.raises(PluginError):
        read_policy("@")
