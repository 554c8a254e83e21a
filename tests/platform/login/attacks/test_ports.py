"""Around the proxy: which ports of its pod are open, and what reaches them from another pod."""

from __future__ import annotations

import base64
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import yaml

from fixtures.cluster.target import Target
from fixtures.deployment.network_policy import must_let_in_to
from fixtures.deployment.pod import Pod
from fixtures.login.attacks import CODE_SERVER_PORT, open_ports
from fixtures.login.proxy import SERVICE, LoginProxy
from fixtures.login.visitor import Visitor
from fixtures.patience import patient
from fixtures.services import tls

pytestmark = [pytest.mark.requirement("DEP-4"), pytest.mark.xdist_group("proxy")]

PROXY_PORT = 4180
"""The one port of the pod that is not on its loopback."""
ASK = "curl --silent --insecure --output /dev/null --write-out '%{http_code}'"
ASK_SECONDS = 5.0
CODE_SERVER = "code-server"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
CONFINED = {
    "allow_privilege_escalation": False,
    "read_only_root_filesystem": True,
    "privileged": None,
    "capabilities": {"add": None, "drop": ["ALL"]},
}
CORE, STRUCTURED = "core.cfg", "structured.yaml"
WEAKENS = re.compile(r"trusted_|skip_(?!provider_button)|api_routes|htpasswd|.*insecure")
"""oauth2-proxy's options by which somebody gets in without a log-in, or whoever answers is believed; see its manual."""
PATIENCE_SECONDS = 60
"""What an answer of the editor may take: an extension that is installed, a large file that is searched."""
LOG_IN_SECONDS, SLACK_SECONDS = 300, 30
"""What a person may take to log in: to look up a password, to find the second factor."""
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
SEARCH = """\
cat >patterns; env >environment
cut -d' ' -f2 /proc/mounts | grep -vE '^/(proc|sys|dev)(/|$)|^/$' >mounts
xargs -d '\\n' grep -rlsFf patterns -- environment <mounts
echo searched"""
"""Names the files of volumes that have one of the lines of its input, and `environment` for a variable that does."""
BIND = "let code-server listen on 127.0.0.1 alone, by --bind-addr"


def reached(pod: Pod, address: str, port: int) -> str:
    """Return what a pod gets from a port of another one: the status of its answer, 000 for none."""
    scheme = "https" if port == PROXY_PORT else "http"
    return str(pod.run(f"{ASK} --max-time {patient(ASK_SECONDS):.0f} {scheme}://{address}:{port}/").stdout)


def test_pod_has_no_other_open_port(own_pod: Pod) -> None:
    ports = open_ports(own_pod.run("cat /proc/net/tcp /proc/net/tcp6").stdout)
    assert ports == {PROXY_PORT}, f"pod: listens on {sorted(ports)}, not on {PROXY_PORT} alone: {BIND}"


def test_code_server_is_not_reached_around_the_proxy(pod: Pod, ready_proxy: LoginProxy) -> None:
    address = ready_proxy.require_embedded("the pod's address").deployment.pod().status.pod_ip
    status = reached(pod, address, PROXY_PORT)
    assert status == "302", (
        f"oauth2-proxy: answers {status} to another pod, not 302: open its port in network-policy.yaml"
    )
    status = reached(pod, address, CODE_SERVER_PORT)
    assert status == "000", f"code-server: answers {status} to another pod: {BIND}"


def test_proxy_has_no_token_of_the_pods_account(ready_proxy: LoginProxy) -> None:
    own = ready_proxy.require_embedded("its pod")
    mounts = {
        one.name: [mount.mount_path for mount in one.volume_mounts] for one in own.deployment.pod().spec.containers
    }
    with_token = sorted(name for name, paths in mounts.items() if ACCOUNT in paths)
    assert with_token == [CODE_SERVER], (
        f"pod: the account's token is in the containers {with_token}, not in {CODE_SERVER} alone: "
        "set automountServiceAccountToken to false, and mount it there"
    )


def test_editor_sees_no_process_of_the_proxy(own_pod: Pod) -> None:
    seen = own_pod.run("cat /proc/[0-9]*/comm").stdout.split()
    assert "sh" in seen, f"code-server: its processes are {seen}, without the shell that asks: see the container"
    assert SERVICE.name not in seen, (
        "pod: the editor sees the proxy's process, its variables and its files: leave shareProcessNamespace out"
    )


def test_editor_has_no_secret_of_the_proxy(ready_proxy: LoginProxy, own_pod: Pod) -> None:
    own = ready_proxy.require_embedded("its pod").deployment
    volumes = {one.name: one.secret for one in own.pod().spec.volumes}
    secret: Any = own.core.read_namespaced_secret(volumes[f"{SERVICE.name}-credentials"].secret_name, own.namespace)
    values = [base64.b64decode(one) for one in secret.data.values()]
    found = own_pod.run(SEARCH, stdin=b"\n".join(values)).stdout.splitlines()
    assert found[-1:] == ["searched"], f"code-server: the search for secrets ends with {found[-1:]}: see the container"
    assert not found[:-1], (
        f"pod: the editor's container has a secret of the proxy in {', '.join(found[:-1])}: mount it elsewhere"
    )


def settings(ready_proxy: LoginProxy, name: str) -> str:
    """Return a file of the proxy's settings, as the cluster has it."""
    own = ready_proxy.require_embedded("its settings").deployment
    names = [one.config_map.name for one in own.pod().spec.volumes if one.config_map is not None]
    maps: list[Any] = [own.core.read_namespaced_config_map(name, own.namespace) for name in names]
    (text,) = [one.data[name] for one in maps if name in (one.data or {})]
    return str(text)


def test_no_visitor_gets_around_the_log_in(ready_proxy: LoginProxy) -> None:
    """By his address, the path that he asks for or a header: none of that a check can try out for all."""
    own = ready_proxy.require_embedded("its settings").deployment
    (proxy,) = [one for one in own.pod().spec.containers if one.name == SERVICE.name]
    named = [one.name.removeprefix("OAUTH2_PROXY_").lower() for one in proxy.env or []]
    named += [re.split("[= ]", word.lstrip("-"))[0].replace("-", "_") for word in proxy.args or []]
    found = [name for name in [*tomllib.loads(settings(ready_proxy, CORE)), *named] if WEAKENS.match(name)]
    assert not found, f"oauth2-proxy: lets some in without a log-in, or checks nothing, by {', '.join(found)}: drop it"
    structured = yaml.safe_load(settings(ready_proxy, STRUCTURED))
    loose = [name for name, value in leaves(structured) if "insecure" in name.lower() and value]
    assert not loose, f"oauth2-proxy: {STRUCTURED} has {', '.join(loose)}: let it be false"


def leaves(document: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of a document of any depth, each with the key that it is below."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            yield from leaves(value, str(key))
    elif isinstance(document, list):
        for value in document:
            yield from leaves(value, name)
    else:
        yield name, document


def test_editor_may_take_its_time_to_answer(ready_proxy: LoginProxy) -> None:
    (upstream,) = yaml.safe_load(settings(ready_proxy, STRUCTURED))["upstreamConfig"]["upstreams"]
    # Without it oauth2-proxy waits for 30 s (pkg/apis/options/upstreams.go).
    limit = duration(upstream.get("timeout", "30s"))
    assert limit >= PATIENCE_SECONDS, (
        f"oauth2-proxy: gives up on the editor's answer after {limit:.0f} s, before {PATIENCE_SECONDS} s: raise the "
        f"upstream's timeout in {STRUCTURED}"
    )


def duration(text: str) -> float:
    """Return the seconds of a duration as Go writes it, `1m30s`."""
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([0-9.]+)(ms|h|m|s)", text))


def test_visitor_may_take_his_time_to_log_in(ready_proxy: LoginProxy, visitor: Visitor) -> None:
    reply = visitor.ask(f"{ready_proxy.url}/oauth2/start")
    ages = [one.age for one in reply.cookies if "_csrf" in one.name]
    assert ages, f"oauth2-proxy: sets no cookie that a log-in begins with ({reply.status}): see cookie_csrf_* in {CORE}"
    assert min(ages) >= LOG_IN_SECONDS - SLACK_SECONDS, (
        f"oauth2-proxy: a log-in is refused that takes longer than {min(ages):.0f} s, which may take {LOG_IN_SECONDS} "
        f"s: raise cookie_csrf_expire in {CORE}"
    )


def test_proxy_leads_to_the_editor_alone(ready_proxy: LoginProxy) -> None:
    text = settings(ready_proxy, STRUCTURED)
    upstreams = [(one["path"], one["uri"]) for one in yaml.safe_load(text)["upstreamConfig"]["upstreams"]]
    expected = [("/", f"http://127.0.0.1:{CODE_SERVER_PORT}")]
    assert upstreams == expected, (
        f"oauth2-proxy: leads to {upstreams}, not to {expected} alone: take the others out of {STRUCTURED}"
    )


def test_network_policy_lets_in_to_the_proxy_alone(ready_proxy: LoginProxy) -> None:
    must_let_in_to(ready_proxy.require_embedded("its NetworkPolicy").deployment, "https")


def test_proxy_s_container_is_confined(ready_proxy: LoginProxy) -> None:
    own = ready_proxy.require_embedded("its pod")
    (proxy,) = [one for one in own.deployment.pod().spec.containers if one.name == SERVICE.name]
    context = proxy.security_context.to_dict()
    seen = {key: context[key] for key in CONFINED}
    assert seen == CONFINED, (
        f"oauth2-proxy: its securityContext is {seen}, not {CONFINED}: leave that of deployment.yaml"
    )
    user, editor = context["run_as_user"], own.deployment.pod().spec.security_context.run_as_user
    assert user not in {0, editor}, f"oauth2-proxy: runs as UID {user}, the editor as {editor}: give each its own"


def test_old_tls_is_refused(ready_proxy: LoginProxy) -> None:
    taken = [version.name for version in tls.OLD if tls.takes(ready_proxy.endpoint, version)]
    assert not taken, f"oauth2-proxy: takes {', '.join(taken)}: set minVersion to TLS1.2 in structured.yaml"


@pytest.mark.parametrize("echo_address", ["0.0.0.0"])  # noqa: S104
def test_network_policy_where_it_is_enforced(
    pod: Pod, ready_proxy: LoginProxy, echo: int, target: Target, measured: Callable[[str, object], None]
) -> None:
    address = ready_proxy.require_embedded("the pod's address").deployment.pod().status.pod_ip
    status = reached(pod, address, echo)
    measured("NetworkPolicy keeps others from a developer's own server", status == "000")
    # The network of the suite's own cluster enforces none.
    assert status == "000" or target.embedded is not None, (
        f"pod: a developer's own server answers {status} to others: use a network plugin that enforces NetworkPolicy"
    )
