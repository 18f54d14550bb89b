"""A stand-in for the Hugging Face hub, as far as reading and committing models goes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from .hub_repository import HubRepository, Refused, git_sha1, sibling, tree_entry
from .hub_uploads import HubUploads
from .loopback import LoopbackServer
from .messages import Reply, Request, bytes_reply, json_reply

if TYPE_CHECKING:
    from pathlib import Path

NAME = r"([^/]+/[^/]+)"


class Hub(LoopbackServer):
    """Answers what `huggingface_hub` asks to list and to read models.

    Attributes:
        repositories: `owner/name` → repository.
        tokens: The tokens that belong to somebody; others are refused.
    """

    def __init__(self) -> None:
        super().__init__()
        self.repositories: dict[str, HubRepository] = {}
        self.tokens: set[str] = set()
        self._uploads = HubUploads(self)

    def publish(self, name: str, folder: Path, ref: str = "main", within: str = "") -> str:
        """Commit the files of a folder, in a folder of the repository if `within` says so; return the commit's id."""
        files = {
            within + path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        return self.repositories.setdefault(name, HubRepository()).commit(files, ref)

    def answer(self, request: Request) -> Reply:
        try:
            if request.method == "GET" and (found := request.match(rf"/api/models/{NAME}(?:/revision/([^/]+))?")):
                return self._info(request, found[0], found[1] or "main")
            if found := request.match(rf"/api/models/{NAME}/tree/([^/]+)(?:/(.+))?"):
                return self._tree(request, *found)
            if found := request.match(rf"/{NAME}/resolve/([^/]+)/(.+)"):
                return self._file(request, *found)
            if found := request.match(r"/large/([^/]+/[^/]+)/([0-9a-f]{40})/(.+)"):
                return bytes_reply(self.repositories[found[0]].commits[found[1]][found[2]], request, {"ETag": '"x"'})
            if (reply := self._uploads.answer(request)) is not None:
                return reply
        except Refused as refused:
            return refused.reply
        return json_reply({"error": f"the stand-in has no {request.method} {request.path}"}, 404)

    def commit_of(self, request: Request, name: str, revision: str) -> tuple[str, dict[str, bytes]]:
        """Return the commit that a revision means, and its files, if the request may see them."""
        if request.token is not None and request.token not in self.tokens:
            raise Refused(401, "", "Invalid credentials in Authorization header")
        repository = self.repositories.get(name)
        readers = repository.readers if repository else None
        allowed = readers is None or request.token in readers
        if repository is None or (not allowed and not repository.gated):
            # Who may not see a private repository learns nothing of it.
            raise Refused(404 if request.token else 401, "RepoNotFound", "Repository not found")
        if not allowed:
            raise Refused(403 if request.token else 401, "GatedRepo", f"Access to model {name} is restricted.")
        if repository.refused is not None:
            raise Refused(repository.refused[0], "", repository.refused[1])
        commit = repository.resolve(revision)
        if commit is None:
            raise Refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return commit, repository.commits[commit]

    def _info(self, request: Request, name: str, revision: str) -> Reply:
        commit, files = self.commit_of(request, name, revision)
        with_sizes = "blobs" in request.query
        siblings = [sibling(path, files[path]) if with_sizes else {"rfilename": path} for path in sorted(files)]
        facts = {"_id": "0", "id": name, "modelId": name, "sha": commit, "tags": []}
        return json_reply({**facts, "private": self.repositories[name].private, "siblings": siblings})

    def _tree(self, request: Request, name: str, revision: str, within: str) -> Reply:
        _, files = self.commit_of(request, name, revision)
        prefix = f"{within}/" if within else ""
        inside = {path: content for path, content in sorted(files.items()) if path.startswith(prefix)}
        if within and not inside:
            raise Refused(404, "EntryNotFound", f"{within} does not exist on {revision}")
        folders = {path.rpartition("/")[0] for path in inside} - {"", within}
        listed = [{"type": "directory", "path": path, "oid": git_sha1(path.encode())} for path in sorted(folders)]
        return json_reply([*listed, *(tree_entry(path, content) for path, content in inside.items())])

    def _file(self, request: Request, name: str, revision: str, path: str) -> Reply:
        commit, files = self.commit_of(request, name, revision)
        if path not in files:
            raise Refused(404, "EntryNotFound", "Entry not found")
        entry, content = tree_entry(path, files[path]), files[path]
        headers = {"X-Repo-Commit": commit, "ETag": f'"{entry["oid"]}"'}
        if "lfs" not in entry:
            return bytes_reply(content, request, headers)
        headers |= {"X-Linked-Etag": f'"{entry["lfs"]["oid"]}"', "X-Linked-Size": str(len(content))}
        return Reply(302, b"", {**headers, "Location": f"{self.files_url}/large/{name}/{commit}/{quote(path)}"})
