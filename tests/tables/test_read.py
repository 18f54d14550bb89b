from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from modelry.errors import InputError
from modelry.tables import table as limits
from modelry.tables import text
from modelry.tables.run import open_table
from modelry.tables.table import Format, format_of, text_column


def rows_of(path):
    return [record for some in open_table(path).chunks() for record in some.records()]


def texts_of(path, column):
    with closing(open_table(path).chunks()) as chunks:
        return [found for some in chunks for found in some.texts(column)]


def error_of(path, column="text"):
    with pytest.raises(InputError) as caught:
        texts_of(path, column)
    assert repr(str(path)) in str(caught.value)
    return str(caught.value).replace(repr(str(path)), "FILE")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", Format("csv")),
        ("a.b.TSV", Format("csv", "\t")),
        ("a.tsv.gz", Format("csv", "\t", True)),
        ("a.jsonl", Format("jsonl")),
        ("a.ndjson.GZ", Format("jsonl", gzipped=True)),
        ("a.parquet", Format("parquet")),
    ],
)
def test_the_ending_tells_the_format(name, expected):
    assert format_of(Path(name)) == expected


@pytest.mark.parametrize("name", ["a", "a.txt", "a.json", "a.parquet.gz", "csv"])
def test_an_unknown_ending(name):
    with pytest.raises(InputError, match=r"has an unknown format. Its name must end in .csv, .tsv, .jsonl or .parquet"):
        format_of(Path(name))


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_csv(file, name):
    path = file(name, 'id,text\r\n1,"a, ""b""\r\nc"\r\n\r\n2,\r\n3,5" é')
    assert rows_of(path) == [{"id": "1", "text": 'a, "b"\r\nc'}, {"id": "2", "text": ""}, {"id": "3", "text": '5" é'}]


def test_tsv(file):
    assert rows_of(file("a.tsv", "a\tb\n1,5\t2\n")) == [{"a": "1,5", "b": "2"}]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_rows_of_json_lines_may_differ(file, name):
    rows = [{"text": "a", "n": 1}, {"text": "b", "more": [None, {"x": 1.5}]}, {"text": "\U0001f600"}]
    assert rows_of(file(name, rows)) == rows


def test_blank_lines_of_json_lines_are_skipped(file):
    assert rows_of(file("a.jsonl", '\n{"text": "a"}\n  \n{"text": "b"}\n\n')) == [{"text": "a"}, {"text": "b"}]


@pytest.mark.parametrize(("name", "content"), [("a.csv", "text\na\n"), ("a.jsonl", '{"text": "a"}\n')])
def test_a_byte_order_mark_is_skipped(file, name, content):
    assert rows_of(file(name, "\ufeff" + content)) == [{"text": "a"}]


def test_a_cell_may_be_longer_than_pythons_limit(file):
    assert rows_of(file("a.csv", "text\n" + "x" * 200_000))[0]["text"] == "x" * 200_000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "FILE is empty. The first line of a CSV file must name its columns."),
        ("a.csv", "text,b,text\n", "FILE has two columns 'text'. Rename one of them."),
        ("a.csv", "text,b\nx,1\ny,2,3\n", "Line 3 of FILE has 3 cells, but the first line names 2 columns."),
        ("a.csv", 'text,b\n"x\ny",1\nz\n', "Line 4 of FILE has 1 cells, but the first line names 2 columns."),
        ("a.csv", 'text\nx\n"never closed\n\n', "The row at line 3 of FILE is not valid CSV: unexpected end of data."),
        ("a.csv", 'text\n"a"b\n', "The row at line 2 of FILE is not valid CSV: "),
        ("a.csv", b"text\nfine\nna\xefve\n", "Line 3 of FILE is not UTF-8: invalid continuation byte."),
        ("a.csv", "text\n".encode("utf-16"), "Line 1 of FILE is not UTF-8"),
        ("a.jsonl", b'{"text": "a"}\n{"text": "\xff"}', "Line 2 of FILE is not UTF-8"),
        (
            "a.jsonl",
            '{"text": "a"}\n\n{"text": x}\n',
            "Line 3 of FILE is not valid JSON: Expecting value at column 10.",
        ),
        ("a.jsonl", '["a"]\n', "Line 1 of FILE holds a JSON list. Every line must be an object"),
        ("a.jsonl", '{"text": "\\ud83d"}\n', "Line 1 of FILE contains half of a surrogate pair"),
        ("a.jsonl", '{"text": "a"}\n{"txt": "b"}\n', "Line 2 of FILE has no 'text'. Every row needs a text"),
        ("a.jsonl", '{"text": null}\n', "Line 1 of FILE has null for 'text'."),
        ("a.jsonl", '{"text": 5}\n', "Line 1 of FILE has 5 for 'text', which is not a string."),
        ("a.jsonl", "[" * 100_000, "Line 1 of FILE is not valid JSON"),
    ],
)
def test_errors_name_the_line(file, name, content, message):
    assert error_of(file(name, content)).startswith(message)


def test_a_file_without_line_ends_does_not_end_up_in_memory(file, monkeypatch):
    monkeypatch.setattr(text, "_LONGEST_LINE", 1 << 20)
    assert error_of(file("a.jsonl", "x" * (1 << 21))) == "Line 1 of FILE is longer than 1 MiB."


def test_a_file_that_is_cut_off(file):
    path = file("a.csv.gz", "text\n" + "".join(f"{number * 7919}\n" for number in range(30_000)))
    os.truncate(path, path.stat().st_size // 2)
    assert "FILE cannot be read beyond line " in error_of(path)


def test_a_file_that_is_not_compressed(tmp_path):
    (tmp_path / "a.csv.gz").write_text("text\n")
    assert error_of(tmp_path / "a.csv.gz").startswith("FILE cannot be read beyond line 0: Not a gzipped file")


def test_missing_and_special_files(tmp_path):
    assert error_of(tmp_path / "a.csv") == "FILE does not exist."
    os.mkfifo(tmp_path / "b.csv")
    assert error_of(tmp_path / "b.csv") == "FILE is not a regular file, and it has to be read twice."


def test_where_chunks_end(file, small, monkeypatch):
    table = open_table(file("a.csv", "text\n1\n2\n3\n"))
    found = list(table.chunks())
    assert [some.texts("text") for some in found] == [["1", "2"], ["3"]]
    assert found[-1].position == table.size
    monkeypatch.setattr(limits, "_BYTES", 1)
    assert [some.texts("text") for some in table.chunks()] == [["1"], ["2"], ["3"]]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_the_digest_of_a_chunk_is_that_of_its_rows(file, small, name):
    def digests(content):
        return [some.digest for some in open_table(file(name, content)).chunks()]

    first, second = digests("text\n1\n2\n3\n4\n")
    assert first != second
    assert digests("text\n1\n2\n3\n5\n6\n")[0] == first
    assert digests("text\n1\n2\n3\n5\n6\n")[1] != second
    assert digests("texts\n1\n2\n3\n4\n")[0] != first


@pytest.mark.parametrize(
    ("content", "requested", "exclude", "expected"),
    [
        ("id,text\n", None, None, "text"),
        ("id,text\n", "id", None, "id"),
        ("review\n", None, None, "review"),
        ("review,other\n", None, "other", "review"),
    ],
)
def test_the_column_of_texts(file, content, requested, exclude, expected):
    assert text_column(open_table(file("a.csv", content)), requested, exclude) == expected


def test_the_only_column_of_strings(file):
    assert text_column(open_table(file("a.jsonl", [{"id": 1, "review": "a"}])), None) == "review"
    assert text_column(open_table(file("a.jsonl", "")), None) == "text"


@pytest.mark.parametrize(
    ("content", "requested", "message"),
    [
        ("id,review\n", None, "Name it with --text-column; the columns are: 'id', 'review'."),
        ("id,review\n", "reviw", "has no column 'reviw'. Did you mean 'review'? It has: 'id', 'review'."),
    ],
)
def test_no_obvious_column(file, content, requested, message):
    with pytest.raises(InputError) as caught:
        text_column(open_table(file("a.csv", content)), requested)
    assert str(caught.value).endswith(message)
