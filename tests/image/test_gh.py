"""gh of the image against a small API that answers just what gh asks.

It proves the checks of `tests/platform/services/test_github.py`: they pass with it, and fail where it lies.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from shlex import quote
from typing import Any

import pytest
from testinfra.backend.base import CommandResult

from fixtures.certificates import Authority
from fixtures.image.containers import Container
from fixtures.services.catalogue.github import (
    Gh,
    must_be_refused,
    must_know_its_user,
    must_miss,
    must_read,
    must_view_issue,
)

TOKEN = "right"  # noqa: S105
OWNER, NAME, IDENTITY, ISSUE, TITLE = "octo", "things", "R_1", 7, "a thing is broken"
HONEST: Mapping[str, Any] = {
    "login": "somebody",
    "id": IDENTITY,
    "missing": "octo/nothing",
    "token": TOKEN,
    "title": TITLE,
}
API = """
import http.server, json, re, ssl

gone = "Projects (classic) is being deprecated in favor of the new Projects experience"
facts = json.load(open("facts.json"))
missing = "Could not resolve to a Repository with the name '%s'."

class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if facts["token"] and self.headers["Authorization"] != "token " + facts["token"]:
            self.answer(401, {"message": "Bad credentials"})
        elif self.path == "/api/v3/user":
            self.answer(200, {"login": facts["login"]})
        elif self.path == "/api/v3/meta":
            self.answer(200, {"installed_version": "3.20.0"})
        else:
            self.answer(404, {"message": "Not Found"})

    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        query, asked = sent["query"], sent.get("variables") or {}
        name = "%s/%s" % (asked.get("owner"), asked.get("name") or asked.get("repo"))
        if types := re.findall("([A-Za-z]+): __type", query):
            # Which fields there are: none that gh asks for.
            self.answer(200, {"data": {alias: {"fields": []} for alias in types}})
        elif "projectCards" in query:
            fault = {"type": "NOT_FOUND", "path": ["repository", "issue", "projectCards"], "message": gone}
            self.answer(200, {"data": {"repository": None}, "errors": [fault]})
        elif "projectItems" in query and "hasIssuesEnabled" not in query:
            items = {"totalCount": 0, "nodes": [], "pageInfo": {"hasNextPage": False}}
            self.answer(200, {"data": {"repository": {"issue": {"projectItems": items}}}})
        elif "hasIssuesEnabled" in query:
            issue = {"__typename": "Issue", "number": asked["number"], "title": facts["title"]}
            self.answer(200, {"data": {"repository": {"hasIssuesEnabled": True, "issue": issue}}})
        elif name == facts["missing"]:
            fault = {"type": "NOT_FOUND", "path": ["repository"], "message": missing % name}
            self.answer(200, {"data": {"repository": None}, "errors": [fault]})
        else:
            self.answer(200, {"data": {"repository": {"nameWithOwner": name, "id": facts["id"]}}})

    def answer(self, status, document):
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("api.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
"""
CHECKS: Mapping[str, Callable[[Gh], None]] = {
    "user": lambda gh: must_know_its_user(gh, "somebody"),
    "repository": lambda gh: must_read(gh, f"{OWNER}/{NAME}", IDENTITY),
    "issue": lambda gh: must_view_issue(gh, f"{OWNER}/{NAME}", ISSUE, TITLE),
    "wrong token": must_be_refused,
    "unknown repository": lambda gh: must_miss(gh, "octo/nothing"),
}


def gh_of(container: Container, facts: Mapping[str, Any]) -> Gh:
    """Return the container's gh, each of whose commands finds an API that says these things."""
    authority = Authority("api")
    issued = authority.issue(["localhost"])
    files = {
        "api.py": API,
        "api.pem": (issued.certificate + issued.key).decode(),
        "ca.crt": authority.certificate.decode(),
        "facts.json": json.dumps(dict(facts)),
    }
    before = "\n".join(f"printf %s {quote(text)} >{name}" for name, text in files.items())

    def run(script: str, variables: Mapping[str, str]) -> CommandResult:
        exports = "\n".join(f"export {name}={quote(value)}" for name, value in variables.items())
        start = "mkfifo port; python3 api.py >port & read -r number <port"
        end = "status=$?; kill $!; exit $status"
        return container.run(
            f"{before}\n{start}\n{exports}\nexport GH_HOST=localhost:$number SSL_CERT_FILE=$PWD/ca.crt\n{script}\n{end}"
        )

    return Gh(run, "localhost", TOKEN)


@pytest.mark.requirement("TOOL-gh-runs")
@pytest.mark.feature("python")
@pytest.mark.parametrize("check", CHECKS)
def test_gh_passes_where_the_api_is_right(container: Container, check: str) -> None:
    CHECKS[check](gh_of(container, HONEST))


@pytest.mark.requirement("TOOL-gh-runs")
@pytest.mark.feature("python")
@pytest.mark.parametrize(
    ("check", "lie", "line"),
    [
        ("user", {"login": "nobody"}, "gh: is 'nobody', the token is somebody's: see GH_HOST"),
        ("user", {"token": "another"}, "gh: no answer of localhost: .*HTTP 401"),
        ("repository", {"id": "R_2"}, "gh: reads .*'R_2'.* localhost has .*'R_1'"),
        ("repository", {"missing": f"{OWNER}/{NAME}"}, f"gh: cannot read {OWNER}/{NAME}: .*Could not resolve"),
        ("issue", {"title": "another"}, "gh: shows .*another.* localhost has 'a thing is broken'"),
        ("wrong token", {"token": ""}, "github: localhost lets a wrong token in"),
        ("unknown repository", {"missing": ""}, "gh: finds octo/nothing, which nobody made"),
    ],
    ids=[
        "another user",
        "no user",
        "another repository",
        "no repository",
        "another issue",
        "any token",
        "any repository",
    ],
)
def test_check_of_gh_fails_where_the_api_lies(
    container: Container, check: str, lie: Mapping[str, Any], line: str
) -> None:
    with pytest.raises(AssertionError, match=line):
        CHECKS[check](gh_of(container, {**HONEST, **lie}))
