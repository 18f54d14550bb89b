"""A model repository of the stand-in Hugging Face hub: commits, and names for them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import attrs

from .messages import json_reply

SMALL = 1024
"""Files of at least so many bytes are stored as large files, if they are no text."""


class Refused(Exception):
    """The reply that says why a request is refused."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.reply = json_reply({"error": message}, status, X_Error_Code=code, X_Error_Message=message)


def git_sha1(content: bytes) -> str:
    """Return the id that git gives to a file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def is_large(name: str, content: bytes) -> bool:
    """Return whether the hub keeps a file outside git."""
    return len(content) >= SMALL and not name.endswith((".json", ".md", ".txt"))


def tree_entry(name: str, content: bytes) -> dict[str, Any]:
    """Return what a listing says of a file; of a large one, git knows a pointer and the hub the SHA-256 sum."""
    entry = {"type": "file", "path": name, "size": len(content), "oid": git_sha1(content)}
    if is_large(name, content):
        digest = hashlib.sha256(content).hexdigest()
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n".encode()
        entry |= {
            "oid": git_sha1(pointer),
            "lfs": {"oid": digest, "size": len(content), "pointerSize": len(pointer)},
        }
    return entry


def sibling(name: str, content: bytes) -> dict[str, Any]:
    """Return the same as what a repository's description says, in other words."""
    entry = tree_entry(name, content)
    described = {"rfilename": name, "size": entry["size"], "blobId": entry["oid"]}
    if "lfs" in entry:
        described["lfs"] = {"sha256" if key == "oid" else key: value for key, value in entry["lfs"].items()}
    return described


@attrs.define
class HubRepository:
    """Commits by id, and the branches and tags that point to them.

    Attributes:
        commits: Commit id → name → content.
        refs: Branch, tag or `refs/pr/N` → commit id.
        readers: The tokens that may read it; `None` if everybody may.
        gated: Whether those who may not read it are told that it exists.
        refused: With which status and words everybody is refused, if so.
        private: Whether it says that it is private.
        messages: Commit id → what its author said.
        ignored: The names that its `.gitignore` keeps out.
    """

    commits: dict[str, dict[str, bytes]] = attrs.field(factory=dict)
    refs: dict[str, str] = attrs.field(factory=dict)
    readers: frozenset[str] | None = None
    gated: bool = False
    refused: tuple[int, str] | None = None
    private: bool = False
    messages: dict[str, str] = attrs.field(factory=dict)
    ignored: frozenset[str] = frozenset()

    def commit(self, files: dict[str, bytes], ref: str = "main", message: str = "") -> str:
        """Let a ref point to a new commit with these files; return the commit's id."""
        described = [self.refs.get(ref), len(self.commits), {name: git_sha1(one) for name, one in files.items()}]
        commit = hashlib.sha1(json.dumps(described).encode()).hexdigest()
        self.commits[commit], self.messages[commit] = dict(files), message
        self.refs[ref] = commit
        return commit

    def resolve(self, revision: str) -> str | None:
        """Return the commit that a revision means."""
        return revision if revision in self.commits else self.refs.get(revision)
