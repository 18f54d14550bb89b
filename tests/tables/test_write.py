from __future__ import annotations

import csv
import gzip
import json

import pytest

from modelry.tables.run import open_table, open_writer
from modelry.tables.table import BOOL, FLOAT, INT, JSON, NULL, TEXT, kind_of, merge_columns, merge_kinds

MIXED = [
    {"text": "a", "n": 1, "flag": True, "same": [1], "odd": 1, "never": None},
    {"text": "b\r", "n": 2.5, "flag": None, "same": None, "odd": "x", "never": None},
    {"text": 'c,"é"\n', "late": 2**70},
]


def written(source, path):
    """Write a table with labels in the format of `path`, in chunks of two."""
    table = open_table(source)
    kinds = merge_columns(some.kinds() for some in table.chunks())
    with open_writer(path, path, kinds, {"label": TEXT, "score": FLOAT}, table.schema) as write:
        for some in table.chunks():
            write(some, {"label": ["x"] * len(some), "score": [0.25] * len(some)})
    return path


def test_rows_that_differ_as_json_lines(file, small, tmp_path):
    lines = written(file("a.jsonl", MIXED), tmp_path / "b.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{**row, "label": "x", "score": 0.25} for row in MIXED]
    assert "é" in lines[2]


def test_rows_that_differ_as_csv(file, small, tmp_path):
    path = written(file("a.jsonl", MIXED), tmp_path / "b.csv")
    with path.open(newline="", encoding="utf-8") as lines:
        header, *rows = csv.reader(lines)
    assert header == ["text", "n", "flag", "same", "odd", "never", "late", "label", "score"]
    assert rows == [
        ["a", "1", "true", "[1]", "1", "", "", "x", "0.25"],
        ["b\r", "2.5", "", "", "x", "", "", "x", "0.25"],
        ['c,"é"\n', "", "", "", "", "", str(2**70), "x", "0.25"],
    ]


def test_rows_that_differ_as_parquet(file, small, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    table = pq.read_table(written(file("a.jsonl", MIXED), tmp_path / "b.parquet"))
    assert [(field.name, str(field.type)) for field in table.schema] == [
        ("text", "string"),
        ("n", "double"),
        ("flag", "bool"),
        ("same", "string"),
        ("odd", "string"),
        ("never", "string"),
        ("late", "string"),
        ("label", "string"),
        ("score", "double"),
    ]
    first = {"text": "a", "n": 1.0, "flag": True, "same": "[1]", "odd": "1", "never": None, "late": None}
    assert table.to_pylist()[0] == {**first, "label": "x", "score": 0.25}
    assert [row["odd"] for row in table.to_pylist()] == ["1", '"x"', None]


@pytest.mark.parametrize("name", ["b.csv", "b.tsv", "b.jsonl", "b.parquet", "b.csv.gz", "b.jsonl.gz"])
def test_what_is_written_is_what_is_read(file, small, tmp_path, name):
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    rows = [{"text": "a\tb"}, {"text": ""}, {"text": 'c,"é"\r\nd'}, {"text": "\r"}, {"text": " "}]
    path = written(file("a.jsonl", rows), tmp_path / name)
    again = [record for some in open_table(path).chunks() for record in some.records()]
    assert [{"text": record["text"]} for record in again] == rows


def test_csv_without_anything_else_is_plain(file, tmp_path):
    assert written(file("a.csv", "text\na b\n"), tmp_path / "b.csv").read_bytes() == b"text,label,score\na b,x,0.25\n"


def test_compressed_files_hold_no_time(file, tmp_path):
    source = file("a.csv", "text\na\n")
    first, second = (written(source, tmp_path / name).read_bytes() for name in ("b.csv.gz", "c.csv.gz"))
    assert first == second
    assert gzip.decompress(first) == b"text,label,score\na,x,0.25\n"


@pytest.mark.parametrize(
    ("value", "kind"),
    [(None, NULL), (True, BOOL), (1, INT), (-(2**63), INT), (2**63, JSON), (1.0, FLOAT), ("1", TEXT), ([], JSON)],
)
def test_kinds(value, kind):
    assert kind_of(value) == kind


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [(NULL, NULL, NULL), (NULL, TEXT, TEXT), (INT, FLOAT, FLOAT), (INT, BOOL, JSON), (TEXT, INT, JSON)],
)
def test_kinds_merge(first, second, both):
    assert merge_kinds(first, second) == merge_kinds(second, first) == both
