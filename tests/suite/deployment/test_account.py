"""The pod's account at the API server: its client, and all that it may do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, cast

import pytest
from kubernetes import client

from fixtures import redaction
from fixtures.cluster.rights import must_be_whole
from fixtures.deployment.account import account_of, impersonated, rules
from fixtures.deployment.deployment import Deployment
from fixtures.verdict.evidence import Blocked
from tests.suite.serving import serving

PODS = {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}
METRICS = {"verbs": ["get"], "nonResourceURLs": ["/metrics"]}
RULES: dict[str, dict[str, Any]] = {
    "both": {"resourceRules": [PODS], "nonResourceRules": [METRICS]},
    "paths": {"resourceRules": [], "nonResourceRules": [METRICS]},
    "none": {"resourceRules": None, "nonResourceRules": None},
    "some": {"resourceRules": [PODS], "nonResourceRules": [], "incomplete": True, "evaluationError": "no list"},
}
"""What the API server says of an account's rights in some namespaces."""


class Handler(BaseHTTPRequestHandler):
    """Answers reviews of rules by RULES, and keeps the headers."""

    def do_POST(self) -> None:  # its name in the standard library
        """Answer."""
        self.server.asked.append(dict(self.headers))  # type: ignore[attr-defined]
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = json.dumps(review | {"status": RULES[review["spec"]["namespace"]]}).encode()
        self.send_response_only(201)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Any]:
    """An API server, with the headers that it was ASKED with."""
    found: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.asked = []
    with serving(found):
        yield found


@pytest.fixture
def administrator(server: Any) -> client.ApiClient:
    """The administrator's client."""
    settings: Any = client.Configuration(host=f"http://127.0.0.1:{server.server_port}")
    settings.api_key = {"BearerToken": "Bearer of-the-administrator"}
    return client.ApiClient(settings)


def test_rights_are_those_on_resources_and_on_paths_of_the_server(administrator: client.ApiClient) -> None:
    told = {"both": [PODS, METRICS], "paths": [METRICS], "none": []}
    assert rules(administrator, told) == told


def test_rights_that_are_listed_are_judged_before_those_that_are_not(administrator: client.ApiClient) -> None:
    found = rules(administrator, ["some", "both"])
    assert found["some"] == [PODS]
    assert found.sure(["may list pods in some", "may not get secrets in some"]) == ["may list pods in some"]
    with pytest.raises(
        Blocked, match=r"^the API server does not tell all rights of ServiceAccount dev \(.*: no list\)$"
    ):
        must_be_whole(found, "ServiceAccount dev")


def test_whole_list_proves_what_is_lacking(administrator: client.ApiClient) -> None:
    found = rules(administrator, ["both"])
    must_be_whole(found, "ServiceAccount dev")
    assert found.sure(["may not get secrets in both"]) == ["may not get secrets in both"]


def test_account_asks_by_its_own_token_which_is_a_secret(server: Any, administrator: client.ApiClient) -> None:
    pod = SimpleNamespace(api=administrator, run=lambda _: SimpleNamespace(stdout="of-the-pod\n"))
    rules(account_of(cast("Deployment", pod)), ["none"])
    assert server.asked[0]["authorization"] == "Bearer of-the-pod"
    assert redaction.redact("of-the-pod") == redaction.MASK


def test_other_accounts_are_impersonated_by_the_administrator(server: Any, administrator: client.ApiClient) -> None:
    rules(impersonated(administrator, "space", "builder"), ["none"])
    rules(administrator, ["none"])
    other, own = server.asked
    assert other["Impersonate-User"] == "system:serviceaccount:space:builder"
    assert other["authorization"] == own["authorization"] == "Bearer of-the-administrator"
    assert "Impersonate-User" not in own
