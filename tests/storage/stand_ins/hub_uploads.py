"""The writing side of the stand-in for the Hugging Face hub: repositories, branches, large files, commits."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

from .hub_repository import SMALL, HubRepository, Refused, git_sha1
from .messages import Reply, json_reply

if TYPE_CHECKING:
    from .hub import Hub
    from .messages import Request

NAME = r"([^/]+/[^/]+)"


class HubUploads:
    """Answers what `huggingface_hub` asks to commit; only tokens that the hub knows may."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._large: dict[str, bytes] = {}

    def answer(self, request: Request) -> Reply | None:
        """Return the reply to a request that writes; `None` if it is another."""
        if found := request.match(r"/lfs/([0-9a-f]{64})"):
            return self._put(request, found[0])
        if request.method != "POST":
            return None
        routes = {
            "/api/repos/create": self._create,
            "/api/validate-yaml": lambda _: json_reply({"errors": [], "warnings": []}),
            "/verify": lambda _: json_reply({}),
            rf"/api/models/{NAME}/branch/([^/]+)": self._branch,
            rf"/api/models/{NAME}/preupload/([^/]+)": self._preupload,
            rf"/{NAME}\.git/info/lfs/objects/batch": self._batch,
            rf"/api/models/{NAME}/commit/([^/]+)": self._commit,
        }
        for pattern, route in routes.items():
            if (found := request.match(pattern)) is not None:
                if request.token not in self._hub.tokens:
                    raise Refused(401, "", "Invalid username or password.")
                return route(request, *found)
        return None

    def _create(self, request: Request) -> Reply:
        asked = json.loads(request.body)
        name = f"{asked['organization']}/{asked['name']}"
        if name in self._hub.repositories:
            return json_reply({"error": "exists", "url": f"{self._hub.url}/{name}"}, 409)
        private = bool(asked.get("private")) or asked.get("visibility") == "private"  # as older and newer clients say
        made = HubRepository(private=private, readers=frozenset({request.token}) if private else None)
        made.commit({".gitattributes": b"*.h5 filter=lfs\n"}, message="initial commit")
        self._hub.repositories[name] = made
        return json_reply({"url": f"{self._hub.url}/{name}"})

    def _branch(self, request: Request, name: str, branch: str) -> Reply:
        repository = self._hub.repositories[name]
        repository.refs.setdefault(branch, repository.refs["main"])
        return json_reply({})

    def _preupload(self, request: Request, name: str, revision: str) -> Reply:
        _, files = self._hub.commit_of(request, name, revision)
        ignored = self._hub.repositories[name].ignored
        told = []
        for asked in json.loads(request.body)["files"]:
            path = asked["path"]
            large = asked["size"] >= SMALL and not path.endswith((".json", ".md", ".txt"))
            content = files.get(path)
            oid = None
            if content is not None:
                oid = hashlib.sha256(content).hexdigest() if large else git_sha1(content)
            mode = "lfs" if large else "regular"
            told.append({"path": path, "uploadMode": mode, "shouldIgnore": path in ignored, "oid": oid})
        return json_reply({"files": told})

    def _batch(self, request: Request, name: str) -> Reply:
        told = []
        for one in json.loads(request.body)["objects"]:
            actions = {"upload": {"href": f"{self._hub.files_url}/lfs/{one['oid']}"}}
            actions["verify"] = {"href": f"{self._hub.url}/verify"}
            known = {} if one["oid"] in self._large else {"actions": actions}
            told.append({"oid": one["oid"], "size": one["size"], **known})
        return json_reply({"transfer": "basic", "objects": told})

    def _put(self, request: Request, oid: str) -> Reply:
        if hashlib.sha256(request.body).hexdigest() != oid:
            raise Refused(400, "", "The content is another than was announced")
        self._large[oid] = request.body
        return Reply()

    def _commit(self, request: Request, name: str, revision: str) -> Reply:
        parent, files = self._hub.commit_of(request, name, revision)
        files, message = dict(files), ""
        for line in request.body.splitlines():
            said = json.loads(line)
            value = said["value"]
            if said["key"] == "header":
                message = value["summary"]
                if value.get("parentCommit") not in (None, parent):
                    raise Refused(412, "", "A commit has happened since.")
            elif said["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif said["key"] == "lfsFile":
                files[value["path"]] = self._large[value["oid"]]
            elif said["key"] == "deletedFile":
                del files[value["path"]]
        commit = self._hub.repositories[name].commit(files, revision, message)
        return json_reply(
            {"success": True, "commitOid": commit, "commitUrl": f"{self._hub.url}/{name}/commit/{commit}"}
        )
