"""Claims about backbones: computing, packing, saving and loading."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import keras
import numpy as np
import pytest

from modelry.backbones.backbone import Backbone
from modelry.errors import UnknownArgument
from modelry.testing.comparing import (
    as_if_trained,
    as_numpy,
    expect_close,
    expect_dtype,
    expect_gradients,
    gradients,
    run,
    run_eagerly,
)
from modelry.testing.configs import expect_arguments_kept, expect_json, expect_restored, expect_unknown_refused
from modelry.testing.contract import expect, fail
from modelry.testing.examples import Text, batch_of, default_texts, expect_several, real_part
from modelry.testing.installed_contract import InstalledContract, owner_of, task_contracts
from modelry.testing.packing import check_packing, supports_packing
from modelry.testing.presets import BACKBONE_WEIGHTS, differences, edit_json, expect_refusal, truncate
from modelry.testing.processes import loaded_in_process, other_backends, run_probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PADDING = "the content of padding must not change the results for real tokens."
KEEP = "let every argument reach the layers through the attribute of its name; no constants in its place."

ENORMOUS = 10**9
ROOM = 10**7
"""Bytes that an oversized config may take more than the backbone has."""
PATIENCE = 60
"""Seconds after which an oversized config must be refused."""


class BackboneContract(InstalledContract):
    """Claims about a backbone. Write the fixture `backbone`, and `inputs` if it takes unusual ones."""

    kind: ClassVar[str] = "backbones"
    subject: ClassVar[str] = "backbone"
    needs: ClassVar[Mapping[str, str]] = {"backbone": "a small, randomly initialised instance of your backbone"}

    @pytest.fixture
    def inputs(self, backbone: Backbone) -> Sequence[Text]:
        """For each of a few texts of different lengths its inputs by name, lists of integers without padding."""
        return default_texts(backbone)

    @pytest.fixture(autouse=True)
    def _as_if_trained(self, backbone: Backbone) -> Iterator[None]:
        with as_if_trained(backbone):
            yield

    def test_config_restores_it(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """Its config is JSON and creates an equal backbone, which computes the same with the same weights."""
        expect_arguments_kept(backbone, without=("inputs", "outputs"))
        config = backbone.get_config()
        expect_json(config, type(backbone))
        restored = type(backbone).from_config(config)
        expect_restored(backbone, restored)
        shapes = [[tuple(one.shape) for one in model.weights] for model in (backbone, restored)]
        rule = "from_config(get_config()) gives a backbone that takes the same weights and computes the same."
        expect(shapes[0] == shapes[1], f"The restored weights have shapes {shapes[1]}, not {shapes[0]}.", rule, KEEP)
        restored.set_weights(backbone.get_weights())
        found, expected = run(restored, batch_of(inputs)), run(backbone, batch_of(inputs))
        for name, output in expected.items():
            what = f"{name} of the restored backbone is another with the same weights"
            expect_close(found[name], output, what, rule, KEEP, tolerance=2e-7)

    def test_unknown_arguments_are_refused(self, backbone: Backbone) -> None:
        """An argument that it does not take raises UnknownArgument."""
        expect_unknown_refused(type(backbone), backbone.get_config(), type(backbone))

    def test_outputs_are_what_heads_read(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """Its outputs are named and shaped as heads expect them, and finite."""
        batch = batch_of(inputs)
        rule = "outputs are a dict with sequence_output, (batch, length, hidden_dim), and maybe pooled_output."
        to_do = "pass outputs=self.outputs_of(states) to super().__init__, and keep hidden_dim as an attribute."
        outputs = run(backbone, batch) if isinstance(backbone.output, dict) else {}
        expected: dict[str, tuple[int, ...]] = {}
        if "token_ids" in batch:
            expect("sequence_output" in outputs, f"{type(backbone).__name__} has no sequence_output.", rule, to_do)
            width = backbone.hidden_dim
            expected = {"sequence_output": (*batch["token_ids"].shape, width), "pooled_output": (len(inputs), width)}
        expect(outputs, f"{type(backbone).__name__} has no outputs by name.", rule, to_do)
        for name, output in outputs.items():
            shape = expected.get(name, output.shape)
            expect(output.shape == shape, f"{name} has the shape {output.shape}, not {shape}.", rule, to_do)
            expect(np.isfinite(output).all(), f"{name} is not finite.", rule, "look for a division by zero.")

    def test_any_length_is_taken(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """Batch size and length of its inputs are free."""
        _skip_without_tokens(backbone)
        rule = "inputs are int32 tensors of shape (None, None), because batches are padded to different lengths."
        for name, tensor in backbone.input.items():
            found = (tensor.shape, keras.backend.standardize_dtype(tensor.dtype))
            to_do = f'keras.Input((None,), dtype="int32", name={name!r})'
            expect(found == ((None, None), "int32"), f"The input {name} is {found}.", rule, to_do)
        for text in inputs:
            length = len(text["token_ids"])
            states = run(backbone, batch_of([text]))["sequence_output"]
            what = f"A text of {length} tokens gets states of shape {states.shape}."
            expect(states.shape[:2] == (1, length), what, "every token has a state.", "keep the length as it is.")

    def test_calling_it_twice_gives_the_same(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """Outside training it is deterministic."""
        first, second = (run_eagerly(backbone, batch_of(inputs)) for _ in range(2))
        for name, output in first.items():
            what = f"{name} differs between two calls with training=False"
            to_do = "draw random numbers in training only: pass training to dropout and similar layers."
            expect_close(second[name], output, what, "predictions are deterministic.", to_do, tolerance=0)

    def test_length_of_padding_does_not_matter(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """A text gets the same states however far it is padded."""
        _skip_without_tokens(backbone)
        longest = max(len(text["token_ids"]) for text in inputs)
        limit = getattr(backbone, "max_sequence_length", None) or longest + 5
        self._expect_alone(backbone, inputs, batch_of(inputs, max(longest, min(limit, longest + 5))), "padded further")

    def test_content_of_padding_does_not_matter(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """Tokens where the padding mask is 0 change nothing."""
        if "padding_mask" not in backbone.input:
            pytest.skip(f"{type(backbone).__name__} takes no padding_mask, which would mark padding")
        batch = batch_of(inputs, generator=np.random.default_rng(2))
        self._expect_alone(backbone, inputs, batch, "with other tokens where the padding mask is 0")

    def test_other_texts_do_not_matter(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """A text gets the same states whatever else is in its batch."""
        expect_several(inputs)
        text = max(inputs, key=lambda one: len(one.get("token_ids", ())))
        alone = run(backbone, batch_of([text]))
        for row in range(len(inputs)):
            others = [other for other in inputs if other is not text]
            together = run(backbone, batch_of([*others[:row], text, *others[row:]]))
            for name, output in alone.items():
                what = f"{name} of a text is another in a batch of {len(inputs)} than alone"
                rule = "texts in a batch do not affect each other."
                to_do = "reduce over the axes of tokens and features, never over the first axis."
                expect_close(real_part(name, together[name], row, text), output[0], what, rule, to_do)

    def test_compiled_is_eager(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """`predict`, which compiles, gives what a plain call gives."""
        batch = batch_of(inputs)
        eager, compiled = run_eagerly(backbone, batch), backbone.predict(batch, verbose=0)
        for name, output in eager.items():
            what = f"{name} of predict is not that of a call"
            to_do = "use only keras.ops; branch on values with ops.where and ops.cond, not with if."
            expect_close(as_numpy(compiled[name]), output, what, "compiling changes nothing.", to_do)

    def test_bfloat16(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """In bfloat16, weights and outputs are bfloat16, and near those of float32."""
        expect_dtype(backbone, batch_of(inputs), "bfloat16")

    def test_mixed_bfloat16(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """In mixed_bfloat16, weights are float32, outputs are bfloat16, and near those of float32."""
        expect_dtype(backbone, batch_of(inputs), "mixed_bfloat16")

    def test_name_and_trainable_are_taken(self, backbone: Backbone) -> None:
        """It takes Keras' own arguments `name` and `trainable`."""
        frozen = type(backbone).from_config({**backbone.get_config(), "name": "another", "trainable": False})
        rule = "every backbone takes name and trainable."
        to_do = "take **kwargs and pass them to super().__init__."
        expect(frozen.name == "another", f"name='another' is kept as {frozen.name!r}.", rule, to_do)
        expect(not frozen.trainable_variables, "trainable=False leaves weights trainable.", rule, to_do)

    def test_gradients_reach_every_weight(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """Every trainable weight is trained."""
        expect_gradients(gradients(backbone, batch_of(inputs)), type(backbone))

    def test_packed_texts_are_kept_apart_as_declared(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """If it declares sequence packing, texts packed into a row get the states that each gets alone."""
        if not supports_packing(backbone):
            pytest.skip(f"{type(backbone).__name__} does not declare packing: its texts are batched by length")
        try:
            check_packing(backbone, inputs, atol=1e-4)
        except (AssertionError, NotImplementedError, TypeError) as error:
            fail(
                f"{type(backbone).__name__} declares supports_packing, but: {str(error).strip()}",
                "with supports_packing, encode takes positions and document_ids, and no token sees another text's.",
                "mask attention by document_ids and use positions, or set supports_packing = False.",
            )

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
        """A preset that is loaded and saved again is the same to the byte, and computes the same."""
        loaded = Backbone.from_preset(preset)
        expect(
            type(loaded) is type(backbone),
            f"Backbone.from_preset gives a {type(loaded).__name__} for a {type(backbone).__name__}.",
            "a preset loads as the class it was saved from.",
            "do not override from_preset; register each class under one name.",
        )
        loaded.save_to_preset(tmp_path / "again")
        other = differences(preset, tmp_path / "again")
        to_do = (
            "keep every argument as an attribute, and create every weight in the constructor, always in the same order."
        )
        rule = "save, load and save again give the same files."
        expect(not other, f"{', '.join(other)} differ after loading and saving again.", rule, to_do)
        expected = run(backbone, batch_of(inputs))
        for name, output in run(loaded, batch_of(inputs)).items():
            what = f"{name} is another after loading"
            rule = "a loaded backbone computes what the saved one computed."
            expect_close(
                output, expected[name], what, rule, "keep nothing that affects results outside config and weights."
            )

    def test_unknown_overrides_are_refused(self, backbone: Backbone, preset: Path) -> None:
        """`from_preset` with an argument that it does not take raises UnknownArgument."""
        try:
            type(backbone).from_preset(preset, no_such_argument=1)
        except UnknownArgument:
            return
        fail(
            f"{type(backbone).__name__}.from_preset(no_such_argument=1) is accepted.",
            "an unknown argument raises UnknownArgument.",
            "do not override from_preset, and take **kwargs only to pass them on.",
        )

    def test_a_subclass_does_not_take_its_place(self, backbone: Backbone, preset: Path) -> None:
        """A subclass of its class does not change the class that presets load as."""
        cls = type(backbone)
        try:
            type(f"My{cls.__name__}", (cls,), {"__module__": __name__})
        except Exception as error:
            fail(
                f"A class that derives from {cls.__name__} cannot be defined: {type(error).__name__}: {error}",
                "users may derive from a plugin's class.",
                "register by entry points alone, not in __init_subclass__ or a metaclass.",
            )
        loaded = type(Backbone.from_preset(preset))
        expect(
            loaded is cls,
            f"After a subclass was defined, a preset of {cls.__name__} loads as {loaded.__name__}.",
            "entry points alone decide the class that a preset loads as.",
            "register by entry points alone, not in __init_subclass__ or a decorator.",
        )

    def test_truncated_weights_are_refused(self, backbone: Backbone, preset: Path) -> None:
        """Weights that are cut off raise an error that names the file."""
        truncate(preset / BACKBONE_WEIGHTS)
        expect_refusal(type(backbone).from_preset, preset, f"{BACKBONE_WEIGHTS} cut in half", BACKBONE_WEIGHTS)

    def test_missing_weights_are_refused(self, backbone: Backbone, preset: Path) -> None:
        """Missing weights raise an error that names the file."""
        (preset / BACKBONE_WEIGHTS).unlink()
        expect_refusal(type(backbone).from_preset, preset, f"no {BACKBONE_WEIGHTS}", BACKBONE_WEIGHTS)

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
        expect_refusal(type(backbone).from_preset, preset, damage, BACKBONE_WEIGHTS, "config.json")

    def test_an_oversized_config_is_refused(self, backbone: Backbone, preset: Path) -> None:
        """A preset that asks for a thousand million layers, or tokens, is refused, and quickly."""
        cls, names = type(backbone), _sizes(backbone)
        rule = "a preset that asks for more than its budget is refused at once, before memory runs out."
        to_do = "do not loop over a number of the config without creating a layer; do not catch the errors of modelry."
        size = 4 * backbone.count_params()
        arguments = (f"{cls.__module__}:{cls.__qualname__}", str(preset), names, ENORMOUS, ROOM + size)
        what = f"Loading a {cls.__name__} with {ENORMOUS} in its config ({', '.join(names)})"
        found = run_probe(
            "oversize", *arguments, what=what, backend=keras.backend.backend(), seconds=PATIENCE, rule=rule, to_do=to_do
        )
        for name in found["accepted"]:
            fail(f"With {name}={ENORMOUS} in its config, a preset of {cls.__name__} is accepted.", rule, to_do)
        for name, error in found["errors"].items():
            fail(f"With {name}={ENORMOUS} in its config, loading raises a bare {error}", rule, to_do)

    def test_installed_tasks_work_on_it(self, backbone: Backbone, inputs: Sequence[Text], tmp_path: Path) -> None:
        """Each installed task can be trained, saved and loaded with it, as far as the task's contract claims this."""
        if owner_of(type(backbone)) is None:
            pytest.skip("only registered classes can be saved; see test_it_is_registered")
        for number, contract in enumerate(task_contracts()):
            contract.expect_on_backbone(backbone, batch_of(inputs), tmp_path / str(number))

    def test_a_new_process_loads_it(
        self, preset: Path, backbone: Backbone, inputs: Sequence[Text], tmp_path: Path
    ) -> None:
        """A process that has just started loads it and computes the same."""
        self._expect_same(preset, backbone, inputs, tmp_path, keras.backend.backend())

    def test_other_backends_compute_the_same(
        self, preset: Path, backbone: Backbone, inputs: Sequence[Text], tmp_path: Path
    ) -> None:
        """Every other installed backend loads it and computes the same."""
        for name in other_backends():
            self._expect_same(preset, backbone, inputs, tmp_path, name)

    def _expect_same(
        self, preset: Path, backbone: Backbone, inputs: Sequence[Text], tmp_path: Path, backend: str
    ) -> None:
        __tracebackhide__ = True
        batch = batch_of(inputs)
        name, found = loaded_in_process(Backbone, preset, batch, tmp_path, backend)
        rule, cls = "a preset means the same everywhere.", type(backbone).__name__
        what = f"In a new process on {backend}, a {name} is loaded, not a {cls}."
        expect(name == cls, what, rule, "register by entry points alone.")
        for name, output in run(backbone, batch).items():
            what = f"{name} on {backend} in a new process is another than on {keras.backend.backend()} here"
            to_do = "use only keras.ops, and nothing that depends on the process, such as hash() or an import."
            expect_close(found[name], output, what, rule, to_do, tolerance=1e-3)

    def _expect_alone(self, backbone: Backbone, inputs: Sequence[Text], batch: Any, how: str) -> None:
        """Fail unless each text of a batch gets what it gets alone, without padding."""
        __tracebackhide__ = True
        expect_several(inputs)
        together = run(backbone, batch)
        for row, text in enumerate(inputs):
            for name, output in run(backbone, batch_of([text])).items():
                what = f"{name} of text {row} ({len(text['token_ids'])} tokens) is another {how} than alone"
                to_do = (
                    "use padding_mask wherever tokens meet: in attention, convolution, pooling and normalisation. "
                    "If the architecture cannot, declare it in known_exceptions, and give the preprocessor "
                    'padding="fixed" by default.'
                )
                expect_close(real_part(name, together[name], row, text), output[0], what, PADDING, to_do)


def _skip_without_tokens(backbone: Backbone) -> None:
    if "token_ids" not in backbone.input:
        pytest.skip(f"{type(backbone).__name__} takes no token_ids, so its inputs are not padded")


def _sizes(backbone: Backbone) -> list[str]:
    """Return the numbers of a backbone's config that its weights grow with."""
    cls, config, found = type(backbone), backbone.get_config(), []
    for name, value in config.items():
        if type(value) is not int:
            continue
        try:
            larger = cls.from_config({**config, name: 2 * value or 1}).count_params()
        except Exception:  # numbers that do not go together, such as heads that do not divide a width
            continue
        if larger > backbone.count_params():
            found.append(name)
    return found
