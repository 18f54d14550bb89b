"""Digests of files, and the SHA-256 sums in a preset's manifest."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import attrs

from modelry.errors import ChecksumMismatch, PresetFormatError
from modelry.storage.paths import check_names, storage_errors
from modelry.strict_json import LARGEST, parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelry.storage.remote_source import RemoteFile


MANIFEST = "modelry.json"
"""The file of a preset that lists the others with their sizes and SHA-256 sums."""

LARGEST_MANIFEST = LARGEST
"""Bytes; a manifest has about a hundred for each file."""


def parse_checksums(content: bytes, reference: str) -> dict[str, tuple[int, str]]:
    """Return name → size in bytes and SHA-256 of the files that a manifest lists.

    Raises:
        UnsafePresetError: A name in it could do harm, or it is too large.
        PresetFormatError: The manifest is damaged.
    """
    manifest = parse_json(content, f"{MANIFEST} of preset {reference!r}", LARGEST_MANIFEST)
    try:
        listed = {name: _facts(facts) for name, facts in manifest["files"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise PresetFormatError(
            f"{MANIFEST} of preset {reference!r} does not list files with their sizes and SHA-256 sums "
            f"({type(error).__name__}: {error}). Save and publish the preset again."
        ) from error
    check_names(listed, reference)
    return listed


def read_checksums(path: Path, reference: str) -> dict[str, tuple[int, str]]:
    """Parse the checksums in a file; raises StorageError if it cannot be read, and what `parse_checksums` raises."""
    with storage_errors(f"{MANIFEST} of preset {reference!r} cannot be read"):
        return parse_checksums(manifest_content(path), reference)


def manifest_content(path: Path) -> bytes:
    """Return the content of a manifest, cut off one byte beyond the limit of `parse_checksums`."""
    with path.open("rb") as file:
        return file.read(LARGEST_MANIFEST + 1)


def with_checksum(file: RemoteFile, checksums: Mapping[str, tuple[int, str]], reference: str) -> RemoteFile:
    """Return a listed file with the size and SHA-256 of the manifest.

    Raises:
        ChecksumMismatch: The store says otherwise.
    """
    if file.name not in checksums:
        return file
    size, sha256 = checksums[file.name]
    if file.size not in (None, size) or file.sha256 not in (None, sha256):
        store = f"{file.size} bytes" if file.size not in (None, size) else f"SHA-256 {file.sha256}"
        raise ChecksumMismatch(
            f"{file.name} of {reference!r} is not what {MANIFEST} says: the store has {store}, the manifest "
            f"{size} bytes with SHA-256 {sha256}. The preset was published in part or changed since; publish it again."
        )
    return attrs.evolve(file, size=size, sha256=sha256)


def _facts(facts: Any) -> tuple[int, str]:
    size, sha256 = facts["size"], facts["sha256"]
    if not isinstance(size, int) or isinstance(size, bool) or not isinstance(sha256, str):
        raise TypeError(f"{facts!r} is not a size with a sha256")
    return size, sha256


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_sha1_of(path: Path) -> str:
    """Return the SHA-1 by which git knows a file's content."""
    with path.open("rb") as file:
        digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()
