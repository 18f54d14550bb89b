"""`modelry classify` with presets of several labels, and with those that predict numbers."""

from __future__ import annotations

import csv
import json

import pytest

from modelry import TextClassifier


@pytest.fixture
def preset(copy_of, edit):
    """Make a preset of a problem type."""

    def make(problem_type):
        folder = copy_of("transformers/bert")
        edit(folder / "config.json", lambda values: values.update(problem_type=problem_type))
        return str(folder)

    return make


@pytest.fixture
def tagger(preset):
    return preset("multi_label_classification")


@pytest.fixture
def measure(preset):
    return preset("regression")


def lines_of(result):
    assert result.exit_code == 0, result.output
    return [line.split("\t") for line in result.stdout.splitlines()]


def test_every_likely_label_has_a_line(invoke, tagger):
    (likely,) = TextClassifier.from_preset(tagger).classify(["a"], threshold=0.4)
    assert len(likely) > 1
    lines = lines_of(invoke("classify", tagger, "a", "--threshold", "0.4"))
    assert lines == [[label, f"{score:.4f}", "a"] for label, score in likely]
    assert lines_of(invoke("classify", tagger, "a", "b", "--threshold", "1")) == [["", "", "a"], ["", "", "b"]]


def test_labels_as_json(invoke, tagger):
    (likely,) = TextClassifier.from_preset(tagger).classify(["a"], threshold=0.4)
    found = json.loads(invoke("classify", tagger, "a", "--json", "--threshold", "0.4").stdout)
    labels = [{"label": label, "score": pytest.approx(score)} for label, score in likely]
    assert found == {"text": "a", "labels": labels}
    found = json.loads(invoke("classify", tagger, "a", "--json", "--top-k", "1", "--threshold", "1").stdout)
    assert found == {"text": "a", "label": None, "score": None}


def test_labels_in_files(invoke, tagger, tmp_path):
    (tmp_path / "in.csv").write_text("text\na\nb\n", "utf-8")
    for threshold in ("0.4", "1"):
        output = tmp_path / f"{threshold}.csv"
        options = ("--input", str(tmp_path / "in.csv"), "--output", str(output), "--threshold", threshold)
        assert invoke("classify", tagger, *options).exit_code == 0
        with output.open(newline="", encoding="utf-8") as lines:
            header, *rows = csv.reader(lines)
        assert header == ["text", "labels"]
        labels = [[(one["label"], one["score"]) for one in json.loads(row[1])] for row in rows]
        found = TextClassifier.from_preset(tagger).classify(["a", "b"], threshold=float(threshold))
        assert labels == [[(label, pytest.approx(score)) for label, score in row] for row in found]


def test_numbers(invoke, measure, tmp_path):
    (values,) = TextClassifier.from_preset(measure).classify(["a"])
    assert lines_of(invoke("classify", measure, "a")) == [[name, f"{value:.4f}", "a"] for name, value in values]
    expected = {"text": "a", **{name: pytest.approx(value) for name, value in values}}
    assert json.loads(invoke("classify", measure, "a", "--json").stdout) == expected
    (tmp_path / "in.jsonl").write_text('{"text": "a"}\n', "utf-8")
    output = tmp_path / "out.jsonl"
    assert invoke("classify", measure, "--input", str(tmp_path / "in.jsonl"), "--output", str(output)).exit_code == 0
    assert json.loads(output.read_text("utf-8")) == expected


@pytest.mark.parametrize("option", ["--top-k", "--threshold"])
def test_numbers_have_no_labels_to_choose_from(invoke, measure, option):
    result = invoke("classify", measure, "a", option, "1")
    assert result.exit_code == 2
    assert f"Invalid value for {option}: chooses labels, but preset" in result.stderr
