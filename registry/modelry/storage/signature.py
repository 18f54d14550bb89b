"""The signature in a preset's manifest, which lists all other files with their digests: made, and checked.

`model-signing` does both, and is imported where it is used. What is signed is the manifest without its signature, as
JSON in one spelling. So a preset that is signed is as many files as before, and its manifest and signature cannot be of
two versions.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelry.errors import InputError, SignatureError
from modelry.storage.checksums import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


FIELD = "signature"
"""Where in the manifest the signature stands."""


def make_signature(manifest: Mapping[str, Any], private_key: Path, password: str | None = None) -> dict[str, Any]:
    """Return the signature of a manifest.

    Args:
        manifest: The manifest; an older signature in it does not count.
        private_key: The file of a private key for an elliptic curve (NIST P-256, P-384 or P-521), in PEM.
        password: The password of the key, if it is encrypted.

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
    """Check that a manifest was signed with the private key that belongs to a public one.

    Args:
        manifest: The manifest, with its signature.
        public_key: The file of the public key, in PEM.
        reference: The preset's name in messages.

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
