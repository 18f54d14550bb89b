"""The view of a preset of which nothing is read that is not signed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, final

from modelry.errors import SignatureError, WrongContent
from modelry.storage.checksums import MANIFEST, manifest_content, parse_checksums
from modelry.storage.hashed_files import HashedFiles
from modelry.storage.signature import check_signature

if TYPE_CHECKING:
    from pathlib import Path

    from modelry.storage.files import PresetFiles


@final
class SignedFiles(HashedFiles):
    """The files of another view, each held against the manifest, whose signature is checked now.

    Files that the manifest does not list, such as a README, may lie there, but cannot be read.

    Args:
        files: The other view.
        public_key: The file of the key.

    Raises:
        SignatureError: The preset has no manifest, or one that was not signed with that key, or lacks a signed file.
        InputError: The key cannot be used.
    """

    def __init__(self, files: PresetFiles, public_key: Path) -> None:
        reference = files.reference
        if MANIFEST not in files:
            raise SignatureError(
                f"{reference!r} has no {MANIFEST}, so nothing of it is signed. Nothing of it is loaded."
            )
        content = manifest_content(files.path(MANIFEST))
        listed = parse_checksums(content, reference)
        check_signature(json.loads(content), public_key, reference)
        missing = sorted(set(listed) - files.names())
        if missing:
            raise SignatureError(f"{reference!r} lacks {missing[0]}, which is signed. Nothing of it is loaded.")
        super().__init__(files, {**listed, MANIFEST: (len(content), hashlib.sha256(content).hexdigest())})

    def names(self) -> frozenset[str]:
        """Return the names of all files, also of those that are not signed."""
        return self._files.names()

    def fetch(self, name: str) -> Path:
        """Return the path of a file that is signed; raises what `HashedFiles.fetch` does, and SignatureError."""
        if name not in self._expected:
            raise SignatureError(
                f"{name} of {self.reference!r} is not in the {MANIFEST} that is signed, so it is not read. Whoever "
                "publishes the preset must save and sign it with that file in it, or take the file away."
            )
        return super().fetch(name)

    def _wrong(self, name: str, found: str) -> WrongContent:
        return WrongContent(
            f"{name} of {self.reference!r} is not what was signed: its SHA-256 is {found}, and {MANIFEST} says "
            f"{self._expected[name][1]}. It is not loaded. It was changed or damaged after it was signed."
        )

    def __contains__(self, name: str) -> bool:
        return name in self._files
