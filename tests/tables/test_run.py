"""A run with a function of its own: it knows nothing about models."""

from __future__ import annotations

import json

import pytest

from modelry.errors import InputError
from modelry.tables.resume import PartialResults
from modelry.tables.run import Addition, TableRun, open_table
from modelry.tables.table import INT, JSON


class Steps:
    """Records what a progress bar would show."""

    def __init__(self):
        self.started = []
        self.updates = []

    def start(self, message, total):
        self.started.append((message, total))

    def update(self, done, rows, new=None):
        self.updates.append((done, rows, new))


@pytest.fixture
def counted():
    """The chunks of texts whose words have been counted."""
    return []


@pytest.fixture
def run_on(tmp_path, counted):
    """Count the words of a file: `run_on(path, "out.csv", prefix="p_")`."""

    def load():
        def count(chunk):
            words = [text.split() for text in chunk.texts("text")]
            counted.append(chunk.texts("text"))
            return {"words": list(map(len, words)), "all": words}

        return count

    def run(source, name, prefix="", steps=None):
        table = open_table(source)
        addition = Addition({"words": INT, "all": JSON}, load, "Counting", prefix)
        addition.check(table.columns, table.name)
        with PartialResults(tmp_path / f"{name}.partial") as results:
            results.start({})
            done = TableRun(table, addition, results, steps or Steps())
            done.compute()
            made = results.folder / "output.tmp"
            done.write(made, tmp_path / name)
            results.finish(made, tmp_path / name)
        return done

    return run


def rows_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_values_of_a_function_become_columns(file, small, run_on, counted, tmp_path):
    done = run_on(file("a.csv", 'text\na b\n""\nc\n'), "out.jsonl", prefix="n_")
    assert (done.rows, done.resumed) == (3, 0)
    assert counted == [["a b", ""], ["c"]]
    assert rows_of(tmp_path / "out.jsonl") == [
        {"text": "a b", "n_words": 2, "n_all": ["a", "b"]},
        {"text": "", "n_words": 0, "n_all": []},
        {"text": "c", "n_words": 1, "n_all": ["c"]},
    ]


def test_a_row_that_cannot_be_used_keeps_earlier_results(file, small, run_on, counted, tmp_path):
    with pytest.raises(InputError, match=r"Line 3 of .* The results of 2 rows are kept; run the same command"):
        run_on(file("a.jsonl", [{"text": "a"}, {"text": "b"}, {}]), "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()
    steps = Steps()
    done = run_on(file("a.jsonl", [{"text": "a"}, {"text": "b"}, {"text": "c"}]), "out.jsonl", "p_", steps)
    assert (done.rows, done.resumed) == (3, 2)
    assert counted == [["a", "b"], ["c"]]
    assert [row["p_words"] for row in rows_of(tmp_path / "out.jsonl")] == [1, 1, 1]
    size = (tmp_path / "a.jsonl").stat().st_size
    assert steps.started == [("Checking earlier results", size), ("Counting", size), ("Writing", size)]
    assert steps.updates[1] == (size, 3, 1)
    assert steps.updates[-1] == (size, 3, None)


def test_rows_that_change_before_they_are_written(file, small, run_on, counted, tmp_path, monkeypatch):
    source = file("a.csv", "text\na\nb\nc\n")
    write = TableRun.write

    def change_first(self, *arguments):
        file("a.csv", "text\na\nb\n")
        write(self, *arguments)

    monkeypatch.setattr(TableRun, "write", change_first)
    with pytest.raises(InputError, match=r"has become shorter during the run. Restore the file"):
        run_on(source, "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_an_added_column_that_exists(file, run_on, counted):
    with pytest.raises(InputError, match=r"already has a column 'words'. .* --prefix predicted_ for 'predicted_words'"):
        run_on(file("a.csv", "text,words\na,1\n"), "out.csv")
    assert counted == []
