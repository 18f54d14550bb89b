from __future__ import annotations

import datetime
import sys

import pytest

from modelry.errors import InputError, PluginError
from modelry.tables import parquet as module
from modelry.tables.run import open_table, open_writer
from modelry.tables.table import FLOAT, TEXT, text_column

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

ADDED = {"label": TEXT, "score": FLOAT}


@pytest.fixture
def parquet(tmp_path):
    def write(columns, **options):
        path = tmp_path / "a.parquet"
        pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path, **options)
        return path

    return write


@pytest.mark.parametrize("row_group_size", [1, 3, 100])
def test_chunks_do_not_depend_on_row_groups(parquet, small, row_group_size):
    table = open_table(parquet({"text": list("abcde")}, row_group_size=row_group_size))
    assert table.size == 5
    found = list(table.chunks())
    assert [(some.texts("text"), some.position) for some in found] == [(["a", "b"], 2), (["c", "d"], 4), (["e"], 5)]


def test_the_digest_is_that_of_the_values(parquet, small):
    def digests(numbers, **options):
        return [some.digest for some in open_table(parquet({"text": list("abcd"), "n": numbers}, **options)).chunks()]

    first, second = digests([1, None, 3, 4])
    assert digests([1, None, 3, 4], row_group_size=1, compression="zstd") == [first, second]
    assert digests([1, None, 3, None])[0] == first
    assert digests([1, 2, 3, 4])[0] != first


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_every_kind_of_string_is_text(parquet, kind):
    table = open_table(parquet({"id": [1, 2], "review": pa.array(["a", "é"], type=kind)}))
    assert text_column(table, None) == "review"
    assert next(table.chunks()).texts("review") == ["a", "é"]


def test_a_row_without_text_is_named(parquet, small):
    path = parquet({"text": ["a", "b", "c", None]})
    _, second = open_table(path).chunks()
    with pytest.raises(InputError, match=r"^Row 4 of .* has null for 'text'. Every row needs a text"):
        second.texts("text")


def test_a_column_of_another_type(parquet):
    path = parquet({"text": [1]})
    with pytest.raises(InputError, match=r"^The column 'text' of .* has the type int64, not a string type.$"):
        next(open_table(path).chunks()).texts("text")


def test_invalid_utf8(parquet):
    broken = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")])
    with pytest.raises(InputError, match=r"^One of the rows 1 to 1 of .* is invalid: "):
        next(open_table(parquet({"text": ["a"], "b": broken})).chunks())


def test_a_file_that_is_not_parquet(tmp_path):
    (tmp_path / "a.parquet").write_text("text\n")
    with pytest.raises(InputError, match="cannot be read as Parquet: "):
        open_table(tmp_path / "a.parquet")


def test_values_as_json(parquet):
    columns = {
        "text": ["a"],
        "ns": pa.array([1], pa.timestamp("ns")),
        "day": [datetime.date(2026, 2, 3)],
        "bytes": [b"\xff"],
        "nan": [float("nan")],
        "nested": [{"list": [1, None], "day": datetime.date(2026, 2, 3)}],
        "none": [None],
    }
    (row,) = next(open_table(parquet(columns)).chunks()).records()
    assert row == {
        "text": "a",
        "ns": "1970-01-01 00:00:00.000000001",
        "day": "2026-02-03",
        "bytes": "/w==",
        "nan": None,
        "nested": {"list": [1, None], "day": "2026-02-03"},
        "none": None,
    }


def test_columns_keep_their_types_and_metadata(parquet, small, tmp_path):
    table = pa.table(
        {
            "text": pa.array(["a", "b", "c"], pa.dictionary(pa.int32(), pa.string())),
            "when": pa.array([1, None, 3], pa.timestamp("ns", tz="UTC")),
            "nested": [[{"x": 1}], None, []],
        }
    ).replace_schema_metadata({"mine": "kept"})
    source = open_table(parquet(table, row_group_size=1))
    made = tmp_path / "made"
    kinds = dict.fromkeys(source.columns, "json")
    with open_writer(made, tmp_path / "b.parquet", kinds, ADDED, source.schema) as write:
        for some in source.chunks():
            write(some, {"label": ["x"] * len(some), "score": [0.5] * len(some)})
    found = pq.read_table(made)
    assert found.select(["text", "when", "nested"]).cast(source.schema) == pq.read_table(source.path)
    assert found.schema.metadata[b"mine"] == b"kept"
    assert found.schema.field("label").type == pa.string()
    assert found["score"].to_pylist() == [0.5] * 3
    assert pq.ParquetFile(made).num_row_groups == 1


def test_row_groups_end(parquet, small, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_GROUP_ROWS", 4)
    source = open_table(parquet({"text": list("abcdefg")}))
    with open_writer(tmp_path / "made", tmp_path / "b.parquet", {"text": TEXT}, {}, source.schema) as write:
        for some in source.chunks():
            write(some, {})
    metadata = pq.read_metadata(tmp_path / "made")
    assert [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)] == [4, 3]


def test_without_pyarrow(parquet, monkeypatch):
    path = parquet({"text": ["a"]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(PluginError) as caught:
        open_table(path)
    assert str(caught.value) == (
        'Parquet files need pyarrow, which is not installed. Run: pip install "modelry[parquet]"'
    )
