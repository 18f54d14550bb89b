from pathlib import Path

import pytest

from modelry.errors import InputError, StorageError
from modelry.storage.paths import parse_reference


@pytest.mark.parametrize(
    ("text", "scheme", "path"),
    [
        ("folder", "file", "folder"),
        ("./a b/c", "file", "./a b/c"),
        ("file:///a%20b/c", "file", "/a b/c"),
        ("file://localhost/a", "file", "/a"),
        ("FILE:///a", "file", "/a"),
        ("package://dist/p/q", "package", "dist/p/q"),
        ("S3://bucket/key", "s3", "bucket/key"),
    ],
)
def test_parse(text, scheme, path):
    reference = parse_reference(text)
    assert (reference.scheme, reference.path, str(reference)) == (scheme, path, text)


def test_a_path_object_is_always_a_folder():
    assert parse_reference(Path("x")).scheme == "file"


def test_home_is_expanded():
    assert parse_reference("~/presets").path == str(Path.home() / "presets")


@pytest.mark.parametrize("empty", ["", "  ", "a\0b"])
def test_nothing_is_no_reference(empty):
    with pytest.raises(StorageError, match="names no preset"):
        parse_reference(empty)


def test_file_uris_name_this_machine_only():
    with pytest.raises(StorageError, match="three slashes"):
        parse_reference("file://server/share")


def test_other_types_are_refused():
    with pytest.raises(InputError, match="not by 3"):
        parse_reference(3)
