"""What modelry relies on in every backbone: what it computes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import keras
import numpy as np
import pytest

from modelry.testing.backbone_presets import BackbonePresets
from modelry.testing.comparing import as_numpy, expect_close, run, run_eagerly
from modelry.testing.configs import expect_arguments_kept, expect_json, expect_restored, expect_unknown_refused
from modelry.testing.contract import expect, fail
from modelry.testing.dtypes import expect_dtype
from modelry.testing.inputs import Text, batch_of, default_texts, expect_several, real_part
from modelry.testing.shared_rows import check_shares_rows
from modelry.testing.told_shapes import expect_shapes_told, tells_shapes
from modelry.testing.variables import as_if_trained, expect_gradients, gradients

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from modelry.backbones.backbone import Backbone

PADDING = "what stands in the padding must not change what is computed for real tokens."


class BackboneContract(BackbonePresets):
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
        expect(shapes[0] == shapes[1], f"The restored weights have shapes {shapes[1]}, not {shapes[0]}.", rule, _KEEP)
        restored.set_weights(backbone.get_weights())
        found, expected = run(restored, batch_of(inputs)), run(backbone, batch_of(inputs))
        for name, output in expected.items():
            what = f"{name} of the restored backbone is another with the same weights"
            expect_close(found[name], output, what, rule, _KEEP, tolerance=2e-7)

    def test_weight_shapes_are_those_it_has(self, backbone: Backbone) -> None:
        """If it tells the shapes of its weights beforehand, these are the shapes, for other numbers too."""
        if not tells_shapes(backbone):
            pytest.skip(f"{type(backbone).__name__} does not tell the shapes of its weights")
        expect_shapes_told(backbone)

    def test_unknown_arguments_are_refused(self, backbone: Backbone) -> None:
        """An argument that it does not take raises UnknownArgument."""
        expect_unknown_refused(type(backbone), backbone.get_config(), type(backbone))

    def test_outputs_are_what_heads_read(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """Its outputs are named and shaped as heads expect them, and finite."""
        batch = batch_of(inputs)
        rule = "outputs are a dict with sequence_output, (batch, length, hidden_dim), and maybe pooled_output."
        to_do = "pass outputs=self.outputs_of(states) to super().__init__, and keep hidden_dim as an attribute."
        outputs = run(backbone, batch) if isinstance(backbone.output, dict) else {}
        expect("sequence_output" in outputs, f"{type(backbone).__name__} has no sequence_output.", rule, to_do)
        expected = {"sequence_output": (*batch["token_ids"].shape, backbone.hidden_dim)}
        expected["pooled_output"] = (len(inputs), backbone.hidden_dim)
        for name, output in outputs.items():
            shape = expected.get(name, output.shape)
            expect(output.shape == shape, f"{name} has the shape {output.shape}, not {shape}.", rule, to_do)
            expect(np.isfinite(output).all(), f"{name} is not finite.", rule, "look for a division by zero.")

    def test_any_length_is_taken(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """Batch size and length of its inputs are free."""
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
            to_do = "draw random numbers in training only: hand training on to dropout and its like."
            expect_close(second[name], output, what, "predictions are deterministic.", to_do, tolerance=0)

    def test_length_of_padding_does_not_matter(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """A text gets the same states however far it is padded."""
        longest = max(len(text["token_ids"]) for text in inputs)
        limit = getattr(backbone, "max_sequence_length", None) or longest + 5
        self._expect_alone(backbone, inputs, batch_of(inputs, max(longest, min(limit, longest + 5))), "padded further")

    def test_content_of_padding_does_not_matter(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """Tokens where the padding mask is 0 change nothing."""
        if "padding_mask" not in backbone.input:
            pytest.skip(f"{type(backbone).__name__} takes no padding_mask, so nothing says what is padding")
        batch = batch_of(inputs, generator=np.random.default_rng(2))
        self._expect_alone(backbone, inputs, batch, "with other tokens where the padding mask is 0")

    def test_other_texts_do_not_matter(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """A text gets the same states whatever else is in its batch."""
        expect_several(inputs)
        text = max(inputs, key=lambda one: len(one["token_ids"]))
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
            to_do = "use keras.ops alone; branch on values with ops.where and ops.cond, not with if."
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
        to_do = "take **kwargs and hand them on to super().__init__."
        expect(frozen.name == "another", f"name='another' is kept as {frozen.name!r}.", rule, to_do)
        expect(not frozen.trainable_variables, "trainable=False leaves weights trainable.", rule, to_do)

    def test_gradients_reach_every_weight(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """Every trainable weight is trained."""
        expect_gradients(gradients(backbone, batch_of(inputs)), type(backbone))

    def test_texts_share_rows_as_declared(self, backbone: Backbone, inputs: Sequence[Text]) -> None:
        """If it declares shares_rows, texts that share a row get the states that each gets alone."""
        if not backbone.shares_rows:
            pytest.skip(f"{type(backbone).__name__} does not declare shares_rows: its texts are batched by length")
        try:
            check_shares_rows(backbone, inputs, atol=1e-4)
        except (AssertionError, NotImplementedError, TypeError) as error:
            fail(
                f"{type(backbone).__name__} declares shares_rows, but: {str(error).strip()}",
                "with shares_rows, encode takes positions and text_ids, and no token sees another text's.",
                "mask attention by text_ids and use positions, or set shares_rows = False.",
            )

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


_KEEP = "let every argument reach the layers through the attribute of its name; no constants in its place."
