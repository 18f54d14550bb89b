import os

import keras
import ml_dtypes
import numpy as np
import pytest

from modelry.checkpoints.weights import Flat, Linear, Same, SourcedWeight
from modelry.errors import PresetFormatError, WeightsError
from modelry.weights.build import initialize, is_placed, uninitialized
from modelry.weights.load import layer_weights, load_mapped, load_weights
from modelry.weights.save import save_hdf5, save_safetensors, values
from modelry.weights.stores import open_store
from modelry.weights.tensors import TensorInfo, TensorStore

from .zoo import FIXTURES, numbers, randomize, small_model

BERT = FIXTURES / "transformers/bert/model.safetensors"


class Memory(TensorStore):
    """Arrays as a store, which counts what is read."""

    def __init__(self, **arrays):
        self.arrays = {name.replace("__", "/"): np.asarray(array) for name, array in arrays.items()}
        self.reads = []

    def names(self):
        return self.arrays.keys()

    def info(self, name):
        return TensorInfo(self.arrays[name].shape, self.arrays[name].dtype)

    def read(self, name):
        self.reads.append(name)
        return self.arrays[name].copy()


def empty(shape, dtype="float32"):
    with uninitialized():
        return keras.Variable("zeros", shape, dtype)


def f32(*shape):
    return np.arange(np.prod(shape), dtype="float32").reshape(shape)


def outputs(model):
    return np.asarray(keras.ops.stop_gradient(model(np.arange(10, dtype="int32").reshape(2, 5))))


def test_a_file_of_keras_into_a_model_without_values(model, keras_file):
    with uninitialized() as created:
        loaded = small_model()
    load_weights(layer_weights(loaded.layers), open_store(keras_file), where="the preset")
    initialize(created)
    assert np.array_equal(outputs(loaded), outputs(model))


def test_a_file_of_keras_into_a_model_with_values(model, keras_file):
    loaded = small_model()
    load_weights(layer_weights(loaded.layers), open_store(keras_file), where="the preset")
    assert np.array_equal(outputs(loaded), outputs(model))


@pytest.mark.parametrize("save", [save_hdf5, save_safetensors])
def test_training_changes_the_model_and_not_the_file(model, tmp_path, save):
    path = tmp_path / ("a.weights.h5" if save is save_hdf5 else "a.safetensors")
    save(path, layer_weights(model.layers))
    content = path.read_bytes()
    with uninitialized() as created:
        trained, other = small_model(), small_model()
    store = open_store(path)
    load_weights(layer_weights(trained.layers), store, where="the preset")
    load_weights(layer_weights(other.layers), store, where="the preset")
    initialize(created)
    before = outputs(other)
    assert np.array_equal(before, outputs(trained))
    trained.compile("adam", "mse")
    trained.fit(np.ones((8, 5), "int32"), np.ones((8, 3)), epochs=2, verbose=0)
    assert not np.allclose(outputs(trained), before)
    assert np.array_equal(outputs(other), before)
    assert path.read_bytes() == content


def test_training_after_placing_equals_training_after_assigning(model, keras_file):
    """The backend may hand the adopted memory on to its optimizer; the numbers must not care."""
    results = []
    for build in (small_model, lambda: uninitialized_model()):
        keras.utils.set_random_seed(0)
        loaded = build()
        load_weights(layer_weights(loaded.layers), open_store(keras_file), where="the preset")
        initialize(loaded.variables)
        for layer in loaded._flatten_layers():
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0
        loaded.compile("adam", "mse")
        loaded.fit(np.ones((8, 5), "int32"), np.ones((8, 3)), epochs=3, shuffle=False, verbose=0)
        results.append(outputs(loaded))
    np.testing.assert_allclose(results[0], results[1], rtol=1e-5, atol=1e-6)


def uninitialized_model():
    with uninitialized():
        return small_model()


def test_a_loaded_model_survives_that_its_file_is_overwritten(model, tmp_path):
    path = tmp_path / "a.weights.h5"
    save_hdf5(path, layer_weights(model.layers))
    with uninitialized() as created:
        loaded = small_model()
    load_weights(layer_weights(loaded.layers), open_store(path), where="the preset")
    initialize(created)
    save_hdf5(path, layer_weights(randomize(small_model(), seed=5).layers))
    assert np.array_equal(outputs(loaded), outputs(model))


def test_a_larger_checkpoint_does_not_fit_a_smaller_model(keras_file):
    small = uninitialized_small()
    named = layer_weights(small.layers)
    with pytest.raises(WeightsError) as caught:
        load_weights(named, open_store(keras_file), where="bert_base_en")
    message = str(caught.value)
    assert message.startswith("bert_base_en does not fit the model: ")
    assert (
        "layers/block_1/attention/query_dense/vars/0: in the file ((8, 2, 4) float32), but nothing in the model"
        in message
    )
    assert "... and" in message
    assert "Nothing was loaded" in message
    assert len(message.splitlines()) == 1 + 8 + 1 + 1
    assert not any(map(is_placed, named.values()))


def uninitialized_small():
    with uninitialized():
        return small_model(blocks=1)


def test_every_kind_of_misfit_is_listed():
    variables = {
        "shape": empty((2, 3)),
        "absent": empty((4,), "bfloat16"),
        "number": empty((2,)),
        "right": empty((2,), "float16"),
    }
    store = Memory(shape=f32(3, 2), number=np.ones(2, "int32"), right=f32(2), surplus=np.ones(1, ml_dtypes.bfloat16))
    with pytest.raises(WeightsError) as caught:
        load_weights(variables, store, where="x")
    assert str(caught.value).splitlines()[1:-1] == [
        "  shape: expected (2, 3) float32, found (3, 2) float32",
        "  absent: expected (4,) bfloat16, missing",
        "  number: expected (2,) float32, found (2,) int32",
        "  surplus: in the file ((1,) bfloat16), but nothing in the model takes it",
    ]
    assert "4 problem(s)" in str(caught.value)
    assert store.reads == []
    assert not any(map(is_placed, variables.values()))


def test_precision_may_differ():
    variables = {"a": empty((2,)), "b": empty((2,), "bfloat16"), "c": empty((2,), "float16")}
    store = Memory(a=np.array([1, 2], ml_dtypes.bfloat16), b=f32(2), c=np.array([1, 2], "float64"))
    load_weights(variables, store, where="x")
    assert [numbers(variable).tolist() for variable in variables.values()] == [[1, 2], [0, 1], [1, 2]]
    assert [variable.dtype for variable in variables.values()] == ["float32", "bfloat16", "float16"]


def test_a_scalar_is_not_a_vector_of_one():
    with pytest.raises(WeightsError, match=r"expected \(\) float32, found \(1,\) float32"):
        load_weights({"a": empty(())}, Memory(a=f32(1)), where="x")


# Foreign checkpoints


@pytest.mark.parametrize(("layout", "shape", "stored"), [
    (Same(), (2, 3), (2, 3)),
    (Linear(), (4, 6), (6, 4)),
    (Linear(), (8, 2, 4), (8, 8)),
    (Linear(2), (2, 4, 6), (6, 8)),
    (Flat(), (2, 4), (8,)),
    (Flat(), (5,), (5,)),
])  # fmt: skip
def test_layouts_go_both_ways(layout, shape, stored):
    assert layout.stored_shape(shape) == stored
    array = np.random.default_rng(0).normal(size=stored)
    read = layout.read(array, shape)
    assert read.shape == shape
    assert np.shares_memory(read, array)
    assert np.array_equal(layout.write(read), array)


def test_linear_computes_what_torch_computes():
    matrix, x = f32(6, 8), f32(3, 8)
    assert np.array_equal(x @ Linear().read(matrix, (8, 6)), x @ matrix.T)
    # Queries: (E) → (H, D), and back with two input axes.
    heads = Linear().read(matrix, (8, 2, 3))
    assert np.array_equal(np.einsum("te,ehd->thd", x, heads), (x @ matrix.T).reshape(3, 2, 3))
    merge = Linear(2).read(matrix, (2, 4, 6))
    assert np.array_equal(np.einsum("thd,hde->te", x.reshape(3, 2, 4), merge), x @ matrix.T)


@pytest.mark.parametrize(
    ("layout", "shape"), [(Linear(), (4, 6)), (Linear(), (8, 2, 4)), (Linear(2), (2, 4, 6)), (Flat(), (2, 4))]
)
def test_mapped_weights_arrive(layout, shape):
    variable = empty(shape)
    array = f32(*layout.stored_shape(shape))
    load_mapped([SourcedWeight(variable, "w", layout)], Memory(w=array), where="x")
    assert np.array_equal(numbers(variable), layout.read(array, shape))


def test_the_first_name_that_is_present_wins():
    variables = [empty((2,)) for _ in range(3)]
    weights = [
        SourcedWeight(variables[0], ("bert.norm.weight", "norm.weight", "norm.gamma")),
        SourcedWeight(variables[1], ["bert.a", "a"]),
        SourcedWeight(variables[2], "a"),
    ]
    store = Memory(**{"norm.gamma": [1.0, 2], "a": [3.0, 4]})
    assert load_mapped(weights, store, where="x") == []
    assert [numbers(variable).tolist() for variable in variables] == [[1, 2], [3, 4], [3, 4]]


def test_two_variables_from_one_tensor_do_not_share_memory(tmp_path):
    path = tmp_path / "a.safetensors"
    save_safetensors(path, {"w": f32(1024)})
    first, second = empty((1024,)), empty((1024,))
    load_mapped([SourcedWeight(first, "w"), SourcedWeight(second, "w")], open_store(path), where="x")
    first.assign(first.value + 1)
    if keras.backend.backend() == "torch":
        first.value.data.add_(1)
    assert np.array_equal(numbers(second), f32(1024))


def test_optional_and_ignored_patterns():
    kept, head, pooler = empty((2,)), empty((2,)), empty((2,))
    weights = [SourcedWeight(kept, "a"), SourcedWeight(head, ("x.head.w", "head.w")), SourcedWeight(pooler, "pooler.w")]
    store = Memory(**{"a": f32(2), "pooler.w": f32(2), "cls.bias": f32(9), "layer.0.position_ids": np.ones(3, "int64")})
    patterns = {"optional": ["head.*", "pooler.*"], "ignored": ["cls.*", "*.position_ids"]}
    assert [id(variable) for variable in load_mapped(weights, store, where="x", **patterns)] == [id(head)]
    assert (is_placed(kept), is_placed(head), is_placed(pooler)) == (True, False, True)
    assert store.reads == ["a", "pooler.w"]
    with pytest.raises(WeightsError) as caught:
        load_mapped(weights, store, where="x", optional=["pooler.*"], ignored=["cls.*"])
    assert "x.head.w or head.w: expected (2,) float32, missing" in str(caught.value)
    assert "layer.0.position_ids: in the file ((3,) int64)" in str(caught.value)


def test_an_optional_weight_that_is_present_must_fit():
    with pytest.raises(WeightsError, match=r"head\.w: expected \(3, 2\) float32, found \(4, 2\) float32"):
        load_mapped(
            [SourcedWeight(empty((2, 3)), "head.w", Linear())],
            Memory(**{"head.w": f32(4, 2)}),
            where="x",
            optional=["*"],
        )


def test_a_checkpoint_of_transformers():
    from safetensors.numpy import load_file

    expected = load_file(BERT)
    kernel, bias, words = (
        empty((32, 4, 8)),
        empty((4, 8)),
        empty(expected["bert.embeddings.word_embeddings.weight"].shape),
    )
    query = "encoder.layer.0.attention.self.query."
    missing = load_mapped(
        [
            SourcedWeight(kernel, (query + "weight", f"bert.{query}weight"), Linear()),
            SourcedWeight(bias, (query + "bias", f"bert.{query}bias"), Flat()),
            SourcedWeight(words, ("embeddings.word_embeddings.weight", "bert.embeddings.word_embeddings.weight")),
        ],
        open_store(BERT),
        where=str(BERT),
        ignored=["*"],
    )
    assert missing == []
    x = np.random.default_rng(0).normal(size=(5, 32)).astype("float32")
    ours = np.einsum("te,ehd->thd", x, numbers(kernel)) + numbers(bias)
    theirs = x @ expected[f"bert.{query}weight"].T + expected[f"bert.{query}bias"]
    np.testing.assert_allclose(ours.reshape(5, 32), theirs, rtol=1e-5, atol=1e-6)
    assert np.array_equal(numbers(words), expected["bert.embeddings.word_embeddings.weight"])


def test_a_file_that_is_written_to_while_it_is_read(model, keras_file, monkeypatch):
    """Another program's write comes between the header and the last tensor."""
    store = open_store(keras_file)
    with keras_file.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\0")
    os.utime(keras_file, (0, 0))  # clocks may be too coarse to tell the two apart
    with pytest.raises(PresetFormatError, match=r"keras\.weights\.h5 was written to while it was read"):
        load_weights(layer_weights(model.layers), store, where="it")


def test_a_file_that_is_replaced_while_it_is_read_is_read_to_its_end(model, keras_file, tmp_path):
    expected = [values(variable).copy() for variable in model.weights]
    store = open_store(keras_file)
    other = tmp_path / "other"
    other.write_bytes(b"another file")
    other.replace(keras_file)
    load_weights(layer_weights(randomize(model, seed=9).layers), store, where="it")
    for variable, value in zip(model.weights, expected, strict=True):
        np.testing.assert_array_equal(values(variable), value)
