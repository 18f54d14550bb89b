"""Integrity of files: digests, and the SHA-256 sums and the signature in a preset's manifest.

`model-signing` makes and checks signatures, and is imported where it is used. What is signed is the manifest without
its signature, as JSON in one spelling. So a preset that is signed is as many files as before, and its manifest and
signature cannot be of two versions.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from modelry.errors import ChecksumMismatch, InputError, PresetFormatError, SignatureError
from modelry.storage.paths import check_names, storage_errors
from modelry.strict_json import LARGEST, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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


FIELD = "signature"
"""Where in the manifest the signature stands."""


def make_signature(manifest: Mapping[str, Any], private_key: Path, password: str | None = None) -> dict[str, Any]:
    """Return the signature of a manifest.

    An older signature in it does not count. The key is one for an elliptic curve (NIST P-256, P-384 or P-521), in PEM.

    Raises:
        InputError: The key cannot be used.
        SignatureError: `model-signing` is not installed.
    """
    signing = _library("signing")
    secret = None if password is None else password.encode()  # as cryptography wants it, to which it is handed on
    with _staged(manifest) as (folder, signature):
        try:
            signer = signing.Config().use_elliptic_key_signer(private_key=private_key, password=secret)
        except Exception as error:  # of several libraries
            raise _bad_key(private_key, "private", error) from None
        signer.sign(folder, signature)
        made: dict[str, Any] = json.loads(signature.read_bytes())
        return made


def check_signature(manifest: Mapping[str, Any], public_key: Path, reference: str) -> None:
    """Check that a manifest was signed with the private key that belongs to a public one, in PEM.

    Raises:
        SignatureError: It was not, or `model-signing` is not installed.
        InputError: The key cannot be used.
    """
    verifying = _library("verifying")
    if FIELD not in manifest:
        raise SignatureError(
            f"{reference!r} is not signed, and only what is signed with {str(public_key)!r} may be loaded. Ask its "
            "publisher to run `modelry sign`, or leave the public key out."
        )
    with _staged(manifest) as (folder, signature):
        signature.write_text(json.dumps(manifest[FIELD]), "utf-8")
        try:
            verifier = verifying.Config().use_elliptic_key_verifier(public_key=public_key)
        except Exception as error:
            raise _bad_key(public_key, "public", error) from None
        try:
            verifier.verify(folder, signature)
        except Exception as error:  # whatever a signature that was tampered with makes the libraries raise
            why = " ".join(str(error).split()) or type(error).__name__
            raise SignatureError(
                f"{MANIFEST} of {reference!r} is not signed with the key {str(public_key)!r}: {why.rstrip('.')}. "
                "Nothing of it is loaded. It was changed after it was signed, or somebody else has signed it."
            ) from None


@contextlib.contextmanager
def _staged(manifest: Mapping[str, Any]) -> Iterator[tuple[Path, Path]]:
    """Yield a folder with what is signed, and where its signature can lie."""
    content = {name: value for name, value in manifest.items() if name != FIELD}
    with tempfile.TemporaryDirectory(prefix="modelry-signature-") as temporary:
        folder = Path(temporary, "preset")
        folder.mkdir()
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        (folder / MANIFEST).write_bytes(text.encode())
        yield folder, Path(temporary, "signature")


def _library(module: str) -> Any:
    try:
        import model_signing.signing
        import model_signing.verifying
    except ImportError as error:
        raise SignatureError(
            f'Signatures need libraries that are not installed ({error}). Run: pip install "modelry[signing]"'
        ) from error
    return getattr(model_signing, module)


def _bad_key(path: Path, kind: str, error: Exception) -> InputError:
    return InputError(
        f"{str(path)!r} holds no {kind} key that can be used: {error}. It must be in PEM, for the curve P-256, P-384 "
        "or P-521, as `openssl ecparam -genkey -name prime256v1` makes it."
    )
