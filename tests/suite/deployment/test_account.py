"""The pod's account at the API server: its client, and all that it may do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace as Of
from typing import Any, cast

import pytest
from kubernetes import client

from fixtures import redaction
from fixtures.cluster.api import ClusterError
from fixtures.cluster.rights import must_be_whole
from fixtures.deployment.account import (
    account_of,
    clusters_of_the_token,
    impersonated,
    lasting_tokens,
    rules,
    shown_to,
    stranger_to,
)
from fixtures.deployment.deployment import Deployment
from fixtures.verdict.evidence import Blocked
from tests.suite.serving import serving

PODS = {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}
METRICS = {"verbs": ["get"], "nonResourceURLs": ["/metrics"]}
KUBECONFIG = """\
current-context: other
contexts:
- {name: workspace, context: {cluster: here, user: code-server}}
- {name: other, context: {cluster: there, user: me}}
- {name: third, context: {cluster: front, user: code-server}}
clusters:
- {name: there, cluster: {server: "http://there"}}
- {name: here, cluster: {server: "https://here"}}
- {name: front, cluster: {server: "https://front"}}
users:
- {name: code-server, user: {tokenFile: /token}}
- {name: me, user: {token: mine}}
"""
"""What the start of the workspace writes, and what the developer added to it."""
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
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if review["kind"] == "SelfSubjectReview":
            name = self.server.knows  # type: ignore[attr-defined]
            self.answer(201 if name else 403, {"status": {"userInfo": {"username": name}}})
        else:
            self.answer(201, review | {"status": RULES[review["spec"]["namespace"]]})

    def do_GET(self) -> None:  # its name in the standard library
        """Answer with the status that is the path."""
        self.answer(int(self.path[1:]), {})

    def answer(self, status: int, document: dict[str, Any]) -> None:
        """Send a document."""
        self.server.asked.append(dict(self.headers))  # type: ignore[attr-defined]
        content = json.dumps(document).encode()
        self.send_response_only(status)
        if status == 302:
            self.send_header("Location", "/200")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Any]:
    """An API server, with the headers that it was ASKED with, and whom it KNOWS without a token."""
    found: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.asked, found.knows = [], ""
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
    pod = Of(api=administrator, run=lambda _: Of(stdout="of-the-pod\n"))
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


def test_stranger_reaches_the_server_as_the_administrator_does(administrator: Any) -> None:
    given = administrator.configuration
    given.verify_ssl, given.tls_server_name, given.proxy, given.cert_file = (
        False,
        "api",
        "http://127.0.0.1:1",
        "mine.pem",
    )
    stranger: Any = stranger_to(administrator)
    seen = stranger.configuration
    assert (seen.host, seen.verify_ssl, seen.tls_server_name, seen.proxy) == (given.host, False, "api", given.proxy)
    assert (seen.api_key, seen.cert_file) == ({}, None)


@pytest.mark.parametrize("knows", ["", "system:anonymous"])
def test_stranger_is_shown_what_is_answered(server: Any, administrator: client.ApiClient, knows: str) -> None:
    server.knows = knows
    assert shown_to(stranger_to(administrator), ["/401", "/200", "/403", "/404"]) == ["/200"]
    assert not any("authorization" in headers for headers in server.asked)


@pytest.mark.parametrize("status", [302, 501])
def test_neither_shown_nor_refused_is_no_finding(administrator: client.ApiClient, status: int) -> None:
    with pytest.raises(ClusterError, match=f"asking for /{status} without a token failed at .*it answered {status}"):
        shown_to(stranger_to(administrator), [f"/{status}"])


def test_server_that_cannot_be_reached_is_no_finding() -> None:
    nowhere: Any = client.Configuration(host="http://127.0.0.1:1")
    nowhere.retries = False
    with pytest.raises(ClusterError, match="the connection is refused"):
        shown_to(stranger_to(client.ApiClient(nowhere)), ["/200"])


def test_stranger_with_a_name_is_none(server: Any, administrator: client.ApiClient) -> None:
    server.knows = "kubernetes-admin"
    with pytest.raises(Blocked, match=r"^the cluster's address knows its callers without a token$") as ended:
        shown_to(stranger_to(administrator), ["/200"])
    assert ended.value.because == "whoever asks there is kubernetes-admin"


@pytest.mark.parametrize(("given", "kept"), [(True, ["mine"]), (False, ["listed", "docker", "made", "mine"])])
def test_token_that_a_given_cluster_makes_is_not_kept_by_anybody(kept: list[str], *, given: bool) -> None:
    said = {
        "listed": None,
        "docker": {"openshift.io/internal-registry-auth-token.service-account": "default"},
        "made": {"kubernetes.io/created-by": "openshift.io/create-dockercfg-secrets"},
        "mine": {"kubernetes.io/service-account.name": "code-server"},
    }
    secrets = [Of(metadata=Of(name=name, annotations=some)) for name, some in said.items()]
    accounts = [Of(secrets=None), Of(secrets=[Of(name="listed")])]
    core = Of(
        list_namespaced_secret=lambda _, **_asked: Of(items=secrets),
        list_namespaced_service_account=lambda _: Of(items=accounts),
    )
    assert lasting_tokens(core, "space", given=given) == kept


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        (KUBECONFIG, ["https://here", "https://front"]),
        (KUBECONFIG.replace("tokenFile", "token"), ["http://there"]),
        (KUBECONFIG.replace("tokenFile", "token").replace("current-context: other", ""), []),
        ("clusters: null", []),
        ("clusters: [{name: a, cluster: null}, b]\ncontexts: {}\nusers: x", []),
        ("text", []),
        ("{", []),
    ],
    ids=["token's", "current", "no current", "no clusters", "no mappings", "text", "no YAML"],
)
def test_clusters_of_a_kubeconfig_are_those_that_get_the_token(text: str, servers: list[str]) -> None:
    assert [one["server"] for one in clusters_of_the_token(text)] == servers
