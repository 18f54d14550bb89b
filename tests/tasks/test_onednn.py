from __future__ import annotations

import gc
from typing import Any

import keras
import numpy as np
import pytest

from modelry import TextClassifier
from modelry.runtime import onednn as prepacked

if keras.backend.backend() != "torch":
    pytest.skip("PyTorch has these operators", allow_module_level=True)

import torch

from modelry.runtime import onednn_torch as prepacked_torch

PRESET = "bert_micro_sst2"
TEXTS = [f"a {'very ' * (number % 40)}good film {number}" for number in range(300)]


@pytest.fixture
def classifier() -> TextClassifier:
    return TextClassifier.from_preset(PRESET)


def copies(model: Any) -> int:
    return sum(weight.packed is not None for weight in prepacked._KEPT.get(model, {}).values())


def plain(model: TextClassifier, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    with monkeypatch.context() as patched:
        patched.setattr(prepacked, "_usable", lambda device, dtype: False)
        return np.asarray(model.predict(TEXTS, verbose=0), "float32")


def test_this_machine_has_the_operators() -> None:
    # If this fails, PyTorch has changed, and predictions have become slower without any other sign.
    if not torch.backends.mkldnn.is_available():
        pytest.skip("this PyTorch has no oneDNN")
    assert prepacked._usable("cpu", "torch.float32")


def test_scores_are_the_same(classifier: TextClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = plain(classifier, monkeypatch)

    first, second = (classifier.predict(TEXTS, verbose=0) for _ in range(2))

    assert copies(classifier) >= 6 * classifier.backbone.num_layers
    np.testing.assert_allclose(first, expected, atol=1e-5)
    np.testing.assert_allclose(second, expected, atol=1e-5)


def test_scores_in_bfloat16_are_close(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = TextClassifier.from_preset(PRESET, dtype="bfloat16")
    expected = plain(classifier, monkeypatch)

    np.testing.assert_allclose(np.asarray(classifier.predict(TEXTS, verbose=0), "float32"), expected, atol=0.1)


def test_a_few_texts_are_not_worth_it(classifier: TextClassifier) -> None:
    alone = classifier.predict(TEXTS[:3], verbose=0)
    assert copies(classifier) == 0

    classifier.predict(TEXTS, verbose=0)
    assert copies(classifier) > 0
    np.testing.assert_array_equal(classifier.predict(TEXTS[:3], verbose=0), alone)  # whatever came before


def test_a_stream_is_worth_it(classifier: TextClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = classifier.predict(iter([TEXTS[:3]]), verbose=0)

    assert copies(classifier) > 0
    np.testing.assert_allclose(scores, plain(classifier, monkeypatch)[:3], atol=1e-5)


def test_changed_weights_are_seen(classifier: TextClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    before = classifier.predict(TEXTS, verbose=0)
    assert copies(classifier)

    for weight in classifier.backbone.trainable_variables:
        weight.assign(weight * 1.1)

    after = classifier.predict(TEXTS, verbose=0)
    assert np.abs(after - before).max() > 1e-3
    np.testing.assert_allclose(after, plain(classifier, monkeypatch), atol=1e-5)


def test_training_frees_the_copies_and_is_seen(classifier: TextClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier.predict(TEXTS, verbose=0)
    classifier.compile(keras.optimizers.Adam(1e-3))
    classifier.fit(TEXTS, [number % 2 for number in range(300)], verbose=0)

    assert copies(classifier) == 0
    np.testing.assert_allclose(classifier.predict(TEXTS, verbose=0), plain(classifier, monkeypatch), atol=1e-5)


def test_the_copies_go_with_the_model() -> None:
    classifier = TextClassifier.from_preset(PRESET)
    classifier.predict(TEXTS, verbose=0)
    gc.collect()
    assert len(prepacked._KEPT) == 1
    del classifier
    gc.collect()

    assert not prepacked._KEPT


@pytest.mark.parametrize("fault", [AttributeError, RuntimeError("no such operator"), "wrong"])
def test_predictions_do_without_operators_that_fail(
    classifier: TextClassifier, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    expected = plain(classifier, monkeypatch)

    def multiply(x: Any, packed: Any, bias: Any) -> Any:
        if fault != "wrong":
            raise fault
        return torch.zeros(*x.shape[:-1], 48)

    monkeypatch.setattr(prepacked_torch, "multiply", multiply)
    prepacked._usable.cache_clear()
    try:
        np.testing.assert_array_equal(classifier.predict(TEXTS, verbose=0), expected)
        assert copies(classifier) == 0
    finally:
        prepacked._usable.cache_clear()


def test_lora_is_seen(classifier: TextClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier.predict(TEXTS, verbose=0)
    layer = classifier.backbone.transformer_layers[0].sublayers().output
    layer.enable_lora(4)
    layer.lora_kernel_b.assign(keras.ops.ones_like(layer.lora_kernel_b) * 0.05)

    np.testing.assert_allclose(classifier.predict(TEXTS, verbose=0), plain(classifier, monkeypatch), atol=1e-5)


@pytest.mark.parametrize("equation", ["BTE,EHD->BTHD", "BTHD,HDE->BTE", "BTE,EF->BTF"])
def test_einsums_of_dense_layers_are_recognised(equation: str) -> None:
    left, right = equation.split("->")[0].split(",")
    x, kernel = torch.ones([2] * len(left)), torch.ones([2] * len(right))

    assert prepacked_torch._contracted(equation, x, kernel) == len(set(left) & set(right))


@pytest.mark.parametrize("equation", ["BTE,HED->BTHD", "BET,EHD->BTHD", "BTE,EHD->BTDH", "BTHD,BSHD->BHTS"])
def test_other_einsums_are_left_alone(equation: str) -> None:
    left, right = equation.split("->")[0].split(",")

    assert prepacked_torch._contracted(equation, torch.ones([2] * len(left)), torch.ones([2] * len(right))) == 0
