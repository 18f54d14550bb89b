"""Files that are not what they seem (M08 to M19, M24 to M30, M54): paths, links, and what weights files can hold."""

from __future__ import annotations

import io
import json
import os
import struct
import tarfile
from typing import TYPE_CHECKING

import h5py
import numpy as np

from .code import named_weights
from .lab import Attempt, Lab, cases_in, edit

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKENIZER = "assets/tokenizer/vocabulary.txt"
KERNEL = "layers/dense/vars/0"
NOT_FILES = "a link, a device or a file with holes"


def vocabulary_at(lab: Lab, place: str, name: str) -> Attempt:
    preset = lab.hub(name)
    edit(preset / "tokenizer.json", lambda tokenizer: tokenizer["config"].update(vocabulary=place))
    inner = ("config", "preprocessor", "config", "tokenizer", "config")

    def change(task: dict) -> None:
        for key in inner:
            task = task[key]
        task["vocabulary"] = place

    edit(preset / "task.json", change)
    return Attempt(preset, name=name)


def m08(lab: Lab) -> Iterator[Attempt]:
    """A vocabulary's path in the config (CVE-2025-12058): not read, the preset's own is."""
    yield vocabulary_at(lab, str(lab.secret), "path")
    yield vocabulary_at(lab, f"file://{lab.secret}", "uri")
    preset = lab.hub("backbone")
    (preset / "task.json").unlink()
    edit(preset / "config.json", lambda config: config["config"].update(vocabulary=str(lab.secret)))
    yield Attempt(
        preset, "sets vocabulary, which BertBackbone", "PresetFormatError", {"num_classes": 2}, name="unknown"
    )


def m09(lab: Lab) -> Iterator[Attempt]:
    """A vocabulary at an address that only this machine reaches: not asked."""
    yield vocabulary_at(lab, "http://169.254.169.254/latest/meta-data/iam", "metadata")


def archive(lab: Lab, name: str, *members: tuple[str, bytes, str]) -> str:
    """Return a reference to a preset in a tar archive with other members beside it: name, type, target."""
    path = lab.inside / f"{name}.tar.gz"
    with tarfile.open(path, "w:gz") as file:
        for source in sorted(lab.own.rglob("*")):
            if source.is_file():
                file.add(source, f"preset/{source.relative_to(lab.own)}")
        for member, kind, target in members:
            info = tarfile.TarInfo(member)
            info.type, info.linkname = kind, target
            info.size = 5 if kind == tarfile.REGTYPE else 0
            file.addfile(info, io.BytesIO(b"pwned"))
    return f"tar://preset::{path}"


def m10(lab: Lab) -> Iterator[Attempt]:
    """A member of a tar archive that climbs out (CVE-2025-12060)."""
    yield Attempt(archive(lab, "up", ("preset/../../pwned", tarfile.REGTYPE, "")), "leads out of the preset")


def m11(lab: Lab) -> Iterator[Attempt]:
    """A member of a tar archive with an absolute name."""
    yield Attempt(archive(lab, "absolute", (str(lab.pwned), tarfile.REGTYPE, "")), "leads out of the preset")


def m12(lab: Lab) -> Iterator[Attempt]:
    """A symbolic link in a tar archive, and a file behind it."""
    through = (("preset/x", tarfile.SYMTYPE, str(lab.outside)), ("preset/x/pwned", tarfile.REGTYPE, ""))
    yield Attempt(archive(lab, "link", *through), NOT_FILES)
    yield Attempt(
        archive(lab, "alone", (f"preset/{TOKENIZER}", tarfile.SYMTYPE, str(lab.secret))), NOT_FILES, name="alone"
    )


def m13(lab: Lab) -> Iterator[Attempt]:
    """A hard link in a tar archive to a file outside of it."""
    yield Attempt(archive(lab, "hard", ("preset/README.md", tarfile.LNKTYPE, str(lab.secret))), NOT_FILES)


def m14(lab: Lab) -> Iterator[Attempt]:
    """Links so deep that the check of a path gives up, which Python's own filter did (CVE-2025-4517)."""
    deep = "d" * 247
    chain = [(f"{'/'.join(['x'] * depth)}/x".lstrip("/"), tarfile.SYMTYPE, deep) for depth in range(16)]
    yield Attempt(archive(lab, "deep", *chain, ("escape", tarfile.SYMTYPE, "x/" * 16 + "../" * 16)), NOT_FILES)


def weights(lab: Lab, name: str = "preset") -> h5py.File:
    """Return the weights of a new preset, open, without one kernel; its folder is `inside/name`."""
    file = h5py.File(lab.hub(name) / "model.weights.h5", "r+")
    del file[KERNEL]
    return file


def m15(lab: Lab) -> Iterator[Attempt]:
    """A shape with nothing behind it (GHSA-xfhx-r7ww-5995)."""
    with weights(lab, "contiguous") as file:
        file.create_dataset(KERNEL, (2**20, 2**20), "f4")
    yield Attempt(lab.inside / "contiguous", "declares .* stores 0", name="contiguous")
    with weights(lab, "chunked") as file:
        file.create_dataset(KERNEL, (32, 32), "f4", chunks=(1, 1), fillvalue=1)
    yield Attempt(lab.inside / "chunked", "declares 1,024 chunks but lacks 1,024", name="chunked")
    with weights(lab, "compressed") as file:
        file.create_dataset(KERNEL, (2**13, 2**12), "i1", chunks=(2**13, 2**12), compression=1)[:1, :1] = 0
    yield Attempt(lab.inside / "compressed", "declares .* but stores", name="compressed")
    with weights(lab, "chunk") as file:
        limits = {"maxshape": (None, None), "chunks": (2**13, 2**12), "compression": 1}
        file.create_dataset(KERNEL, (32, 32), "i1", **limits)[:] = 0
    yield Attempt(lab.inside / "chunk", "declares .* but stores", name="one chunk")


def m16(lab: Lab) -> Iterator[Attempt]:
    """Values that are in another file (CVE-2026-1669)."""
    with weights(lab) as file:
        file.create_dataset(KERNEL, (32, 32), "f4", external=[(str(lab.secret), 0, 4096)])
    yield Attempt(lab.inside / "preset", "in another file")


def m17(lab: Lab) -> Iterator[Attempt]:
    """A soft link in HDF5."""
    with weights(lab) as file:
        file[KERNEL] = h5py.SoftLink("/layers/layer_normalization/vars/0")
    yield Attempt(lab.inside / "preset", "a link to somewhere else")


def m18(lab: Lab) -> Iterator[Attempt]:
    """A link to another HDF5 file."""
    with h5py.File(lab.outside / "other.h5", "w") as file:
        file["x"] = np.zeros((32, 32), "f4")
    with weights(lab) as file:
        file[KERNEL] = h5py.ExternalLink(str(lab.outside / "other.h5"), "x")
    yield Attempt(lab.inside / "preset", "a link to somewhere else")


def m19(lab: Lab) -> Iterator[Attempt]:
    """A virtual dataset over another HDF5 file."""
    layout = h5py.VirtualLayout((32, 32), "f4")
    layout[:] = h5py.VirtualSource(str(lab.outside / "other.h5"), "x", (32, 32))
    with weights(lab) as file:
        file.create_virtual_dataset(KERNEL, layout)
    yield Attempt(lab.inside / "preset", "a virtual dataset")


def m24(lab: Lab) -> Iterator[Attempt]:
    """Shards that lie elsewhere, by their name or through a link."""
    for name, shard in {"up": "../../outside/other.h5", "absolute": str(lab.secret), "odd": "..\\x.h5"}.items():
        preset = lab.hub(name)
        (preset / "model.weights.h5").unlink()
        (preset / "model.weights.json").write_text(json.dumps({"weight_map": {"/layers/x/vars": shard}}))
        yield Attempt(preset, "not a plain file name|refers to the file", name=name)
    preset = lab.hub("link")
    (preset / "model.weights.h5").unlink()
    (preset / "shard.weights.h5").symlink_to(lab.secret)
    (preset / "model.weights.json").write_text(json.dumps({"weight_map": {"/layers/x/vars": "shard.weights.h5"}}))
    yield Attempt(preset, "is a link to .* outside of the preset", name="link")


def m25(lab: Lab) -> Iterator[Attempt]:
    """A folder of the preset that is a link to one outside."""
    preset = lab.hub()
    (preset / TOKENIZER).unlink()
    (preset / "assets" / "tokenizer").rmdir()
    (lab.outside / "vocabulary.txt").write_text(lab.secret.read_text())
    (preset / "assets" / "tokenizer").symlink_to(lab.outside)
    yield Attempt(preset, "is a link to .* outside of the preset")


def m26(lab: Lab) -> Iterator[Attempt]:
    """Links that lead to one another in a circle."""
    members = (("preset/a", tarfile.SYMTYPE, "b"), ("preset/b", tarfile.SYMTYPE, "a"))
    yield Attempt(archive(lab, "circle", *members), NOT_FILES, name="archive")
    preset = lab.hub()
    (preset / TOKENIZER).unlink()
    (preset / TOKENIZER).symlink_to("vocabulary.txt")
    yield Attempt(preset, "has no file", "PresetNotFound", name="folder")


def m27(lab: Lab) -> Iterator[Attempt]:
    """NumPy's archives as weights, which can hold pickles and expand without end."""
    content = io.BytesIO()
    np.savez_compressed(content, np.zeros(2**20))
    yield named_weights(lab, "weights.npz", "Python pickles", content.getvalue())


def safetensors(lab: Lab, name: str, header: bytes, values: int) -> Attempt:
    preset = lab.foreign(name)
    (preset / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(values))
    return Attempt(preset, name=name)


def m28(lab: Lab) -> Iterator[Attempt]:
    """A name that is twice in the header of a safetensors file, which its own package accepts."""
    entry = '{"dtype":"F32","shape":[1],"data_offsets":[%d,%d]}'
    header = f'{{"x":{entry % (0, 4)},"x":{entry % (4, 8)}}}'.encode()
    yield evolve(safetensors(lab, "twice", header, 8), "has the name 'x' twice")


def m29(lab: Lab) -> Iterator[Attempt]:
    """Tensors that share bytes, leave holes, or are named by paths."""
    entry = '{"dtype":"F32","shape":[1],"data_offsets":[%d,%d]}'
    overlap = f'{{"x":{entry % (0, 4)},"y":{entry % (0, 4)}}}'.encode()
    hole = f'{{"x":{entry % (0, 4)},"y":{entry % (8, 12)}}}'.encode()
    path = f'{{"../../x":{entry % (0, 4)}}}'.encode()
    yield evolve(safetensors(lab, "overlap", overlap, 4), "4 was expected", "PresetFormatError")
    yield evolve(safetensors(lab, "hole", hole, 12), "4 was expected", "PresetFormatError")
    yield evolve(safetensors(lab, "path", path, 4), "is not a valid tensor name", "PresetFormatError")


def m30(lab: Lab) -> Iterator[Attempt]:
    """Headers that announce more than the file has, or than any machine."""
    entry = b'{"x":{"dtype":"F32","shape":[1073741824,1073741824],"data_offsets":[0,4611686018427387904]}}'
    yield evolve(safetensors(lab, "shape", entry, 16), "not a valid safetensors file", "PresetFormatError")
    preset = lab.foreign("length")
    (preset / "model.safetensors").write_bytes(struct.pack("<Q", 2**62) + b"{}")
    yield Attempt(preset, "a header of", "PresetFormatError", name="length")


def m54(lab: Lab) -> Iterator[Attempt]:
    """Files of a folder that are links to files outside of it."""
    for name in (TOKENIZER, "config.json", "model.weights.h5"):
        preset = lab.hub(name.replace("/", "-"))
        (preset / name).unlink()
        (preset / name).symlink_to(os.path.relpath(lab.secret, (preset / name).parent))
        yield Attempt(preset, "is a link to .* outside of the preset", name=name)


def evolve(attempt: Attempt, refused: str, error: str = "UnsafePresetError") -> Attempt:
    return Attempt(attempt.preset, refused, error, name=attempt.name)


CASES = cases_in(globals())
