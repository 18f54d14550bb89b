"""What modelry relies on in every backbone: saving, loading, and heads on top of it."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from modelry._backend import installed_backends
from modelry.backbones.backbone import Backbone
from modelry.errors import UnknownArgument
from modelry.tasks.text_classifier.heads import FirstTokenHead, MeanPoolHead, PooledOutputHead
from modelry.tasks.text_classifier.task import TextClassifier
from modelry.testing.comparing import as_numpy, expect_close, run
from modelry.testing.contract import expect, fail
from modelry.testing.endless import expect_endless_refused
from modelry.testing.heads import GatedMaxHead
from modelry.testing.inputs import Text, batch_of
from modelry.testing.installed import InstalledContract, owner_of
from modelry.testing.presets import differences, edit_json, expect_refusal, truncate
from modelry.testing.processes import run_module
from modelry.testing.told_shapes import tells_shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

WEIGHTS = "model.weights.h5"


class BackbonePresets(InstalledContract):
    """Claims about a backbone's presets; abstract."""

    @pytest.fixture
    def preset(self, backbone: Backbone, tmp_path: Path) -> Path:
        """The backbone, saved as a preset."""
        if owner_of(type(backbone)) is None:
            pytest.skip("only registered classes can be saved; see test_it_is_registered")
        backbone.save_to_preset(tmp_path / "preset")
        return tmp_path / "preset"

    def test_saving_restores_it_to_the_byte(
        self, backbone: Backbone, preset: Path, inputs: Sequence[Text], tmp_path: Path
    ) -> None:
        """What is loaded and saved again is the same to the byte, and computes the same."""
        loaded = Backbone.from_preset(preset)
        expect(
            type(loaded) is type(backbone),
            f"Backbone.from_preset gives a {type(loaded).__name__} for a {type(backbone).__name__}.",
            "a preset loads as the class it was saved from.",
            "do not override from_preset; register each class under one name.",
        )
        loaded.save_to_preset(tmp_path / "again")
        other = differences(preset, tmp_path / "again")
        to_do = "keep every argument as an attribute, and create every weight in the constructor, always in one order."
        rule = "save, load and save again give the same files."
        expect(not other, f"{', '.join(other)} differ between what was saved and what was loaded.", rule, to_do)
        expected = run(backbone, batch_of(inputs))
        for name, output in run(loaded, batch_of(inputs)).items():
            what = f"{name} is another after loading"
            rule = "a loaded backbone computes what the saved one computed."
            expect_close(output, expected[name], what, rule, "keep nothing that matters outside config and weights.")

    def test_unknown_overrides_are_refused(self, backbone: Backbone, preset: Path) -> None:
        """`from_preset` with an argument that it does not take raises UnknownArgument."""
        try:
            type(backbone).from_preset(preset, no_such_argument=1)
        except UnknownArgument:
            return
        fail(
            f"{type(backbone).__name__}.from_preset(no_such_argument=1) is accepted.",
            "an argument that nothing takes raises UnknownArgument.",
            "do not override from_preset, and take **kwargs only to hand them on.",
        )

    def test_a_subclass_does_not_take_its_place(self, backbone: Backbone, preset: Path) -> None:
        """Whoever derives from its class does not change what presets load as."""
        cls = type(backbone)
        try:
            type(f"My{cls.__name__}", (cls,), {"__module__": __name__})
        except Exception as error:
            fail(
                f"A class that derives from {cls.__name__} cannot be defined: {type(error).__name__}: {error}",
                "anybody may derive from a plugin's class.",
                "register by entry points alone, not in __init_subclass__ or a metaclass.",
            )
        loaded = type(Backbone.from_preset(preset))
        expect(
            loaded is cls,
            f"After a subclass was defined, a preset of {cls.__name__} loads as {loaded.__name__}.",
            "only what is installed decides what a preset loads as.",
            "register by entry points alone, not in __init_subclass__ or a decorator.",
        )

    def test_truncated_weights_are_refused(self, backbone: Backbone, preset: Path) -> None:
        """Weights that are cut off raise an error that names the file."""
        truncate(preset / WEIGHTS)
        expect_refusal(type(backbone).from_preset, preset, f"{WEIGHTS} cut in half", WEIGHTS)

    def test_missing_weights_are_refused(self, backbone: Backbone, preset: Path) -> None:
        """Weights that are not there raise an error that names the file."""
        (preset / WEIGHTS).unlink()
        expect_refusal(type(backbone).from_preset, preset, f"no {WEIGHTS}", WEIGHTS)

    def test_damaged_json_is_refused(self, backbone: Backbone, preset: Path) -> None:
        """A damaged config.json raises an error that names the file."""
        truncate(preset / "config.json")
        expect_refusal(type(backbone).from_preset, preset, "config.json cut in half", "config.json")

    def test_another_vocabulary_size_is_refused(self, backbone: Backbone, preset: Path) -> None:
        """Weights for another size of vocabulary raise an error that names the file."""
        config = json.loads((preset / "config.json").read_text("utf-8"))["config"]
        if not isinstance(config.get("vocabulary_size"), int):
            pytest.skip("the backbone has no argument vocabulary_size")
        edit_json(preset / "config.json", lambda values: values["config"].update(vocabulary_size=10_007))
        damage = "vocabulary_size=10007 in config.json, but not in the weights"
        expect_refusal(type(backbone).from_preset, preset, damage, WEIGHTS, "config.json")

    def test_endless_models_are_refused(self, backbone: Backbone, preset: Path) -> None:
        """If it tells the shapes of its weights, a config of endlessly many is refused before anything is created."""
        if not tells_shapes(backbone):
            pytest.skip(f"{type(backbone).__name__} does not tell the shapes of its weights")
        expect_endless_refused(backbone, preset)

    def test_a_head_of_another_author_works(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """A head that knows nothing of it can be trained on it."""
        head = GatedMaxHead(3, dropout=0.0, dtype=backbone.dtype_policy, name="head")
        _expect_training(TextClassifier(backbone, head=head), batch_of(inputs))

    def test_the_heads_of_modelry_work(self, backbone: Backbone, inputs: Sequence[Text], tmp_path: Path) -> None:
        """The general heads score its outputs, and are saved and loaded with it."""
        if owner_of(type(backbone)) is None:
            pytest.skip("only registered classes can be saved; see test_it_is_registered")
        batch = batch_of(inputs)
        heads = [FirstTokenHead, MeanPoolHead, *([PooledOutputHead] if "pooled_output" in backbone.output else [])]
        for head_cls in heads:
            classifier = TextClassifier(
                backbone, head=head_cls(3, dropout=0.0, dtype=backbone.dtype_policy, name="head")
            )
            scores = as_numpy(classifier(batch, training=False))
            classifier.save_to_preset(tmp_path / head_cls.__name__)
            loaded = TextClassifier.from_preset(tmp_path / head_cls.__name__, preprocessor=None)
            what = f"With {head_cls.__name__}, the scores are others after loading"
            rule = "a classifier of this backbone and any head can be saved and loaded."
            expect_close(
                as_numpy(loaded(batch, training=False)), scores, what, rule, "see test_saving_restores_it_to_the_byte."
            )

    def test_a_new_process_loads_it(
        self,
        preset: Path,
        backbone: Backbone,
        inputs: Sequence[Text],
        tmp_path: Path,
        record_property: Callable[..., None],
    ) -> None:
        """A process that has just started loads it and computes the same; load time and memory are reported."""
        measured = self._expect_same(preset, backbone, inputs, tmp_path, keras.backend.backend())
        for name in ("load_seconds", "peak_megabytes", "parameters"):
            record_property(f"modelry.{name}", measured[name])

    def test_other_backends_compute_the_same(
        self, preset: Path, backbone: Backbone, inputs: Sequence[Text], tmp_path: Path
    ) -> None:
        """Every other installed backend loads it and computes the same."""
        others = [name for name in installed_backends() if name != keras.backend.backend()]
        if not others:
            pytest.skip(f"only {keras.backend.backend()} is installed")
        for name in others:
            self._expect_same(preset, backbone, inputs, tmp_path, name)

    def _expect_same(
        self, preset: Path, backbone: Backbone, inputs: Sequence[Text], tmp_path: Path, backend: str
    ) -> dict[str, Any]:
        __tracebackhide__ = True
        batch = batch_of(inputs)
        given, results = tmp_path / "inputs.npz", tmp_path / f"{backend}.npz"
        np.savez(given, **batch)  # type: ignore[arg-type]
        what = f"Loading a {type(backbone).__name__} in a new process on {backend}"
        arguments = ("backbones", str(preset), str(given), str(results))
        variables = {"KERAS_BACKEND": backend, "PYTHONHASHSEED": "7"}
        measured = run_module("modelry.testing.loading_probe", *arguments, what=what, **variables)
        expected = run(backbone, batch)
        with np.load(results) as outputs:
            for name, output in expected.items():
                here = f"{name} on {backend} in a new process is another than on {keras.backend.backend()} here"
                rule = "a preset means the same everywhere."
                to_do = "use keras.ops alone, and nothing that depends on the process, such as hash() or an import."
                expect_close(outputs[name], output, here, rule, to_do, tolerance=1e-3)
        return measured


def _expect_training(classifier: TextClassifier, batch: dict[str, np.ndarray[Any, Any]]) -> None:
    """Fail unless a step of training works."""
    __tracebackhide__ = True
    labels = np.arange(len(batch["token_ids"])) % classifier.num_classes
    classifier.compile(optimizer=keras.optimizers.SGD(0.01))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Gradients do not exist")  # a head need not read every output
        loss = classifier.train_on_batch(batch, labels, return_dict=True)["loss"]
    scores = as_numpy(classifier(batch, training=False))
    head = type(classifier.head).__name__
    what = f"With {head}, the loss is {float(loss)} and the scores have shape {scores.shape}."
    fine = (
        np.isfinite(float(loss)) and scores.shape == (len(labels), classifier.num_classes) and np.isfinite(scores).all()
    )
    expect(fine, what, "any head works on any backbone.", "return sequence_output as heads expect it, and finite.")
