"""What modelry relies on in every classifier: saving and loading it."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from modelry._backend import installed_backends
from modelry.errors import UnknownArgument
from modelry.tasks.text_classifier.heads import MeanPoolHead
from modelry.tasks.text_classifier.problem_types import PROBLEM_TYPES, REGRESSION
from modelry.tasks.text_classifier.task import TextClassifier
from modelry.testing.comparing import expect_close
from modelry.testing.contract import expect, fail
from modelry.testing.dtypes import NEAR
from modelry.testing.installed import InstalledContract, owner_of
from modelry.testing.presets import differences, edit_json, expect_refusal, truncate
from modelry.testing.processes import run_module

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

BACKBONE_WEIGHTS, TASK_WEIGHTS = "model.weights.h5", "task.weights.h5"


class TaskPresets(InstalledContract):
    """Claims about a classifier's presets; abstract."""

    @pytest.fixture
    def preset(self, task: TextClassifier, tmp_path: Path) -> Path:
        """The classifier, saved as a preset."""
        _skip_unless_registered(task)
        task.save_to_preset(tmp_path / "preset")
        return tmp_path / "preset"

    def test_its_name_ends_in_the_task(self, task: TextClassifier) -> None:
        """It is registered under ARCHITECTURE.text_classifier, where loading looks for it."""
        entry = owner_of(type(task))
        if entry is None:
            pytest.skip("the class is not registered; see test_it_is_registered")
        what = f"{type(task).__name__} is registered as {entry.name!r}, so TextClassifier.from_preset does not find it."
        rule = f"a task's name is its architecture's, a dot, and {task.task!r}."
        to_do = f'[project.entry-points."modelry.tasks"] "ARCHITECTURE.{task.task}" = "{entry.target}"'
        expect(entry.name.rpartition(".")[2] == task.task and "." in entry.name, what, rule, to_do)

    def test_its_parts_are_registered(self, task: TextClassifier) -> None:
        """Installed distributions register backbone, head, preprocessor and tokenizer too."""
        for kind, part in _parts(task).items():
            cls = type(part)
            what = f"No installed distribution registers {cls.__name__}, one of the {kind}, so it cannot be saved."
            rule = "a preset names every part by the entry point of its class, or of one that this derives from."
            to_do = (
                f'add to pyproject.toml: [project.entry-points."modelry.{kind}"] '
                f'NAME = "{cls.__module__}:{cls.__qualname__}", then run: pip install -e .'
            )
            expect(_is_registered(part), what, rule, to_do)

    def test_saving_restores_it_to_the_byte(
        self, task: TextClassifier, preset: Path, texts: Sequence[str], tmp_path: Path
    ) -> None:
        """What is loaded and saved again is the same to the byte, and scores the same."""
        loaded = TextClassifier.from_preset(preset)
        _expect_class(loaded, type(task))
        loaded.save_to_preset(tmp_path / "again")
        other = differences(preset, tmp_path / "again")
        rule = "save, load and save again give the same files."
        to_do = "run the contracts of its parts, which say which of them is not restored by its config."
        expect(not other, f"{', '.join(other)} differ between what was saved and what was loaded.", rule, to_do)
        what = "After saving and loading, scores are others"
        rule = "a loaded classifier scores as the saved one did."
        expect_close(_scores(loaded, texts), _scores(task, texts), what, rule, to_do)

    def test_labels_are_saved(self, task: TextClassifier, tmp_path: Path) -> None:
        """The names of the classes are part of the preset."""
        _skip_unless_registered(task)
        if task.problem_type == REGRESSION:
            pytest.skip("the classifier predicts numbers, which have no names")
        names = task.labels = tuple(f"class_{index}" for index in range(task.num_classes))
        task.save_to_preset(tmp_path / "named")
        found = TextClassifier.from_preset(tmp_path / "named").labels
        what = f"The labels {names} are {found} after loading."
        expect(found == names, what, "labels are saved.", "take labels= in the constructor, and hand it on.")

    def test_its_problem_type_is_saved(self, task: TextClassifier, preset: Path, tmp_path: Path) -> None:
        """It can be made for several labels of a text, and for numbers; the preset says which."""
        for problem_type in PROBLEM_TYPES:
            classifier = TextClassifier.from_preset(
                preset, num_classes=3, problem_type=problem_type, activation="linear"
            )
            classifier.save_to_preset(tmp_path / problem_type)
            found = TextClassifier.from_preset(tmp_path / problem_type, load_weights=False).problem_type
            what = f"The problem type {problem_type!r} of a saved {type(task).__name__} is {found!r} after loading."
            rule = "what scores mean is saved: it decides the loss, and what classify returns."
            expect(found == problem_type, what, rule, "take problem_type= in the constructor, and hand it on.")

    def test_unknown_arguments_are_refused(self, task: TextClassifier, preset: Path) -> None:
        """The constructor and `from_preset` refuse an argument that they do not take."""
        creations: dict[str, Callable[[], object]] = {
            type(task).__name__: lambda: type(task)(task.backbone, task.num_classes, no_such_argument=1),
            "from_preset": lambda: type(task).from_preset(preset, no_such_argument=1),
        }
        for name, create in creations.items():
            try:
                create()
            except UnknownArgument:
                continue
            what = f"{name}(no_such_argument=1) is accepted."
            rule = "an argument that nothing takes raises UnknownArgument."
            fail(what, rule, "hand **kwargs on to super().__init__, and do not override from_preset.")

    def test_a_subclass_does_not_take_its_place(self, task: TextClassifier, preset: Path) -> None:
        """Whoever derives from its class does not change what TextClassifier.from_preset gives."""
        type(f"My{type(task).__name__}", (type(task),), {"__module__": __name__})
        _expect_class(TextClassifier.from_preset(preset), type(task))

    def test_other_classes_get_a_fresh_head(self, task: TextClassifier, preset: Path, texts: Sequence[str]) -> None:
        """`num_classes` gives a fresh head of that many classes on the saved backbone."""
        found = _scores(TextClassifier.from_preset(preset, num_classes=task.num_classes + 2), texts)
        shape = (len(texts), task.num_classes + 2)
        what = f"With num_classes={shape[1]}, scores have the shape {found.shape}."
        expect(found.shape == shape, what, "any number of classes can be trained.", "use num_classes in the head.")

    def test_another_head_works(self, preset: Path, texts: Sequence[str], tmp_path: Path) -> None:
        """A general head can be trained on the preset, saved and loaded."""
        classifier = TextClassifier.from_preset(preset, num_classes=3, head="mean_pool")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Gradients do not exist")  # a head need not read every output
            classifier.fit(list(texts), [index % 3 for index in range(len(texts))], verbose=0)
        classifier.save_to_preset(tmp_path / "other")
        loaded = TextClassifier.from_preset(tmp_path / "other")
        rule = "a classifier with any head can be trained, saved and loaded."
        what = f"With head='mean_pool', a {type(loaded.head).__name__} is loaded."
        to_do = "hand head= on in the constructor."
        expect(type(loaded.head) is MeanPoolHead, what, rule, to_do)
        what = "With head='mean_pool', scores are others after loading"
        expect_close(_scores(loaded, texts), _scores(classifier, texts), what, rule, to_do)

    def test_truncated_weights_are_refused(self, task: TextClassifier, preset: Path) -> None:
        """Weights that are cut off raise an error that names the file."""
        for name in (BACKBONE_WEIGHTS, TASK_WEIGHTS):
            whole = (preset / name).read_bytes()
            truncate(preset / name)
            expect_refusal(type(task).from_preset, preset, f"{name} cut in half", name)
            (preset / name).write_bytes(whole)

    def test_missing_files_are_refused(self, task: TextClassifier, preset: Path) -> None:
        """A file that is not there raises an error that names it: weights, config, or an asset of the tokenizer."""
        assets = [f"assets/tokenizer/{name}" for name in task.preprocessor.tokenizer.assets.values()]
        for name in ("config.json", BACKBONE_WEIGHTS, TASK_WEIGHTS, *assets):
            whole = (preset / name).read_bytes()
            (preset / name).unlink()
            expect_refusal(type(task).from_preset, preset, f"no {name}", name)
            (preset / name).write_bytes(whole)

    def test_damaged_files_are_refused(self, task: TextClassifier, preset: Path) -> None:
        """A damaged JSON file, or an asset that is not what it should be, raises an error that names it."""
        for path in sorted(preset.glob("*.json")):
            if path.name != "metadata.json":  # which nothing reads
                whole = path.read_bytes()
                truncate(path)
                expect_refusal(type(task).from_preset, preset, f"{path.name} cut in half", path.name)
                path.write_bytes(whole)
        for argument, name in task.preprocessor.tokenizer.assets.items():
            path = preset / "assets" / "tokenizer" / name
            whole = path.read_bytes()
            path.write_bytes(b"\xff\xfe\x00{")
            expect_refusal(type(task).from_preset, preset, f"bytes in {name} that are not text", name, argument)
            path.write_bytes(whole)

    def test_another_vocabulary_size_is_refused(self, task: TextClassifier, preset: Path) -> None:
        """Weights for another size of vocabulary raise an error that names the file."""
        config = json.loads((preset / "config.json").read_text("utf-8"))["config"]
        if not isinstance(config.get("vocabulary_size"), int):
            pytest.skip("the backbone has no argument vocabulary_size")
        change: dict[str, Any] = {"vocabulary_size": 10_007}
        edit_json(preset / "config.json", lambda values: values["config"].update(change))
        edit_json(preset / "task.json", lambda values: values["config"]["backbone"]["config"].update(change))
        damage = "vocabulary_size=10007 in the configs, but not in the weights"
        expect_refusal(type(task).from_preset, preset, damage, BACKBONE_WEIGHTS, "config.json", "task.json")

    def test_a_new_process_loads_it(
        self,
        preset: Path,
        task: TextClassifier,
        texts: Sequence[str],
        tmp_path: Path,
        record_property: Callable[..., None],
    ) -> None:
        """A process that has just started loads it and scores the same; load time and memory are reported."""
        measured = self._expect_same(preset, task, texts, tmp_path, keras.backend.backend())
        for name in ("load_seconds", "peak_megabytes", "parameters"):
            record_property(f"modelry.{name}", measured[name])

    def test_other_backends_score_the_same(
        self, preset: Path, task: TextClassifier, texts: Sequence[str], tmp_path: Path
    ) -> None:
        """Every other installed backend loads it and scores the same."""
        others = [name for name in installed_backends() if name != keras.backend.backend()]
        if not others:
            pytest.skip(f"only {keras.backend.backend()} is installed")
        for name in others:
            self._expect_same(preset, task, texts, tmp_path, name)

    def _expect_near(self, task: TextClassifier, texts: Sequence[str], policy: str) -> None:
        __tracebackhide__ = True
        backbone = type(task.backbone).from_config({**task.backbone.get_config(), "dtype": policy})
        head = type(task.head).from_config({**task.head.get_config(), "dtype": policy})
        other = TextClassifier(backbone, preprocessor=task.preprocessor, head=head)
        other.set_weights(task.get_weights())
        expected = _scores(task, texts)
        apart = _scores(other, texts) - expected
        share = float(np.sqrt((apart**2).mean()) / max(np.sqrt((expected**2).mean()), 1e-6))
        what = f"In {policy}, scores are {share:.3g} of their size away from float32, at most {NEAR} allowed."
        rule = "in 8 bits results are rounded, not others."
        to_do = "see the same test of BackboneContract and HeadContract, which say which part it is."
        expect(np.isfinite(apart).all() and share <= NEAR, what, rule, to_do)

    def _expect_same(
        self, preset: Path, task: TextClassifier, texts: Sequence[str], tmp_path: Path, backend: str
    ) -> dict[str, Any]:
        __tracebackhide__ = True
        given, results = tmp_path / "texts.json", tmp_path / f"{backend}.npz"
        given.write_text(json.dumps(list(texts)), "utf-8")
        what = f"Loading a {type(task).__name__} in a new process on {backend}"
        arguments = ("tasks", str(preset), str(given), str(results))
        variables = {"KERAS_BACKEND": backend, "PYTHONHASHSEED": "7"}
        measured = run_module("modelry.testing.loading_probe", *arguments, what=what, **variables)
        rule = "a preset means the same everywhere."
        name = measured["class"]
        here = f"In a new process on {backend}, a {name} is loaded, not a {type(task).__name__}."
        expect(name == type(task).__name__, here, rule, "register by entry points alone.")
        with np.load(results) as outputs:
            here = f"Scores on {backend} in a new process are others than on {keras.backend.backend()} here"
            to_do = "use keras.ops alone, and nothing that depends on the process, such as hash() or an import."
            expect_close(outputs["scores"], _scores(task, texts), here, rule, to_do, tolerance=1e-3)
        return measured


def _parts(task: TextClassifier) -> dict[str, object]:
    return {
        "backbones": task.backbone,
        "heads": task.head,
        "preprocessors": task.preprocessor,
        "tokenizers": task.preprocessor.tokenizer,
    }


def _is_registered(part: object) -> bool:
    return any(owner_of(cls) for cls in type(part).__mro__)


def _skip_unless_registered(task: TextClassifier) -> None:
    """Skip where the task cannot be saved; test_it_is_registered or test_its_parts_are_registered says so."""
    for part in (task, *_parts(task).values()):
        if not _is_registered(part):
            pytest.skip(f"{type(part).__name__} is not registered, so it cannot be saved")


def _scores(task: TextClassifier, texts: Sequence[str]) -> np.ndarray[Any, Any]:
    return np.asarray(task.predict(list(texts), verbose=0), "float32")


def _expect_class(loaded: TextClassifier, cls: type) -> None:
    __tracebackhide__ = True
    expect(
        type(loaded) is cls,
        f"TextClassifier.from_preset gives a {type(loaded).__name__} for a saved {cls.__name__}.",
        "a preset loads as the class it was saved from; only what is installed decides that.",
        "register it in modelry.tasks as ARCHITECTURE.text_classifier, by an entry point alone.",
    )
