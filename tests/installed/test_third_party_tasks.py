"""Other people's tasks, installed from wheels: trained, saved, loaded, listed, explained, and tested with the kit."""

from __future__ import annotations

import ast
import json
import shutil

import pytest

TASKS = ("word-tagger", "pixel-classifier", "text-matcher")
_PACKAGES = ("tasks", "data", "preprocessing", "tokenizers", "backbones", "checkpoints", "layers", "errors")
PUBLIC = {"modelry", *(f"modelry.{name}" for name in (*_PACKAGES, "plugin", "testing"))}

TRAIN_TAGGER = """
import modelry, keras, numpy as np  # modelry chooses the backend
from modelry import Task, WordTagger
keras.utils.set_random_seed(0)
sentences = [["Angela", "is", "in", "Leeds"], ["Where", "is", "my", "parcel", "?"], ["Refund", "it", "!"]]
labels = [["PER", "O", "O", "LOC"], ["O"] * 5, ["O"] * 3]
tagger = WordTagger.from_preset("bert_micro_sst2", labels=["O", "PER", "LOC"])
tagger.compile(optimizer=keras.optimizers.Adam(5e-3))
losses = tagger.fit(sentences, labels, epochs=40, verbose=0).history["loss"]
print(losses[-1] < losses[0] / 2, tagger.tag(sentences) == labels)
"""

TRAIN_IMAGES = """
import modelry, keras, numpy as np  # modelry chooses the backend
from modelry import Task
from pixel_classifier import ImageClassifier, PixelBackbone, PixelPreprocessor
keras.utils.set_random_seed(0)
images = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 3), "uint8")
images[::2] //= 4
labels = ["dog", "cat"] * 12
classifier = ImageClassifier(PixelBackbone(), labels=["cat", "dog"], preprocessor=PixelPreprocessor())
losses = classifier.fit(images, labels, epochs=30, verbose=0).history["loss"]
print(losses[-1] < losses[0] / 2, classifier.label(images[:4]))
classifier.save_to_preset("images")
restored = Task.from_preset("images")
print(type(restored).__name__, (restored.predict(images, verbose=0) == classifier.predict(images, verbose=0)).all())
"""

TRAIN_MATCHER = """
import modelry, keras, numpy as np  # modelry chooses the backend
from modelry import Task, TextMatcher
keras.utils.set_random_seed(0)
queries = ["Where is my parcel?", "Refund my money", "How do I log in?", "Is it red?"]
answers = ["It is on its way", "You will get it back", "Use your password", "No, blue"]
matcher = TextMatcher.from_preset("bert_micro_sst2", size=8)
losses = matcher.fit((queries, answers), epochs=60, verbose=0).history["loss"]
vectors = matcher.predict((queries, answers), verbose=0)
print(losses[-1] < losses[0] / 2, (vectors[:, 0] @ vectors[:, 1].T).argmax(-1).tolist())
matcher.save_to_preset("matcher")
restored = Task.from_preset("matcher")
print(type(restored).__name__, (restored.predict((queries, answers), verbose=0) == vectors).all())
"""

COMPARE_WITH_TRANSFORMERS = """
import json, pathlib, sys
import numpy as np
from modelry import Task
from modelry.data import first_tokens, word_spans
folder = pathlib.Path({folder!r})
golden = json.loads((folder / "golden.json").read_text("utf-8"))
tagger = Task.from_preset(folder)
sentences = [text.split() for text in golden["texts"]]
found = tagger.predict(sentences, verbose=0)
differences = []
for scores, text, logits, offsets in zip(found, golden["texts"], golden["logits"], golden["offsets"], strict=True):
    spans = [(-1, -1) if span == [0, 0] else span for span in offsets]  # special tokens
    tokens = first_tokens(np.array(spans), word_spans(text))
    differences.append(np.abs(scores - np.array(logits)[tokens]).max(initial=0))
print(type(tagger).__name__, tagger.supports_packing, max(differences) < 1e-4)
tagger.save_to_preset("again", format="transformers")
print(json.loads(pathlib.Path("again/config.json").read_text())["architectures"])
again = Task.from_preset("again")
print(again.labels == tagger.labels, all(map(np.array_equal, again.predict(sentences, verbose=0), found)))
"""


@pytest.fixture
def install(environment, third_party):
    """Install distributions with pip, nothing but them."""

    def install_wheels(*names: str) -> None:
        environment.pip("install", "--no-deps", "--no-index", *map(third_party, names))

    return install_wheels


def error_of(done) -> str:
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("name", TASKS)
def test_they_import_what_is_public(name, request):
    files = list((request.config.rootpath / "tests/third_party" / name).rglob("*.py"))
    assert len(files) >= 4
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else names
            private = [one for one in names if one.partition(".")[0] == "modelry" and one not in PUBLIC]
            assert private == [], file


def test_a_tagger_is_short(request):
    files = (request.config.rootpath / "tests/third_party/word-tagger/word_tagger").glob("*.py")
    assert sum(len(file.read_text("utf-8").splitlines()) for file in files) <= 130


def test_a_tagger(environment, install):
    install("word-tagger")
    code = """
tagger.save_to_preset("tagger")
restored = Task.from_preset("tagger")
packed = restored.predict(sentences, verbose=0)
print(all(map(np.array_equal, packed, tagger.predict(sentences, verbose=0))), restored.supports_packing)
WordTagger.supports_packing = False
padded = restored.predict(sentences, verbose=0)
print(max(abs(one - other).max() for one, other in zip(packed, padded, strict=True)) < 1e-5)
"""
    assert environment.run(TRAIN_TAGGER + code) == ["True True", "True True", "True"]
    assert "word_tagger.task:WordTagger" in environment.modelry("list", "tasks").stdout
    explained = environment.modelry("explain", "tagger")
    assert explained.returncode == 0, explained.stderr
    assert "O, PER, LOC" in explained.stdout
    tagged = environment.modelry("tag-words", "tagger", "Angela", "is", "in", "Leeds")
    assert tagged.stdout == "Angela\tPER\nis\tO\nin\tO\nLeeds\tLOC\n", tagged.stderr
    converted = environment.modelry("convert", "tagger", "converted", "--format", "transformers")
    assert converted.returncode == 0, converted.stderr
    assert "has no trained classifier" in error_of(environment.modelry("classify", "tagger", "A film."))


@pytest.mark.parametrize(("checkpoint", "plugin"), [("bert", None), ("distilbert", "plugins/distil_bert")])
def test_checkpoints_of_transformers(environment, install, wheel, request, checkpoint, plugin):
    install("word-tagger")
    if plugin is not None:
        environment.pip("install", "--no-deps", "--no-index", wheel(plugin))
    folder = request.config.rootpath / "tests/fixtures/token_classifier" / checkpoint
    output = environment.run(COMPARE_WITH_TRANSFORMERS.format(folder=str(folder)))
    kind = {"bert": "Bert", "distilbert": "DistilBert"}[checkpoint]
    assert output == ["WordTagger True True", f"['{kind}ForTokenClassification']", "True True"]


def test_images_need_no_tokenizer(environment, install):
    install("pixel-classifier")
    assert environment.run(TRAIN_IMAGES) == ["True ['dog', 'cat', 'dog', 'cat']", "ImageClassifier True"]
    shown = environment.modelry("show", "images").stdout
    assert "cat, dog" in shown
    assert "tokenizer" not in shown
    assert environment.modelry("explain", "images").returncode == 0
    assert environment.modelry("convert", "images", "copy").returncode == 0
    measured = json.loads(environment.modelry("bench", "images", "--texts", "4", "--json").stdout)
    assert measured["throughput"]["sample"]["tokens"] is None


def test_two_towers(environment, install):
    install("text-matcher")
    assert environment.run(TRAIN_MATCHER) == ["True [0, 1, 2, 3]", "TextMatcher True"]
    assert environment.modelry("explain", "matcher").returncode == 0
    assert environment.modelry("convert", "matcher", "copy").returncode == 0
    message = error_of(environment.modelry("convert", "matcher", "other", "--format", "transformers"))
    assert "transformers has no class for a TextMatcher" in message


def test_a_missing_task_is_named_with_the_command(environment, install):
    install("word-tagger")
    environment.run(TRAIN_TAGGER + "tagger.save_to_preset('tagger')")
    environment.pip("uninstall", "--yes", "word-tagger")
    command = 'pip install "word-tagger>=0.1.0,<0.2"'
    explained = environment.modelry("explain", "tagger")
    assert explained.returncode == 1
    assert "Traceback" not in explained.stderr
    assert command in explained.stdout + explained.stderr
    assert command in error_of(environment.modelry("classify", "tagger", "A film."))
    failed = environment.start("python", "-c", "import modelry; modelry.Task.from_preset('tagger')")
    assert "MissingPlugin" in failed.stderr
    assert command in failed.stderr


def test_a_name_that_two_tasks_have(environment, install):
    install("word-tagger")
    environment.run(TRAIN_TAGGER + "tagger.save_to_preset('tagger')")
    install("other-tagger")
    # What is saved says whose it is; so a newcomer changes nothing.
    assert environment.run("import modelry; print(modelry.Task.from_preset('tagger').labels)") == [
        "('O', 'PER', 'LOC')"
    ]
    # A class knows whose task it is; the short name alone does not.
    code = "import modelry; print(modelry.WordTagger.from_preset('bert_micro_sst2', labels=['a']).labels)"
    assert environment.run(code) == ["('a',)"]
    failed = environment.start("python", "-c", "import modelry; modelry.registry.load('task_specs', 'word_tagger')")
    assert "AmbiguousName" in failed.stderr
    assert "other-tagger 3.0.0" in failed.stderr


def test_a_task_for_a_later_modelry_says_which_one(environment, install):
    install("acme-future")
    code = "from modelry.presets.task_spec import find_spec; find_spec('future_task')"
    failed = environment.start("python", "-c", code)
    assert "IncompatiblePlugin" in failed.stderr
    assert 'pip install "modelry' in failed.stderr
    assert environment.modelry("explain", "bert_micro_sst2").returncode == 0


@pytest.mark.parametrize("name", TASKS)
def test_the_kit_finds_nothing_wrong(environment, install, request, name):
    install(name)
    shutil.copytree(request.config.rootpath / "tests/third_party" / name / "tests", environment.cwd / "tests")
    done = environment.start("pytest", "-q", "tests")
    assert done.returncode == 0, done.stdout + done.stderr
