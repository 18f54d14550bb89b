"""Claims about storage handlers: reading, locking, threads and offline use. Imports no Keras."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ClassVar, NoReturn

import attrs
import pytest

from modelry.discovery.registry import registry
from modelry.errors import ModelryError, PresetNotFound, StorageError
from modelry.storage.files import PresetFiles
from modelry.storage.lock import lock_preset
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions
from modelry.storage.paths import parse_reference
from modelry.testing.contract import expect, fail
from modelry.testing.presets import contents
from modelry.testing.publishing_claims import PublishingClaims, with_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from modelry.storage.handler import Storage

FILES = with_manifest(
    {
        "config.json": b'{"registered_name": "keras_hub>NoSuchBackbone"}',
        "model.weights.h5": bytes(range(256)) * 1024,
        "assets/tokenizer/vocabulary.txt": "film\nété\n電影\n".encode(),
        "assets/second_tokenizer/vocabulary.txt": b"another file of the same base name",
        "empty.txt": b"",
        "with space é.txt": b"names may be unusual",
    }
)
"""The files of a preset; handlers do not look into them, but for `modelry.json` where a store cannot list."""

OTHER_FILES = with_manifest(
    {name: bytes(reversed(content)) for name, content in FILES.items() if not name.endswith(".json")}
    | {"config.json": b'{"registered_name": "keras_hub>AnotherBackbone"}'}
)
"""The files of another preset in the same store, under the same names."""

OUTSIDE = ("../config.json", "/etc/passwd", "assets/../../config.json", "a\\..\\b", "C:/config.json", "")


class StorageContract(PublishingClaims):
    """Claims about a storage handler. Write the fixtures `storage` and `publish`, and `place` if it publishes."""

    kind: ClassVar[str] = "storage"
    subject: ClassVar[str] = "storage"
    needs: ClassVar[Mapping[str, str]] = {
        "storage": "an instance of your handler, created without arguments",
        "publish": "a function that puts a folder's files into the store as a new preset, and returns its reference",
    }

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """A folder with the files of a preset."""
        return _write(FILES, tmp_path / "preset")

    @pytest.fixture
    def reference(self, folder: Path, publish: Callable[[Path], str]) -> str:
        """The reference of the published preset."""
        return publish(folder)

    @pytest.fixture
    def files(self, storage: Storage, reference: str) -> PresetFiles:
        """The view that the handler gives of the published preset."""
        return storage.open(parse_reference(reference))

    def test_it_opens_what_is_published(self, files: PresetFiles) -> None:
        """The view names exactly the published files."""
        rule = "open returns a PresetFiles whose names are the relative POSIX paths of all files."
        to_do = "list folders within folders too, and leave out everything else."
        expect(isinstance(files, PresetFiles), f"open returns {files!r}.", rule, "derive from modelry.PresetFiles.")
        names, expected = set(files.names()), set(FILES)
        lacking, extra = sorted(expected - names), sorted(names - expected)
        expect(names == expected, f"names() lacks {lacking} and has {extra} beyond what was published.", rule, to_do)
        for name in (*FILES, "assets/no_such_file", "config"):
            what = f"{name!r} in files is {name in files}."
            expect(
                (name in files) == (name in FILES), what, "`in` agrees with names().", "do not override __contains__."
            )

    def test_files_are_the_same_to_the_byte(self, files: PresetFiles) -> None:
        """Every path leads to the file's own bytes, the second time too."""
        rule = "path returns a file on this machine with the same bytes."
        for name, content in FILES.items():
            for _ in range(2):
                path = files.path(name)
                found = path.read_bytes() if path.is_file() else None
                size = (
                    "is missing"
                    if found is None
                    else f"has {len(found)} bytes that are not the published {len(content)}"
                )
                expect(found == content, f"{name!r} {size}.", rule, "fetch in binary mode, to a name of its own.")

    def test_sizes_are_those_of_the_files(self, files: PresetFiles) -> None:
        """A size is right, or None where it is not known."""
        for name, content in FILES.items():
            found = files.size(name)
            what = f"size({name!r}) is {found}, but the file has {len(content)} bytes."
            expect(
                found in (None, len(content)), what, "size is the number of bytes, or None.", "return None if unsure."
            )

    def test_reference_is_what_the_user_wrote(self, files: PresetFiles, reference: str) -> None:
        """The view has the reference that the user wrote, for messages."""
        what = f"reference is {files.reference!r}, but {reference!r} was opened."
        expect(
            files.reference == reference,
            what,
            "messages name this reference.",
            "return reference.text.",
        )

    def test_a_missing_file_is_not_found(self, files: PresetFiles) -> None:
        """A name that the preset does not have raises PresetNotFound."""
        rule = "path raises PresetNotFound for a name that the preset does not have."
        to_do = 'raise PresetNotFound(f"Preset {self.reference!r} has no file {name!r}.")'
        try:
            found = files.path("no_such_file.json")
        except PresetNotFound as error:
            expect("no_such_file.json" in str(error), f"The message does not name the file: {error}", rule, to_do)
        except Exception as error:
            fail(f"path('no_such_file.json') raises {error!r}.", rule, to_do)
        else:
            fail(f"path('no_such_file.json') returns {found}.", rule, to_do)

    def test_names_do_not_lead_out(self, files: PresetFiles) -> None:
        """A name that is absolute or climbs out raises StorageError, whether or not a file lies there."""
        for name in OUTSIDE:
            rule = "path raises StorageError for names that lead out of the preset; a preset may come from a stranger."
            to_do = "call modelry.storage.files.checked_name(name) first."
            try:
                found = files.path(name)
            except StorageError:
                continue
            except Exception as error:
                fail(f"path({name!r}) raises {error!r}.", rule, to_do)
            fail(f"path({name!r}) returns {found}.", rule, to_do)

    def test_a_missing_preset_is_not_found(self, storage: Storage, reference: str) -> None:
        """A reference to nothing raises PresetNotFound when it is opened."""
        rule = "open raises PresetNotFound where there is nothing, with the reference in the message."
        to_do = 'look whether the preset is there, and raise PresetNotFound(f"… {reference.text!r} …") if not.'
        nowhere = f"{reference.rstrip('/')}-no-such-preset"
        try:
            storage.open(parse_reference(nowhere))
        except PresetNotFound as error:
            expect("no-such-preset" in str(error), f"The message does not name the reference: {error}", rule, to_do)
        except Exception as error:
            fail(f"Opening {nowhere!r} raises {error!r}.", rule, to_do)
        else:
            fail(f"Opening {nowhere!r} succeeds.", rule, to_do)

    def test_a_malformed_reference_is_refused(self, storage: Storage, reference: str) -> None:
        """A reference with nothing but a scheme raises a ModelryError."""
        rule = "open raises StorageError for a reference that it cannot read."
        empty = f"{parse_reference(reference).scheme}://"
        try:
            storage.open(parse_reference(empty))
        except ModelryError:
            return
        except Exception as error:
            fail(f"Opening {empty!r} raises {error!r}.", rule, "check reference.path before using it.")
        fail(f"Opening {empty!r} succeeds.", rule, "check reference.path before using it.")

    def test_modelry_opens_its_references(self, storage: Storage, reference: str) -> None:
        """References of its scheme reach it by the entry point, and it is created without arguments."""
        scheme = parse_reference(reference).scheme
        names = registry.names("storage")
        rule = "the name of the entry point is the scheme of the references."
        to_do = f'[project.entry-points."modelry.storage"] {scheme} = "module:Class", then run: pip install -e .'
        expect(scheme in names, f"Nothing is registered for {scheme}://; installed: {', '.join(names)}.", rule, to_do)
        found = registry.load("storage", scheme)
        expect(found is type(storage), f"{scheme}:// references are opened by {found!r}.", rule, to_do)
        names_found = set(open_preset(reference).names())
        expect(
            names_found == set(FILES), f"modelry finds {sorted(names_found)} there.", rule, "keep no state in __init__."
        )

    def test_it_stays_off_the_network_while_offline(
        self, storage: Storage, reference: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Offline it opens a preset that was read before without any connection, if it declares works_offline."""
        if not storage.works_offline:
            return
        rule = "offline, a handler with works_offline opens presets that were read before, without a connection."
        to_do = "leave works_offline out of a handler that needs a network; else obey options.is_offline in open_with."
        online = storage.open_with(parse_reference(reference), OpenOptions())
        for name in FILES:
            online.path(name)
        asked: list[str] = []

        def refuse(*arguments: object, **_: object) -> NoReturn:
            asked.append(repr(arguments[-1]))
            raise OSError("there is no network")

        with monkeypatch.context() as patch:
            for name in ("connect", "connect_ex", "sendto"):
                patch.setattr(socket.socket, name, refuse)
            try:
                files = storage.open_with(parse_reference(reference), OpenOptions(offline=True))
                found = {name: files.path(name).read_bytes() for name in FILES}
            except Exception as error:
                fail(f"Offline, a preset that was read a moment ago raises {error!r}.", rule, to_do)
        expect(not asked, f"Offline, it connects to {', '.join(asked)}.", rule, to_do)
        expect(found == FILES, "Offline, it opens other bytes than before.", rule, to_do)

    def test_a_lock_holds(self, storage: Storage, reference: str) -> None:
        """A locked preset is opened in its locked version, and a file with another digest is not returned."""
        parsed, options = parse_reference(reference), OpenOptions()
        rule = "open_locked opens the locked version of a preset, and returns files with the locked digests only."
        to_do = "leave open_locked as it is; where a store has versions, its source's `at` returns the one asked for."
        files = storage.open(parsed)
        locked = lock_preset(files)
        if all(files.size(name) in (None, len(content)) for name, content in FILES.items()):  # else see its own claim
            again = storage.open_locked(parsed, options, locked)
            found = {name: again.path(name).read_bytes() for name in FILES}
            expect(found == FILES, "A preset that was locked a moment ago is opened with other bytes.", rule, to_do)
        size, _ = locked.files["config.json"]
        wrong = attrs.evolve(locked, files={**locked.files, "config.json": (size, "0" * 64)})
        try:
            path = storage.open_locked(parsed, options, wrong).path("config.json")
        except ModelryError:
            return
        fail(f"A file that is locked with another SHA-256 is returned as {path}.", rule, to_do)

    def test_presets_are_kept_apart(
        self, storage: Storage, reference: str, publish: Callable[[Path], str], tmp_path: Path
    ) -> None:
        """Two presets of one store, open at the same time, give their own files, in any order."""
        second = publish(_write(OTHER_FILES, tmp_path / f"{tmp_path.name}-second" / "another"))
        to_do = "publish each folder under a name of its own, such as folder.name."
        expect(second != reference, f"publish returns {second!r} twice.", "a store has several presets.", to_do)
        views = [
            (storage.open(parse_reference(reference)), FILES),
            (storage.open(parse_reference(second)), OTHER_FILES),
        ]
        rule = "a view gives the files of the preset that was opened, whatever else is open or was read before."
        to_do = "keep the reference in the view, not in the handler; key a cache by the reference and the whole name."
        for _ in range(2):
            for name in OTHER_FILES:
                for view, files in views:
                    what = f"{name!r} of {view.reference!r} has other bytes while another preset is open."
                    expect(view.path(name).read_bytes() == files[name], what, rule, to_do)

    def test_threads_share_it(self, storage: Storage, reference: str) -> None:
        """Several threads can fetch the same files at once, from views of their own."""

        def read(_: int) -> dict[str, bytes]:
            files = storage.open(parse_reference(reference))
            return {name: files.path(name).read_bytes() for name in FILES}

        with ThreadPoolExecutor(8) as pool:
            for found in pool.map(read, range(16)):
                rule = "a file that path returns is complete, even if other threads fetch it too."
                to_do = "fetch to a temporary name in the same folder, then os.replace it."
                expect(found == FILES, "A thread reads other bytes than the published ones.", rule, to_do)

    def test_the_store_is_not_changed(self, files: PresetFiles, folder: Path, reference: str) -> None:
        """Reading a preset does not change it."""
        before = contents(folder)
        for name in FILES:
            files.path(name).read_bytes()
        names = (
            set(open_preset(reference).names())
            if parse_reference(reference).scheme in registry.names("storage")
            else set(FILES)
        )
        same = contents(folder) == before and names == set(FILES)
        expect(same, "Reading a preset changes its files.", "handlers only read.", "write to a cache elsewhere.")


def _write(files: Mapping[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
