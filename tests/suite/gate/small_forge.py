"""A forge on this machine that has one repository: it keeps statuses, comments and packages as Gitea's API does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.suite.serving import serving as served

TOKEN = "token-of-the-job"  # noqa: S105  (of a double)
PACKAGES_TOKEN = "token-of-the-owner"  # noqa: S105  (of a double)
COMMIT = "c" * 40


@dataclass
class SmallForge:
    """What the double was told."""

    address: str = ""
    statuses: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    packages: dict[str, bytes] = field(default_factory=dict)
    """Files by path."""
    refuses: int = 0
    """Status by which everything is answered; 0 for none."""

    def last(self, context: str) -> dict[str, Any]:
        """The newest status of a context."""
        return next(one for one in reversed(self.statuses) if one["context"] == context)

    def answer(self, method: str, path: str, token: str, body: bytes) -> tuple[int, Any]:
        """Answer a request; a job's own token may write no package, as in Gitea."""
        path = path.partition("?")[0]
        if self.refuses:
            return self.refuses, {"message": "refused by the double"}
        if path.startswith("/api/packages/"):
            return self._package(method, path, body, may_write=token == PACKAGES_TOKEN)
        if token != TOKEN:
            return 401, {"message": "invalid token"}
        if path == f"/api/v1/repos/dev/suite/statuses/{COMMIT}":
            self.statuses.append(json.loads(body))
            return 201, self.statuses[-1]
        if path.startswith("/api/v1/repos/dev/suite/issues/"):
            return self._comment(method, path.rpartition("/")[2], body)
        return 404, {"message": "not found"}

    def _comment(self, method: str, number: str, body: bytes) -> tuple[int, Any]:
        if method == "GET":
            return 200, self.comments
        if method == "POST":
            self.comments.append({"id": len(self.comments) + 1, **json.loads(body)})
            return 201, self.comments[-1]
        self.comments[int(number) - 1] |= json.loads(body)
        return 200, self.comments[int(number) - 1]

    def _package(self, method: str, path: str, body: bytes, *, may_write: bool) -> tuple[int, Any]:
        mine = [one for one in self.packages if one == path or one.startswith(f"{path}/")]
        if method == "GET":
            return (200, self.packages[path]) if path in self.packages else (404, "")
        if not may_write:
            return 403, "user should have specific permission or be a site admin"
        if method == "PUT":
            if path in self.packages:
                return 409, "package file already exists"
            self.packages[path] = body
            return 201, ""
        for one in mine:
            del self.packages[one]
        return (204, "") if mine else (404, "")


@contextmanager
def serving() -> Iterator[SmallForge]:
    """Serve the double, and end it."""
    forge = SmallForge()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = (self.headers.get("Authorization") or "").removeprefix("token ")
            status, said = forge.answer(self.command, self.path, token, body)
            content = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(0 if status == 204 else len(content)))
            self.end_headers()
            self.wfile.write(b"" if status == 204 else content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    forge.address = f"http://127.0.0.1:{server.server_port}"
    with served(server):
        yield forge
