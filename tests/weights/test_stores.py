import itertools
import json
import subprocess
import sys

import h5py
import keras
import ml_dtypes
import numpy as np
import pytest

from modelry.errors import PresetError, PresetFormatError, PresetNotFound, UnsafePresetError
from modelry.weights.hdf5 import HDF5Store
from modelry.weights.load import layer_weights
from modelry.weights.save import save_hdf5
from modelry.weights.stores import open_store

from .zoo import FIXTURES, datasets, numbers, save_with_keras

H5 = sorted(FIXTURES.glob("keras_hub/*/*.weights.h5"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.weights.h5"


def write(path, **items):
    """An HDF5 file; `layers__dense__vars__0=array` becomes a dataset of that path."""
    with h5py.File(path, "w") as file:
        for name, value in items.items():
            file[name.replace("__", "/")] = value
    return path


@pytest.mark.parametrize("file", H5, ids=lambda file: f"{file.parent.name}-{file.name}")
def test_files_of_keras_hub(file):
    store = open_store(file)
    stored = {name: values for name, values in datasets(file).items() if name.startswith("layers/")}
    assert store.names() == stored.keys()
    for name, values in stored.items():
        assert store.info(name).shape == values.shape
        assert store.info(name).dtype == values.dtype
        assert np.array_equal(store.read(name), values)


def test_the_head_comes_without_the_optimizer():
    assert set(open_store(FIXTURES / "keras_hub/bert/task.weights.h5").names()) == {
        "layers/dense/vars/0",
        "layers/dense/vars/1",
    }


def test_a_file_of_keras(model, keras_file):
    store = open_store(keras_file)
    named = layer_weights(model.layers)
    assert set(store.names()) == set(named)
    for name, variable in named.items():
        assert np.array_equal(store.read(name), numbers(variable))


def test_values_are_mapped_and_writing_to_them_spares_the_file(path):
    write(path, layers__dense__vars__0=np.ones((64, 64), "float32"))
    before = path.read_bytes()
    store = open_store(path)
    array = store.read("layers/dense/vars/0")
    assert not array.flags.owndata
    assert array.flags.writeable
    array[:] = 5
    assert path.read_bytes() == before
    # Whoever asks again gets the file's values, in memory of their own.
    again = store.read("layers/dense/vars/0")
    assert np.all(again == 1)
    again[:] = 6
    assert np.all(array == 5)


@pytest.mark.parametrize("options", [
    {"chunks": (2, 2)}, {"compression": "gzip"}, {"fletcher32": True}, {"dtype": ">f4"}, {"dtype": "f2"},
], ids=str)  # fmt: skip
def test_other_ways_to_store_a_dataset(path, options):
    array = np.arange(12, dtype="float32").reshape(4, 3)
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/dense/vars/0", data=array, **options)
    read = open_store(path).read("layers/dense/vars/0")
    assert np.array_equal(read, array)
    assert read.dtype.isnative
    assert read.flags.writeable


@pytest.mark.parametrize("array", [np.float32(3), np.zeros((0, 4), "float32"), np.array([True, False])], ids=str)
def test_odd_but_honest_datasets(path, array):
    write(path, layers__dense__vars__0=array)
    read = open_store(path).read("layers/dense/vars/0")
    assert read.shape == np.shape(array)
    assert np.array_equal(read, array)


def test_a_compact_dataset(path):
    with h5py.File(path, "w") as file:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_layout(h5py.h5d.COMPACT)
        group = file.create_group("layers/dense/vars")
        space = h5py.h5s.create_simple((3,))
        dataset = h5py.h5d.create(group.id, b"0", h5py.h5t.IEEE_F32LE, space, plan)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1, 2, 3], "float32"))
    assert open_store(path).read("layers/dense/vars/0").tolist() == [1, 2, 3]


def test_a_file_with_a_user_block(path):
    with h5py.File(path, "w", userblock_size=512) as file:
        file["layers/dense/vars/0"] = np.arange(100, dtype="float32")
    assert np.array_equal(open_store(path).read("layers/dense/vars/0"), np.arange(100))


@pytest.mark.parametrize("chunks", [None, (2,)])
def test_bfloat16(path, chunks):
    values = np.array([1.5, -2.25, 3e38, 0.1], ml_dtypes.bfloat16)
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("layers/dense/vars/0", data=values, chunks=chunks)
        dataset.attrs["dtype"] = "bfloat16"
    store = open_store(path)
    assert store.info("layers/dense/vars/0").dtype == ml_dtypes.bfloat16
    assert np.array_equal(store.read("layers/dense/vars/0"), values)


def test_bfloat16_written_by_keras(path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype="bfloat16")])
    save_with_keras(model, path)
    kernel = open_store(path).read("layers/dense/vars/0")
    assert kernel.dtype == ml_dtypes.bfloat16
    assert np.array_equal(kernel, numbers(model.weights[0]))


def test_a_note_whose_text_is_damaged_is_not_read(path):
    """HDF5 reads on for ever where a piece of a heap has no size, and nothing in this process could stop it."""
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/dense/vars/0", data=np.ones(3, ml_dtypes.bfloat16)).attrs["dtype"] = "bfloat16"
    content = bytearray(path.read_bytes())
    free = content.index(b"bfloat16", content.index(b"GCOL")) + 16  # the size of what is free behind the text
    assert content[free : free + 2] != b"\0\0"
    content[free : free + 2] = b"\0\0"
    path.write_bytes(content)
    code = """
import pathlib, sys
from modelry.weights.stores import open_store
print(open_store(pathlib.Path(sys.argv[1])).read("layers/dense/vars/0").tolist())
"""
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "[1.0, 1.0, 1.0]\n", done.stderr


def test_only_layers_and_variables_of_the_model_count(path):
    one = np.ones(2, "float32")
    with h5py.File(write(path, layers__dense__vars__0=one, vars__0=one, optimizer__vars__0=one), "a") as file:
        file["preprocessor/tokenizer/vars/0"] = one
        file["_metrics/vars/0"] = one
        file["layers/dropout/seed_generator/vars/0"] = np.array([1, 2], "uint32")
        file["layers/encoder/_dropout/vars/0"] = np.array([1, 2], "int64")
        file.create_group("layers/add/vars")
    assert set(open_store(path).names()) == {"layers/dense/vars/0", "vars/0"}


def test_files_of_the_time_of_tensorflow_2_13(path):
    write(path, _layer_checkpoint_dependencies__dense__vars__0=np.arange(2.0), optimizer__vars__0=np.ones(2))
    store = open_store(path)
    assert list(store.names()) == ["layers/dense/vars/0"]
    assert store.read("layers/dense/vars/0").tolist() == [0, 1]
    with h5py.File(path, "a") as file:
        file["_layer_checkpoint_dependencies/dense/vars/1"] = h5py.Empty("f4")
        del file["_layer_checkpoint_dependencies/dense/vars/1"]
        file.create_dataset("_layer_checkpoint_dependencies/dense/vars/1", data=[3.0], chunks=(1,))
    assert open_store(path).read("layers/dense/vars/1").tolist() == [3]


def soft(file):
    file["layers/dense/vars/1"] = h5py.SoftLink("/layers/dense/vars/0")


def soft_group(file):
    file["layers/dense_1"] = h5py.SoftLink("/optimizer")


def soft_root(file):
    del file["layers"]
    file["layers"] = h5py.SoftLink("/optimizer")


def external_link(file):
    file["layers/dense/vars/1"] = h5py.ExternalLink("/etc/passwd", "/")


def external_values(file):
    file["layers/dense/vars"].create_dataset("1", (4,), "u1", external=[("/etc/passwd", 0, 4)])


def virtual(file):
    layout = h5py.VirtualLayout((2,), "float32")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (2,))
    file["layers/dense/vars"].create_virtual_dataset("1", layout)


def bomb(file):
    file["layers/dense/vars"].create_dataset(
        "1", (1 << 20, 1 << 20), "float32", chunks=(1024, 1024), compression="gzip"
    )


def hollow(file):
    file["layers/dense/vars"].create_dataset("1", (1000,), "float32")


def cycle(file):
    file["layers/dense/again"] = file["layers"]


def twin(file):
    file["layers/dense/vars/1"] = file["layers/dense/vars/0"]


def deep(file):
    file["layers/" + "x/" * 70 + "vars/0"] = np.ones(2)


def text(file):
    file["layers/dense/vars/1"] = "text"


def compound(file):
    file["layers/dense/vars/1"] = np.zeros(2, [("a", "f4"), ("b", "f4")])


def reference(file):
    file["layers/dense/vars"].create_dataset("1", (1,), h5py.ref_dtype)


def nothing(file):
    file["layers/dense/vars/1"] = h5py.Empty("f4")


def two_bytes(file):
    file["layers/dense/vars/1"] = np.zeros(2, "V2")


def two_bytes_many_notes(file):
    file["layers/dense/vars/1"] = np.zeros(2, "V2")
    file["layers/dense/vars/1"].attrs["dtype"] = ["bfloat16", "bfloat16"]


def named_type(file):
    file["layers/dense/vars/1"] = np.dtype("f4")


def both_roots(file):
    file["_layer_checkpoint_dependencies/dense/vars/0"] = np.ones(2)


HOSTILE = {
    soft: "a link to somewhere else", soft_group: "a link to somewhere else", soft_root: "a link to somewhere else",
    external_link: "a link to somewhere else", external_values: "in another file", virtual: "may read other files",
    bomb: "but stores 0", hollow: "declares 4,000 bytes but stores 0", cycle: "another name", twin: "another name",
    deep: "deeper than 64", text: "holds object", compound: "not a kind of number", reference: "not a kind of number",
    nothing: "holds nothing", two_bytes: r"holds \|V2", two_bytes_many_notes: r"holds \|V2",
    named_type: "neither a group nor a dataset", both_roots: "holds both",
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "reason"), HOSTILE.items(), ids=[spoil.__name__ for spoil in HOSTILE])
def test_hostile_hdf5_is_refused_before_anything_is_read(path, spoil, reason):
    one = np.ones(2, "float32")
    with h5py.File(write(path, layers__dense__vars__0=one, optimizer__vars__0=one), "a") as file:
        HDF5Store(path)
        spoil(file)
    with pytest.raises(
        PresetFormatError, match=rf"a\.weights\.h5.*{reason}.*get it from its publisher again"
    ) as caught:
        open_store(path)
    assert caught.value.__cause__ is None  # our refusal, not something that h5py stumbled over


@pytest.mark.parametrize("keep", [0, 1, 8, 100, 0.3, 0.9, 0.999])
def test_a_file_that_was_cut_off(path, keep):
    content = H5[0].read_bytes()
    path.write_bytes(content[: int(keep * len(content)) if isinstance(keep, float) else keep])
    with pytest.raises(PresetFormatError, match=r"a\.weights\.h5.*damaged.*get it again"):
        open_store(path)


@pytest.mark.parametrize(
    "content", [b"<html>404</html>" * 99, b"version https://git-lfs.github.com/spec/v1\n", bytes(9999)]
)
def test_a_file_that_is_not_hdf5(path, content):
    path.write_bytes(content)
    with pytest.raises(PresetFormatError, match="not a readable HDF5 file"):
        open_store(path)


def test_values_beyond_the_end_of_the_file(path):
    with h5py.File(
        path, "w", alignment_threshold=32, alignment_interval=4099
    ) as file:  # an offset like no other number
        file["layers/dense/vars/0"] = np.ones(8, "float32")
        offset = file["layers/dense/vars/0"].id.get_offset()
    content = path.read_bytes()
    assert content.count(offset.to_bytes(8, "little")) == 1
    for wrong in (len(content) - 4, 1 << 40, (1 << 63) + 5):
        path.write_bytes(content.replace(offset.to_bytes(8, "little"), wrong.to_bytes(8, "little")))
        with pytest.raises(PresetFormatError, match="not a readable HDF5 file"):
            open_store(path)


def test_damage_that_shows_when_values_are_read(path):
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("layers/dense/vars/0", data=np.ones(8, "float32"), chunks=(8,), fletcher32=True)
        offset = dataset.id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)
    store = open_store(path)
    with pytest.raises(PresetFormatError, match="damaged"):
        store.read("layers/dense/vars/0")


def test_flipped_bytes_raise_nothing_but_preset_errors(tmp_path):
    """Over the metadata: the values themselves carry no checksum."""
    original = tmp_path / "a.weights.h5"
    save_hdf5(original, {f"layers/dense_{i}/vars/{j}": np.ones((2, 3), "float32") for i in range(3) for j in range(2)})
    content = original.read_bytes()
    generator = np.random.default_rng(0)
    refused = 0
    for position in generator.integers(0, len(content), 400):
        damaged = bytearray(content)
        damaged[position] ^= int(generator.integers(1, 256))
        original.write_bytes(damaged)
        try:
            store = open_store(original)
            for name in store.names():
                assert store.read(name).shape == store.info(name).shape
        except PresetError:
            refused += 1
    assert refused > 20


def test_no_such_file(tmp_path):
    with pytest.raises(PresetNotFound, match="no weights file"):
        open_store(tmp_path / "a.weights.h5")


@pytest.mark.parametrize(
    ("name", "message"), [("pytorch_model.bin", "pickles"), ("a.npz", "pickles"), ("a.txt", "not the name")]
)
def test_files_of_other_kinds(tmp_path, name, message):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(PresetFormatError, match=message):
        open_store(tmp_path / name)


# Shards


@pytest.fixture
def shards(model, tmp_path):
    """Shards that Keras wrote, with the variables of some layer in two of them."""
    save_with_keras(model, tmp_path / "model.weights.json", max_shard_size=700 / 2**30)
    assert any(isinstance(files, list) and len(files) > 1 for files in index_of(tmp_path)["weight_map"].values())
    return tmp_path / "model.weights.json"


def index_of(folder):
    return json.loads((folder / "model.weights.json").read_text())


def change(path, **changes):
    index = json.loads(path.read_text())
    index["weight_map"] |= {entry.replace("__", "/"): files for entry, files in changes.items()}
    path.write_text(json.dumps(index))


def test_shards_written_by_keras(model, shards):
    store = open_store(shards)
    named = layer_weights(model.layers)
    assert set(store.names()) == set(named)
    for name, variable in named.items():
        assert store.info(name).shape == variable.shape
        assert np.array_equal(store.read(name), numbers(variable))


def test_shards_with_an_optimizer(tmp_path):
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8)])
    model.compile("sgd", "mse")
    save_with_keras(model, tmp_path / "model.weights.json", max_shard_size=300 / 2**30)
    assert "/optimizer/vars" in index_of(tmp_path)["weight_map"]
    assert set(open_store(tmp_path / "model.weights.json").names()) == {"layers/dense/vars/0", "layers/dense/vars/1"}


def test_a_missing_shard(shards):
    (shards.parent / "model_00001.weights.h5").unlink()
    with pytest.raises(PresetFormatError, match=r"^[^ ]*model_00001\.weights\.h5, a shard that .* is missing"):
        open_store(shards)


def test_shards_of_different_saves(shards):
    first, second = (shards.parent / f"model_0000{number}.weights.h5" for number in range(2))
    second.write_bytes(first.read_bytes())
    with pytest.raises(PresetFormatError, match="different saves"):
        open_store(shards)


def test_an_entry_without_values(shards):
    change(shards, **{"/layers/dense_99/vars": "model_00000.weights.h5"})
    with pytest.raises(PresetFormatError, match=r"lacks '/layers/dense_99/vars'"):
        open_store(shards)


def test_one_name_in_two_shards(tmp_path):
    for number in range(2):
        write(tmp_path / f"model_0000{number}.weights.h5", layers__dense__vars__0=np.ones(2))
    index = {"weight_map": {"/layers/dense/vars": [f"model_0000{number}.weights.h5" for number in range(2)]}}
    (tmp_path / "model.weights.json").write_text(json.dumps(index))
    with pytest.raises(PresetFormatError, match="lies in two of its shards"):
        open_store(tmp_path / "model.weights.json")


@pytest.mark.parametrize(
    "name", ["../a.weights.h5", "/etc/passwd", "a/b.h5", "..", "", "c:\\x.h5", "a\0b", 5, None, {}]
)
def test_a_shard_name_cannot_lead_anywhere(shards, name):
    change(shards, **{"/layers/dense/vars": name})
    with pytest.raises(UnsafePresetError, match=r"is not a plain file name|refers to the file"):
        open_store(shards)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"weight_map": []}', b'{"weight_map": {}}', b"\xff", b"[" * 99999]
)
def test_an_index_that_is_damaged(shards, content):
    shards.write_bytes(content)
    with pytest.raises(PresetFormatError, match=r"model\.weights\.json(: not a| is not) readable|nests"):
        open_store(shards)


def test_an_index_without_end(shards, monkeypatch):
    monkeypatch.setattr("modelry.weights.stores.MAX_INDEX", 100)
    with pytest.raises(PresetFormatError, match="larger than 100 bytes"):
        open_store(shards)


# Safetensors


def safetensors(header, values=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + values


def entry(begin, end, shape=(2,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def test_a_file_of_transformers():
    from safetensors.numpy import load_file

    path = FIXTURES / "transformers/bert/model.safetensors"
    expected = load_file(path)
    store = open_store(path)
    assert store.names() == expected.keys()
    for name, array in expected.items():
        assert store.info(name).shape == array.shape
        assert np.array_equal(store.read(name), array)


@pytest.mark.parametrize("dtype", [
    "bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
    "float16", "float32", "float64", "bfloat16", "float8_e4m3fn", "float8_e5m2",
])  # fmt: skip
def test_every_dtype_that_the_package_writes(tmp_path, dtype):
    from safetensors.numpy import save_file

    array = np.array([[0, 1, 0], [1, 1, 0]], np.dtype(dtype))
    path = tmp_path / "a.safetensors"
    save_file({"x": array, "one byte": np.zeros(1, "int8")}, path)
    store = open_store(path)
    assert store.info("x").dtype == array.dtype
    assert np.array_equal(store.read("x"), array)
    assert store.read("x").flags.aligned


@pytest.mark.parametrize("shift", range(4))
def test_a_tensor_at_an_odd_address(tmp_path, shift):
    path = tmp_path / "a.safetensors"
    header = json.dumps({"x": entry(0, 8)}).encode()
    path.write_bytes(safetensors(header + b" " * shift, np.array([1, 2], "<f4").tobytes()))
    read = open_store(path).read("x")
    assert read.tolist() == [1, 2]
    assert read.flags.aligned


EIGHT = bytes(8)
BROKEN = {
    "empty": b"",
    "short": b"\1\0\0",
    "no header": bytes(8),
    "header beyond the end": safetensors({}, length=99),
    "huge header": safetensors({}, length=1 << 62),
    "not JSON": safetensors(b"{nonsense}"),
    "a list": safetensors(b"[]"),
    "not UTF-8": safetensors(b'{"\xff": 1}'),
    "space first": safetensors(b" {}"),
    "deep": safetensors(b'{"a":' * 99999),
    "duplicate": safetensors(b'{"x":%b,"x":%b}' % ((json.dumps(entry(0, 8)).encode(),) * 2), EIGHT),
    "overlap": safetensors({"x": entry(0, 8), "y": entry(4, 12)}, bytes(12)),
    "hole": safetensors({"x": entry(0, 8), "y": entry(12, 20)}, bytes(20)),
    "late start": safetensors({"x": entry(4, 12)}, bytes(12)),
    "values missing": safetensors({"x": entry(0, 8)}, bytes(7)),
    "values left over": safetensors({"x": entry(0, 8)}, bytes(9)),
    "wrong size": safetensors({"x": entry(0, 8, (3,))}, EIGHT),
    "negative shape": safetensors({"x": entry(0, 8, (-1, -2))}, EIGHT),
    "bool shape": safetensors({"x": entry(0, 4, (True,))}, bytes(4)),
    "float shape": safetensors({"x": entry(0, 8, (2.0,))}, EIGHT),
    "shape bomb": safetensors({"x": entry(0, 8, (1 << 62, 1 << 62))}, EIGHT),
    "dimension of 64 bits": safetensors({"x": entry(0, 0, (1 << 64, 0))}),
    "backwards": safetensors({"x": entry(8, 0)}, EIGHT),
    "three offsets": safetensors({"x": entry(0, 8) | {"data_offsets": [0, 4, 8]}}, EIGHT),
    "extra key": safetensors({"x": entry(0, 8) | {"file": "/etc/passwd"}}, EIGHT),
    "no dtype": safetensors({"x": {"shape": [2], "data_offsets": [0, 8]}}, EIGHT),
    "unknown dtype": safetensors({"x": entry(0, 8, dtype="F31")}, EIGHT),
    "dtype is a list": safetensors({"x": entry(0, 8, dtype=["F32"])}, EIGHT),
    "not an entry": safetensors({"x": 5}, EIGHT),
    "metadata of numbers": safetensors({"__metadata__": {"a": 1}}),
    "metadata is a list": safetensors({"__metadata__": []}),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_broken_safetensors(tmp_path, content):
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(PresetFormatError, match=r"a\.safetensors(: not a valid .*get it again| is not | nests | has )"):
        open_store(path)


def test_the_broken_files_are_broken_in_one_place_only(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(safetensors({"__metadata__": {"a": "b"}, "x": entry(0, 8), "y": entry(8, 20, (3,))}, bytes(20)))
    assert set(open_store(path).names()) == {"x", "y"}


def test_a_transformers_checkpoint_in_shards(tmp_path):
    from safetensors.numpy import load_file, save_file

    expected = load_file(FIXTURES / "transformers/bert/model.safetensors")
    files = itertools.cycle(["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"])
    weight_map = dict(zip(expected, files, strict=False))
    for file in set(weight_map.values()):
        save_file({name: array for name, array in expected.items() if weight_map[name] == file}, tmp_path / file)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    store = open_store(index)
    assert set(store.names()) == set(expected)
    assert all(np.array_equal(store.read(name), array) for name, array in expected.items())
    del weight_map["bert.pooler.dense.bias"]
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    with pytest.raises(PresetFormatError, match=r"holds 'bert\.pooler\.dense\.bias', which .* does not place there"):
        open_store(index)
