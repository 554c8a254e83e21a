"""The checks of the smoke run by themselves: what of a pod's ports and Services each of them lets pass."""

from __future__ import annotations

from types import SimpleNamespace as Of
from typing import Any

import pytest
from kubernetes import client

from fixtures.smoke.facts import Seen
from fixtures.smoke.plugin import addresses_of, ports_of
from fixtures.smoke.workload import Deployed, Workload
from fixtures.verdict.evidence import Blocked
from tests.smoke import test_smoke as checks

ADDRESS = "http://192.0.2.1"
SERVICE = "http://web.team.svc:80/"
PROVIDER = "https://sso.example/auth?response_type=code&client_id=x"


def deployed(*ports: Any) -> Deployed:
    """A Deployment whose pod has one container with these ports."""
    pod, api = Of(spec=Of(containers=[Of(name="web", ports=list(ports) or None)])), client.ApiClient()
    return Deployed(Workload(api, "team", "web"), {}, pod)


def answer(url: str, status: int, text: str = "", location: str = "") -> list[dict[str, Any]]:
    """A visit with one answer."""
    return [{"url": url, "status": status, "location": location, "text": text}]


@pytest.mark.parametrize("visited", [[], [9999]], ids=["none", "another program's"])
def test_ports_of_which_none_was_seen_are_no_pass(visited: list[int]) -> None:
    seen = Seen({"own_pages": [answer(f"{ADDRESS}:{port}/", 404) for port in visited]})
    with pytest.raises(Blocked, match="no port of the pod was seen"):
        checks.test_no_port_of_the_pod_opens_the_editor_without_a_login(seen, {8080})


def test_ports_of_which_one_was_seen_pass() -> None:
    seen = Seen({"own_pages": [answer(f"{ADDRESS}:8080/", 302, location=PROVIDER)]})
    checks.test_no_port_of_the_pod_opens_the_editor_without_a_login(seen, {4180, 8080})


@pytest.mark.parametrize(
    ("status", "text", "words"),
    [(502, "", "an error of the server (HTTP 502)"), (200, "<p>a page</p>", "another page (HTTP 200)")],
)
def test_service_that_leads_past_the_login_is_told(status: int, text: str, words: str) -> None:
    seen = Seen({"pages": [answer(SERVICE, status, text)]})
    with pytest.raises(AssertionError, match=r"^Service: http://web.team.svc:80/ leads to ") as raised:
        checks.test_each_service_leads_to_the_login_alone(seen, [SERVICE], SERVICE, deployed())
    assert words in str(raised.value)


def test_service_of_the_login_and_that_of_metrics_pass() -> None:
    other = "http://web.team.svc:44180/"
    seen = Seen({"pages": [answer(SERVICE, 302, location=PROVIDER), answer(other, 404)]})
    checks.test_each_service_leads_to_the_login_alone(seen, [SERVICE, other], SERVICE, deployed())


@pytest.mark.parametrize(("target", "port"), [(8080, 8080), ("http", 4180), ("gone", 80), (None, 80)])
def test_port_of_a_service_leads_to_one_of_the_pod(target: int | str | None, port: int) -> None:
    found = deployed(Of(name="http", container_port=4180))
    assert found.target(Of(port=80, target_port=target)) == port


def test_headless_service_is_visited_at_the_pod_s_port() -> None:
    port = Of(name="http", port=80, target_port=4180, protocol="TCP")
    services = [Of(metadata=Of(name=name), spec=Of(cluster_ip=address, ports=[port]))
                for name, address in (("web", "10.0.0.1"), ("pods", "None"))]  # fmt: skip
    urls = addresses_of(deployed(), services)
    assert urls == ["http://web.team.svc:80/", "http://pods.team.svc:4180/"]
    assert ports_of(deployed(), services) == {4180, 8080}
