"""What users get from a package index: the wheels, in a new environment, doing the main job from an empty folder.

The third wheel is the plugin that `docs/plugins.md` writes, as its author would ship it.
"""

from __future__ import annotations

import os
import tarfile
import textwrap
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).parents[1]
CORE, BERT, BOW = ".", "plugins/bert", "tests/plugins/modelry-bow"


@pytest.fixture
def run(call, python, tmp_path):
    """Run code in the new environment, in an empty folder, seeing nothing of this process; return what it prints."""
    barred = ("KERAS_", "MODELRY_", "PYTHON", "VIRTUAL_ENV", "COV_", "COVERAGE_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(barred)}
    environment["MODELRY_COMPILATION_CACHE"] = os.environ["MODELRY_COMPILATION_CACHE"]

    def run_code(code: str) -> list[str]:
        return call(python, "-c", textwrap.dedent(code), cwd=tmp_path, env=environment).splitlines()

    return run_code


@pytest.mark.parametrize("project", [CORE, BERT])
def test_a_wheel_holds_the_package_its_types_and_its_licence(wheel, project):
    with zipfile.ZipFile(wheel(project)) as archive:
        names = archive.namelist()
        (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        facts = HeaderParser().parsestr(archive.read(metadata).decode())
    package = facts["Name"].replace("-", "_")
    assert {name.partition("/")[0] for name in names} == {package, metadata.partition("/")[0]}
    sources = ROOT / ("registry" if project == CORE else project) / package
    modules = {path.relative_to(sources.parent).as_posix() for path in sources.rglob("*.py")}
    assert modules == {name for name in names if name.endswith(".py")}
    assert f"{package}/py.typed" in names
    assert metadata.replace("METADATA", "licenses/LICENSE") in names
    assert facts["License-Expression"] == "Apache-2.0"
    assert facts.get_payload().startswith(f"# {facts['Name']}\n\n")


@pytest.mark.parametrize("project", [CORE, BERT])
def test_an_sdist_holds_what_a_wheel_is_built_from_and_no_more(wheel, project):
    (sdist,) = wheel(project).parent.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        inside = {Path(name).parts[1] for name in archive.getnames() if len(Path(name).parts) > 1}
    files = {"LICENSE", "README.md", "pyproject.toml", "PKG-INFO", ".gitignore"}
    assert inside == files | ({"registry", "CHANGELOG.md"} if project == CORE else {"modelry_bert"})


def test_every_distribution_carries_the_same_licence():
    licences = [path.read_bytes() for path in (ROOT / "LICENSE", *ROOT.glob("plugins/*/LICENSE"))]
    assert len(licences) == 1 + len(list(ROOT.glob("plugins/*/pyproject.toml")))
    assert len(set(licences)) == 1


def test_the_main_job(call, python, run):
    assert call(python, "-m", "pip", "check").strip() == "No broken requirements found."
    output = run(
        """
        import modelry
        from modelry import TextClassifier

        print({entry.distribution for entry in modelry.registry.entries()} == {"modelry", "modelry-bert"})
        print("bert_micro_sst2" in TextClassifier.presets, modelry.__version__)

        sentiment = TextClassifier.from_preset("bert_micro_sst2")
        texts = ["What an amazing movie!", "A total waste of my time."]
        print([label for [(label, _)] in sentiment.classify(texts)])

        router = TextClassifier.from_preset("bert_micro_sst2", num_classes=3)
        history = router.fit(
            ["My card was charged twice.", "The app crashes.", "Where is my parcel?"] * 8,
            ["billing", "technical", "shipping"] * 8,
            batch_size=8, epochs=2, verbose=0,
        )
        print(len(history.history["loss"]))
        router.save_to_preset("router")
        restored = TextClassifier.from_preset("router")
        print(restored.labels, (restored.predict(texts, verbose=0) == router.predict(texts, verbose=0)).all())
        """,
    )
    assert output == [
        "True",
        "True 0.1.0",
        "['positive', 'negative']",
        "2",
        "('billing', 'shipping', 'technical') True",
    ]


def test_the_installation_is_below_900_megabytes(call, python):
    libraries = Path(call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    size = sum(path.stat().st_size for path in libraries.rglob("*") if path.is_file())
    assert size < 900e6


def test_the_example_plugin(call, python, run, wheel):
    call(python, "-m", "pip", "install", "--quiet", wheel(BOW))
    output = run(
        """
        import json, modelry, keras
        from modelry import TextClassifier, models

        keras.utils.set_random_seed(0)
        tokenizer = models.BertTokenizer.from_preset("bert_micro_sst2")
        backbone = models.BowBackbone(tokenizer.vocabulary_size(), hidden_dim=16)
        preprocessor = models.BowTextClassifierPreprocessor(tokenizer, sequence_length=64)
        classifier = models.BowTextClassifier(backbone, labels=["bad", "good"], preprocessor=preprocessor)

        texts = ["a good film", "a bad film", "good and warm", "bad and cold"] * 8
        classifier.fit(texts, ["good", "bad"] * 16, batch_size=8, epochs=20, verbose=0)
        print([label for [(label, _)] in classifier.classify(["good", "bad"])])

        classifier.save_to_preset("bow")
        restored = TextClassifier.from_preset("bow")
        print(type(restored).__name__, restored.labels)
        print((restored.predict(texts, verbose=0) == classifier.predict(texts, verbose=0)).all())
        print(json.load(open("bow/modelry.json"))["components"])

        again = TextClassifier.from_preset("bow", num_classes=3)
        again.fit(texts, [0, 1] * 16, verbose=0)
        print(again.predict(texts, verbose=0).shape)
        """,
    )
    assert output == [
        "['good', 'bad']",
        "BowTextClassifier ('bad', 'good')",
        "True",
        "{'backbones': 'modelry-bow:bow', 'tasks': 'modelry-bow:bow.text_classifier', "
        "'heads': 'modelry:mean_pool', 'preprocessors': 'modelry-bow:bow.text_classifier', "
        "'tokenizers': 'modelry-bert:bert'}",
        "(32, 3)",
    ]
    call(python, "-m", "pip", "uninstall", "--quiet", "--yes", "modelry-bow")
    output = run(
        """
        import modelry

        try:
            modelry.TextClassifier.from_preset("bow")
        except modelry.errors.MissingPlugin as error:
            print(error)
        """
    )
    needed = "modelry-bow>=0.1.0,<1"
    assert output == [f"Preset 'bow' needs {needed}, which is not installed. Run: pip install \"{needed}\""]
