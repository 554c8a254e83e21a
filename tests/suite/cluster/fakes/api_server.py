"""A small API server, and kubeconfigs for it."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml


def kubeconfig(folder: Path, server: str, user: dict[str, Any] | None = None, **authority: str) -> Path:
    """A kubeconfig with one context, `mine`."""
    known = {"server": server} | {f"certificate-{key}": value for key, value in authority.items()}
    document = {
        "current-context": "mine",
        "contexts": [{"name": "mine", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": known}],
        "users": [{"name": "u", "user": user or {"token": "secret"}}],
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def selected(document: dict[str, Any], target: str) -> dict[str, Any]:
    """A document, of a list those objects that a request's target selects by their labels or by name."""
    query = parse_qs(urlsplit(target).query)
    labels = dict(one.split("=") for one in ",".join(query.get("labelSelector", ())).split(",") if one)
    name = "".join(query.get("fieldSelector", ())).removeprefix("metadata.name=")
    if "items" not in document:
        return document
    chosen = [one for one in document["items"] if labels.items() <= one["metadata"].get("labels", {}).items()]
    return document | {"items": [one for one in chosen if name in {"", one["metadata"]["name"]}]}


class ApiServer(ThreadingHTTPServer):
    """Hands out documents by path, takes new and changed ones but those of a dry run, and keeps what was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.documents: dict[str, Any] = {"/version": {"gitVersion": "v1.30.0"}}
        self.refusals: dict[tuple[str, str], int] = {}
        """Status of the answer to a method on a path."""
        self.busy = 0
        """So many of the next requests are answered 503."""
        self.sent: list[str] = []
        self.answering = threading.Event()
        self.answering.set()
        self.clock = datetime(2030, 1, 1, tzinfo=UTC)
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that hangs up is part of the tests."""


class Handler(BaseHTTPRequestHandler):
    """Answers for ApiServer."""

    server: ApiServer

    def answer(self) -> None:
        """Keep what is sent, hand out what is kept."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?", maxsplit=1)[0]
        self.server.sent.append(f"{self.command} {path}")
        self.server.answering.wait(5)
        status = self.server.refusals.get((self.command, path), 200)
        if status == 200 and body and self.is_outdated(path, json.loads(body)):
            status = 409
        if self.server.busy:
            self.server.busy, status = self.server.busy - 1, 503
        if status == 200 and self.command in {"POST", "PUT", "PATCH"}:
            document = json.loads(body)
            path += f"/{document['metadata']['name']}" if self.command == "POST" else ""
            document["metadata"] |= {"uid": "1", "resourceVersion": str(len(self.server.sent))}
            self.server.documents[path] = document
        status = 404 if status == 200 and path not in self.server.documents else status
        found = selected(self.server.documents.get(path, {}), self.path)
        content = json.dumps(found if status == 200 else {"message": "no"}).encode()
        if (status == 200 and self.command == "DELETE") or self.path.endswith("?dryRun=All"):
            self.server.documents.pop(path, None)
        self.send_response_only(status)
        self.send_header("Date", format_datetime(self.server.clock, usegmt=True))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def is_outdated(self, path: str, sent: dict[str, Any]) -> bool:
        """Tell whether what is there is not what the client has read: it names another version, or none to replace."""
        if self.command == "PATCH":
            return False
        if self.command == "POST":
            return f"{path}/{sent['metadata']['name']}" in self.server.documents
        known = sent["preconditions"] if self.command == "DELETE" else sent["metadata"]
        there = self.server.documents.get(path, {"metadata": known})
        return bool(there["metadata"].get("resourceVersion") != known.get("resourceVersion"))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""
