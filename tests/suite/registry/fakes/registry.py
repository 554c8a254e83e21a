"""A small registry with TLS and a password, as Docker's, Harbor's or OCI's specification has it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import ssl
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fixtures.certificates import Authority
from fixtures.registry.settings import RegistrySettings

MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"


def digest_of(content: bytes) -> str:
    """By which a registry knows a content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def manifest(word: str) -> bytes:
    """The manifest of an image that says a word; its configuration is the word."""
    config = {"mediaType": "c", "digest": digest_of(word.encode()), "size": len(word)}
    return json.dumps({"schemaVersion": 2, "mediaType": MEDIA_TYPE, "config": config, "layers": []}).encode()


class FakeRegistry(ThreadingHTTPServer):
    """Keeps manifests, tags and blobs; DELETABLE says by what a manifest can be deleted: `digest`, `tag`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.manifests: dict[str, bytes] = {}
        self.tags: dict[tuple[str, str], str] = {}
        self.types: dict[str, str] = {}
        """Media types of manifests that were written, by digest."""
        self.blobs: set[str] = set()
        self.contents: dict[str, bytes] = {}
        """Blobs that were written, by digest."""
        self.knows_referrers = False
        self.deletable = {"digest", "tag"}
        self.page = 1000
        self.bearer = ""
        """Where there is one, the registry takes no password, but this token that it gives for the password."""
        self.realm = f"https://127.0.0.1:{self.server_port}/token"
        self.sent: list[str] = []
        self.unavailable: set[str] = set()
        """Methods that are answered 500."""
        authority = Authority("fake registry")
        issued = authority.issue(["127.0.0.1"])
        pem = folder / "registry.pem"
        pem.write_bytes(issued.key + issued.certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        ca_file = authority.write(folder / "registry-ca.crt")
        self.settings = RegistrySettings(
            "registry.example.com", "robot", "s3cret", ca_file, f"127.0.0.1:{self.server_port}"
        )

    @property
    def stranger(self) -> RegistrySettings:
        """Settings with a wrong password."""
        return replace(self.settings, password="wrong")  # noqa: S106

    def give(self, repository: str, tag: str, word: str) -> str:
        """Have an image; return its digest."""
        content = manifest(word)
        self.manifests[digest_of(content)] = content
        self.blobs.add(digest_of(word.encode()))
        self.tags[repository, tag] = digest_of(content)
        return digest_of(content)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that does not trust it hangs up."""


class Handler(BaseHTTPRequestHandler):
    """Answers for FakeRegistry."""

    server: FakeRegistry
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and content are sent apart

    def answer(self) -> None:
        """Answer a request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        if url.path == "/token":
            known = self.headers.get("Authorization") == self.password
            return self.say(200 if known else 401, {"token": self.server.bearer})
        if not self.known():
            return None
        self.server.sent.append(f"{self.command} {url.path}")
        found = re.fullmatch(r"/v2/(.+)/(tags|manifests|blobs|referrers)/([^/]+)/?", url.path)
        assert found, self.path
        if self.command in self.server.unavailable:
            return self.fail(500, "UNKNOWN", "unknown error")
        repository, kind, reference = found.groups()
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        answers = {
            "blobs": lambda: self.answer_blob(repository, reference, asked.get("digest", ""), body),
            "referrers": lambda: self.list_referrers(repository, reference, asked.get("last", "")),
            "tags": lambda: self.list_tags(repository, asked.get("last", "")),
            "manifests": lambda: self.answer_manifest(repository, reference, body),
        }
        return answers[kind]()

    @property
    def password(self) -> str:
        """The header with the right password."""
        return "Basic " + base64.b64encode(b"robot:s3cret").decode()

    def known(self) -> bool:
        """Whether the client has said who it is; else it is told how."""
        token, given = self.server.bearer, self.headers.get("Authorization", "")
        if given == (f"Bearer {token}" if token else self.password):
            return True
        ask = f'Bearer realm="{self.server.realm}",service="r",scope="s"' if token else 'Basic realm="r"'
        self.fail(401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": ask})
        return False

    def list_tags(self, repository: str, last: str) -> None:
        """Answer with the tags after LAST, a page of them."""
        tags = sorted(tag for path, tag in self.server.tags if path == repository)
        if not tags:
            return self.fail(404, "NAME_UNKNOWN", "repository name not known to registry")
        page = [tag for tag in tags if tag > last][: self.server.page]
        more = {"Link": f'</v2/{repository}/tags/list?last={page[-1]}>; rel="next"'} if page[-1] != tags[-1] else {}
        return self.say(200, {"tags": page}, more)

    def answer_blob(self, repository: str, reference: str, digest: str, body: bytes) -> None:
        """Read a blob, or take one in two steps."""
        if self.command == "POST":
            place = f"https://elsewhere.example.com/v2/{repository}/blobs/uploads?state=1"
            return self.say(202, headers={"Location": place})
        if self.command == "PUT":
            assert digest == digest_of(body)
            self.server.blobs.add(digest)
            self.server.contents[digest] = body
            return self.say(201)
        return self.say(200 if reference in self.server.blobs else 404, self.server.contents.get(reference, b""))

    def list_referrers(self, repository: str, subject: str, last: str) -> None:
        """Answer with the manifests after LAST whose subject is a digest, a page of them, where it knows them."""
        if not self.server.knows_referrers:
            return self.fail(404, "UNSUPPORTED", "page not found")
        there = {digest: json.loads(content) for digest, content in self.server.manifests.items()}
        found = [
            {"digest": digest, "artifactType": one["artifactType"]}
            for digest, one in sorted(there.items())
            if one.get("subject", {}).get("digest") == subject and digest > last
        ]
        page, place = found[: self.server.page], f"/v2/{repository}/referrers/{subject}"
        more = {"Link": f'<{place}?last={page[-1]["digest"]}>; rel="next"'} if len(page) < len(found) else {}
        return self.say(200, {"manifests": page}, more)

    def answer_manifest(self, repository: str, reference: str, body: bytes) -> None:
        """Read, write or delete a manifest."""
        tags, manifests = self.server.tags, self.server.manifests
        by = "digest" if reference.startswith("sha256:") else "tag"
        digest = reference if by == "digest" else tags.get((repository, reference), "")
        if self.command == "PUT":
            if by == "tag":
                tags[repository, reference] = digest_of(body)
            manifests[digest_of(body)] = body
            self.server.types[digest_of(body)] = self.headers["Content-Type"]
            subject = json.loads(body).get("subject", {}).get("digest", "") if self.server.knows_referrers else ""
            return self.say(201, headers={"OCI-Subject": subject} if subject else {})
        if self.command == "DELETE" and by not in self.server.deletable:
            return self.fail(405, "UNSUPPORTED", "The operation is unsupported.")
        if digest not in manifests:
            return self.fail(404, "MANIFEST_UNKNOWN", "manifest unknown")
        if self.command == "DELETE":
            gone = [key for key, one in tags.items() if (one == digest if by == "digest" else key[1] == reference)]
            for key in gone:
                del tags[key]
            if by == "digest":
                del manifests[digest]
            return self.say(202)
        kind = self.server.types.get(digest, MEDIA_TYPE)
        return self.say(200, manifests[digest], {"Docker-Content-Digest": digest, "Content-Type": kind})

    def fail(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        """Answer with an error."""
        self.say(status, {"errors": [{"code": code, "message": message}]}, headers)

    def say(self, status: int, content: object = b"", headers: dict[str, str] | None = None) -> None:
        """Send an answer; a document as JSON."""
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""
