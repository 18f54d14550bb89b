"""Claims about heads, for `modelry.testing`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import keras
import numpy as np
import pytest

from modelry.arguments import argument_names
from modelry.testing.comparing import (
    as_if_trained,
    as_numpy,
    expect_close,
    expect_dtype,
    expect_gradients,
    gradients,
)
from modelry.testing.configs import expect_arguments_kept, expect_json, expect_restored, expect_unknown_refused
from modelry.testing.contract import expect
from modelry.testing.installed_contract import InstalledContract

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from modelry.tasks.text_classifier.heads import ClassifierHead

HIDDEN_DIM = 8
LENGTHS = (7, 4, 1)
Arrays = dict[str, np.ndarray[Any, Any]]


class HeadContract(InstalledContract):
    """Claims about a head. Write the fixture `head`, and `outputs` if it reads unusual ones."""

    kind: ClassVar[str] = "heads"
    subject: ClassVar[str] = "head"
    needs: ClassVar[Mapping[str, str]] = {
        "head": "an instance of your head, for a few classes and with linear activation"
    }

    @pytest.fixture
    def outputs(self) -> Mapping[str, np.ndarray[Any, Any]]:
        """A backbone's outputs for three texts of 7, 4 and 1 tokens, each padded to 7, as float32 arrays."""
        generator = np.random.default_rng(0)
        shapes = {"sequence_output": (3, max(LENGTHS), HIDDEN_DIM), "pooled_output": (3, HIDDEN_DIM)}
        return {name: generator.standard_normal(shape).astype("float32") for name, shape in shapes.items()}

    @pytest.fixture
    def mask(self, outputs: Mapping[str, np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
        """The padding mask of `outputs`, `(3, 7)`."""
        return np.arange(max(LENGTHS)) < np.array(LENGTHS)[:, None]

    @pytest.fixture(autouse=True)
    def _as_if_trained(self, head: ClassifierHead, outputs: Arrays, mask: Any) -> Iterator[None]:
        head(outputs, padding_mask=mask)
        with as_if_trained(head):
            yield

    def test_config_restores_it(self, head: ClassifierHead, outputs: Arrays, mask: Any) -> None:
        """Its config is JSON and creates an equal head, which scores the same with the same weights."""
        expect_arguments_kept(head)
        config = head.get_config()
        expect_json({name: value for name, value in config.items() if name != "dtype"}, type(head))
        restored = type(head).from_config(config)
        expect_restored(head, restored)
        restored(outputs, padding_mask=mask)
        restored.set_weights(head.get_weights())
        rule = "from_config(get_config()) gives a head that takes the same weights and scores the same."
        to_do = "keep every argument as an attribute, and let it reach the layers; create layers only in __init__."
        what = "The restored head scores otherwise with the same weights"
        expect_close(_score(restored, outputs, mask), _score(head, outputs, mask), what, rule, to_do, tolerance=2e-7)

    def test_unknown_arguments_are_refused(self, head: ClassifierHead) -> None:
        """An argument that it does not take raises UnknownArgument."""
        expect_unknown_refused(type(head), head.get_config(), type(head))

    def test_every_class_gets_a_score(self, head: ClassifierHead, outputs: Arrays, mask: Any) -> None:
        """It gives one finite score for each class."""
        for num_classes in (head.num_classes, head.num_classes + 3):
            scores = _score(_variant(head, outputs, num_classes=num_classes), outputs, mask)
            shape = (len(mask), num_classes)
            what = f"With num_classes={num_classes}, scores have the shape {scores.shape}, or are not finite."
            rule = f"scores are finite, (batch, num_classes), here {shape}."
            expect(
                scores.shape == shape and np.isfinite(scores).all(), what, rule, "end in a dense layer of num_classes."
            )

    def test_scores_are_of_the_text(self, head: ClassifierHead, outputs: Arrays, mask: Any) -> None:
        """Other outputs of the backbone give other scores."""
        other = {name: array[::-1] + 1.0 for name, array in outputs.items()}
        same = np.array_equal(_score(head, other, mask), _score(head, outputs, mask))
        what = "Texts with other states get the same scores."
        expect(not same, what, "scores are computed from the backbone's outputs.", "pool outputs, and score that.")

    def test_a_hidden_layer_may_have_any_size(self, head: ClassifierHead, outputs: Arrays, mask: Any) -> None:
        """If it takes `hidden_dim`, the hidden layer has that size, and any size of it gives finite scores."""
        if "hidden_dim" not in argument_names(type(head)):
            pytest.skip("the head has no argument hidden_dim")
        for size in (1, HIDDEN_DIM + 3):
            other = _variant(head, outputs, hidden_dim=size)
            scores = _score(other, outputs, mask)
            what = f"With hidden_dim={size}, no weight has that size, or scores are not finite."
            rule = "hidden_dim is the size of the head's hidden layer."
            sized = any(size in tuple(weight.shape) for weight in other.weights)
            expect(sized and np.isfinite(scores).all(), what, rule, "pass hidden_dim on, or do not take it.")

    def test_activation_is_applied(self, head: ClassifierHead, outputs: Arrays, mask: Any) -> None:
        """`softmax` and `sigmoid` are applied to the scores without activation."""
        logits = _score(_variant(head, outputs, like=head, activation="linear"), outputs, mask)
        for name in ("softmax", "sigmoid"):
            found = _score(_variant(head, outputs, like=head, activation=name), outputs, mask)
            expected = as_numpy(getattr(keras.ops, name)(logits))
            what = f"With activation={name!r}, scores are not the {name} of those without activation"
            rule = "the loss is chosen by the activation, so the head must apply this activation."
            expect_close(found, expected, what, rule, "give the last layer activation=self.activation.")

    def test_dropout_is_active_in_training_alone(self, head: ClassifierHead, outputs: Arrays, mask: Any) -> None:
        """The rate of dropout is obeyed in training, and nothing is dropped otherwise."""
        rule = "dropout is the rate in training, and predictions are deterministic."
        to_do = "self.drop = keras.layers.Dropout(dropout), and self.drop(x, training=training) before the last layer."
        dropping, keeping = (_variant(head, outputs, like=head, dropout=rate) for rate in (0.5, 0.0))
        plain = _score(keeping, outputs, mask)
        what = "With dropout=0.5, scores outside training differ from those with dropout=0"
        expect_close(_score(dropping, outputs, mask), plain, what, rule, to_do, tolerance=1e-6)
        what = "With dropout=0, scores in training differ from those outside"
        expect_close(
            as_numpy(keeping(outputs, padding_mask=mask, training=True)), plain, what, rule, to_do, tolerance=1e-6
        )
        first, second = (as_numpy(dropping(outputs, padding_mask=mask, training=True)) for _ in range(2))
        what = "With dropout=0.5, two calls with training=True give the same scores."
        expect(not np.array_equal(first, second), what, rule, to_do)

    def test_content_of_padding_does_not_matter(self, head: ClassifierHead, outputs: Arrays, mask: Any) -> None:
        """States where the padding mask is 0 do not change the scores."""
        other = dict(outputs)
        states = outputs["sequence_output"]
        other["sequence_output"] = np.where(mask[:, :, None], states, 50.0 * (1 + np.abs(states[::-1])))
        what = "Other states where the padding mask is 0 change the scores"
        rule = "a text's scores do not depend on the content of its padding."
        to_do = (
            "multiply states by padding_mask before a sum, divide by its sum, and set them to -1e4 before a maximum."
        )
        expect_close(_score(head, other, mask), _score(head, outputs, mask), what, rule, to_do)

    def test_length_of_padding_does_not_matter(self, head: ClassifierHead, outputs: Arrays, mask: Any) -> None:
        """A text's scores are the same however far it is padded."""
        expected = _score(head, outputs, mask)
        for row, length in enumerate(LENGTHS):
            alone = {name: array[row : row + 1] for name, array in outputs.items()}
            alone["sequence_output"] = alone["sequence_output"][:, :length]
            what = f"A text of {length} tokens is scored otherwise alone than padded in a batch"
            rule = "a text's scores do not depend on padding or on other texts."
            to_do = "take the mean over real tokens, not over all; reduce over the axis of tokens, never of texts."
            expect_close(_score(head, alone, mask[row : row + 1, :length])[0], expected[row], what, rule, to_do)

    def test_mask_may_be_missing_or_integer(self, head: ClassifierHead, outputs: Arrays, mask: Any) -> None:
        """padding_mask=None means that all tokens are real; a mask of integers equals the Boolean one."""
        rule = "padding_mask is None, Boolean or integer."
        full = np.ones_like(mask)
        what = "Without a padding_mask, scores are not those of a mask of ones"
        to_do = "handle padding_mask=None; compare it with ops.not_equal(padding_mask, 0)."
        expect_close(_score(head, outputs, None), _score(head, outputs, full), what, rule, to_do)
        what = "With an int32 mask, scores are not those of the Boolean one"
        expect_close(_score(head, outputs, mask.astype("int32")), _score(head, outputs, mask), what, rule, to_do)

    def test_gradients_reach_every_weight(self, head: ClassifierHead, outputs: Arrays, mask: Any) -> None:
        """Every trainable weight is trained."""
        expect_gradients(gradients(head, dict(outputs), padding_mask=mask), type(head))

    def test_bfloat16(self, head: ClassifierHead, outputs: Arrays, mask: Any) -> None:
        """In bfloat16, weights and scores are bfloat16, and near those of float32."""
        self._expect_dtype(head, outputs, mask, "bfloat16")

    def test_mixed_bfloat16(self, head: ClassifierHead, outputs: Arrays, mask: Any) -> None:
        """In mixed_bfloat16, weights are float32, scores are bfloat16, and near those of float32."""
        self._expect_dtype(head, outputs, mask, "mixed_bfloat16")

    def test_compiled_is_eager(self, head: ClassifierHead, outputs: Arrays, mask: Any) -> None:
        """In a compiled model it scores as in a plain call."""
        found = _model(head, outputs).predict({**outputs, "padding_mask": mask.astype("int32")}, verbose=0)
        to_do = "use only keras.ops; branch on values with ops.where, not with if."
        what = "In predict, scores are not those of a call"
        expect_close(found, _score(head, outputs, mask), what, "compiling changes nothing.", to_do)

    def test_saving_restores_it(self, head: ClassifierHead, outputs: Arrays, mask: Any, tmp_path: Path) -> None:
        """A model with it, saved and loaded by Keras, scores the same."""
        _model(head, outputs).save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        found = loaded.predict({**outputs, "padding_mask": mask.astype("int32")}, verbose=0)
        to_do = "create every layer and weight in __init__ or build, never in call."
        what = "After saving and loading, scores are others"
        expect_close(found, _score(head, outputs, mask), what, "weights are saved and loaded.", to_do)

    def _expect_dtype(self, head: ClassifierHead, outputs: Arrays, mask: Any, policy: str) -> None:
        __tracebackhide__ = True

        def call(one: Any) -> dict[str, Any]:
            cast = {name: keras.ops.cast(array, one.compute_dtype) for name, array in outputs.items()}
            return {"scores": one(cast, padding_mask=mask, training=False)}

        expect_dtype(head, None, policy, call)


def _score(head: ClassifierHead, outputs: Mapping[str, Any], mask: Any) -> np.ndarray[Any, Any]:
    return as_numpy(head(dict(outputs), padding_mask=mask, training=False))


def _variant(
    head: ClassifierHead, outputs: Arrays, like: ClassifierHead | None = None, **changes: Any
) -> ClassifierHead:
    """Return a head with other arguments, built, and with the weights of `like`."""
    other = type(head).from_config({**head.get_config(), **changes})
    other(dict(outputs), padding_mask=np.ones(outputs["sequence_output"].shape[:2], "int32"))
    if like is not None:
        other.set_weights(like.get_weights())
    return other


def _model(head: ClassifierHead, outputs: Arrays) -> keras.Model:
    inputs = {
        name: keras.Input((None, array.shape[-1]) if array.ndim == 3 else array.shape[1:], name=name)
        for name, array in outputs.items()
    }
    mask = keras.Input((None,), dtype="int32", name="padding_mask")
    return keras.Model({**inputs, "padding_mask": mask}, head(inputs, padding_mask=mask))
