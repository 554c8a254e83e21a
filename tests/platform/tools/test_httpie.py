"""httpie: http in the pod against Gitea, whose API any HTTP client can ask, seen from outside by that API."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from fixtures.advice import REBUILD
from fixtures.certificates import Authority
from fixtures.deployment.pod import Pod
from fixtures.deployment.tools import must_refuse, must_tell, refused, run_with, succeeded, word
from fixtures.services.catalogue.gitea import API, Repository, repository_of
from fixtures.services.model import Account, Endpoint

HEALTH = 'http --ignore-stdin --check-status "$GITEA_URL/api/healthz"'
NETRC = (
    r"""printf 'machine %s\nlogin %s\npassword %s\n' "$MACHINE" "$LOGIN" "$PASSWORD" >netrc; export NETRC=$PWD/netrc"""
)
"""Gives httpie a user, without his password in a command."""


@pytest.fixture
def repository(gitea: Endpoint, run_id: str) -> Iterator[Repository]:
    """A repository that is not there yet, and is removed at the end."""
    with repository_of(gitea, f"check-{run_id}-{secrets.token_hex(4)}") as found:
        yield found


def variables(gitea: Endpoint, account: Account) -> dict[str, str]:
    return {"MACHINE": gitea.host, "LOGIN": account.user, "PASSWORD": account.password}


@pytest.mark.requirement("TOOL-httpie-connects", "ENV-2")
@pytest.mark.usefixtures("gitea")
def test_http_gets_the_health_page_of_a_service(pod: Pod) -> None:
    status = must_tell(pod, "httpie", f"{HEALTH} --body")["status"]
    assert status == "pass", f"httpie: the health page says {status!r}, not 'pass': set GITEA_URL, or read Gitea's log"


@pytest.mark.requirement("TOOL-httpie-connects")
@pytest.mark.usefixtures("gitea")
def test_http_refuses_a_server_of_another_authority(pod: Pod) -> None:
    certificate = Authority("somebody else").certificate
    variables = "REQUESTS_CA_BUNDLE=$PWD/foreign.crt SSL_CERT_FILE=$PWD/foreign.crt SSL_CERT_DIR=$PWD"
    script = f"cat >foreign.crt; export {variables}\n{HEALTH}"
    fix = "take --verify=no out of httpie's default options"
    must_refuse(pod, "httpie", script, "certificate verify failed", repair=fix, stdin=certificate)


@pytest.mark.requirement("TOOL-httpie-operates")
def test_http_posts_json(pod: Pod, gitea: Endpoint, repository: Repository) -> None:
    said = word()
    fields = f"name={repository.name} description={said} private:=true"
    script = f'{NETRC}\nhttp --check-status --ignore-stdin --body POST "$GITEA_URL{API}/user/repos" {fields}'
    answer = succeeded(run_with(pod, variables(gitea, gitea.account), script), "httpie", "cannot post JSON")
    found = repository.server.ask("GET", repository.api).document
    seen, expected = (found.get("description"), found.get("private")), (said, True)
    assert seen == expected, f"httpie: the server has {seen}, posted was {expected}: set GITEA_URL"
    assert f'"description":"{said}"' in answer, f"httpie: shows {answer[:100]!r}, not the server's answer: {REBUILD}"


@pytest.mark.requirement("TOOL-httpie-operates")
def test_http_tells_that_a_request_is_refused(pod: Pod, gitea: Endpoint, repository: Repository) -> None:
    wrong = variables(gitea, gitea.account) | {"PASSWORD": "wrong"}
    script = f'{NETRC}\nhttp --check-status --ignore-stdin POST "$GITEA_URL{API}/user/repos" name={repository.name}'
    done = run_with(pod, wrong, script)
    what, fix = "a wrong password", "turn off all ways to log in but a password in Gitea's app.ini"
    # https://httpie.io/docs/cli/exit-status-codes: 4 for an error of the client's.
    refused(done, "httpie", "invalid username", what=what, repair=fix, status=4, output="stdout")
