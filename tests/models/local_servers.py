"""Two servers on 127.0.0.1: one speaks the Hub's protocol, one is a Python package index.

Both count what is asked of them and can be told to fail, so that the real huggingface_hub and
the real pip run against them as they would against the public ones.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class LocalServer:
    """Files to serve and faults to make. Use as a context manager."""

    requests: Counter[str] = field(default_factory=Counter)
    """`GET path` and `HEAD path` to how often."""
    ranges: list[str] = field(default_factory=list)
    """Every Range header of a GET."""
    cut_after_bytes: dict[str, int] = field(default_factory=dict)
    """Path to how much of its body is sent before the connection is cut."""
    cuts: Counter[str] = field(default_factory=Counter)
    """How many more times each path is cut; a path that is absent is cut always."""
    stalled: threading.Event = field(default_factory=threading.Event)
    """Set when a body reached its cut and `release` is not set yet."""
    release: threading.Event | None = None
    """With it, a body waits where it would be cut, until this is set, and then goes on."""

    def __enter__(self) -> Any:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                owner.answer(self, with_body=False)

            def do_GET(self) -> None:
                owner.answer(self, with_body=True)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.release is not None:
            self.release.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def count(self, text: str) -> int:
        return sum(number for request, number in self.requests.items() if text in request)

    def answer(self, request: BaseHTTPRequestHandler, *, with_body: bool) -> None:
        path = request.path.partition("?")[0]
        self.requests[f"{request.command} {path}"] += 1
        status, headers, body = self.reply(path, request)
        start = 0
        if with_body and (match := re.match(r"bytes=(\d+)-", request.headers.get("Range") or "")):
            self.ranges.append(request.headers["Range"])
            start = int(match[1])
            status = 206
            headers |= {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
        request.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body) - start)}).items():
            request.send_header(name, value)
        request.end_headers()
        if with_body:
            self._send(request, path, body[start:])

    def _send(self, request: BaseHTTPRequestHandler, path: str, body: bytes) -> None:
        cut = self.cut_after_bytes.get(path)
        if cut is None or (path in self.cuts and self.cuts[path] == 0):
            request.wfile.write(body)
            return
        if path in self.cuts:
            self.cuts[path] -= 1
        request.wfile.write(body[:cut])
        request.wfile.flush()
        if self.release is None:
            request.close_connection = True
            request.connection.close()
            return
        self.stalled.set()
        self.release.wait()
        with contextlib.suppress(ConnectionError):  # the client may have been killed meanwhile
            request.wfile.write(body[cut:])

    def reply(
        self, path: str, request: BaseHTTPRequestHandler
    ) -> tuple[int, dict[str, str], bytes]:
        raise NotImplementedError


@dataclass
class HubServer(LocalServer):
    """https://huggingface.co/docs/hub/api, as far as downloading a model goes."""

    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    """Repositories that want a token."""
    announced_sha256: dict[str, str] = field(default_factory=dict)
    """File name to a hash that its bytes do not have."""

    def reply(
        self, path: str, request: BaseHTTPRequestHandler
    ) -> tuple[int, dict[str, str], bytes]:
        api = re.fullmatch(r"/api/models/([^/]+/[^/]+)", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        repo = api[1] if api else file[1] if file else ""
        if repo not in self.repositories:
            return 404, {"X-Error-Code": "RepoNotFound"}, b""
        if repo in self.gated and not request.headers.get("Authorization"):
            return 401, {"X-Error-Code": "GatedRepo"}, b""
        if api:
            return 200, {"Content-Type": "application/json"}, self._listing(repo)
        assert file is not None
        body = self.repositories[repo].get(file[3])
        if body is None:
            return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, b""
        sha256 = self._sha256(file[3], body)
        return (
            200,
            {
                "X-Repo-Commit": COMMIT,
                "ETag": f'"{sha256}"',
                "X-Linked-Etag": f'"{sha256}"',
                "X-Linked-Size": str(len(body)),
                "Accept-Ranges": "bytes",
            },
            body,
        )

    def _sha256(self, name: str, body: bytes) -> str:
        return self.announced_sha256.get(name, hashlib.sha256(body).hexdigest())

    def _listing(self, repo: str) -> bytes:
        siblings = [
            {
                "rfilename": name,
                "size": len(body),
                "blobId": "0" * 40,
                "lfs": {
                    "sha256": self._sha256(name, body),
                    "size": len(body),
                    "pointerSize": 134,
                },
            }
            for name, body in self.repositories[repo].items()
        ]
        document = {"id": repo, "modelId": repo, "sha": COMMIT, "siblings": siblings}
        return json.dumps(document).encode()


@dataclass
class IndexServer(LocalServer):
    """A simple package index, https://peps.python.org/pep-0503/."""

    wheels: dict[str, bytes] = field(default_factory=dict)
    """Wheel file name to its bytes."""

    def reply(
        self, path: str, request: BaseHTTPRequestHandler
    ) -> tuple[int, dict[str, str], bytes]:
        project = re.fullmatch(r"/simple/([^/]+)/", path)
        if project:
            names = [n for n in self.wheels if n.split("-")[0].replace("_", "-") == project[1]]
            links = "".join(f'<a href="/wheels/{name}">{name}</a>' for name in names)
            status = 200 if names else 404
            return status, {"Content-Type": "text/html"}, links.encode()
        body = self.wheels.get(path.removeprefix("/wheels/"))
        return (404, {}, b"") if body is None else (200, {}, body)
