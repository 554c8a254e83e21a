"""Every client of the image trusts the deployment's private authority, and no other one for the services' names.

The server is Gitea. The clients that have a check of their own (tea, psql, ...) are not repeated here.
"""

from __future__ import annotations

import re

import pytest
from cryptography import x509

from fixtures.deployment.overlay import Workspace
from fixtures.deployment.pod import Pod
from fixtures.deployment.tools import attempt, must_refuse, must_run, succeeded
from fixtures.services.model import Endpoint

CURL = "curl --silent --show-error --fail --output /dev/null {url}"
WGET = "wget --no-verbose --tries=1 --output-document=/dev/null {url}"
NODE = "node -e 'fetch(process.argv[1]).catch(e => {{ console.error(e.cause); process.exit(1) }})' {url}"
URLLIB = "python3 -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1], timeout=20).read()' {url}"
REQUESTS = "python3 -c 'import sys, requests as r; r.get(sys.argv[1], timeout=20).raise_for_status()' {url}"
GIT = """\
said=$(GIT_TERMINAL_PROMPT=0 git ls-remote https://{host}:{port}/nobody/nothing 2>&1)
case $said in *Username*|*Authentication*|*"not found"*) ;; *) echo "$said" >&2; exit 1 ;; esac"""
"""What the server says of a repository that is not there comes after the handshake."""
OPENSSL = "openssl s_client -verify_return_error -verify_hostname {host} -connect {host}:{port} </dev/null >&2"
CLIENTS = {
    "curl": (CURL, "CURL_CA_BUNDLE=$PWD/foreign.crt"),
    "wget": (WGET, "SYSTEM_WGETRC=$PWD/wgetrc"),
    "node": (NODE, "NODE_EXTRA_CA_CERTS=$PWD/foreign.crt"),
    "urllib": (URLLIB, "SSL_CERT_FILE=$PWD/foreign.crt"),
    "requests": (REQUESTS, "REQUESTS_CA_BUNDLE=$PWD/foreign.crt"),
    "git": (GIT, "GIT_SSL_CAINFO=$PWD/foreign.crt"),
    "openssl": (OPENSSL, "SSL_CERT_FILE=$PWD/foreign.crt"),
    "sudo curl": (f"sudo --non-interactive {CURL}", "CURL_CA_BUNDLE=$PWD/foreign.crt"),
    "sudo wget": (f"sudo --non-interactive {WGET}", "SYSTEM_WGETRC=$PWD/wgetrc"),
}
"""A client's command, and the variable that leads it to another authority."""
UNTRUSTED = "(?i)certificate|issuer|self.signed|unable to verify"
PUBLIC = "/etc/ssl/certs/ca-certificates.crt"
PEM = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")
FIX = "lead it to the workspace's bundle of authorities, as deployment.yaml in docker/platform/code-server does"


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> str:
    """The name of a client."""
    name: str = request.param
    return name


def command(client: str, gitea: Endpoint) -> str:
    """Return a client's command for a page of Gitea that anybody may read."""
    url = f"https://{gitea.host}:{gitea.port}/api/healthz"
    return CLIENTS[client][0].format(url=url, host=gitea.host, port=gitea.port)


@pytest.mark.requirement("ENV-5")
def test_client_trusts_the_private_authority(client: str, pod: Pod, gitea: Endpoint) -> None:
    done = attempt(pod, client, command(client, gitea))
    succeeded(done, client, "does not trust the deployment's authority", repair=FIX)


@pytest.mark.requirement("ENV-5")
def test_pod_trusts_the_public_authorities_and_the_deployment_s_alone(pod: Pod, workspace: Workspace) -> None:
    trusted, public = (
        {*PEM.findall(must_run(pod, "authorities", f"cat {place}"))} for place in ("$SSL_CERT_FILE", PUBLIC)
    )
    assert public, f"authorities: {PUBLIC} has none: {FIX}"
    more = trusted - public - {*PEM.findall(workspace.authorities.decode())}
    names = [x509.load_pem_x509_certificate(one.encode()).subject.rfc4514_string() for one in more]
    assert not names, f"authorities: the pod trusts {'; '.join(names)} too: take it out of code-server-authorities"


@pytest.mark.requirement("ENV-5")
def test_client_refuses_another_authority(client: str, pod: Pod, gitea: Endpoint, foreign_certificate: bytes) -> None:
    variable = CLIENTS[client][1]
    script = f'cat >foreign.crt; echo "ca_certificate = $PWD/foreign.crt" >wgetrc; export {variable}; '
    must_refuse(pod, client, script + command(client, gitea), UNTRUSTED, repair=FIX, stdin=foreign_certificate)
