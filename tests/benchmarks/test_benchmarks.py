from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def benchmarks(monkeypatch):
    """The modules of `benchmarks/`, which import each other by bare names."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    before = set(sys.modules)

    yield lambda name: __import__(name)

    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(ROOT / "benchmarks")):
            del sys.modules[name]


def test_the_page_shows_the_results_that_are_stored(benchmarks, tmp_path):
    results = benchmarks("results").Results.read(ROOT / "benchmarks/results.json")
    page = tmp_path / "page.md"
    page.write_text((ROOT / "docs/benchmarks.md").read_text("utf-8"), "utf-8")
    benchmarks("report").write_section(page, results)
    assert page.read_text("utf-8") == (ROOT / "docs/benchmarks.md").read_text("utf-8")


def test_a_row_is_judged_by_the_medians_of_its_sides(benchmarks):
    results = benchmarks("results").Results()
    seconds = {
        "modelry-jax": [1, 9, 2],
        "modelry-torch": [4, 4, 4],
        "keras_hub": [40, 40, 40],
        "transformers": [6, 6, 6],
    }
    results.put("load", {"load_seconds": seconds}, "a machine", {})
    lines = {line.row.peer: line for line in benchmarks("report").lines(results) if line.row.figure == "load_seconds"}
    assert lines["keras_hub"].ratios == {"modelry-jax": 20.0, "modelry-torch": 10.0}
    assert lines["keras_hub"].verdict == "met"
    assert lines["transformers"].verdict == "**missed**, jax"


def test_of_memory_less_is_better(benchmarks):
    results = benchmarks("results").Results()
    peaks = {"modelry-jax": [800], "modelry-torch": [600], "transformers": [1000]}
    results.put("load", {"peak_after_load": peaks}, "a machine", {})
    lines = [line for line in benchmarks("report").lines(results) if line.row.figure == "peak_after_load"]
    assert [line.verdict for line in lines] == ["not measured", "met, torch"]


def test_the_share_of_the_peak_is_of_the_fastest_backend_in_the_same_run(benchmarks):
    peaks = {"modelry-jax": [400.0, 500.0], "modelry-torch": [800.0, 250.0]}
    assert benchmarks("predicting").shares([2.0, 4.0], 100.0, peaks) == [0.25, 0.8]


def test_what_was_not_measured_is_said(benchmarks):
    results = benchmarks("results").Results()
    assert {line.verdict for line in benchmarks("report").lines(results)} == {"not measured", "–"}  # noqa: RUF001
    assert "27 rows have a bar: 0 met, 0 missed, 27 not measured." in benchmarks("report").section(results)


def test_only_the_marked_section_of_a_page_is_replaced(benchmarks, tmp_path):
    report = benchmarks("report")
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}an earlier table\n{report.END}after\n", "utf-8")
    report.write_section(page, benchmarks("results").Results())
    text = page.read_text("utf-8")
    assert text.startswith(f"before\n{report.BEGIN}\n| Work |")
    assert text.endswith(f"\n{report.END}after\n")
    assert "an earlier table" not in text


def test_a_page_without_a_place_for_the_table_is_an_error(benchmarks, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("no marks", "utf-8")
    with pytest.raises(ValueError, match="results: begin"):
        benchmarks("report").write_section(page, benchmarks("results").Results())


@pytest.mark.parametrize(
    ("kind", "shortest", "longest", "mean"),
    [("short", 5, 60, 18.2), ("sentences", 3, 67, 23.4), ("mixed", 9, 231, 120)],
)
def test_texts_are_as_long_as_their_kind_says(benchmarks, tmp_path, kind, shortest, longest, mean):
    from modelry.models import BertTextClassifierPreprocessor, BertTokenizer

    texts = benchmarks("texts")
    texts.write_vocabulary(tmp_path / "vocabulary.txt")
    tokenizer = BertTokenizer(tmp_path / "vocabulary.txt", lowercase=True)
    assert tokenizer.vocabulary_size() == 30522
    lengths = BertTextClassifierPreprocessor(tokenizer).tokenize((texts.texts(kind, 2000),)).lengths
    assert shortest <= lengths.min()
    assert lengths.max() <= longest
    assert lengths.mean() == pytest.approx(mean, rel=0.03)


def test_fewer_texts_are_the_first_of_more(benchmarks):
    texts = benchmarks("texts")
    assert texts.texts("short", 20)[:5] == texts.texts("short", 5)
