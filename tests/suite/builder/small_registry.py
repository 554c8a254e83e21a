"""A registry on this machine that has one image, and answers for the rest as a repository's name says."""

from __future__ import annotations

import hashlib
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from fixtures.certificates import Authority
from tests.suite.serving import serving

CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": MEDIA_TYPE,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": f"sha256:{hashlib.sha256(CONFIG).hexdigest()}",
            "size": len(CONFIG),
        },
        "layers": [],
    }
).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
HANG_SECONDS = 15.0
REFUSALS: Mapping[str, tuple[int, str]] = {
    "log-in": (401, "UNAUTHORIZED"),
    "denied": (403, "DENIED"),
    "busy": (429, "TOOMANYREQUESTS"),
    "down": (503, "UNAVAILABLE"),
    "no-name": (404, "NAME_UNKNOWN"),
    "no-tag": (404, "MANIFEST_UNKNOWN"),
}
"""Status and code of the errors, see the OCI distribution specification."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = self.path.split("/")[2]
        if name in REFUSALS:
            status, code = REFUSALS[name]
            self._answer(json.dumps({"errors": [{"code": code, "message": "refused"}]}).encode(), status)
        elif name == "hangs":
            time.sleep(HANG_SECONDS)
            self.close_connection = True
        elif "/manifests/" in self.path:
            self._answer(MANIFEST, media_type=MEDIA_TYPE, sent=20 if name == "half" else len(MANIFEST))
        else:
            self._answer(CONFIG if "/blobs/" in self.path else b"{}")

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(
        self, body: bytes, status: int = 200, *, media_type: str = "application/json", sent: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:sent] if self.command != "HEAD" else b"")
        self.close_connection = sent is not None and sent < len(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing: a client that does not trust the certificate hangs up."""


@contextmanager
def small_registry(authority: Authority, folder: Path) -> Iterator[str]:
    """Serve it with a certificate of an authority; yields host and port."""
    issued = authority.issue(["127.0.0.1"])
    (folder / "server.pem").write_bytes(issued.certificate + issued.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    server = _Server(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with serving(server):
        yield f"127.0.0.1:{server.server_port}"
