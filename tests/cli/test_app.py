from __future__ import annotations

import importlib.metadata
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import modelry
from modelry.cli import listing, main
from modelry.errors import StorageError

FIXTURES = Path(__file__).parents[1] / "fixtures"
KERAS_HUB, TRANSFORMERS = (str(FIXTURES / name / "bert") for name in ("keras_hub", "transformers"))
COMMAND = (sys.executable, "-m", "modelry")
HEAVY = ("keras", "jax", "torch", "tensorflow", "fsspec", "huggingface_hub", "kagglehub", "pandas")


def test_the_script_python_m_and_main_are_one(run):
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="modelry")
    assert script.load() is main
    done = run("--version")
    assert (done.stdout, done.stderr, done.returncode) == (f"modelry {modelry.__version__}\n", "", 0)


def test_help_names_every_command(invoke):
    result = invoke("--help")
    assert result.exit_code == 0
    names = ("list", "show", "explain", "verify", "lock", "classify", "plugins", "doctor")
    assert all(f"│ {name} " in result.stdout for name in names)


def test_no_arguments_show_the_help(invoke):
    assert "Usage: modelry" in invoke().output


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["list"],
        ["list", "presets"],
        ["show", KERAS_HUB],
        ["show", TRANSFORMERS],
        ["explain", KERAS_HUB],
        ["explain", TRANSFORMERS],
        ["verify", "bert_micro_sst2"],
        ["lock", "--file", "modelry.lock", KERAS_HUB],
        ["plugins"],
        ["doctor"],
    ],
)
def test_without_a_model_nothing_heavy_is_imported(arguments, environment, tmp_path):
    code = f"""
import sys
from modelry.cli import main
sys.argv = ["modelry", *{arguments!r}]
try:
    main()
except SystemExit as end:
    assert end.code == 0, end.code
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines()[-1] == "[]"
    assert done.stdout


def test_an_error_is_one_message_on_stderr(run):
    done = run("show", "bert_micro_sst")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "Error: 'bert_micro_sst' is neither a built-in preset nor a folder here. Did you mean"
    )
    assert done.stderr.count("\n") == 1


def test_an_error_is_red_on_a_terminal(environment):
    ours, theirs = os.openpty()
    subprocess.run([*COMMAND, "show", "nowhere"], env=environment, stderr=theirs, stdout=subprocess.PIPE, check=False)
    os.close(theirs)
    shown = os.read(ours, 65536)
    os.close(ours)
    assert b"\x1b[1;31mError: " in shown
    assert b"\x1b[31m'nowhere' is neither" in shown


@pytest.mark.parametrize("arguments", [("--debug", "show", "nowhere"), ("show", "nowhere", "--debug")])
def test_debug_shows_the_traceback(run, arguments):
    done = run(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert "modelry.errors.PresetNotFound: 'nowhere' is neither" in done.stderr


def test_debug_behind_two_dashes_is_an_argument(invoke):
    result = invoke("show", "--", "--debug")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: '--debug' is neither")


def test_square_brackets_and_control_characters_in_an_error_are_text(invoke, monkeypatch):
    def fail(*_):
        raise StorageError("[red]a[/red]\x1b[2J\nb")

    monkeypatch.setattr(listing.registry, "entries", fail)
    assert invoke("list").stderr == "Error: [red]a[/red]\\x1b[2J\nb\n"


def test_what_is_no_error_of_modelry_is_not_hidden(invoke, monkeypatch):
    def fail(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(listing.registry, "entries", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        invoke("list", catch_exceptions=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lst"], "No such command 'lst'"),
        (["list", "--jsn"], "No such option: --jsn"),
        (["show"], "Missing argument 'PRESET'"),
        (["classify", KERAS_HUB, "x", "--top-k", "0"], "Invalid value for '--top-k'"),
        (["classify", KERAS_HUB, "x", "--batch-size", "many"], "Invalid value for '--batch-size'"),
    ],
)
def test_a_wrong_command_or_option_is_a_usage_error(invoke, arguments, message):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_a_closed_pipe_is_silent(environment):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*COMMAND, "list"], env=environment, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert done.stderr == b""


def test_a_command_can_be_interrupted(environment):
    # Jobs that a shell runs in the background ignore it, these tests among them, and their children inherit that.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [*COMMAND, "classify", KERAS_HUB],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    signal.signal(signal.SIGINT, inherited)
    process.stdin.write(b"one\n")
    process.stdin.flush()
    assert process.stdout.readline().endswith(b"\tone\n")  # answered while more may come
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate()
    assert (process.returncode, stderr) == (130, b"")


def test_a_broken_hook_module_is_a_warning(run, install):
    site = install("acme", {"modelry.plugin": {"acme": "acme_plugin"}}, acme_plugin="import surely_not_there")
    done = run("list", "presets", PYTHONPATH=str(site))
    assert done.returncode == 0
    assert "bert_base_en\tbert\t" in done.stdout
    broken = "Warning: A plugin is broken and skipped: acme 1.5 (acme_plugin): its hook module fails with"
    assert done.stderr.startswith(broken)
    assert "No module named 'surely_not_there'." in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_wrong_policy_is_one_error(run):
    done = run("list", MODELRY_PLUGINS="nobody")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: MODELRY_PLUGINS='nobody' names 'nobody', which is not installed.")
    assert done.stderr.count("\n") == 1


def test_a_usage_error_comes_first(run):
    done = run("list", "backbons", MODELRY_PLUGINS="nobody")
    assert done.returncode == 2
    assert "MODELRY_PLUGINS" not in done.stderr


NOISE = """
import os, warnings
from modelry.cli.quiet import quiet
quiet()
import logging
warnings.warn("a warning")
logging.getLogger("jax").warning("no GPU")
logging.getLogger("absl").info("compiling")
logging.getLogger("jax").error("out of memory")
print(os.environ["TF_CPP_MIN_LOG_LEVEL"])
"""


@pytest.mark.parametrize(
    ("options", "variables", "stderr", "level"),
    [
        ([], {}, "out of memory\n", "2"),
        (["-W", "default"], {"TF_CPP_MIN_LOG_LEVEL": "0"}, "<string>:6: UserWarning: a warning\nout of memory\n", "0"),
    ],
)
def test_libraries_are_quiet_unless_the_user_set_them_up(environment, options, variables, stderr, level):
    done = subprocess.run(
        [sys.executable, *options, "-c", NOISE], env=environment | variables, capture_output=True, text=True, check=True
    )
    assert (done.stderr, done.stdout) == (stderr, f"{level}\n")


def test_main_is_quiet_except_when_debugging(monkeypatch):
    calls = []
    monkeypatch.setattr("modelry.cli.quiet.quiet", lambda: calls.append(sys.argv))
    for arguments in (["--version"], ["--debug", "--version"]):
        monkeypatch.setattr(sys, "argv", ["modelry", *arguments])
        with pytest.raises(SystemExit):
            main()
    assert calls == [["modelry", "--version"]]
