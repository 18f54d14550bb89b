import json

import keras
import numpy as np
import pytest

from modelry import TextClassifier
from modelry.errors import InputError
from modelry.weights.stores import open_store

from .conftest import TEXTS


def numbers(variable):
    return keras.ops.convert_to_numpy(variable.value)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("layout", ["modelry", "transformers"])
def test_a_preset_in_half_the_size(make, tmp_path, layout, dtype):
    classifier = make()
    before = [numbers(variable).copy() for variable in classifier.weights]
    classifier.save_to_preset(tmp_path / "p", format=layout, dtype=dtype)
    names = {"modelry": ("model.weights.h5", "task.weights.h5"), "transformers": ("model.safetensors",)}[layout]
    for name in names:
        store = open_store(tmp_path / "p" / name)
        assert {store.info(one).dtype.name for one in store.names()} == {dtype}
    again = TextClassifier.from_preset(tmp_path / "p")
    for old, variable, read in zip(before, classifier.weights, again.weights, strict=True):
        np.testing.assert_array_equal(numbers(variable), old)  # the model itself is as it was
        assert read.dtype == "float32"
        np.testing.assert_array_equal(numbers(read), old.astype(np.dtype(dtype)).astype("float32"))
    np.testing.assert_allclose(again.predict(TEXTS, verbose=0), classifier.predict(TEXTS, verbose=0), atol=2e-2)


def test_transformers_is_told_the_dtype(make, tmp_path):
    make().save_to_preset(tmp_path / "task", format="transformers", dtype="bfloat16")
    make().backbone.save_to_preset(tmp_path / "backbone", format="transformers", dtype="float16")
    told = [json.loads((tmp_path / name / "config.json").read_text())["dtype"] for name in ("task", "backbone")]
    assert told == ["bfloat16", "float16"]


def test_a_dtype_that_is_none(make, tmp_path):
    with pytest.raises(InputError, match=r"dtype='int8' is unknown; choose one of None, 'bfloat16'"):
        make().save_to_preset(tmp_path / "p", dtype="int8")
