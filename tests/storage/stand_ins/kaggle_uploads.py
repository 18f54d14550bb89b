"""The writing side of the stand-in for Kaggle: files are sent first, and become a version by one call."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import TYPE_CHECKING, Any

import attrs

from .messages import Reply, json_reply

if TYPE_CHECKING:
    from .kaggle import Kaggle
    from .messages import Request


@attrs.define
class Upload:
    """A file that was announced, and what has come of it."""

    name: str
    size: int
    content: bytes | None = None


class KaggleUploads:
    """Answers what kagglehub asks to publish; only tokens that Kaggle knows may.

    Attributes:
        private: `owner/model` → whether the model is private; for those that were made here.
        delay: How often the newest version is asked for before one that was made is shown.
        denies: What the next calls that make something reply, with a status of success.
    """

    def __init__(self, kaggle: Kaggle) -> None:
        self.private: dict[str, bool] = {}
        self.delay = 0
        self.denies: str | None = None
        self._kaggle = kaggle
        self._uploads: dict[str, Upload] = {}
        self._made: list[tuple[str, dict[str, bytes], str]] = []

    def answer(self, request: Request) -> Reply | None:
        """Return the reply to a request that publishes; `None` if it is another."""
        if request.method == "PUT" and (found := request.match(r"/upload/(\w+)")):
            return self._put(request, found[0])
        found = request.match(r"/api/v1/(?:models\.ModelApiService|blobs\.BlobApiService)/(\w+)")
        if found and found[0] == "GetModelInstance":
            self._show()
        procedures = {
            "StartBlobUpload": self._start,
            "GetModel": self._get,
            "CreateModel": self._create,
            "CreateModelInstance": self._instance,
            "CreateModelInstanceVersion": self._version,
        }
        if not found or found[0] not in procedures:
            return None
        if request.token not in self._kaggle.tokens:
            return refusal(401, "Unauthenticated") if request.token else refusal(403, "Permission was denied")
        if found[0].startswith("Create") and self.denies is not None:
            return json_reply({"error": self.denies, "errorCode": 400})
        return procedures[found[0]](json.loads(request.body))

    def _start(self, wanted: dict[str, Any]) -> Reply:
        token = secrets.token_hex(8)
        self._uploads[token] = Upload(wanted["name"], int(wanted.get("contentLength", 0)))
        return json_reply({"token": token, "createUrl": f"{self._kaggle.files_url}/upload/{token}?upload_id=secret"})

    def _put(self, request: Request, token: str) -> Reply:
        upload = self._uploads[token]
        if request.token is not None or "content-length" not in request.headers:
            return refusal(400, "a token has come to where files are kept, or a file of no length")
        if len(request.body) != upload.size:
            return Reply(308)
        upload.content = request.body
        digest = base64.b64encode(hashlib.md5(request.body).digest()).decode()
        return Reply(200, b"{}", {"x-goog-hash": f"crc32c=AAAAAA==, md5={digest}"})

    def _get(self, wanted: dict[str, Any]) -> Reply:
        name = f"{wanted['ownerSlug']}/{wanted['modelSlug']}"
        known = any(handle.startswith(f"{name}/") for handle in self._kaggle.models)
        if name not in self.private and not known:
            return refusal(403, "Permission 'models.get' was denied")
        return json_reply({"id": 1, "slug": wanted["modelSlug"], "isPrivate": self.private.get(name, False)})

    def _create(self, wanted: dict[str, Any]) -> Reply:
        name = f"{wanted['ownerSlug']}/{wanted['slug']}"
        if name in self.private:
            return json_reply({"error": f"{name} exists", "errorCode": 409})
        self.private[name] = wanted["isPrivate"]
        return json_reply({"id": 1, "ref": name})

    def _instance(self, wanted: dict[str, Any]) -> Reply:
        from .kaggle import KaggleModel

        body = wanted["body"]
        handle = handle_of(wanted, body)
        self._kaggle.models[handle] = KaggleModel(licence=body.get("licenseName", ""))
        return self._make(handle, body, "")

    def _version(self, wanted: dict[str, Any]) -> Reply:
        return self._make(handle_of(wanted, wanted), wanted["body"], wanted["body"]["versionNotes"])

    def _make(self, handle: str, body: dict[str, Any], notes: str) -> Reply:
        files = dict(self._files(body, ""))
        if None in files.values():
            return json_reply({"error": "a file was not sent in full", "errorCode": 400})
        self._made.append((handle, files, notes))
        return json_reply({"id": 1, "ref": handle})

    def _files(self, folder: dict[str, Any], prefix: str) -> Any:
        for file in folder.get("files", ()):
            upload = self._uploads[file["token"]]
            yield prefix + upload.name, upload.content
        for inner in folder.get("directories", ()):
            yield from self._files(inner, f"{prefix}{inner['name']}/")

    def _show(self) -> None:
        """Show the versions that were made, if they have waited long enough."""
        if self._made and self.delay:
            self.delay -= 1
            return
        while self._made:
            handle, files, notes = self._made.pop(0)
            model = self._kaggle.models[handle]
            number = len(model.versions) + 1
            model.versions[number], model.notes[number] = files, notes


def handle_of(place: dict[str, Any], instance: dict[str, Any]) -> str:
    """Return `owner/model/framework/variation`, as a request of the client tells it."""
    framework = instance["framework"].removeprefix("MODEL_FRAMEWORK_").lower()
    return f"{place['ownerSlug']}/{place['modelSlug']}/{framework}/{instance['instanceSlug']}"


def refusal(status: int, message: str) -> Reply:
    """Return a reply that refuses, as Kaggle's are."""
    return json_reply({"code": status, "message": message}, status)
