"""Answer of the Go module proxy → what becomes of a tool with a fallback: the real go against a small proxy."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fixtures.builder import module_proxy
from fixtures.builder.base import debian_image
from fixtures.builder.module_proxy import VARIABLES, ModuleProxyError, refusal, refusals
from fixtures.host.process import Ended, run
from fixtures.inventory import load
from tests.suite.serving import serving

MODULE = "example.com/tool@v1.0.0"
FILES = {
    "v1.0.0.info": b'{"Version": "v1.0.0"}',
    "v1.0.0.mod": b"module example.com/tool\n",
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        first, _, rest = self.path.removeprefix("/").partition("/")
        found = FILES.get(rest.rpartition("/")[2], b"") if first == "200" else b"no\n"
        self.send_response(int(first))
        self.send_header("Content-Length", str(len(found)))
        self.end_headers()
        self.wfile.write(found)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def proxy() -> Iterator[str]:
    """The address of a proxy, which answers with the status that its path begins with."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def ask(tmp_path: Path) -> Any:
    """Asks with the go of this machine."""
    if shutil.which("go") is None:
        pytest.skip("go is not installed")

    def ended(sources: str) -> Ended:
        env = {**os.environ, **VARIABLES, "GOPROXY": sources, "GOTOOLCHAIN": "local"}
        env |= {"GOMODCACHE": str(tmp_path / "modules"), "GOFLAGS": "-mod=mod -modcacherw"}
        return run(module_proxy.question(MODULE), timeout=60, env=env)

    return ended


@pytest.mark.parametrize(
    ("sources", "why"),
    [
        ("{}/200", ""),
        ("{}/404,{}/200", ""),
        ("{}/403", "403 Forbidden"),
        ("{}/404,direct", "404 Not Found"),
        ("direct,{}/410|off", "410 Gone"),
        ("{}/404,{}/403,direct", "403 Forbidden"),
    ],
    ids=["served", "served by the second", "403", "404", "410", "403 by the second"],
)
def test_proxy_serves_or_refuses(ask: Any, proxy: str, sources: str, why: str) -> None:
    assert refusal(MODULE, ask(sources.replace("{}", proxy))) == why


@pytest.mark.parametrize("sources", ["{}/500", "{}/429", "http://registry.invalid", "refused", "off", "nonsense://x"])
def test_proxy_that_gives_no_answer_is_an_error_and_no_reason_to_leave_a_tool_out(
    ask: Any, proxy: str, sources: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = f"http://127.0.0.1:{server.getsockname()[1]}"
    line = rf"^the Go module proxy gives no answer for {MODULE} \(.+\): look at GOPROXY and the network$"
    with pytest.raises(ModuleProxyError, match=line):
        refusal(MODULE, ask(closed if sources == "refused" else sources.replace("{}", proxy)))


def test_password_of_a_proxy_is_not_told() -> None:
    said = "go: reading https://me:s3cret@proxy.example/x: 502 Bad Gateway"
    with pytest.raises(ModuleProxyError, match=r"https://proxy\.example/x: 502") as told:
        refusal(MODULE, Ended(1, "", said))
    assert "s3cret" not in str(told.value)


def test_only_tools_with_a_fallback_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(_image: str, module: str) -> Ended:
        asked.append(module)
        return Ended(1, "", f"go: {module}: reading https://p/x.info: 403 Forbidden\n\tserver response: no")

    monkeypatch.setattr(module_proxy, "toolchain", lambda _: "go-toolchain")
    monkeypatch.setattr(module_proxy, "ask", ask)
    (name, why), *_ = refusals(load()).items()
    assert (name, why) == ("k9s", "the Go module proxy refuses github.com/derailed/k9s@v0.32.0 (403 Forbidden)")
    assert asked[0] == "github.com/derailed/k9s@v0.32.0"


@pytest.mark.parametrize("there", [True, False])
def test_go_is_built_where_it_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, there: bool) -> None:
    built: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(module_proxy, "host_inputs", lambda: "inputs")
    monkeypatch.setattr(module_proxy, "inspect", lambda name: {"Id": f"of {name}"})
    monkeypatch.setattr(module_proxy, "image_exists", lambda _: there)
    monkeypatch.setattr(module_proxy, "context", lambda *_: nullcontext(tmp_path))
    monkeypatch.setattr(module_proxy, "podman_build", lambda label, _, words: built.append((label, words)))
    name = module_proxy.toolchain(load())
    words = ["--target", "go-toolchain", "--build-arg", f"DEBIAN_IMAGE={debian_image()}", "--tag", name]
    assert built == ([] if there else [("go-toolchain", words)])


def test_go_asks_with_the_settings_of_the_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run_words(words: list[str], **_: object) -> Ended:
        asked.append(words)
        return Ended(0, "{}", "")

    monkeypatch.setattr(module_proxy, "mounted", lambda *_: nullcontext(["--env", "GOENV=/mnt/go.env"]))
    monkeypatch.setattr(module_proxy, "run", run_words)
    assert module_proxy.ask("localhost/go-toolchain", MODULE).status == 0
    (words,) = asked
    assert words[:2] == ["podman", "run"]
    assert {"--env=GOSUMDB=off", "--env=GOFLAGS=-mod=mod", "GOENV=/mnt/go.env"} < {*words}
    assert words[-6:] == ["localhost/go-toolchain", *module_proxy.question(MODULE)]
