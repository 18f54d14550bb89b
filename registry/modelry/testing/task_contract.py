"""Claims about tasks of any kind: predicting, training, saving and loading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import keras
import numpy as np
import pytest

from modelry.discovery.registry import registry
from modelry.errors import InputError, UnknownArgument
from modelry.testing.comparing import CLOSE, as_if_trained, as_numpy, expect_close, expect_near
from modelry.testing.configs import expect_restored
from modelry.testing.contract import expect, fail
from modelry.testing.damage_claims import DamageClaims
from modelry.testing.examples import STRANGE, expect_different, texts_for
from modelry.testing.installed_contract import InstalledContract, entry_point, owner_of
from modelry.testing.presets import differences
from modelry.testing.processes import loaded_in_process, other_backends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from modelry.backbones.backbone import Backbone
    from modelry.tasks.base.task import Task

ALONE = "the output for an example depends on this example only."
LABELS = "see test_gradients_reach_every_weight of the parts' contracts. Do the inputs reach the model?"


class TaskContract(DamageClaims, InstalledContract):
    """Claims about a whole task. Write the fixture `task`, and `examples` unless its inputs are made of texts.

    A task with labels overrides `labels`; one with unusual inputs or outputs also `batch`, `output`, `is_finite` or
    `expect_same`. A contract for one kind of task does so once for all of its architectures; the task's
    `TaskSpec` names it, and then `expect_on_backbone` is run for every backbone too.
    """

    kind: ClassVar[str] = "tasks"
    subject: ClassVar[str] = "task"
    needs: ClassVar[Mapping[str, str]] = {
        "task": "a small, randomly initialised instance of your task, with a preprocessor"
    }

    @pytest.fixture
    def examples(self, task: Task) -> Sequence[Any]:
        """Different examples, at least four; by default texts, which `Task.sample_inputs` turns into inputs."""
        if getattr(task.preprocessor, "tokenizer", None) is None:
            fail(
                f"{type(task).__name__} has no tokenizer, so the kit has no inputs for it.",
                "the kit makes texts only.",
                "write a fixture 'examples': a list of four raw inputs or more; and override batch(task, examples) "
                "unless predict takes them as a list.",
            )
        return texts_for(task.preprocessor)

    @pytest.fixture
    def preset(self, task: Task, tmp_path: Path) -> Path:
        """The task, saved as a preset."""
        self.skip_unless_registered(task)
        task.save_to_preset(tmp_path / "preset")
        return tmp_path / "preset"

    @pytest.fixture(autouse=True)
    def _as_if_trained(self, task: Task) -> Iterator[None]:
        with as_if_trained(task):
            yield

    def batch(self, task: Task, examples: Sequence[Any]) -> Any:
        """Return the `x` that `predict` and `fit` take for some examples; by default what the task makes of texts."""
        return task.sample_inputs(list(examples)) if _are_texts(examples) else list(examples)

    def labels(self, task: Task, examples: Sequence[Any]) -> Any:
        """Return the `y` that `fit` takes for some examples; `None`, the default, if the task has no labels."""
        return None

    def output(self, outputs: Any, index: int) -> Any:
        """Return the part of what `predict` returns that belongs to one example."""
        if isinstance(outputs, dict):
            return {name: self.output(one, index) for name, one in outputs.items()}
        return tuple(self.output(one, index) for one in outputs) if isinstance(outputs, tuple) else outputs[index]

    def expect_same(
        self, found: Any, expected: Any, what: str, rule: str, to_do: str, tolerance: float = CLOSE
    ) -> None:
        """Fail unless two outputs are equal but for rounding; for the arguments see `expect_close`."""
        __tracebackhide__ = True
        one, other = keras.tree.flatten(found), keras.tree.flatten(expected)
        expect(len(one) == len(other), f"{what} ({len(one)} arrays, not {len(other)})", rule, to_do)
        for first, second in zip(one, other, strict=True):
            expect_close(first, second, what, rule, to_do, tolerance)

    def is_finite(self, outputs: Any) -> bool:
        """Return whether some outputs have numbers where they should, and none is infinite."""
        return all(bool(np.isfinite(one).all()) for one in keras.tree.flatten(outputs))

    def fresh_arguments(self, task: Task) -> dict[str, Any]:
        """Return the arguments that `from_preset` needs for a preset that has only a backbone; by default `resets`."""
        return {name: getattr(task, name) for name in task.resets}

    def wrong_inputs(self, examples: Sequence[Any]) -> dict[str, Any]:
        """Return values of `x` that `predict` must refuse, by their descriptions."""
        return {"None": None, "a number": 7}

    def parts(self, task: Task) -> dict[str, Any]:
        """Return the components of the task by kind: those that a preset names."""
        parts = {
            "backbones": task.backbone,
            "preprocessors": task.preprocessor,
            "tokenizers": getattr(task.preprocessor, "tokenizer", None),
            **{kind: getattr(task, role, None) for role, kind in task.spec().parts.items()},
        }
        return {kind: part for kind, part in parts.items() if part is not None}

    @classmethod
    def expect_on_backbone(cls, backbone: Backbone, batch: dict[str, np.ndarray[Any, Any]], folder: Path) -> None:
        """Check that the task works on a backbone that its author does not know; by default nothing is claimed.

        Args:
            backbone: The backbone, which is registered.
            batch: Inputs of the backbone.
            folder: A folder for presets, which does not exist yet.
        """

    def predict(self, task: Task, examples: Sequence[Any], **options: Any) -> Any:
        """Return the outputs of a task for some examples."""
        return task.predict(self.batch(task, examples), verbose=0, **options)

    def base(self, task: Task) -> Any:
        """Return the class that loads the task in every architecture, such as the one in `modelry` itself."""
        name = task.task
        return registry.load("tasks", name) if name in registry.names("tasks") else type(task)

    def skip_unless_registered(self, task: Task) -> None:
        """Skip the test if the task cannot be saved; test_its_parts_are_registered says why."""
        for part in (task, *self.parts(task).values()):
            if not _is_registered(part):
                pytest.skip(f"{type(part).__name__} is not registered, so it cannot be saved")

    def test_its_name_ends_in_the_task(self, task: Task) -> None:
        """It is registered under the task's name, or ARCHITECTURE and the task's name, where loading looks for it."""
        entry = owner_of(type(task))
        if entry is None:
            pytest.skip("the class is not registered; see test_it_is_registered")
        what = f"{type(task).__name__} is registered as {entry.name!r}, so from_preset does not find it."
        rule = f"a task's name is {task.task!r}, or its architecture's, a dot, and {task.task!r}."
        to_do = f'[project.entry-points."modelry.tasks"] "ARCHITECTURE.{task.task}" = "{entry.target}"'
        right = type(task) is self.base(task) or (entry.name.rpartition(".")[2] == task.task and "." in entry.name)
        expect(right, what, rule, to_do)

    def test_its_parts_are_registered(self, task: Task) -> None:
        """Installed distributions register its parts too."""
        for kind, part in self.parts(task).items():
            cls = type(part)
            what = f"No installed distribution registers {cls.__name__}, one of the {kind}, so it cannot be saved."
            rule = "a preset names every part by the entry point of its class, or of a base class."
            expect(_is_registered(part), what, rule, entry_point(kind, cls))

    def test_config_restores_it(self, task: Task, examples: Sequence[Any]) -> None:
        """Its config creates an equal task, which predicts the same with the same weights."""
        self.skip_unless_registered(task)
        restored = type(task).from_config(task.get_config())
        expect_restored(task, restored)
        restored.set_weights(task.get_weights())
        rule = "from_config(get_config()) gives a task that takes the same weights and predicts the same."
        to_do = "keep every argument as an attribute, and return all of them from get_config."
        what = "The restored task predicts otherwise with the same weights"
        self.expect_same(self.predict(restored, examples), self.predict(task, examples), what, rule, to_do)

    def test_unknown_arguments_are_refused(self, task: Task, preset: Path) -> None:
        """The constructor and `from_preset` refuse an argument that they do not take."""
        config = task.get_config()
        creations: dict[str, Callable[[], object]] = {
            type(task).__name__: lambda: type(task).from_config({**config, "no_such_argument": 1}),
            "from_preset": lambda: type(task).from_preset(preset, no_such_argument=1),
        }
        for name, create in creations.items():
            try:
                create()
            except UnknownArgument:
                continue
            what = f"{name}(no_such_argument=1) is accepted."
            rule = "an unknown argument raises UnknownArgument."
            fail(what, rule, "pass **kwargs to super().__init__, and do not override from_preset.")

    def test_other_examples_do_not_matter(self, task: Task, examples: Sequence[Any]) -> None:
        """An example gets the same output alone, among others, in another order and in batches of another size."""
        to_do = "run the contracts of its parts, which say which part mixes examples or depends on padding."
        expect_different(examples, 4)
        together = self.predict(task, examples)
        for index, example in enumerate(examples):
            what = f"Example {index} gets another output alone than among {len(examples)}"
            alone = self.output(self.predict(task, [example]), 0)
            self.expect_same(alone, self.output(together, index), what, ALONE, to_do)
        for size in (1, 3):
            found = self.predict(task, list(examples)[::-1], batch_size=size)
            for index in range(len(examples)):
                what = f"In reverse order and with batch_size={size}, example {index} gets another output"
                one = self.output(found, len(examples) - 1 - index)
                self.expect_same(one, self.output(together, index), what, ALONE, to_do)

    def test_any_text_is_taken(self, task: Task, examples: Sequence[Any]) -> None:
        """If it takes texts: empty texts, emoji, rare scripts and very long texts get finite outputs."""
        if not _are_texts(examples):
            pytest.skip(f"{type(task).__name__} does not take texts")
        outputs = self.predict(task, STRANGE)
        to_do = "give a text without tokens one padding token, so that there is something to pool."
        for index, text in enumerate(STRANGE):
            finite = self.is_finite(self.output(outputs, index))
            expect(finite, f"{text!r:.60} gets outputs that are not finite.", "every text gets finite outputs.", to_do)

    def test_wrong_inputs_are_refused(self, task: Task, examples: Sequence[Any]) -> None:
        """Inputs that it does not take raise an InputError."""
        rule, to_do = "wrong inputs raise InputError.", "do not override predict."
        for name, x in self.wrong_inputs(examples).items():
            try:
                task.predict(x, verbose=0)
            except InputError:
                continue
            except Exception as error:
                fail(f"predict raises {error!r} for {name}.", rule, to_do)
            fail(f"predict accepts {name}.", rule, to_do)

    def test_training_lowers_the_loss(self, task: Task, examples: Sequence[Any]) -> None:
        """A few steps of training on a few examples lower their loss."""
        labels = self.labels(task, examples)
        weights, optimizer, loss = task.get_weights(), task.optimizer, task.loss
        task.compile(optimizer=keras.optimizers.Adam(3e-3), loss=loss)
        x = self.batch(task, examples)
        losses = task.fit(x, labels, epochs=25, batch_size=len(examples), verbose=0).history["loss"]
        task.set_weights(weights)
        task.compile(optimizer=optimizer, loss=loss)
        before, after = losses[0], float(np.mean(losses[-5:]))
        what = f"25 steps of training on {len(examples)} examples take their loss from {before:.4f} to {after:.4f}."
        rule = "fit learns to tell a few examples apart."
        expect(np.isfinite(after) and after < before, what, rule, LABELS)

    def test_bfloat16(self, task: Task, preset: Path, examples: Sequence[Any]) -> None:
        """In bfloat16 its outputs are near those of float32."""
        self._expect_near(task, preset, examples, "bfloat16")

    def test_mixed_bfloat16(self, task: Task, preset: Path, examples: Sequence[Any]) -> None:
        """In mixed_bfloat16 its outputs are near those of float32."""
        self._expect_near(task, preset, examples, "mixed_bfloat16")

    def test_saving_restores_it_to_the_byte(
        self, task: Task, preset: Path, examples: Sequence[Any], tmp_path: Path
    ) -> None:
        """A preset that is loaded and saved again is the same to the byte, and predicts the same."""
        loaded = self.base(task).from_preset(preset)
        self.expect_class(loaded, type(task))
        loaded.save_to_preset(tmp_path / "again")
        other = differences(preset, tmp_path / "again")
        rule = "save, load and save again give the same files."
        to_do = "run the contracts of its parts, which say which of them is not restored by its config."
        expect(not other, f"{', '.join(other)} differ after loading and saving again.", rule, to_do)
        what = "After saving and loading, outputs are others"
        rule = "a loaded task predicts as the saved one did."
        self.expect_same(self.predict(loaded, examples), self.predict(task, examples), what, rule, to_do)

    def test_its_facts_are_saved(self, task: Task, preset: Path) -> None:
        """Everything in its config survives saving and loading, such as the names of its labels."""
        expect_restored(task, self.base(task).from_preset(preset))

    def test_a_subclass_does_not_take_its_place(self, task: Task, preset: Path) -> None:
        """A subclass of its class does not change the class that its presets load as."""
        type(f"My{type(task).__name__}", (type(task),), {"__module__": __name__})
        self.expect_class(self.base(task).from_preset(preset), type(task))

    def test_a_backbone_preset_gives_a_fresh_task(self, task: Task, examples: Sequence[Any], tmp_path: Path) -> None:
        """`from_preset` of a preset that has only a backbone and a preprocessor gives a task to be trained."""
        self.skip_unless_registered(task)
        task.backbone.save_to_preset(tmp_path / "backbone", preprocessor=task.preprocessor)
        fresh = type(task).from_preset(tmp_path / "backbone", **self.fresh_arguments(task))
        self.expect_class(fresh, type(task))
        rule = "a pretrained backbone can be fine-tuned for the task."
        to_do = "do not override from_preset; return the arguments that it needs from fresh_arguments."
        for one, other in zip(fresh.backbone.weights, task.backbone.weights, strict=True):
            same = np.array_equal(as_numpy(one.value), as_numpy(other.value))
            expect(same, f"The weight {one.path} is not that of the backbone's preset.", rule, to_do)
        outputs, before = self.predict(fresh, examples), self.predict(task, examples)
        expect(self.is_finite(outputs), "Outputs are not finite.", rule, to_do)
        for found, expected in zip(keras.tree.flatten(outputs), keras.tree.flatten(before), strict=True):
            what = f"Outputs have the shape {np.shape(found)}, not {np.shape(expected)}."
            expect(np.shape(found) == np.shape(expected), what, rule, to_do)

    def test_adapters_are_saved(self, task: Task, preset: Path, examples: Sequence[Any], tmp_path: Path) -> None:
        """If its backbone has layers for low-rank adapters, these are saved by themselves, and predict the same."""
        adapted = self.base(task).from_preset(preset)
        try:
            adapted.enable_lora(2)
        except InputError as error:
            pytest.skip(f"{type(task.backbone).__name__} takes no adapters: {error}")
        with as_if_trained(adapted):  # the adapters, and the weights outside the backbone
            adapted.save_adapter(tmp_path / "adapter")
            expected = self.predict(adapted, examples)
        found = self.predict(self.base(task).from_preset(tmp_path / "adapter"), examples)
        rule = "an adapter, loaded together with its base, predicts as the task did that saved it."
        to_do = "keep all weights in the backbone, the head, or other layers of the task; see TaskSpec."
        self.expect_same(found, expected, "With adapters, outputs are others after loading", rule, to_do)

    def test_int8_is_saved(self, task: Task, preset: Path, examples: Sequence[Any], tmp_path: Path) -> None:
        """If it has layers for int8, a quantized task predicts finite outputs, and the same ones after loading."""
        quantized = self.base(task).from_preset(preset)
        quantized.quantize("int8")
        if not any(variable.dtype == "int8" for variable in quantized.variables):
            pytest.skip(f"{type(task).__name__} has no layers that can be quantized")
        quantized.save_to_preset(tmp_path / "int8")
        expected = self.predict(quantized, examples)
        rule = "a quantized task can be saved, and predicts the same after loading."
        to_do = "use the layers of Keras or modelry.layers, and register them with the parts that they belong to."
        expect(self.is_finite(expected), "In int8, outputs are not finite.", rule, to_do)
        found = self.predict(self.base(task).from_preset(tmp_path / "int8"), examples)
        self.expect_same(found, expected, "In int8, outputs are others after loading", rule, to_do)

    def test_a_new_process_loads_it(self, task: Task, preset: Path, examples: Sequence[Any], tmp_path: Path) -> None:
        """A process that has just started loads it and predicts the same."""
        self._expect_same_on(keras.backend.backend(), task, preset, examples, tmp_path)

    def test_other_backends_predict_the_same(
        self, task: Task, preset: Path, examples: Sequence[Any], tmp_path: Path
    ) -> None:
        """Every other installed backend loads it and predicts the same."""
        for backend in other_backends():
            self._expect_same_on(backend, task, preset, examples, tmp_path)

    def expect_class(self, loaded: Any, cls: type) -> None:
        """Fail unless a loaded task is of a class."""
        __tracebackhide__ = True
        expect(
            type(loaded) is cls,
            f"from_preset gives a {type(loaded).__name__} for a saved {cls.__name__}.",
            "a preset loads as the class it was saved from; entry points alone decide that.",
            "register it in modelry.tasks as ARCHITECTURE.TASK, by an entry point alone.",
        )

    def _expect_near(self, task: Task, preset: Path, examples: Sequence[Any], policy: str) -> None:
        __tracebackhide__ = True
        other = self.base(task).from_preset(preset, dtype=policy)
        found, expected = self.predict(other, examples), self.predict(task, examples)
        to_do = "see the same test of the contracts of its parts, which say which part it is."
        for one, two in zip(keras.tree.flatten(found), keras.tree.flatten(expected), strict=True):
            expect_near(one, two, f"The output in {policy}", to_do)

    def _expect_same_on(self, backend: str, task: Task, preset: Path, examples: Sequence[Any], tmp_path: Path) -> None:
        __tracebackhide__ = True
        name, found = loaded_in_process(self.base(task), preset, self.batch(task, examples), tmp_path, backend)
        rule = "a preset means the same everywhere."
        here = f"In a new process on {backend}, a {name} is loaded, not a {type(task).__name__}."
        expect(name == type(task).__name__, here, rule, "register by entry points alone.")
        here = f"Outputs on {backend} in a new process are others than on {keras.backend.backend()} here"
        to_do = "use only keras.ops, and nothing that depends on the process, such as hash() or an import."
        self.expect_same(found, self.predict(task, examples), here, rule, to_do, tolerance=1e-3)


def _are_texts(examples: Sequence[Any]) -> bool:
    return all(isinstance(example, str) for example in examples)


def _is_registered(part: object) -> bool:
    return any(owner_of(cls) for cls in type(part).__mro__)
