import json
import os
import time

import h5py
import keras
import ml_dtypes
import numpy as np
import pytest

from modelry.errors import SaveError, WeightsError
from modelry.weights import save as save_module
from modelry.weights.build import initialize, uninitialized
from modelry.weights.load import layer_weights, load_weights
from modelry.weights.save import GIB, save_hdf5, save_safetensors
from modelry.weights.stores import open_store

from .zoo import FIXTURES, datasets, load_with_keras, numbers, randomize, save_with_keras, small_model

WRITERS = {save_hdf5: "model.weights.h5", save_safetensors: "model.safetensors"}
both = pytest.mark.parametrize("save", WRITERS, ids=lambda save: save.__name__)


def arrays(count=4):
    return {
        f"layers/dense_{i}/vars/{j}": np.full((8, 4), 10 * i + j, "float32") for i in range(count) for j in range(2)
    }


def assert_holds(path, expected):
    store = open_store(path)
    assert set(store.names()) == set(expected)
    for name, array in expected.items():
        read = store.read(name)
        assert read.dtype == array.dtype
        assert np.array_equal(read, array), name


def test_keras_loads_our_hdf5(model, tmp_path):
    path = tmp_path / "model.weights.h5"
    save_hdf5(path, layer_weights(model.layers))
    loaded = randomize(small_model(), seed=1)
    load_with_keras(loaded, path)
    for ours, theirs in zip(model.weights, loaded.weights, strict=True):
        if ours.name != "seed_generator_state":
            assert np.array_equal(numbers(ours), numbers(theirs))


def test_keras_loads_our_shards(model, tmp_path):
    index, *files = save_hdf5(tmp_path / "model.weights.h5", layer_weights(model.layers), max_shard_size=700 / GIB)
    assert index.name == "model.weights.json"
    assert [file.name for file in files[:2]] == ["model_00000.weights.h5", "model_00001.weights.h5"]
    assert sorted(os.listdir(tmp_path)) == sorted(file.name for file in (index, *files))
    loaded = randomize(small_model(), seed=1)
    load_with_keras(loaded, index)
    for ours, theirs in zip(model.weights, loaded.weights, strict=True):
        if ours.name != "seed_generator_state":
            assert np.array_equal(numbers(ours), numbers(theirs))


def test_our_hdf5_holds_what_keras_would_write(model, keras_file, tmp_path):
    path = tmp_path / "model.weights.h5"
    save_hdf5(path, layer_weights(model.layers))
    ours, theirs = datasets(path), datasets(keras_file)
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_the_index_of_shards_is_that_of_keras(model, tmp_path):
    save_hdf5(tmp_path / "model.weights.h5", layer_weights(model.layers), max_shard_size=700 / GIB)
    (tmp_path / "keras").mkdir()
    save_with_keras(model, tmp_path / "keras/model.weights.json", max_shard_size=700 / GIB)
    ours, theirs = (
        json.loads((folder / "model.weights.json").read_text()) for folder in (tmp_path, tmp_path / "keras")
    )
    assert ours["metadata"] == theirs["metadata"]
    assert ours["weight_map"].keys() == theirs["weight_map"].keys()
    # A text for the group of one variable, a list for others.
    assert all(isinstance(ours["weight_map"][group], type(files)) for group, files in theirs["weight_map"].items())


def test_keras_reads_our_bfloat16(tmp_path):
    def build():
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype="bfloat16")])

    model, loaded = randomize(build()), build()
    save_hdf5(tmp_path / "model.weights.h5", layer_weights(model.layers))
    load_with_keras(loaded, tmp_path / "model.weights.h5")
    assert np.array_equal(numbers(loaded.weights[0]), numbers(model.weights[0]))
    with h5py.File(tmp_path / "model.weights.h5") as file:
        assert file["layers/dense/vars/0"].dtype == "V2"
        assert file["layers/dense/vars/0"].attrs["dtype"] == "bfloat16"


@both
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int8", "bool", "uint32", ">f4"])
def test_every_bit_comes_back(tmp_path, save, dtype):
    bits = np.random.default_rng(0).integers(0, 256, (7, 5, 8), "uint8")
    array = (bits % 2).astype(bool) if dtype == "bool" else bits.view(np.dtype(dtype))
    path = tmp_path / WRITERS[save]
    save(
        path,
        {"layers/a/vars/0": array, "layers/a/vars/1": np.float32(2), "layers/a/vars/2": np.zeros((0, 3), "float32")},
    )
    store = open_store(path)
    assert store.read("layers/a/vars/0").tobytes() == array.astype(array.dtype.newbyteorder("=")).tobytes()
    assert store.read("layers/a/vars/1") == 2
    assert store.read("layers/a/vars/2").shape == (0, 3)


@both
@pytest.mark.parametrize("limit", [None, 700 / GIB])
def test_save_load_save_gives_the_same_bytes(model, tmp_path, save, limit):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    written = save(first / WRITERS[save], layer_weights(model.layers), max_shard_size=limit)
    with uninitialized() as created:
        loaded = small_model()
    load_weights(layer_weights(loaded.layers), open_store(written[0]), where="x")
    initialize(created)
    time.sleep(1.1)  # HDF5 can store times, in seconds
    names = layer_weights(loaded.layers)
    again = save(second / WRITERS[save], dict(reversed(names.items())), max_shard_size=limit)
    assert [file.name for file in written] == [file.name for file in again]
    assert [file.read_bytes() for file in written] == [file.read_bytes() for file in again]
    assert (len(written) > 1) == (limit is not None)


@pytest.mark.parametrize("preset", ["bert", "bert_cased"])
def test_a_real_preset_comes_back(tmp_path, preset):
    original = open_store(FIXTURES / f"keras_hub/{preset}/model.weights.h5")
    weights = {name: original.read(name) for name in original.names()}
    for save, name in WRITERS.items():
        save(tmp_path / name, weights)
        assert_holds(tmp_path / name, weights)


def test_the_safetensors_package_reads_ours(tmp_path):
    from safetensors import safe_open
    from safetensors.numpy import load_file

    expected = arrays() | {"odd": np.arange(3, dtype="int8"), "é": np.ones(5, "float16"), "scalar": np.float32(4)}
    expected["b"] = np.ones(16, ml_dtypes.bfloat16)
    save_safetensors(tmp_path / "a.safetensors", expected, metadata={"format": "pt"})
    read = load_file(tmp_path / "a.safetensors")
    assert read.keys() == expected.keys()
    assert all(np.array_equal(read[name], expected[name]) for name in expected)
    with safe_open(tmp_path / "a.safetensors", "numpy") as file:
        assert file.metadata() == {"format": "pt"}


@both
def test_values_start_where_backends_can_share_them(tmp_path, save):
    weights = {f"layers/a/vars/{i}": np.ones(size, "float32") for i, size in enumerate([1, 2048, 3, 4096, 512, 7])}
    save(tmp_path / WRITERS[save], weights)
    store = open_store(tmp_path / WRITERS[save])
    for name, array in weights.items():
        address = store.read(name).ctypes.data
        assert address % (64 if array.nbytes >= 1024 else 4) == 0, name


def test_hdf5_values_are_contiguous_and_plain(tmp_path):
    save_hdf5(tmp_path / "a.weights.h5", arrays())
    with h5py.File(tmp_path / "a.weights.h5") as file:
        dataset = file["layers/dense_0/vars/0"]
        assert (dataset.chunks, dataset.compression) == (None, None)
        assert dataset.id.get_offset() is not None


@both
def test_shards_stay_below_the_limit(tmp_path, save):
    weights = arrays(9)
    index, *files = save(tmp_path / WRITERS[save], weights, max_shard_size=300 / GIB)
    assert len(files) == 9  # two of 128 bytes fit
    assert_holds(index, weights)
    for file in files:
        assert sum(open_store(file).info(name).nbytes for name in open_store(file).names()) <= 300
    content = json.loads(index.read_text())
    assert content["metadata"]["total_size"] == 18 * 128


def test_safetensors_shards_are_named_as_transformers_names_them(tmp_path):
    written = save_safetensors(tmp_path / "model.safetensors", arrays(1), max_shard_size=128 / GIB)
    assert [file.name for file in written] == [
        "model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
    ]  # fmt: skip
    weight_map = json.loads(written[0].read_text())["weight_map"]
    assert weight_map["layers/dense_0/vars/1"] == "model-00002-of-00002.safetensors"


@both
def test_a_model_below_the_limit_is_one_file(tmp_path, save):
    assert save(tmp_path / WRITERS[save], arrays(), max_shard_size=10) == (tmp_path / WRITERS[save],)


@both
def test_one_weight_above_the_limit(tmp_path, save):
    with pytest.raises(SaveError, match=r"'layers/dense_0/vars/0' takes .* more than max_shard_size=.*larger"):
        save(tmp_path / WRITERS[save], arrays(), max_shard_size=100 / GIB)
    assert os.listdir(tmp_path) == []


@both
def test_a_weight_without_a_value(tmp_path, save):
    with uninitialized():
        layer = keras.layers.Dense(2)
        layer.build((None, 3))
    with pytest.raises(WeightsError, match="no value yet"):
        save(tmp_path / WRITERS[save], layer_weights([layer]))
    assert os.listdir(tmp_path) == []


@both
def test_a_failure_leaves_the_old_file(tmp_path, save, monkeypatch):
    path = tmp_path / WRITERS[save]
    save(path, arrays(1))
    before = path.read_bytes()
    taken = iter([np.ones((8, 4), "float32")])
    monkeypatch.setattr(save_module, "_array", lambda value: next(taken))
    with pytest.raises((StopIteration, RuntimeError)):
        save(path, arrays(2))
    assert os.listdir(tmp_path) == [path.name]
    assert path.read_bytes() == before


@both
def test_values_are_fetched_one_at_a_time(tmp_path, save, monkeypatch):
    import weakref

    alive = []
    most = 0

    def fetch(value):
        nonlocal most
        array = np.array(value)
        alive.append(weakref.ref(array))
        most = max(most, sum(reference() is not None for reference in alive))
        return array

    monkeypatch.setattr(save_module, "_array", fetch)
    save(tmp_path / WRITERS[save], arrays(9))
    assert len(alive) == 18
    assert most <= 2  # the last one goes when the next one comes


def test_the_mode_of_a_file_is_the_usual_one(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    save_hdf5(tmp_path / "a.weights.h5", arrays())
    assert (tmp_path / "a.weights.h5").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("save", "name"), [(save_hdf5, "a.h5"), (save_hdf5, "a.safetensors"), (save_safetensors, ".safetensors")]
)
def test_names_that_the_reader_would_not_know(tmp_path, save, name):
    with pytest.raises(SaveError, match="ends in"):
        save(tmp_path / name, arrays())


def test_dtypes_that_safetensors_lacks(tmp_path):
    with pytest.raises(SaveError, match="'a' is complex64"):
        save_safetensors(tmp_path / "a.safetensors", {"a": np.ones(2, "complex64")})


@both
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_floats_are_stored_in_the_dtype_asked_for_and_integers_as_they_are(tmp_path, save, dtype):
    weights = {"a": np.float32([1, 1.0009765625, -3e4]), "b": np.int8([1, -2]), "c": np.ones(3, ml_dtypes.bfloat16)}
    save(tmp_path / WRITERS[save], {f"layers/{name}/vars/0": one for name, one in weights.items()}, dtype=dtype)
    store = open_store(tmp_path / WRITERS[save])
    assert [store.info(f"layers/{name}/vars/0").dtype.name for name in weights] == [dtype, "int8", dtype]
    np.testing.assert_array_equal(store.read("layers/a/vars/0"), weights["a"].astype(dtype))
    assert store.read("layers/b/vars/0").tolist() == [1, -2]


@both
def test_a_number_that_the_dtype_cannot_hold(tmp_path, save):
    with pytest.raises(SaveError, match=r"'layers/a/vars/0' has numbers that float16 cannot hold.*bfloat16"):
        save(tmp_path / WRITERS[save], {"layers/a/vars/0": np.float32([7e4])}, dtype="float16")
    assert list(tmp_path.iterdir()) == []


def test_shards_are_counted_in_the_dtype_asked_for(tmp_path):
    index, *files = save_hdf5(tmp_path / "model.weights.h5", arrays(1), max_shard_size=64 / GIB, dtype="float16")
    assert len(files) == 2
    assert json.loads(index.read_text())["metadata"]["total_size"] == 128
