"""Places that are not what they seem (M37 to M53, M57 to M60): listings, archives, servers, references, locks."""

from __future__ import annotations

import io
import json
import socket
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING

from modelry.storage.files import FolderFiles
from modelry.storage.lock import lock_preset, render

from .files import NOT_FILES, archive
from .lab import Attempt, Lab, cases_in, edit
from .server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator


SECRET = "s3cr3t-t0ken"


def listing(lab: Lab, name: str) -> bytes:
    """Return a manifest that lists one more file."""
    values = json.loads((lab.own / "modelry.json").read_text())
    values["files"][name] = {"size": 5, "sha256": "0" * 64}
    return json.dumps(values).encode()


def listed(lab: Lab, *names: str) -> Iterator[Attempt]:
    """Try to load presets from a server, each with a manifest that lists one more file."""
    with Server() as server:
        for index, name in enumerate(names):
            server.serve(f"/{index}/modelry.json", listing(lab, name))
            yield Attempt(f"{server.url}/{index}", "lists a file", addresses=[server.address], name=f"{index}")


def m37(lab: Lab) -> Iterator[Attempt]:
    """A server's listing that leads out of a preset (huggingface_hub #3896)."""
    yield from listed(lab, "../../pwned", "a/../../pwned", "assets/..")


def m38(lab: Lab) -> Iterator[Attempt]:
    """A reference file system, which reads any file of this machine (fsspec #2129)."""
    (lab.inside / "refs.json").write_text(json.dumps({"config.json": [f"file://{lab.secret}"]}))
    yield Attempt(f"reference://{lab.inside}/refs.json", "Nothing here opens|can lead to any file", "StorageError")
    chain = f"zip://x::reference://{lab.inside}/refs.json"
    yield Attempt(chain, "what it lists can lead to any file of this machine", "StorageError", name="in a chain")


def m39(lab: Lab) -> Iterator[Attempt]:
    """fsspec's own folders and caches, which climb out and take half a file for a whole one (fsspec #2047, #2103)."""
    for name, chain in {
        "dir": f"zip://x::dir://{lab.inside}",
        "cache": f"zip://x::simplecache::file://{lab.inside}/x.zip",
        "up": f"zip://../../x::{lab.inside}/x.zip",
    }.items():
        yield Attempt(chain, "is not: |holds '..'", "StorageError", name=name)


def m40(lab: Lab) -> Iterator[Attempt]:
    """Another preset under a name that was locked."""
    preset, lock = lab.manifested(), lab.inside / "modelry.lock"
    lock.write_text(render({"./preset": lock_preset(FolderFiles(preset, str(preset)))}))
    options = {"lock": str(lock)}
    yield Attempt(preset, options=options, name="as locked")
    vocabulary = preset / "assets" / "tokenizer" / "vocabulary.txt"
    content = vocabulary.read_bytes()
    vocabulary.write_bytes(content[:-2] + b"?\n")
    yield Attempt(preset, r"vocabulary\.txt .*SHA-256", "ChecksumMismatch", options, name="of the same size")
    vocabulary.write_bytes(content + b"more\n")
    yield Attempt(preset, r"vocabulary\.txt", "LockError", options, name="of another size")


def zipped(lab: Lab, name: str, *members: zipfile.ZipInfo | str) -> str:
    """Return a reference to a preset in a zip archive with other members beside it."""
    path = lab.inside / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as file:
        for source in sorted(lab.own.rglob("*")):
            if source.is_file():
                file.write(source, f"preset/{source.relative_to(lab.own)}")
        for member in members:
            file.writestr(member, b"pwned")
    return f"zip://preset::{path}"


def m41(lab: Lab) -> Iterator[Attempt]:
    """A member of a zip archive that climbs out."""
    yield Attempt(zipped(lab, "up", "preset/../../pwned"), "leads out of the preset")


def m42(lab: Lab) -> Iterator[Attempt]:
    """Absolute names."""
    yield Attempt(zipped(lab, "absolute", str(lab.pwned)), "leads out of the preset", name="zip")
    yield from listed(lab, "/etc/passwd")


def m43(lab: Lab) -> Iterator[Attempt]:
    """Names with a drive or a share of Windows."""
    yield Attempt(zipped(lab, "drive", "preset/C:/pwned"), "names a drive", name="zip")
    yield from listed(lab, "C:pwned", "//server/share/pwned")


def m44(lab: Lab) -> Iterator[Attempt]:
    """Names with backslashes, which lead out on Windows."""
    yield Attempt(zipped(lab, "backslash", "preset\\..\\..\\pwned"), "leads out of the preset", name="zip")
    yield from listed(lab, "..\\pwned", "\\\\server\\share")


def m45(lab: Lab) -> Iterator[Attempt]:
    """Names with characters that are not seen, or turn what follows around."""
    yield from listed(lab, "a\x00b", "config\x1b[2J.json", "gpj.\u202enosj", "con\u200bfig.json", "a\nb")


def m46(lab: Lab) -> Iterator[Attempt]:
    """Names that are one where capitals are not told apart."""
    yield Attempt(zipped(lab, "capitals", "preset/CONFIG.json"), "is the same as", name="zip")
    yield from listed(lab, "Config.JSON")


def m47(lab: Lab) -> Iterator[Attempt]:
    """Names that are one where Unicode is normalised, and one name twice."""
    yield Attempt(zipped(lab, "unicode", "preset/caf\u00e9", "preset/cafe\u0301"), "is the same as", name="zip")
    with zipfile.ZipFile(lab.inside / "twice.zip", "w") as file:
        first, second = zipfile.ZipInfo("preset/config.json"), zipfile.ZipInfo("preset/config.jsom")
        file.writestr(first, b"{}")
        file.writestr(second, b"[]")
        second.filename = first.filename
    yield Attempt(f"zip://preset::{lab.inside}/twice.zip", "is the same as", name="twice")
    for name in ("preset/config.json", "a"):  # Python has one object for all texts of one letter
        members = ((f"./{name}", tarfile.REGTYPE, ""), (name, tarfile.REGTYPE, ""))
        yield Attempt(archive(lab, f"dot-{len(name)}", *members), "is the same as", name=f"./{name}")


def m48(lab: Lab) -> Iterator[Attempt]:
    """Names of Windows' devices, and with dots and spaces at the end."""
    yield Attempt(zipped(lab, "device", "preset/aux.json"), "cannot be written on every system", name="zip")
    yield from listed(lab, "con", "NUL.txt", "config.json.", "config.json ", "a" * 300)


def m49(lab: Lab) -> Iterator[Attempt]:
    """A symbolic link in a zip archive."""
    link = zipfile.ZipInfo("preset/README.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    yield Attempt(zipped(lab, "link", link), "a link or a device")


def m50(lab: Lab) -> Iterator[Attempt]:
    """Devices and pipes in archives."""
    for name, kind in {"pipe": tarfile.FIFOTYPE, "device": tarfile.CHRTYPE, "sparse": tarfile.GNUTYPE_SPARSE}.items():
        yield Attempt(archive(lab, name, (f"preset/{name}", kind, "")), NOT_FILES, name=name)
    pipe = zipfile.ZipInfo("preset/pipe")
    pipe.external_attr = (stat.S_IFIFO | 0o777) << 16
    yield Attempt(zipped(lab, "zip", pipe), "a link or a device", name="zip")


def m51(lab: Lab) -> Iterator[Attempt]:
    """Archives that expand a thousand times."""
    with zipfile.ZipFile(lab.inside / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("preset/config.json", bytes(2**25))
    yield Attempt(f"zip://preset::{lab.inside}/bomb.zip", "bytes for each byte in the archive", name="zip")
    info = tarfile.TarInfo("preset/config.json")
    info.size = 2**25
    with tarfile.open(lab.inside / "bomb.tar.gz", "w:gz") as file:
        file.addfile(info, io.BytesIO(bytes(info.size)))
    yield Attempt(f"tar://preset::{lab.inside}/bomb.tar.gz", "expands to more than", name="tar")


def m52(lab: Lab) -> Iterator[Attempt]:
    """Archives of a million files."""
    entry = b"PK\x01\x02" + bytes(24) + b"\x01\x00" + bytes(16) + b"x"  # the least that is one
    directory = entry * 10**6
    end = b"PK\x05\x06" + bytes(4) + b"\xff\xff\xff\xff" + len(directory).to_bytes(4, "little") + bytes(6)
    (lab.inside / "many.zip").write_bytes(directory + end)
    yield Attempt(f"zip://preset::{lab.inside}/many.zip", "one of its headers has 47,000,000 bytes", name="zip")
    with tarfile.open(lab.inside / "many.tar", "w") as file:
        header = tarfile.TarInfo("preset/x").tobuf()
        for _ in range(10_001):
            file.fileobj.write(header)
    yield Attempt(f"tar://preset::{lab.inside}/many.tar", "wants 10,001 files", name="tar")
    files = {f"x{index}": {"size": 1, "sha256": "0" * 64} for index in range(10_000)}
    with Server() as server:
        server.serve("/modelry.json", json.dumps({"files": files}).encode())
        yield Attempt(server.url, "wants 10,001 files", addresses=[server.address], name="listing")


def m53(lab: Lab) -> Iterator[Attempt]:
    """Files of a zip archive that share their bytes, so that few become many."""
    path = lab.inside / "overlap.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("preset/config.json", bytes(2**20))
        (first,) = file.filelist
        again = zipfile.ZipInfo("preset/task.json")
        for slot in ("CRC", "compress_size", "file_size", "header_offset", "compress_type", "flag_bits"):
            setattr(again, slot, getattr(first, slot))
        file.filelist.append(again)
    yield Attempt(f"zip://preset::{path}", "shares bytes with another file")


def m57(lab: Lab) -> Iterator[Attempt]:
    """Presets that lead to other places: to a base, to themselves, to a file of this machine."""
    for name, base in {"file": f"file://{lab.secret}", "itself": "hf://acme/a"}.items():
        preset = lab.manifested(name)
        edit(preset / "modelry.json", lambda values, base=base: values.update(base=base))
        yield Attempt(preset, "has 'base', which is not known", "PresetFormatError", name=name)
    preset = lab.manifested("served")
    edit(preset / "modelry.json", lambda values: values["weights"].update(backbone=f"file://{lab.secret}"))
    with Server(preset) as server:
        yield Attempt(server.url, "refers to the file", addresses=[server.address], name="weights of a server's")
    for name, place in {"up": "../outside/other.h5", "absolute": str(lab.secret), "odd": "a b.h5"}.items():
        preset = lab.manifested(f"weights-{name}")
        edit(preset / "modelry.json", lambda values, place=place: values["weights"].update(task=place))
        yield Attempt(preset, "refers to the file", name=f"weights {name}")
    for number, base in enumerate((f"file://{lab.secret}", str(lab.own), "../own", "http://169.254.169.254/meta")):
        with Server(lab.adapter(base, f"adapter-{number}")) as server:
            yield Attempt(server.url, "wants .* as its base", addresses=[server.address], name=f"adapter of {base}")
    for number, base in enumerate(("https://127.0.0.1:1/base", f"zip://p::file://{lab.secret}", "memory://base")):
        yield Attempt(lab.adapter(base, f"local-{number}"), "wants .* as its base", name=f"local adapter of {base}")
    itself = lab.adapter(str(lab.inside / "itself-again"), "itself-again")
    yield Attempt(itself, "chains are not followed", "PresetFormatError", name="adapter of itself")


def m58(lab: Lab) -> Iterator[Attempt]:
    """A server that sends its clients on to where it cannot go itself."""
    with socket.create_server(("127.0.0.1", 0)) as inner, Server() as server:
        for name, place in {
            "metadata": "http://169.254.169.254/latest/meta-data",
            "loopback": f"http://127.0.0.1:{inner.getsockname()[1]}/modelry.json",
            "localhost": f"http://localhost:{inner.getsockname()[1]}/modelry.json",
            "number": f"http://2130706433:{inner.getsockname()[1]}/modelry.json",
            "mapped": f"http://[::ffff:127.0.0.1]:{inner.getsockname()[1]}/modelry.json",
        }.items():
            server.redirect(f"/{name}/modelry.json", place)
            yield Attempt(f"{server.url}/{name}", "which is not followed", addresses=[server.address], name=name)
        server.redirect("/file/modelry.json", f"file://{lab.secret}")
        yield Attempt(f"{server.url}/file", "NonHttpUrl", "StorageError", addresses=[server.address], name="file")


def m59(lab: Lab) -> Iterator[Attempt]:
    """A secret in the reference, and servers that do not answer: nothing tells it."""
    with Server() as server:
        place = server.url.replace("://", f"://user:{SECRET}@")
        for name, reference in {"missing": f"{place}/preset", "query": f"{server.url}/p?sig={SECRET}"}.items():
            yield Attempt(
                reference, "There is no", "PresetNotFound", addresses=[server.address], never=SECRET, name=name
            )
        server.serve("/damaged/modelry.json", b"{")
        damaged = f"{place}/damaged"
        yield Attempt(damaged, "JSON", "PresetFormatError", addresses=[server.address], never=SECRET, name="damaged")


def m60(lab: Lab) -> Iterator[Attempt]:
    """Names near those of built-in presets: never fetched from anywhere."""
    for name, near in {"bert_micro_sst": "bert_micro_sst2", "bert_tiny_em_uncased": "bert_tiny_en_uncased"}.items():
        yield Attempt(name, f"Did you mean '{near}'", "PresetNotFound", name=name)


CASES = cases_in(globals())
