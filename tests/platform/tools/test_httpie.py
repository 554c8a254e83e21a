"""httpie from the pod against Gitea, whose API any HTTP client can ask; what it says is seen from outside too."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from fixtures.advice import last_line, repair
from fixtures.certificates import Authority
from fixtures.deployment.pod import Pod
from fixtures.deployment.tools import must_refuse, must_tell, run_with, word
from fixtures.services.catalogue.gitea import API, Repository, repository_of
from fixtures.services.model import Account, Endpoint

HEALTH = 'http --ignore-stdin --check-status "$GITEA_URL/api/healthz"'
NETRC = (
    r"""printf 'machine %s\nlogin %s\npassword %s\n' "$MACHINE" "$LOGIN" "$PASSWORD" >netrc; export NETRC=$PWD/netrc"""
)
"""A user for httpie that stands in no command."""


@pytest.fixture
def repository(gitea: Endpoint, run_id: str) -> Iterator[Repository]:
    """A repository that is not there yet, and is gone in the end."""
    with repository_of(gitea, f"check-{run_id}-{secrets.token_hex(4)}") as found:
        yield found


def variables(gitea: Endpoint, account: Account) -> dict[str, str]:
    return {"MACHINE": gitea.host, "LOGIN": account.user, "PASSWORD": account.password}


@pytest.mark.requirement("TOOL-httpie-connects", "ENV-2")
def test_http_gets_the_health_page_of_a_service(pod: Pod, gitea: Endpoint) -> None:
    del gitea
    status = must_tell(pod, "httpie", f"{HEALTH} --body")["status"]
    assert status == "pass", f"httpie: the health page says {status!r}, not 'pass': see GITEA_URL and the server's log"


@pytest.mark.requirement("TOOL-httpie-connects")
def test_http_refuses_a_server_of_another_authority(pod: Pod, gitea: Endpoint) -> None:
    del gitea
    foreign = (
        "cat >foreign.crt; export REQUESTS_CA_BUNDLE=$PWD/foreign.crt SSL_CERT_FILE=$PWD/foreign.crt SSL_CERT_DIR=$PWD"
    )
    certificate = Authority("somebody else").certificate
    must_refuse(
        pod,
        "httpie",
        f"{foreign}\n{HEALTH}",
        "certificate verify failed",
        mend="see whether something adds --verify=no",
        stdin=certificate,
    )


@pytest.mark.requirement("TOOL-httpie-operates")
def test_http_posts_json(pod: Pod, gitea: Endpoint, repository: Repository) -> None:
    said = word()
    fields = f"name={repository.name} description={said} private:=true"
    script = f'{NETRC}\nhttp --check-status --ignore-stdin --body POST "$GITEA_URL{API}/user/repos" {fields}'
    done = run_with(pod, variables(gitea, gitea.account), script)
    last = last_line(done.stderr or done.stdout)
    assert done.rc == 0, f"httpie: cannot post JSON: {last}: {repair(last)}"
    found = repository.server.ask("GET", repository.api).document
    seen, wanted = (found.get("description"), found.get("private")), (said, True)
    assert seen == wanted, f"httpie: the server has {seen}, posted was {wanted}: see GITEA_URL"
    assert f'"description":"{said}"' in done.stdout, (
        f"httpie: shows {done.stdout[:100]!r}, not the answer: reinstall it"
    )


@pytest.mark.requirement("TOOL-httpie-operates")
def test_http_tells_that_a_request_is_refused(pod: Pod, gitea: Endpoint, repository: Repository) -> None:
    wrong = variables(gitea, gitea.account) | {"PASSWORD": "wrong"}
    script = f'{NETRC}\nhttp --check-status --ignore-stdin POST "$GITEA_URL{API}/user/repos" name={repository.name}'
    done = run_with(pod, wrong, script)
    # https://httpie.io/docs/cli/exit-status-codes: 4 for an error of the client's.
    assert done.rc == 4, f"httpie: exits with {done.rc} after a wrong password: 4 is for what the server refuses"
    assert "invalid username" in done.stdout, f"httpie: shows {done.stdout[:100]!r}, not why: see the server's log"
