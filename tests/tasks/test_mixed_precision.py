"""In mixed_float16 gradients are small numbers of a type that has none smaller, so the loss is scaled."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from modelry import TextClassifier
from modelry.models import BertTextClassifier

from .conftest import BERT, LABELS, TEXTS

SCALED = keras.optimizers.LossScaleOptimizer


@pytest.fixture
def half():
    return TextClassifier.from_preset(BERT, num_classes=2, dtype="mixed_float16")


def test_the_model_has_its_backbone_s_policy(half):
    assert half.dtype_policy.name == half.backbone.dtype_policy.name == "mixed_float16"
    assert TextClassifier.from_preset(BERT).dtype_policy.name == "float32"
    again = BertTextClassifier(half.backbone, 2)
    assert again.dtype_policy.name == "mixed_float16"
    assert isinstance(again.optimizer, SCALED)


def test_the_loss_is_scaled_by_default_and_with_an_optimizer_of_one_s_own(half):
    assert isinstance(half.optimizer, SCALED)
    assert float(half.optimizer.inner_optimizer.learning_rate) == pytest.approx(5e-5)
    half.compile(optimizer="adam")
    assert isinstance(half.optimizer, SCALED)
    half.compile(auto_scale_loss=False)
    assert isinstance(half.optimizer, keras.optimizers.Adam)
    for dtype in ("float32", "mixed_bfloat16"):
        assert isinstance(TextClassifier.from_preset(BERT, dtype=dtype).optimizer, keras.optimizers.Adam)


def test_small_gradients_arrive(half):
    kernel = half.head.output_dense.kernel
    assert (kernel.dtype, half.head.compute_dtype) == ("float32", "float16")
    change = {}
    for scale in (True, False):
        before = keras.ops.convert_to_numpy(kernel).copy()
        half.compile(optimizer=keras.optimizers.Adam(0.01, epsilon=1e-15), auto_scale_loss=scale)
        half.fit(TEXTS, LABELS, sample_weight=np.full(len(TEXTS), 1e-7), verbose=0)
        change[scale] = np.abs(keras.ops.convert_to_numpy(kernel) - before).max()
    assert change[True] > change[False] == 0


def test_it_is_saved_and_goes_on(half, tmp_path):
    half.fit(TEXTS, LABELS, verbose=0)
    half.save(tmp_path / "half.keras")
    again = keras.saving.load_model(tmp_path / "half.keras")
    assert isinstance(again.optimizer, SCALED)
    assert not isinstance(again.optimizer.inner_optimizer, SCALED)
    assert int(again.optimizer.inner_optimizer.iterations) == int(half.optimizer.inner_optimizer.iterations) == 1
    half.enable_lora(2)
    half.fit(TEXTS, LABELS, verbose=0)
    assert isinstance(half.optimizer, SCALED)
