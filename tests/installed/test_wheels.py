"""What users get from a package index: the wheels, in a new environment, doing the main job from an empty folder."""

from __future__ import annotations

import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from .conftest import BERT, CORE, ROOT, call


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


def test_the_main_job(base):
    assert call(base.programs / "python", "-m", "pip", "check").strip() == "No broken requirements found."
    output = base.run(
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


def test_the_installation_is_below_900_megabytes(base):
    size = sum(path.stat().st_size for path in base.site.rglob("*") if path.is_file())
    assert size < 900e6
