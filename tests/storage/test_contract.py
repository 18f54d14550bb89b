"""The contract of every storage handler, run on folders, installed packages and web servers."""

from __future__ import annotations

import importlib
import shutil

import pytest

from modelry.storage.filesystems.storage import FsspecStorage
from modelry.storage.open import LocalStorage, PackageStorage
from modelry.testing import StorageContract


class TestFile(StorageContract):
    @pytest.fixture
    def storage(self):
        return LocalStorage()

    @pytest.fixture
    def publish(self, tmp_path):
        return lambda folder: shutil.copytree(folder, tmp_path / "shelf" / folder.name).as_uri()


class TestPackage(StorageContract):
    @pytest.fixture
    def storage(self):
        return PackageStorage()

    @pytest.fixture
    def publish(self, tmp_path, monkeypatch):
        (tmp_path / "site/acme_shelf-1.0.dist-info").mkdir(parents=True)
        metadata = "Metadata-Version: 2.1\nName: acme-shelf\nVersion: 1.0\n"
        (tmp_path / "site/acme_shelf-1.0.dist-info/METADATA").write_text(metadata)
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        importlib.invalidate_caches()

        def put(folder):
            shutil.copytree(folder, tmp_path / "site/acme_shelf" / folder.name)
            return f"package://acme-shelf/acme_shelf/{folder.name}"

        return put


class TestHttp(StorageContract):
    @pytest.fixture
    def storage(self):
        return FsspecStorage()

    @pytest.fixture
    def place(self):
        return None

    @pytest.fixture
    def publish(self, web):
        def put(folder):
            shutil.copytree(folder, web.folder / "shelf" / folder.name)
            return f"{web.url}/shelf/{folder.name}"

        return put
