"""JSON from strangers: what is taken, and what is refused with which reason."""

from __future__ import annotations

import pytest

from modelry.errors import PresetFormatError, UnsafePresetError
from modelry.strict_json import parse_json, read_json_file


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'{"a": [1, 2.5, null, true, "x"]}', {"a": [1, 2.5, None, True, "x"]}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('{"é": "\\u00e9\\ud83d\\ude00"}'.encode(), {"é": "é😀"}),
        (b"1000000000000000019884624838656", 1000000000000000019884624838656),
        (b'"' + b"9" * 200 + b'"', "9" * 200),
        (b"[" * 64 + b"]" * 64, None),
        (b'[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
    ],
)
def test_what_is_json_is_taken(content, value):
    found = parse_json(content, "x.json")
    assert value is None or found == value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": {"b": 1, "b": 2}}', "x.json has the name 'b' twice in one object"),
        (b"[" * 65 + b"]" * 65, r"x.json nests objects and lists more than 64 deep at \[0\]"),
        (b"[" * 99999, "more than 64 deep"),
        (b"-" + b"9" * 101, "a number of 102 digits"),
        (b'"' + b"x" * 100 + b'"', "larger than 100 bytes"),
    ],
)
def test_what_no_honest_file_has_is_unsafe(content, message):
    with pytest.raises(UnsafePresetError, match=rf"{message}.*tell its publisher"):
        parse_json(content, "x.json", 100 if "larger" in message else 10**6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not readable JSON: Expecting value: line 1"),
        (b'{"a": 1,}', "not readable JSON"),
        (b"\xff", "not readable JSON: 'utf-8' codec"),
        (b"{} {}", "Extra data"),
        (b'{"a": [0, NaN]}', "holds NaN"),
        (b"-Infinity", "holds -Infinity"),
        (b'{"a": [0, 1e999]}', r"a number at \['a'\]\[1\] that is too large"),
        (b'{"a": ["\\udc00"]}', "half a surrogate pair"),
        (b'{"\\ud800x": 1}', "half a surrogate pair"),
    ],
)
def test_what_is_no_json_is_broken(content, message):
    with pytest.raises(PresetFormatError, match=rf"x\.json .*{message}") as caught:
        parse_json(content, "x.json")
    assert not isinstance(caught.value, UnsafePresetError)


def test_no_more_of_a_file_is_read_than_may_be(tmp_path):
    with (tmp_path / "x.json").open("wb") as file:
        file.truncate(2**40)  # no machine could read it
    with pytest.raises(UnsafePresetError, match="larger than 8,388,608 bytes"):
        read_json_file(tmp_path / "x.json", "x.json")
