from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from modelry import TextClassifier
from modelry.cli import inputs
from modelry.errors import InputError
from modelry.tasks.text_classifier import command

FIXTURES = Path(__file__).parents[2] / "fixtures"
PRESET = str(FIXTURES / "transformers" / "bert")


@pytest.fixture(scope="module")
def classifier():
    return TextClassifier.from_preset(PRESET)


@pytest.fixture
def unused(monkeypatch):
    """Fail as soon as a model is asked for."""

    def fail(*_, **__):
        raise AssertionError("no model was to be loaded")

    monkeypatch.setattr(TextClassifier, "from_preset", fail)


def lines_of(result):
    assert result.exit_code == 0, result.output
    return [line.split("\t") for line in result.stdout.splitlines()]


def test_texts_as_arguments(invoke, classifier):
    texts = ["what a film", "no"]
    expected = [[label, f"{score:.4f}"] for ((label, score),) in classifier.classify(texts)]
    assert lines_of(invoke("classify", PRESET, *texts)) == [[*expected[0], texts[0]], [*expected[1], texts[1]]]


def test_every_line_of_stdin_gives_a_line(invoke, classifier):
    result = invoke("classify", PRESET, input="what a film\r\n\nno\tway")
    texts = ["what a film", "", "no\tway"]
    expected = [[label, f"{score:.4f}"] for ((label, score),) in classifier.classify(texts)]
    assert [line[:2] for line in lines_of(result)] == expected
    assert [line[2:] for line in lines_of(result)] == [["what a film"], [""], ["no\\tway"]]


def test_a_dash_is_stdin(invoke):
    assert [line[2] for line in lines_of(invoke("classify", PRESET, "-", input="a\nb\n"))] == ["a", "b"]
    assert [line[2] for line in lines_of(invoke("classify", PRESET, "-", "x", input="a\n"))] == ["-", "x"]


def test_empty_stdin_gives_nothing(invoke, unused):
    result = invoke("classify", PRESET, input="")
    assert (result.exit_code, result.output) == (0, "")


def test_a_blank_line_alone_is_one_text(invoke):
    assert [line[2] for line in lines_of(invoke("classify", PRESET, input="\n"))] == [""]


def test_top_k(invoke, classifier):
    ((first, second),) = classifier.classify(["a"], top_k=2)
    assert lines_of(invoke("classify", PRESET, "a", "--top-k", "2")) == [
        [first[0], f"{first[1]:.4f}", "a"],
        [second[0], f"{second[1]:.4f}", "a"],
    ]
    assert len(lines_of(invoke("classify", PRESET, "a", "--top-k", "99"))) == 5


def test_json(invoke, classifier):
    result = invoke("classify", PRESET, "--json", "--top-k", "2", input="schön\nb\n")
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert "schön" in result.stdout
    best = [
        [{"label": label, "score": pytest.approx(score)} for label, score in labels]
        for labels in classifier.classify(["schön", "b"], top_k=2)
    ]
    assert objects == [
        {"text": text, "label": top[0]["label"], "score": top[0]["score"], "top_k": top}
        for text, top in zip(("schön", "b"), best, strict=True)
    ]


def test_pairs(invoke, classifier):
    [[(label, score)]] = classifier.classify((["how are you"], ["fine"]))
    line = [label, f"{score:.4f}", "how are you", "fine"]
    assert lines_of(invoke("classify", PRESET, "--pair", "how are you", "fine")) == [line]
    assert lines_of(invoke("classify", PRESET, "--pair", input="how are you\tfine\n")) == [line]
    found = json.loads(invoke("classify", PRESET, "--pair", "--json", "a", "b").stdout)
    assert (found["text"], found["text_pair"]) == ("a", "b")


@pytest.mark.parametrize("texts", [["a"], ["a", "b", "c"]])
def test_a_pair_is_two_texts(invoke, unused, texts):
    result = invoke("classify", PRESET, "--pair", *texts)
    assert result.exit_code == 2
    assert f"--pair takes two, but there are {len(texts)}." in result.stderr


@pytest.mark.parametrize(("text", "tabs"), [("a\tb\n\n", 0), ("a\tb\nc\td\te\n", 2)])
def test_a_line_that_is_no_pair(invoke, unused, text, tabs):
    result = invoke("classify", PRESET, "--pair", input=text)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: Line 2 of standard input has {tabs} tabs.")


def test_what_is_not_utf8(invoke, unused):
    result = invoke("classify", PRESET, input=b"fine\nna\xefve\n")
    assert result.exit_code == 1
    assert result.stderr == "Error: Line 2 of standard input is not UTF-8: invalid continuation byte.\n"
    assert invoke("classify", PRESET, "na\udcefve").stderr == "Error: The text 'na\\udcefve' is not UTF-8.\n"


def test_a_preset_without_a_classifier(invoke, unused, copy_of):
    preset = copy_of("keras_hub/bert")
    for name in ("task.json", "task.weights.h5"):
        (preset / name).unlink()
    result = invoke("classify", str(preset), "a")
    assert result.exit_code == 1
    assert "has no trained classifier" in result.stderr


def test_a_missing_plugin_is_found_before_a_model_is_built(invoke, unused, copy_of):
    preset = copy_of("keras_hub/bert")
    for path in preset.glob("*.json"):
        path.write_text(path.read_text().replace("keras_hub>Bert", "keras_hub>Bart"))
    result = invoke("classify", str(preset), "a")
    assert result.exit_code == 1
    assert f"Error: Preset {str(preset)!r} needs the backbone 'bart'." in result.stderr


def test_a_missing_requirement_is_found_before_a_model_is_built(invoke, unused, copy_of):
    preset = copy_of("keras_hub/bert")
    manifest = {"format_version": 1, "components": {}, "requires": ["acme>=3"], "weights": {}, "files": {}}
    (preset / "modelry.json").write_text(json.dumps(manifest))
    assert 'Run: pip install "acme>=3"' in invoke("classify", str(preset), "a").stderr


def test_a_process_says_nothing_else(run):
    done = run("classify", PRESET, input="a\n" * 3)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split("\t")[2] for line in done.stdout.splitlines()] == ["a"] * 3


def test_a_table_on_a_terminal(terminal):
    shown = terminal("classify", PRESET, "one [bold]film[/bold]", "two\x1b[2J", "--top-k", "2")
    lines = [line.rstrip() for line in shown[shown.index("Label") :].splitlines()]
    assert lines[0] == "Label    Score   Text"
    assert [line.split()[2:] for line in lines[1:]] == [["one", "[bold]film[/bold]"], [], ["two\\x1b[2J"], []]
    assert "Loading" in shown[: shown.index("Label")]


class Stdin:
    """A pipe into which somebody writes piece by piece."""

    def __init__(self, pieces) -> None:
        left = iter(pieces)
        self.buffer = SimpleNamespace(read1=lambda size: next(left, b""))


def test_what_has_come_so_far_is_not_held_back(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Stdin([b"\xef\xbb\xbfa\nb", b"b\nc\nd\n", b"e"]))
    assert list(inputs.from_stdin(2, pair=False)) == [[("a",)], [("bb",), ("c",)], [("d",)], [("e",)]]


def test_a_line_keeps_its_number_across_chunks(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Stdin([b"a\nb\nc\n", b"d\n\xff\n"]))
    chunks = inputs.from_stdin(2, pair=False)
    assert [next(chunks), next(chunks)] == [[("a",), ("b",)], [("c",)]]
    with pytest.raises(InputError, match="Line 5 of"):
        next(chunks)


def test_stdin_is_not_read_ahead(monkeypatch):
    taken = []

    def pieces():
        for number in range(1000):
            taken.append(number)
            yield b"text\n" * 10

    monkeypatch.setattr(sys, "stdin", Stdin(pieces()))
    chunks = inputs.from_stdin(4, pair=False)
    assert [len(next(chunks)) for _ in range(4)] == [4, 4, 2, 4]
    assert taken == [0, 1]


def test_closed_stdin(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="standard input is closed"):
        next(inputs.from_stdin(2, pair=False))


def test_a_table_in_pieces_is_one_table(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(command, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    print_chunk = command.printer(["a long label", "b"])
    print_chunk([("first",)], [[("b", 0.5)]])
    print_chunk([("second",)], [[("a long label", 0.25)]])
    assert [line.rstrip() for line in screen.getvalue().splitlines()] == [
        "Label         Score   Text",
        "b             0.5000  first",
        "a long label  0.2500  second",
    ]


def test_batches_are_of_the_size_asked_for(invoke, monkeypatch):
    asked = []

    class Spy:
        labels, num_classes, problem_type = tuple(f"label_{letter}" for letter in "abcde"), 5, "single_label"

        def classify(self, texts, top_k, batch_size):
            asked.append((len(texts), top_k, batch_size))
            return [[("1", 1.0)]] * len(texts)

    monkeypatch.setattr(TextClassifier, "from_preset", lambda *_, **__: Spy())
    invoke("classify", PRESET, "--batch-size", "2", "--top-k", "3", input="a\n" * 17)
    assert asked == [(16, 3, 2), (1, 3, 2)]


def test_labels_that_changed_since_they_were_read(invoke, monkeypatch):
    class Replaced:
        labels, num_classes, problem_type = ("positive", "negative"), 2, "single_label"

    monkeypatch.setattr(TextClassifier, "from_preset", lambda *_, **__: Replaced())
    done = invoke("classify", PRESET, "A film.")
    assert done.exit_code == 1
    assert "was replaced while it was read: its labels are others now" in done.stderr
