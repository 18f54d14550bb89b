from __future__ import annotations

import csv
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from modelry import TextClassifier
from modelry.tables import run as table_run
from modelry.tables import table
from modelry.tasks.text_classifier.columns import best_labels

PRESET = str(Path(__file__).parents[2] / "fixtures" / "transformers" / "bert")
OUTPUTS = ["out.csv", "out.jsonl", "out.parquet"]


@pytest.fixture(scope="module")
def classifier():
    return TextClassifier.from_preset(PRESET, compile=False)


@pytest.fixture
def small(monkeypatch):
    """Chunks of two rows."""
    monkeypatch.setattr(table, "_ROWS", 2)


@pytest.fixture
def classified(monkeypatch, classifier):
    """The texts that the model has seen, by chunk."""
    seen = []

    class Spy:
        labels, problem_type = classifier.labels, classifier.problem_type

        def classify(self, texts, **options):
            seen.append(texts)
            return classifier.classify(texts, **options)

    monkeypatch.setattr(TextClassifier, "from_preset", lambda *_, **__: Spy())
    return seen


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def classify(invoke, here):
    """Classify a file of the current folder: `classify("in.csv", "out.csv", "--top-k", "2")`."""

    def run(source, output, *options):
        return invoke("classify", PRESET, "--input", source, "--output", output, *options)

    return run


def error_of(result):
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def cells(path):
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.reader(lines))


def test_rows_keep_their_columns_and_get_labels(classify, here, classifier):
    (here / "in.csv").write_text('id,text\n7,what a film\n8,"no, never"\n9,\n')
    result = classify("in.csv", "out.csv")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("Classified 3 texts in ")
    assert result.stderr.endswith(f" The results are in {str(here / 'out.csv')!r}.\n")
    texts = ["what a film", "no, never", ""]
    header, *rows = cells(here / "out.csv")
    assert header == ["id", "text", "label", "score"]
    assert [row[:2] for row in rows] == [["7", texts[0]], ["8", texts[1]], ["9", ""]]
    expected = [best for (best,) in classifier.classify(texts)]
    assert [(row[2], float(row[3])) for row in rows] == [(label, pytest.approx(score)) for label, score in expected]
    assert names(here) == ["in.csv", "out.csv"]


def test_several_labels_in_columns(classify, here, classifier):
    (here / "in.tsv").write_text("text\twhat\na\tb\n")
    classify("in.tsv", "out.csv", "--top-k", "2", "--prefix", "its_")
    header, row = cells(here / "out.csv")
    assert header == ["text", "what", "its_label", "its_score", "its_label_2", "its_score_2"]
    ((first, second),) = classifier.classify(["a"], top_k=2)
    assert [row[2], row[4]] == [first[0], second[0]]
    assert [float(row[3]), float(row[5])] == pytest.approx([first[1], second[1]])


def test_several_labels_in_objects(classify, here, classifier):
    (here / "in.jsonl").write_text('{"id": 1, "text": "a", "tags": ["x"]}\n')
    classify("in.jsonl", "out.jsonl", "--top-k", "99")
    ((*best,),) = classifier.classify(["a"], top_k=5)
    expected = [{"label": label, "score": pytest.approx(score)} for label, score in best]
    row = json.loads((here / "out.jsonl").read_text())
    assert row == {"id": 1, "text": "a", "tags": ["x"], **expected[0], "top_k": expected}


def test_parquet_keeps_its_types(classify, here):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"n": pa.array([3], pa.int8()), "review": ["a"]}), here / "in.parquet")
    assert classify("in.parquet", "out.parquet", "--top-k", "2").exit_code == 0
    found = pq.read_schema(here / "out.parquet")
    assert [(field.name, str(field.type)) for field in found] == [
        ("n", "int8"),
        ("review", "string"),
        ("label", "string"),
        ("score", "double"),
        ("label_2", "string"),
        ("score_2", "double"),
    ]


def test_pairs(classify, here, classifier):
    (here / "in.csv").write_text("b,a\nfine,how are you\n")
    assert classify("in.csv", "out.csv", "--text-column", "a", "--pair-column", "b").exit_code == 0
    ((best,),) = classifier.classify((["how are you"], ["fine"]))
    assert cells(here / "out.csv")[1] == ["fine", "how are you", best[0], str(best[1])]


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize(("name", "content"), [("in.csv", "id,text\n"), ("in.jsonl", "")])
def test_no_rows(classify, here, classified, output, name, content):
    (here / name).write_text(content)
    assert classify(name, output).exit_code == 0
    assert classified == []
    if output == "out.csv":
        assert cells(here / output) == [[*(("id", "text") if content else ()), "label", "score"]]


def test_a_fifth_label_has_its_names():
    assert list(best_labels(3, False).kinds) == ["label", "score", "label_2", "score_2", "label_3", "score_3"]
    assert list(best_labels(3, True).kinds) == ["label", "score", "top_k"]
    assert list(best_labels(1, True).kinds) == ["label", "score"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "The column of texts in 'in.csv' is not obvious. Name it with --text-column"),
        (["--text-column", "revew"], "'in.csv' has no column 'revew'. Did you mean 'review'?"),
        (["--text-column", "review", "--pair-column", "x"], "'in.csv' has no column 'x'."),
        (["--text-column", "review", "--prefix", "my_"], "'in.csv' already has a column 'my_label'."),
    ],
)
def test_columns_that_do_not_fit(classify, here, classified, options, message):
    (here / "in.csv").write_text("review,my_label\na,b\n")
    assert error_of(classify("in.csv", "out.csv", *options)).startswith(f"Error: {message}")
    assert names(here) == ["in.csv"]


def test_a_column_that_would_be_there_twice(classify, here, classified, small):
    (here / "in.jsonl").write_text('{"text": "a"}\n' * 2 + '{"text": "b", "score": 1}\n')
    message = error_of(classify("in.jsonl", "out.jsonl"))
    assert message.startswith(
        "Error: 'in.jsonl' already has a column 'score'. Give the added columns other names with --prefix, "
        "such as --prefix predicted_ for 'predicted_score'. The results of 2 rows are kept"
    )
    assert classify("in.jsonl", "out.jsonl", "--prefix", "predicted_").exit_code == 0
    assert classified == [["a", "a"], ["b"]]  # what was done is not done again
    row = json.loads((here / "out.jsonl").read_text().splitlines()[2])
    assert list(row) == ["text", "score", "predicted_label", "predicted_score"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--input", "in.csv"], "--output FILE"),
        (["a", "--input", "in.csv", "--output", "o.csv"], "no TEXT"),
        (["--pair", "--input", "in.csv", "--output", "o.csv"], "--pair-column"),
        (["--json", "--input", "in.csv", "--output", "o.csv"], "--json"),
        (["--output", "o.csv"], "go with a file"),
        (["--input", "-", "--output", "o.csv"], "go with a file"),
        (["a", "--restart"], "go with a file"),
    ],
)
def test_options_that_do_not_go_together(invoke, here, arguments, message):
    result = invoke("classify", PRESET, *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())


def test_a_dash_as_input_is_stdin_as_before(invoke):
    lines = invoke("classify", PRESET, "--input", "-", input="a\nb").stdout.splitlines()
    assert [line.split("\t")[2] for line in lines] == ["a", "b"]


@pytest.mark.parametrize(
    ("source", "output", "message"),
    [
        ("in.csv", "in.csv", "--output is the same file as --input, 'in.csv'."),
        ("in.csv", "old.csv", "'old.csv' already exists. Choose another file, or replace it with --overwrite."),
        ("in.csv", "folder.csv", "'folder.csv' is not a file that can be replaced."),
        ("in.csv", "none/out.csv", "The folder "),
        ("in.csv", "out.txt", "has an unknown format."),
        ("in.txt", "out.csv", "'in.txt' has an unknown format."),
        ("none.csv", "out.csv", "'none.csv' does not exist."),
    ],
)
def test_files_that_do_not_fit(classify, here, classified, source, output, message):
    (here / "in.csv").write_text("text\na\n")
    (here / "old.csv").write_text("mine")
    (here / "folder.csv").mkdir()
    assert message in error_of(classify(source, output))
    assert names(here) == ["folder.csv", "in.csv", "old.csv"]
    assert (here / "old.csv").read_text() == "mine"


@pytest.mark.parametrize(("source", "output"), [("in.parquet", "out.csv"), ("in.csv", "out.parquet")])
def test_without_pyarrow(classify, here, monkeypatch, source, output):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (here / source).write_text("text\na\n")
    message = 'Error: Parquet files need pyarrow, which is not installed. Run: pip install "modelry[parquet]"\n'
    assert error_of(classify(source, output)) == message


def test_overwriting(classify, here):
    (here / "in.csv").write_text("text\na\n")
    (here / "old.csv").write_text("mine")
    (here / "link.csv").symlink_to("old.csv")
    assert classify("in.csv", "link.csv", "--overwrite").exit_code == 0
    assert (here / "link.csv").is_symlink()
    assert len(cells(here / "old.csv")) == 2


def test_what_was_done_before_a_bad_row_is_kept(classify, here, classified, small):
    good = '{"text": "a"}\n{"text": "b"}\n'
    (here / "in.jsonl").write_text(good + '{"text": "c"}\n{"text": 5}\n')
    assert error_of(classify("in.jsonl", "out.csv")) == (
        "Error: Line 4 of 'in.jsonl' has 5 for 'text', which is not a string. "
        "The results of 2 rows are kept; run the same command to continue.\n"
    )
    assert names(here) == ["in.jsonl", "out.csv.partial"]
    (here / "in.jsonl").write_text(good + '{"text": "c"}\n{"text": "5"}\n{"text": "e"}\n')  # fixed, and longer
    result = classify("in.jsonl", "out.csv")
    assert " 2 of them were done before." in result.stderr
    assert classified == [["a", "b"], ["c", "5"], ["e"]]
    assert [row[0] for row in cells(here / "out.csv")] == ["text", "a", "b", "c", "5", "e"]
    assert names(here) == ["in.jsonl", "out.csv"]


def test_a_bad_row_at_the_start_leaves_nothing(classify, here, classified):
    (here / "in.jsonl").write_text("{")
    assert "Line 1 of" in error_of(classify("in.jsonl", "out.csv"))
    assert names(here) == ["in.jsonl"]


@pytest.fixture
def stopped(classify, here, small, classified):
    """A run that stopped at its third row."""
    (here / "in.csv").write_text("text,b\na,1\nb,2\nc\n")
    assert "Line 4 of" in error_of(classify("in.csv", "out.csv"))
    return here


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text,b\na,1\nB,2\nc,3\n", "'in.csv' has changed: rows 1 to 2 differ from those already done."),
        ("text,b\na,1\n", "'in.csv' has changed: rows 1 to 1 differ from those already done."),
        ("text,b\n", "'in.csv' ends before row 1, which an earlier run has done."),
    ],
)
def test_results_never_reach_other_rows(stopped, classify, classified, content, message):
    (stopped / "in.csv").write_text(content)
    advice = "Restore the file, or run with --restart to start over."
    assert error_of(classify("in.csv", "out.csv")) == f"Error: {message} {advice}\n"
    assert names(stopped) == ["in.csv", "out.csv.partial"]
    assert classify("in.csv", "out.csv", "--restart").exit_code == 0
    assert [row[:2] for row in cells(stopped / "out.csv")] == [line.split(",") for line in content.splitlines()]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--top-k", "2"], "--top-k was 1 and is 2."),
        (["--batch-size", "8"], "--batch-size was 32 and is 8."),
        (["--text-column", "b", "--top-k", "2"], "--text-column was 'text' and is 'b'; --top-k was 1 and is 2."),
        (["--pair-column", "b"], "--pair-column was None and is 'b'."),
    ],
)
def test_other_options_are_other_work(stopped, classify, options, message):
    (stopped / "in.csv").write_text("text,b\na,1\nb,2\nc,3\n")
    error = error_of(classify("in.csv", "out.csv", *options))
    assert error.startswith(f"Error: {str(stopped / 'out.csv.partial')!r} holds the results of other work: {message}")
    assert classify("in.csv", "out.csv", *options, "--restart").exit_code == 0


def test_another_preset_is_other_work(stopped, invoke, copy_of, edit):
    (stopped / "in.csv").write_text("text,b\na,1\nb,2\nc,3\n")
    copy = copy_of("transformers/bert")
    files = ("--input", "in.csv", "--output", "out.csv")
    weights = copy / "model.safetensors"
    with weights.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x01")
    assert "other work: fingerprint of the preset was '" in invoke("classify", str(copy), *files).stderr
    shutil.copy(Path(PRESET) / weights.name, weights)
    assert invoke("classify", str(copy), *files).exit_code == 0  # the same preset in another place


def test_another_version_is_other_work(stopped, classify):
    (stopped / "in.csv").write_text("text,b\na,1\nb,2\nc,3\n")
    path = stopped / "out.csv.partial" / "work.json"
    path.write_text(path.read_text().replace('"keras": "', '"keras": "0'))
    assert "other work: keras was '0" in error_of(classify("in.csv", "out.csv"))


class PowerFailure(BaseException):
    """Ends a run wherever it is."""


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("after", [False, True])
def test_a_run_may_end_at_any_moment(classify, here, small, classified, monkeypatch, output, after):
    (here / "in.csv").write_text("text,b\n" + "".join(f"text {number},{number}\n" for number in range(5)))
    assert classify("in.csv", output).exit_code == 0
    expected = (here / output).read_bytes()
    (here / output).unlink()
    replace, times, moment = os.replace, 0, 0

    def fail(*paths):
        nonlocal times
        times += 1
        if times == moment and not after:
            raise PowerFailure
        replace(*paths)
        if times == moment:
            raise PowerFailure

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        for moment in range(1, 5 + after):
            times = 0
            with pytest.raises(PowerFailure):
                classify("in.csv", output, "--restart")
            assert (here / output).exists() == (moment == 5)
    if not after:
        done = len(classified)
        assert classify("in.csv", output).exit_code == 0
        assert len(classified) < done + 3
    assert (here / output).read_bytes() == expected


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_run_in_two_halves_gives_what_one_gives(classify, here, small, classified, monkeypatch, output):
    (here / "in.jsonl").write_text("".join(f'{{"text": "{number} a", "k{number}": {number}}}\n' for number in range(7)))
    assert classify("in.jsonl", output).exit_code == 0
    expected = (here / output).read_bytes()
    (here / output).unlink()
    for step in ("_compute", "write"):
        with monkeypatch.context() as patch:
            original, calls = getattr(table_run.TableRun, step), []

            def interrupt(*arguments, original=original, calls=calls, step=step):
                calls.append(step)
                if len(calls) == 3 or step == "write":
                    raise KeyboardInterrupt
                return original(*arguments)

            patch.setattr(table_run.TableRun, step, interrupt)
            result = classify("in.jsonl", output)
            rows = 4 if step == "_compute" else 7
            kept = f"Interrupted. The results of {rows} rows are kept; run the same command to continue.\n"
            assert (result.exit_code, result.stderr) == (130, kept)
    before = len(classified)
    assert classify("in.jsonl", output).exit_code == 0
    assert len(classified) == before
    assert (here / output).read_bytes() == expected


def test_a_full_disk_is_an_error(classify, here, classified, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    (here / "in.csv").write_text("text\na\n")
    monkeypatch.setattr(os, "fsync", full)
    assert "work.json': No space left on device." in error_of(classify("in.csv", "out.csv"))
