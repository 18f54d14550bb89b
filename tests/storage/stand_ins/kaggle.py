"""A stand-in for Kaggle, as far as models go: calls of procedures, and files at another origin."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import attrs

from .kaggle_uploads import KaggleUploads, handle_of, refusal
from .loopback import LoopbackServer
from .messages import Reply, Request, bytes_reply, json_reply

if TYPE_CHECKING:
    from pathlib import Path

PAGE = 3
"""So few files are listed at once, so that small presets have pages."""


@attrs.define
class KaggleModel:
    """The versions of one variation of a model.

    Attributes:
        versions: Number → name → content.
        readers: The tokens that may read it; `None` if everybody may.
        needs_consent: Whether its licence must be accepted first, which nobody here has done.
        licence: The name of its licence, as Kaggle calls it.
        notes: Number → what the publisher said about the version.
    """

    versions: dict[int, dict[str, bytes]] = attrs.field(factory=dict)
    readers: frozenset[str] | None = None
    needs_consent: bool = False
    licence: str = ""
    notes: dict[int, str] = attrs.field(factory=dict)


class Kaggle(LoopbackServer):
    """Answers what kagglehub asks to resolve, list, read and publish models.

    Attributes:
        models: `owner/model/framework/variation` → model.
        tokens: The tokens that belong to somebody; others are refused.
        sends_digest: Whether files come with their MD5 sum, as Kaggle's do.
        sizes: Whether listings have the sizes of the files.
        uploads: The writing side.
    """

    def __init__(self) -> None:
        super().__init__()
        self.models: dict[str, KaggleModel] = {}
        self.tokens: set[str] = set()
        self.sends_digest = True
        self.sizes = True
        self.uploads = KaggleUploads(self)

    def publish(self, handle: str, folder: Path) -> int:
        """Make a new version of the files of a folder; return its number."""
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        versions = self.models.setdefault(handle, KaggleModel()).versions
        versions[len(versions) + 1] = files
        return len(versions)

    def calls(self) -> list[str]:
        """Return the procedures that were called, and `file` for each file that was read."""
        return [one.path.rpartition("/")[2] if one.method == "POST" else "file" for one in self.log]

    def answer(self, request: Request) -> Reply:
        if found := request.match(r"/files/([^/]+/[^/]+/[^/]+/[^/]+)/(\d+)/(.+)"):
            return self._file(request, found[0], int(found[1]), found[2])
        if (reply := self.uploads.answer(request)) is not None:
            return reply
        found = request.match(r"/api/v1/models\.ModelApiService/(\w+)")
        procedures = {
            "GetModelInstance": self._model,
            "ListModelInstanceVersionFiles": self._list,
            "DownloadModelInstanceVersion": self._download,
        }
        if not found or found[0] not in procedures:
            return refusal(404, f"the stand-in has no {request.method} {request.path}")
        wanted = json.loads(request.body)
        handle = handle_of(wanted, wanted)
        model = self.models.get(handle)
        if request.token is not None and request.token not in self.tokens:
            return refusal(401, "Unauthenticated")
        if model is None:
            return refusal(404, f"Model {handle} is not found")
        if model.needs_consent or (model.readers is not None and request.token not in model.readers):
            return refusal(403, "Permission 'models.get' was denied")
        return procedures[found[0]](handle, model, wanted)

    def _model(self, handle: str, model: KaggleModel, wanted: dict[str, Any]) -> Reply:
        facts = {"id": 1, "slug": handle.rpartition("/")[2], "framework": wanted["framework"]}
        return json_reply({**facts, "versionNumber": max(model.versions, default=0), "licenseName": model.licence})

    def _list(self, handle: str, model: KaggleModel, wanted: dict[str, Any]) -> Reply:
        files = model.versions.get(wanted["versionNumber"])
        if files is None:
            return refusal(404, f"{handle} has no version {wanted['versionNumber']}")
        start = int(wanted.get("pageToken") or 0)
        names = sorted(files)[start : start + PAGE]
        more = str(start + PAGE) if start + PAGE < len(files) else ""
        listed = [{"name": name, **({"size": len(files[name])} if self.sizes else {})} for name in names]
        return json_reply({"files": listed, "nextPageToken": more})

    def _download(self, handle: str, model: KaggleModel, wanted: dict[str, Any]) -> Reply:
        version, path = wanted["versionNumber"], wanted["path"]
        if path not in model.versions.get(version, {}):
            return refusal(404, f"{handle} has no file {path}")
        return Reply(302, b"", {"Location": f"{self.files_url}/files/{handle}/{version}/{quote(path)}"})

    def _file(self, request: Request, handle: str, version: int, path: str) -> Reply:
        content = self.models[handle].versions[version][path]
        digest = base64.b64encode(hashlib.md5(content).digest()).decode()
        return bytes_reply(content, request, {"x-goog-hash": f"md5={digest}"} if self.sends_digest else {})
