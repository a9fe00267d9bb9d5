"""A stand-in for the Hugging Face Hub: the part of its HTTP interface that its own client uses to push and to fetch."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import json
import re
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

_MODEL = r"/api/models/(?P<repository>[^/]+/[^/]+)"


class Hub(http.server.ThreadingHTTPServer):
    """Repositories in memory; each state of one has a name like a commit's.

    Attributes
    ----------
    repositories : dict of str to dict
        Of each its "private" flag and its "states", dicts of paths to content; the last is the newest.
    blobs : dict of str to bytes
        Large files by their hash, which are uploaded on their own.
    tokens : list of str
        The authorization of each request.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, dict[str, Any]] = {}
        self.blobs: dict[str, bytes] = {}
        self.tokens: list[str | None] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def files(self, repository: str, revision: str = "main") -> tuple[str, dict[str, bytes]] | None:
        """Return a state of a repository, and its name."""
        if repository not in self.repositories:
            return None
        states = self.repositories[repository]["states"]
        number = len(states) - 1 if revision == "main" else int(revision, 16) if len(revision) == 40 else -1
        return (f"{number:040x}", states[number]) if 0 <= number < len(states) else None


@contextlib.contextmanager
def running() -> Iterator[Hub]:
    """Serve on a port of this machine for as long as the block takes."""
    hub = Hub()
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        thread.join()
        hub.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, *args: Any) -> None:
        pass

    def answer(self, content: Any, status: int = 200, **headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def missing(self, what: str) -> None:
        self.answer({"error": what}, 404, X_Error_Code=what, X_Error_Message=what)

    def handle_any(self) -> None:
        self.server.tokens.append(self.headers.get("Authorization"))
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        path = unquote(urlsplit(self.path).path)
        for method, pattern, act in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match and self.command in method:
                act(self, **match.groupdict())
                return
        self.missing("EntryNotFound")

    do_GET = do_POST = do_PUT = do_HEAD = handle_any  # noqa: N815

    def create(self) -> None:
        wanted = json.loads(self.body)
        name = f"{wanted['organization']}/{wanted['name']}" if wanted.get("organization") else wanted["name"]
        if name in self.server.repositories:
            self.answer({"error": "exists", "url": f"{self.server.address}/{name}"}, 409)
            return
        page = {".gitattributes": b"*.safetensors filter=lfs\n"}
        private = wanted.get("private") or wanted.get("visibility") == "private"
        self.server.repositories[name] = {"private": bool(private), "states": [page]}
        self.answer({"url": f"{self.server.address}/{name}", "name": name, "id": name})

    def about(self, repository: str, revision: str = "main") -> None:
        found = self.server.files(repository, revision)
        if found is None:
            known = repository in self.server.repositories
            self.missing("RevisionNotFound" if known else "RepoNotFound")
            return
        commit, files = found
        siblings = [{"rfilename": path, "size": len(content)} for path, content in files.items()]
        self.answer(
            {
                "_id": "0",
                "id": repository,
                "modelId": repository,
                "sha": commit,
                "private": True,
                "siblings": siblings,
            }
        )

    def tree(self, repository: str, revision: str, below: str | None = None) -> None:
        found = self.server.files(repository, revision)
        if found is None:
            self.missing("RepoNotFound")
            return
        entries = []
        for path, content in found[1].items():
            oid = hashlib.sha1(content).hexdigest()
            entries.append({"type": "file", "path": path, "size": len(content), "oid": oid})
            if path.endswith(".safetensors"):
                sha = hashlib.sha256(content).hexdigest()
                entries[-1]["lfs"] = {"oid": sha, "size": len(content), "pointerSize": 130}
        self.answer(entries)

    def preupload(self, repository: str, revision: str) -> None:
        large = (".safetensors",)
        told = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(large) else "regular",
                "shouldIgnore": False,
            }
            for file in json.loads(self.body)["files"]
        ]
        self.answer({"files": told})

    def batch(self, repository: str) -> None:
        objects = [
            {
                "oid": each["oid"],
                "size": each["size"],
                "actions": {"upload": {"href": f"{self.server.address}/blobs/{each['oid']}"}},
            }
            for each in json.loads(self.body)["objects"]
        ]
        self.answer({"transfer": "basic", "objects": objects})

    def blob(self, oid: str) -> None:
        assert hashlib.sha256(self.body).hexdigest() == oid
        self.server.blobs[oid] = self.body
        self.answer({})

    def commit(self, repository: str, revision: str) -> None:
        states = self.server.repositories[repository]["states"]
        files = dict(states[-1])
        for line in self.body.splitlines():
            change = json.loads(line)
            value = change["value"]
            if change["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif change["key"] == "lfsFile":
                files[value["path"]] = self.server.blobs[value["oid"]]
            elif change["key"] == "deletedFile":
                del files[value["path"]]
        states.append(files)
        url = f"{self.server.address}/{repository}/commit/{len(states) - 1:040x}"
        self.answer({"success": True, "commitOid": f"{len(states) - 1:040x}", "commitUrl": url})

    def resolve(self, repository: str, revision: str, path: str) -> None:
        found = self.server.files(repository, revision)
        if found is None:
            self.missing("RepoNotFound")
        elif path not in found[1]:
            self.answer(b"", 404, X_Error_Code="EntryNotFound", X_Repo_Commit=found[0])
        else:
            content = found[1][path]
            etag = f'"{hashlib.sha256(content).hexdigest()}"'
            self.answer(content, X_Repo_Commit=found[0], ETag=etag, X_Linked_Size=str(len(content)))


_ROUTES = (
    (("POST",), r"/api/validate-yaml", lambda handler: handler.answer({"errors": [], "warnings": []})),
    (("POST",), r"/api/repos/create", _Handler.create),
    (("GET",), _MODEL, _Handler.about),
    (("GET",), _MODEL + r"/revision/(?P<revision>[^/]+)", _Handler.about),
    (("GET",), _MODEL + r"/tree/(?P<revision>[^/]+)(?:/(?P<below>.+))?", _Handler.tree),
    (("POST",), _MODEL + r"/preupload/(?P<revision>[^/]+)", _Handler.preupload),
    (("POST",), _MODEL + r"/commit/(?P<revision>[^/]+)", _Handler.commit),
    (("POST",), r"/(?P<repository>[^/]+/[^/]+)\.git/info/lfs/objects/batch", _Handler.batch),
    (("PUT",), r"/blobs/(?P<oid>[0-9a-f]{64})", _Handler.blob),
    (
        ("GET", "HEAD"),
        r"/(?P<repository>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)",
        _Handler.resolve,
    ),
)
