"""Commands of plugins: listed without being imported, run like modelry's own, and never in their place."""

from __future__ import annotations

import subprocess
import sys

import pytest

from modelry.discovery.entry import Entry
from modelry.discovery.registry import Registry

HOOKS = """
from modelry.plugin import Command, hookimpl

@hookimpl
def modelry_commands():
    return [{commands}]

@hookimpl
def modelry_install_hint(kind, name):
    return "acme-sync>=2" if (kind, name) == ("commands", "sync") else None
"""
WORK = """
from typing import Annotated
import typer
from modelry.errors import InputError

def greet(name: str, loud: Annotated[bool, typer.Option(help="In capitals.")] = False):
    \"\"\"Greet somebody, at length.\"\"\"
    if name == "nobody":
        raise InputError("There is nobody to greet. Write a name.")
    print(("HELLO " if loud else "hello ") + name)

def untypable(value: int | str): ...
"""
GREET = 'Command("greet", "{module}_work:greet", help="Greet somebody.")'


@pytest.fixture
def plugin(install):
    """Install a distribution with these commands, and return its folder."""

    def write(name, *commands):
        listed = ", ".join(command.format(module=name) for command in commands)
        modules = {f"{name}_hooks": HOOKS.format(commands=listed), f"{name}_work": WORK}
        return str(install(name, {"modelry.plugin": {name: f"{name}_hooks"}}, **modules))

    return write


def test_help_shows_it_under_its_distribution_and_imports_no_target(run, plugin):
    site = plugin("acme", GREET, 'Command("gone", "nowhere:f")')
    done = run("--help", PYTHONPATH=site, COLUMNS="100")
    assert done.returncode == 0, done.stderr
    own, panel = done.stdout.split("Commands of acme 1.5")
    assert "│ list " in own
    assert "│ greet" in panel
    assert "Greet somebody." in panel
    assert "│ gone" in panel
    assert done.stderr == ""


def test_it_runs_with_arguments_options_and_a_help_of_its_own(run, plugin):
    site = plugin("acme", GREET)
    assert run("greet", "Ada", "--loud", PYTHONPATH=site).stdout == "HELLO Ada\n"
    assert run("acme:greet", "Ada", PYTHONPATH=site).stdout == "hello Ada\n"
    shown = run("greet", "-h", PYTHONPATH=site)
    assert "Usage: modelry greet" in shown.stdout
    assert "Greet somebody, at length." in shown.stdout
    assert "--loud" in shown.stdout
    wrong = run("greet", PYTHONPATH=site)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "Missing argument" in wrong.stderr


def test_its_modelry_error_is_one_message(run, plugin):
    done = run("greet", "nobody", PYTHONPATH=plugin("acme", GREET))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: There is nobody to greet. Write a name.\n"


def test_no_plugin_is_asked_for_a_command_of_modelry(run, install):
    site = install("acme", {"modelry.plugin": {"acme": "acme_hooks"}}, acme_hooks="raise SystemExit('imported')")
    done = run("list", "heads", PYTHONPATH=str(site))
    assert (done.returncode, done.stderr) == (0, "")


def test_it_cannot_take_the_name_of_one_of_modelry(run, plugin):
    site = plugin("acme", GREET.replace('"greet"', '"list"'))
    assert "bert.text_classifier" in run("list", "tasks", PYTHONPATH=site).stdout
    assert run("acme:list", "Ada", PYTHONPATH=site).stdout == "hello Ada\n"
    assert "│ acme:list" in run("--help", PYTHONPATH=site, COLUMNS="100").stdout


def test_two_plugins_with_one_name_are_told_apart(run, plugin):
    sites = ":".join((plugin("acme", GREET), plugin("other", GREET)))
    done = run("greet", "Ada", PYTHONPATH=sites)
    assert done.returncode == 1
    assert done.stderr == (
        "Error: The command 'greet' is added by acme 1.5 (acme_work:greet) and other 1.5 (other_work:greet). "
        "Write `modelry acme:greet` or `modelry other:greet`.\n"
    )
    assert run("other:greet", "Ada", PYTHONPATH=sites).stdout == "hello Ada\n"
    assert "│ other:greet" in run("--help", PYTHONPATH=sites, COLUMNS="100").stdout


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            "acme_gone:f",
            "acme 1.5 registers the command 'greet', but importing 'acme_gone:f' fails with ModuleNotFoundError: "
            "No module named 'acme_gone'. If acme was installed while Python ran, restart Python; otherwise reinstall",
        ),
        ("acme_work:untypable", "acme 1.5 adds the command 'greet', but typer cannot run 'acme_work:untypable': "),
        ("acme_work:__name__", "acme 1.5 adds the command 'greet', but typer cannot run 'acme_work:__name__': "),
    ],
)
def test_a_broken_target_is_named(run, plugin, target, message):
    done = run("greet", "Ada", PYTHONPATH=plugin("acme", f'Command("greet", "{target}")'))
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {message}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gret"], "No such command 'gret'. Did you mean 'greet'?"),
        (["lst"], "No such command 'lst'. Did you mean 'list'?"),
        (["sync"], "No such command 'sync'. Run: pip install \"acme-sync>=2\""),
        (["acme:bow"], "Another version of acme may have it: pip install --upgrade acme"),
        (["gone:bow"], "No such command 'gone:bow'. Run: pip install gone"),
    ],
)
def test_an_unknown_command_is_a_usage_error_that_helps(run, plugin, arguments, message):
    done = run(*arguments, PYTHONPATH=plugin("acme", GREET), COLUMNS="200")
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


@pytest.mark.parametrize("command", ['"greet"', 'Command("gr eet", "m:f")', 'Command("greet", "m")'])
def test_what_is_no_command_is_a_warning(run, plugin, command):
    done = run("--help", PYTHONPATH=plugin("acme", command))
    assert done.returncode == 0
    assert "│ list " in done.stdout
    broken = "Warning: A plugin is broken and skipped: acme 1.5 (acme_hooks): modelry_commands fails with TypeError"
    assert done.stderr.startswith(broken)


def test_the_help_is_there_also_where_the_policy_is_wrong(run):
    done = run("--help", MODELRY_PLUGINS="nobody")
    assert done.returncode == 0
    assert "│ list " in done.stdout
    assert done.stderr.startswith("Warning: MODELRY_PLUGINS='nobody' names 'nobody', which is not installed.")


SPEC = """
class Spec:
    commands = {commands}
"""
HEAVY_WORK = "import keras\n" + WORK.replace("Greet somebody, at length.", "Tag words.")


@pytest.fixture
def task(install):
    """Install a distribution with a task that has these commands, and return its folder."""

    def write(name, commands, **modules):
        points = {"modelry.task_specs": {name: f"{name}_spec:Spec"}}
        modules = {f"{name}_spec": SPEC.format(commands=commands), f"{name}_work": HEAVY_WORK} | modules
        return str(install(name, points, **modules))

    return write


def test_the_commands_of_a_task_are_listed_with_their_docstrings_and_run(run, task):
    site = task("tags", {"tag": "tags_work:greet", "tags.gone": "nowhere.at_all:f"})
    done = run("--help", PYTHONPATH=site, COLUMNS="100")
    assert (done.returncode, done.stderr) == (0, "")
    _, panel = done.stdout.split("Commands of tags 1.5")
    assert "│ tag " in panel
    assert "Tag words." in panel
    assert "│ tags.gone" in panel
    assert run("tag", "Ada", "--loud", PYTHONPATH=site).stdout == "HELLO Ada\n"
    assert run("tags:tag", "Ada", PYTHONPATH=site).stdout == "hello Ada\n"
    assert "importing 'nowhere.at_all:f' fails" in run("tags.gone", PYTHONPATH=site).stderr


def test_listing_the_commands_of_a_task_imports_no_keras(environment, task):
    code = """
import sys
from modelry.cli import main
sys.argv = ["modelry", "--help"]
try:
    main()
finally:
    print([name for name in ("keras", "jax", "torch", "tags_spec", "tags_work") if name in sys.modules])
"""
    site = task("tags", {"tag": "tags_work:greet"})
    variables = environment | {"PYTHONPATH": site}
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "['tags_spec']"


def test_a_task_cannot_take_a_name_of_modelry_and_shares_one_with_others_qualified(run, task, plugin):
    sites = ":".join((task("tags", {"list": "tags_work:greet", "greet": "tags_work:greet"}), plugin("acme", GREET)))
    shown = run("--help", PYTHONPATH=sites, COLUMNS="100").stdout
    assert all(f"│ {name}" in shown for name in ("tags:list", "tags:greet", "acme:greet"))
    assert run("tags:list", "Ada", PYTHONPATH=sites).stdout == "hello Ada\n"
    done = run("greet", "Ada", PYTHONPATH=sites)
    assert done.returncode == 1
    assert "Write `modelry acme:greet` or `modelry tags:greet`." in done.stderr


def test_commands_of_modelrys_own_tasks_come_first_and_ask_no_plugin(invoke, install, monkeypatch):
    modules = {"core_spec": SPEC.format(commands={"greet": "core_work:greet"}), "core_work": WORK}
    install("core", {}, **modules)
    own = Entry("task_specs", "own", "core_spec:Spec", "modelry", "0.1")
    entries = Registry.entries
    monkeypatch.setattr(
        Registry, "entries", lambda self, kind=None: (own,) if kind == "task_specs" else entries(self, kind)
    )
    shown = invoke("--help", env={"COLUMNS": "100"}).stdout
    assert "│ greet" in shown
    assert "Greet somebody, at length." in shown
    assert "Commands of modelry" not in shown
    install("acme", {"modelry.plugin": {"acme": "acme_hooks"}}, acme_hooks="raise SystemExit('imported')")
    done = invoke("greet", "Ada")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "hello Ada\n", "")


@pytest.mark.parametrize(
    ("commands", "modules", "message"),
    [
        (["tag"], {}, "tags 1.5 registers the task 'tags', but its commands must map names to 'module:function'"),
        ({"t ag": "m:f"}, {}, "its command 't ag' must be a name with a target 'module:function', not 'm:f'"),
        ({"tag": "m"}, {}, "its command 'tag' must be a name with a target 'module:function', not 'm'"),
        ({}, {"tags_spec": "raise SystemExit"}, "importing 'tags_spec:Spec' fails with SystemExit"),
    ],
)
def test_a_task_that_is_broken_is_one_warning(run, task, commands, modules, message):
    done = run("--help", PYTHONPATH=task("tags", commands, **modules))
    assert done.returncode == 0
    assert "│ list " in done.stdout
    assert done.stderr.startswith("Warning: A plugin is broken and skipped: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
