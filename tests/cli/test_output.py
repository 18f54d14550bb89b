from __future__ import annotations

import io
import sys

import pytest

from modelry.cli.output import print_row, print_warning, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain [bold] text", "plain [bold] text"),
        ("a\tb\nc\rd", "a\\tb\\nc\\rd"),
        ("\x1b[31m\x7f\x9b", "\\x1b[31m\\x7f\\x9b"),
        ("schön 👩‍🔬\u200b", "schön 👩‍🔬\u200b"),  # what joins and separates characters is part of a text
    ],
)
def test_printable(text, shown):
    assert printable(text) == shown


def test_what_the_encoding_lacks_is_escaped(monkeypatch):
    screen = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", screen)
    print_row(["schön", "好"])
    screen.flush()
    assert screen.buffer.getvalue() == b"sch\xf6n\t\\u597d\n"


def test_a_message_has_one_colour(monkeypatch):
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    print_warning("42 'plugins' are True")
    assert screen.getvalue() == "\x1b[1;33mWarning: \x1b[0m\x1b[33m42 'plugins' are True\x1b[0m\n"
