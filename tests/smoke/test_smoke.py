"""What a code-server that was just deployed must show, seen without a change to it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from fixtures.cluster.rights import listed, must_be_whole
from fixtures.smoke import reviewed
from fixtures.smoke.command_lines import secrets
from fixtures.smoke.facts import Seen
from fixtures.smoke.inside.common import Facts
from fixtures.smoke.settings import SmokeSettings
from fixtures.smoke.visitor import Met, guarded, met, told, too_late
from fixtures.smoke.workload import Deployed
from fixtures.verdict.evidence import blocked

DAY = 86400.0
NO_WAY_AROUND = "let the editor listen on 127.0.0.1 alone, and put the log-in before it in the pod"


# ---- the pod


@pytest.mark.requirement("USE-2-pod")
def test_pod_of_the_newest_template_is_ready(deployed: Deployed) -> None:
    restarts = {one.name: one.restart_count for one in deployed.pod.status.container_statuses if not one.ready}
    assert not restarts, f"pod {deployed.pod.metadata.name}: not Ready are {restarts}: read its log"


@pytest.mark.requirement("USE-2-pod")
def test_pod_runs_the_digest_that_is_deployed(deployed: Deployed, container: str, settings: SmokeSettings) -> None:
    asked = deployed.image(container)
    runs = next(one.image_id for one in deployed.pod.status.container_statuses if one.name == container)
    named = re.search(r"@(sha256:[0-9a-f]{64})$", asked)
    assert named, (
        f"{deployed.workload}: asks for {asked}, by tag, so what runs may change: name the image by its digest"
    )
    expected = settings.smoke.digest or named[1]
    assert named[1] == expected, f"{deployed.workload}: asks for {named[1]}, not for {expected}: deploy that digest"
    assert runs.endswith(expected), f"pod: runs {runs}, not {expected}: remove the image from the node, and the pod"


# ---- the page


@pytest.mark.requirement("USE-2-page")
def test_visitor_without_a_login_is_sent_to_the_identity_provider(page_url: str, front: list[Facts]) -> None:
    assert met(front) is Met.PROVIDER, (
        f"page: without a log-in, {told(front)}, not to the identity provider: put oauth2-proxy before the editor, "
        f"or give `page` in [smoke] where {page_url} is not where a visitor comes in"
    )


@pytest.mark.requirement("USE-2-page")
def test_no_port_of_the_pod_opens_the_editor_without_a_login(seen: Seen, own_ports: set[int]) -> None:
    answers: list[list[Facts]] = seen.part("own_pages")
    opened = list(dict.fromkeys(told(one) for one in answers if met(one) is Met.EDITOR))
    assert not opened, f"pod: without a log-in, {'; '.join(opened)}: {NO_WAY_AROUND}"
    late = [told(one) for one in answers if too_late(one) and urlsplit(one[0]["url"]).port in own_ports]
    if late:
        blocked("a port of the pod does not answer in time", f"{'; '.join(late)}: run again when the node has time")
    if own_ports.isdisjoint(urlsplit(one[0]["url"]).port for one in answers):
        named = ", ".join(map(str, sorted(own_ports)))
        blocked("no port of the pod was seen", f"none of {named} is open there: read /proc/net/tcp in the pod by hand")


@pytest.mark.requirement("USE-2-page")
def test_each_service_leads_to_the_login_alone(
    seen: Seen, service_urls: list[str], page_url: str, deployed: Deployed
) -> None:
    assert service_urls, f"{deployed.workload}: no Service leads to its pod: set the selector of one to its labels"
    answers = [one for one in seen.part("pages") if one[0]["url"] in service_urls]
    silent = [told(one) for one in answers if met(one) is Met.NOTHING]
    assert not silent, f"Service: {'; '.join(silent)}: set its targetPort to the one that the pod serves"
    opened = list(dict.fromkeys(told(one) for one in answers if met(one) is Met.EDITOR))
    assert not opened, f"Service: without a log-in, {'; '.join(opened)}: {NO_WAY_AROUND}"
    past = list(dict.fromkeys(told(one) for one in answers if not guarded(one, page_url)))
    assert not past, f"Service: {'; '.join(past)}, not to the log-in: set its targetPort to that of the log-in's proxy"


# ---- the services


@pytest.mark.requirement("USE-2-services")
def test_each_service_is_reached_from_the_pod(seen: Seen) -> None:
    found: dict[str, Facts] = seen.part("services")
    lost = [
        f"{name} at {one['where']}: {one['error']} ({one['variable']})" for name, one in found.items() if "error" in one
    ]
    assert not lost, (
        f"services: not reached from the pod: {'; '.join(lost)}: correct the variable or the certificate, "
        "or name what this platform does not have in `without` of [smoke]"
    )


@pytest.mark.requirement("USE-2-services")
def test_each_password_of_the_pod_is_accepted(seen: Seen) -> None:
    found: dict[str, Facts] = seen.part("services")
    tried = {name: one["login"] for name, one in found.items() if one["login"]}
    refused = [f"{name} answers {said!r}" for name, said in tried.items() if said != "accepted"]
    assert not refused, f"services: the pod's log-in is refused: {'; '.join(refused)}: set the password in its Secret"


# ---- environment, account, certificates, home


@pytest.mark.requirement("USE-2-environment")
def test_environment_script_is_sourced_cleanly(seen: Seen, settings: SmokeSettings) -> None:
    found: Facts = seen.part("environment")
    assert found["script"], f"environment: no {settings.smoke.environment} in the pod: name the script in [smoke]"
    said = [f"{shell}: {text}" for shell, text in found["said"].items() if text]
    assert not said, f"environment: {settings.smoke.environment} says {'; '.join(said)}: correct it in the image"
    assert found["link"], "environment: ~/.setup-thinkube-env.sh is missing: start the pod by the image's entrypoint"


@pytest.mark.requirement("USE-2-environment")
def test_files_of_authorities_are_there(seen: Seen) -> None:
    lost: dict[str, str] = seen.part("environment")["unreadable"]
    named = "; ".join(f"{name}={path}" for name, path in lost.items())
    assert not lost, f"environment: a file that a variable names is not there: {named}: run the pod's start scripts"


@pytest.mark.requirement("USE-2-account")
def test_account_has_the_reviewed_rights(seen: Seen, deployed: Deployed, settings: SmokeSettings) -> None:
    account = deployed.pod.spec.service_account_name
    expected = reviewed.read(settings.rights, account, deployed.workload.namespace)
    found: Facts = seen.part("rights")
    assert not found.get("absent"), f"ServiceAccount {account}: its token is not in the container: mount it there"
    given = listed(found["namespaces"])
    rules = {name: frozenset(reviewed.rules_of(some)) for name, some in given.items()}
    own = settings.smoke.workspace or deployed.workload.namespace
    differ = given.sure(reviewed.differences(rules, expected, own))
    assert not differ, (
        f"ServiceAccount {account}: {reviewed.shortened(differ)}: change its roles back, or review them and name the "
        "manifests as `rights` in [smoke]"
    )
    must_be_whole(given, f"ServiceAccount {account}")


@pytest.mark.requirement("USE-2-account")
def test_home_has_no_kubeconfig_of_an_administrator(seen: Seen) -> None:
    found: list[str] = seen.part("kubeconfigs")
    assert not found, f"home: {', '.join(found)} may do everything in the cluster: remove it, the account is enough"


@pytest.mark.requirement("USE-2-secrets")
def test_no_secret_is_a_word_of_a_command_line(deployed: Deployed) -> None:
    found = secrets(deployed.workload.neighbours())
    assert not found, (
        f"namespace {deployed.workload.namespace}: a secret is on a command line, where every account that may list "
        f"pods reads it: {', '.join(found)}: give it as a file of a Secret, by the option that takes a path"
    )


@pytest.mark.requirement("USE-2-expiry")
def test_certificates_are_valid_for_some_time(
    seen: Seen, front: list[Facts], settings: SmokeSettings, now: float
) -> None:
    ends: dict[str, float] = {name: one["ends"] for name, one in seen.part("services").items() if "ends" in one}
    ends |= {one["url"]: one["ends"] for one in front if "ends" in one}
    if not ends:
        blocked("no certificate was met", "no service and no page speaks TLS, or none is reached")
    soon = [
        f"{name} in {(end - now) / DAY:.0f} days" for name, end in ends.items() if end - now < settings.smoke.days * DAY
    ]
    assert not soon, f"certificates: run out: {'; '.join(soon)}: renew them, or set `days` in [smoke]"


@pytest.mark.requirement("USE-2-home")
def test_home_can_be_written(seen: Seen) -> None:
    found: dict[str, Any] = seen.part("home")
    why = "is mounted read-only" if found["read_only"] else "cannot be written by its user"
    assert found["writable"], f"home: {found['path']} {why}: mount the volume for writing, and give it to UID 1000"


@pytest.mark.requirement("USE-2-home")
def test_home_has_space_left(seen: Seen, settings: SmokeSettings) -> None:
    found: dict[str, Any] = seen.part("home")
    least = settings.smoke.free_percent
    left = {"bytes": 100 * found["free"] / found["bytes"]} if found["bytes"] else {}
    left |= {"files": 100 * found["free_files"] / found["files"]} if found["files"] else {}
    short = [f"{share:.0f} % of its {what}" for what, share in left.items() if share < least]
    assert not short, f"home: {found['path']} has {' and '.join(short)} left, {least} % at least: remove something"
