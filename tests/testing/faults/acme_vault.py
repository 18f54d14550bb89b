"""Storage handlers: one that keeps its contract, and others with a fault each."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
from pathlib import Path

from modelry import PresetFiles, Storage
from modelry.errors import PresetNotFound, StorageError
from modelry.storage.paths import checked_name

VAULT = Path(os.environ.get("ACME_VAULT", tempfile.gettempdir()))


class GoodFiles(PresetFiles):
    def __init__(self, folder, reference):
        self.folder = folder
        self.text = reference

    @property
    def reference(self):
        return self.text

    def names(self):
        return frozenset(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())

    def fetch(self, name):
        return self.folder / name


class GoodVault(Storage):
    works_offline = True
    view = GoodFiles

    def open(self, reference):
        if not reference.path:
            raise StorageError(f"{reference.text!r} names no preset in the vault.")
        folder = VAULT / reference.path
        if not folder.is_dir():
            raise PresetNotFound(f"{reference.text!r} is not in the vault.")
        return self.view(folder, reference.text)

    def publish(self, reference, release, options):
        options.allow_only((), reference, "published")
        folder = VAULT / reference.path
        fresh = Path(tempfile.mkdtemp(dir=VAULT)) / "fresh"
        self.fill(fresh, release)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
        return reference.text

    def fill(self, folder, release):
        for name in release.ordered():
            self.write(folder / name, release.files[name])

    def write(self, path, source):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(source, path)
        except OSError as error:
            raise StorageError(f"{path.name} cannot be put into the vault: {error}") from error


class ForgetsFolders(GoodVault):
    class view(GoodFiles):  # noqa: N801
        def names(self):
            return frozenset(path.name for path in self.folder.iterdir() if path.is_file())


class ChangesLines(GoodVault):
    class view(GoodFiles):  # noqa: N801
        def fetch(self, name):
            path = super().fetch(name)
            copy = Path(tempfile.mkdtemp(dir=VAULT)) / "copy"
            copy.write_text(path.read_text("latin-1").replace("\n", "\r\n"), "latin-1")
            return copy


class CountsWrongly(GoodVault):
    class view(GoodFiles):  # noqa: N801
        def size(self, name):
            return len(self.path(name).read_text("latin-1").strip())


class NamesSomethingElse(GoodVault):
    def open(self, reference):
        return self.view(VAULT / reference.path, reference.path) if reference.path else super().open(reference)


class RaisesKeyErrors(GoodVault):
    class view(GoodFiles):  # noqa: N801
        def path(self, name):
            if checked_name(name) not in self.names():
                raise KeyError(name)
            return super().path(name)


class LetsOut(GoodVault):
    class view(GoodFiles):  # noqa: N801
        def path(self, name):
            path = Path(str(self.folder) + "/" + name)
            if not path.exists():
                raise PresetNotFound(f"no file {name!r}")
            return path


class OpensNothing(GoodVault):
    def open(self, reference):
        return self.view(VAULT / reference.path, reference.text)


class NeedsArguments(GoodVault):
    def __init__(self, secret="") -> None:
        self.secret = secret

    def open(self, reference):
        files = super().open(reference)
        return files if self.secret else ForgetsFolders.view(files.folder, files.text)


class AsksAServer(GoodVault):
    def open(self, reference):
        with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as server:
            server.connect(("127.0.0.1", 9))
        return super().open(reference)


class KeepsNoLock(GoodVault):
    def open_locked(self, reference, options, locked):
        return self.open_with(reference, options)


class ReadsTheNewest(GoodVault):
    newest = None

    class view(GoodFiles):  # noqa: N801
        def __init__(self, folder, reference):
            super().__init__(folder, reference)
            ReadsTheNewest.newest = folder

        def fetch(self, name):
            return ReadsTheNewest.newest / name


class CachesByBaseName(GoodVault):
    class view(GoodFiles):  # noqa: N801
        def fetch(self, name):
            copy = VAULT / "cache" / self.folder.name / Path(name).name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if not copy.exists():
                shutil.copyfile(self.folder / name, copy)
            return copy


class Collides(GoodVault):
    class view(GoodFiles):  # noqa: N801
        def fetch(self, name):
            path = super().fetch(name)
            copy = VAULT / "cache" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            with copy.open("wb") as file:
                for byte in path.read_bytes():
                    file.write(bytes([byte]))
            return copy


class Deletes(GoodVault):
    class view(GoodFiles):  # noqa: N801
        def fetch(self, name):
            path = super().fetch(name)
            if name != "empty.txt":
                return path
            copy = Path(shutil.move(path, Path(tempfile.mkdtemp(dir=VAULT)) / "moved"))
            self.path = lambda name, copy=copy: copy if name == "empty.txt" else GoodFiles.path(self, name)
            return copy


class PublishesElsewhere(GoodVault):
    def publish(self, reference, release, options):
        super().publish(reference, release, options)
        return f"{reference.text}/2"


class KeepsStaleFiles(GoodVault):
    def publish(self, reference, release, options):
        self.fill(VAULT / reference.path, release)
        return reference.text


class ShowsHalf(GoodVault):
    def publish(self, reference, release, options):
        folder = VAULT / reference.path
        shutil.rmtree(folder, ignore_errors=True)
        self.write(folder / "config.json", release.files["config.json"])
        self.fill(folder, release)
        return reference.text


class HidesFailures(GoodVault):
    def write(self, path, source):
        try:
            super().write(path, source)
        except StorageError:
            path.touch()
