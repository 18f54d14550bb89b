"""Claims about publishing to a store, and the small presets that are published. Imports no Keras."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from modelry.errors import ModelryError, StorageError
from modelry.storage.handler import PRESET_MARKER, Release, Storage
from modelry.storage.integrity import MANIFEST
from modelry.storage.options import OpenOptions
from modelry.storage.paths import HIDDEN, parse_reference
from modelry.storage.remote import RemoteStorage
from modelry.testing.contract import expect, fail
from modelry.testing.installed_contract import InstalledContract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WEIGHTS = "model.weights.h5"
OWNED = re.compile(r"[^.].*")
"""The pattern of a preset's file names; hidden files are a hub's own."""


def with_manifest(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of a preset, and a `modelry.json` that lists them."""
    listed = {
        name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()
    }
    return {**files, MANIFEST: json.dumps({"files": listed}).encode()}


OLD = with_manifest(
    {
        "config.json": b'{"registered_name": "keras_hub>NoSuchBackbone"}',
        "model.weights.h5": bytes(range(256)) * 64,
        "assets/tokenizer/vocabulary.txt": "film\nété\n電影\n".encode(),
    }
)
NEW = with_manifest(
    {
        "config.json": b'{"registered_name": "keras_hub>NoSuchTokenizer"}',
        "model.weights.h5": bytes(reversed(range(256))) * 64,
        "tokenizer.json": b"{}",
        "empty.txt": b"",
    }
)


class PublishingClaims(InstalledContract):
    """Claims about publishing, which `StorageContract` makes; abstract."""

    @pytest.fixture
    def place(self, storage: Storage) -> str | None:
        """The reference of an empty place that presets can be published to; `None` where that is not possible."""
        cls = type(storage)
        if _publishes(cls):
            fail(
                f"{cls.__name__} publishes, but these tests do not know where.",
                "publishing is tested in an empty place of the store.",
                "write it in the class: @pytest.fixture, then def place(self): return the reference of such a place.",
            )
        return None

    @pytest.fixture
    def write(self, storage: Storage, place: str | None, tmp_path: Path) -> Callable[..., str]:
        """Publish files to the place, and return the reference that opens them."""

        def publish(
            files: Mapping[str, bytes], look: Callable[[], None] = lambda: None, gone: str = "", vanishing: str = ""
        ) -> str:
            folder = tmp_path / f"release{len(list(tmp_path.glob('release*')))}"
            for name, content in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                if name != gone:
                    (folder / name).write_bytes(content)
            watched = WatchedFiles({name: folder / name for name in files}, look, vanishing)
            opened = storage.publish(parse_reference(place or ""), Release(watched, OWNED), OpenOptions())
            return place or "" if HIDDEN in opened else opened

        return publish

    def test_publishing_works_or_is_refused(self, request: pytest.FixtureRequest, place: str | None) -> None:
        """The reference that is returned opens the published files; a handler that cannot publish raises an error."""
        if place is None:
            self._expect_refusal(request.getfixturevalue("storage"), request.getfixturevalue("reference"))
            return
        storage, write = request.getfixturevalue("storage"), request.getfixturevalue("write")
        published = write(OLD)
        rule = "publish returns the reference that opens what was published."
        to_do = "write every file of release.ordered(), and return reference.text, pinned if the store has versions."
        try:
            found = _seen(storage, published)
        except ModelryError as error:
            fail(f"What was published cannot be opened as {published!r}: {error}", rule, to_do)
        expect(found == OLD, f"{published!r} has {_difference(found, OLD)}.", rule, to_do)

    def test_an_older_preset_is_replaced_as_a_whole(
        self, storage: Storage, place: str | None, write: Callable[..., str]
    ) -> None:
        """Files of an older preset that the new one does not have are gone, and all others are the new ones."""
        _skip_unless(place)
        write(OLD)
        published = write(NEW)
        rule = "a place that is opened after publishing has the new preset, and no file of the older one."
        to_do = "remove release.stale(names of what is there)."
        for reference in {place or "", published}:
            try:
                found = _seen(storage, reference)
            except ModelryError as error:
                fail(f"What was published cannot be opened as {reference!r}: {error}", rule, to_do)
            expect(found == NEW, f"{reference!r} has {_difference(found, NEW)}.", rule, to_do)

    def test_readers_see_all_of_a_preset_or_none(
        self, storage: Storage, place: str | None, write: Callable[..., str]
    ) -> None:
        """A reader finds one whole version, or no config.json, while a preset is published or replaced."""
        _skip_unless(place)
        found: list[dict[str, bytes]] = []

        def look() -> None:
            try:
                found.append(_seen(storage, place or ""))
            except ModelryError:  # no preset there, or one that is being replaced: either is clean
                return

        look()
        write(OLD)
        write(NEW, look)
        for one in found:
            expect(
                PRESET_MARKER not in one or one in (OLD, NEW),
                f"While a preset was published, a reader found {_difference(one, NEW)}.",
                f"a reader sees one whole version or none; a folder without {PRESET_MARKER} is not a preset.",
                f"put all files in place at once; or remove an older {PRESET_MARKER} first and write the new one last.",
            )

    def test_a_failure_leaves_no_half_preset(
        self, storage: Storage, place: str | None, write: Callable[..., str]
    ) -> None:
        """A file that cannot be sent is an error, and leaves the older preset as it was, or none; again works."""
        _skip_unless(place)
        write(OLD)
        rule = "publishing that fails raises a ModelryError, and leaves the older preset as it was, or none."
        to_do = f"turn errors of a file into a StorageError, and put {PRESET_MARKER} in place last."
        for fault in ({"gone": WEIGHTS}, {"vanishing": WEIGHTS}, {"vanishing": PRESET_MARKER}):
            what = "When {1} is {0} while a preset is published".format(*next(iter(fault.items())))
            failed = False
            try:
                write(NEW, **fault)
            except ModelryError:
                failed = True
            except Exception as error:
                fail(f"{what}, that raises {error!r}.", rule, to_do)
            try:
                found = _seen(storage, place or "")
            except ModelryError:
                found = {}
            if failed:
                whole = PRESET_MARKER not in found or found in (OLD, NEW)
                expect(whole, f"{what}, there is {_difference(found, OLD)}.", rule, to_do)
            else:
                expect(found == NEW, f"{what}, that succeeds with {_difference(found, NEW)}.", rule, to_do)
        expect(
            _seen(storage, write(NEW)) == NEW, "Publishing again does not repair it.", rule, "replace what is there."
        )

    def _expect_refusal(self, storage: Storage, reference: str) -> None:
        rule = "a handler that does not publish raises a StorageError."
        to_do = "leave publish and destination as they are."
        try:
            storage.publish(parse_reference(reference), Release({}, OWNED), OpenOptions())
        except StorageError:
            return
        except Exception as error:
            fail(f"Publishing to {reference!r} raises {error!r}.", rule, to_do)
        fail(f"Publishing to {reference!r} succeeds, though there is no place for it.", rule, to_do)


class WatchedFiles(Mapping[str, "Path"]):
    """The files of a release, which call a function at each access.

    Args:
        files: The files by name.
        look: The function.
        vanishing: The name of a file that is removed when, after it, another file is accessed.
    """

    def __init__(self, files: Mapping[str, Path], look: Callable[[], None], vanishing: str = "") -> None:
        self._files = files
        self._look = look
        self._vanishing = vanishing
        self._met = False

    def __getitem__(self, name: str) -> Path:
        self._look()
        if self._met and name != self._vanishing:
            self._files[self._vanishing].unlink(missing_ok=True)
        self._met = self._met or name == self._vanishing
        return self._files[name]

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def _publishes(cls: Any) -> bool:
    if issubclass(cls, RemoteStorage) and cls.publish is RemoteStorage.publish:
        return cls.destination is not RemoteStorage.destination
    return cls.publish is not Storage.publish


def _seen(storage: Storage, reference: str) -> dict[str, bytes]:
    """Return the files that a reader finds who opens a preset now, without hidden ones."""
    files = storage.open(parse_reference(reference))
    return {name: files.path(name).read_bytes() for name in files.names() if OWNED.fullmatch(name)}


def _skip_unless(place: str | None) -> None:
    if place is None:
        pytest.skip("nothing can be published there; see test_publishing_works_or_is_refused")


def _difference(found: Mapping[str, bytes], expected: Mapping[str, bytes]) -> str:
    """Return how files differ from those of one version."""
    lacking, extra = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    other = sorted(name for name in found.keys() & expected.keys() if found[name] != expected[name])
    return f"{len(found)} files: lacking {lacking}, beyond the preset {extra}, with other bytes {other}"
