"""Gitea: git and tea in the pod against the server, seen from outside by its API."""

from __future__ import annotations

import csv
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from shlex import quote
from urllib.parse import urlsplit

import pytest

from fixtures.deployment.deployment import Deployment
from fixtures.deployment.tools import refused, succeeded, word, words_of
from fixtures.services.catalogue.gitea import API, STUCK, GiteaCli, Repository, connected, repository_of, token_of
from fixtures.services.http import opened
from fixtures.services.logs import must_not_log
from fixtures.services.model import Account, Endpoint
from fixtures.services.tenants import TenantPair
from fixtures.verdict.tools_used import uses_tools

CLONE = 'git clone --quiet "$GITEA_URL/{path}.git" here && cd here'
WORKFLOW = """\
on: push
jobs:
  greet:
    runs-on: nowhere
    steps:
      - run: echo hello
"""
NO_FETCH = re.compile("disallowed hosts|not allowed to import")
"""What it says before it has tried; a fetch that failed is a 422 too."""
LARGE = 10 << 20
"""Bytes of a file that people commit, if they should or not."""
SERVER_LOG = "read Gitea's log"


@pytest.fixture
def repository(gitea: Endpoint, name: str) -> Iterator[Repository]:
    """A repository of the workspace's user that is not there yet, and is removed at the end."""
    with repository_of(gitea, name) as found:
        yield found


@pytest.fixture
@uses_tools("tea")
def token(gitea: Endpoint, name: str) -> Iterator[str]:
    """A token of the workspace's user, for tea."""
    with token_of(gitea, gitea.account, name) as found:
        yield found


def title_of(repository: Repository, rest: str) -> str | None:
    title: str | None = repository.server.ask("GET", f"{repository.api}{rest}").document.get("title")
    return title


# ---- connects


@pytest.mark.requirement("TOOL-tea-connects", "ENV-2")
def test_tea_logs_in_at_the_server_that_the_environment_names(gitea_cli: GiteaCli, gitea: Endpoint, token: str) -> None:
    told = succeeded(gitea_cli("tea login list --output csv", token=token), "tea", "no login from the pod")
    # It has the token alone: whose that is the server said.
    seen = [(urlsplit(one["URL"]).hostname, one["User"]) for one in csv.DictReader(told.splitlines())]
    expected = [(gitea.host, gitea.account.user)]
    assert seen == expected, f"tea: is logged in as {seen}, the token is of {expected}: set GITEA_URL"


@pytest.mark.requirement("TOOL-tea-connects")
def test_tea_refuses_a_server_of_another_authority(gitea_cli: GiteaCli, token: str, foreign_certificate: bytes) -> None:
    script = "cat >foreign.crt; SSL_CERT_FILE=$PWD/foreign.crt SSL_CERT_DIR=$PWD tea repos list --login here"
    done = gitea_cli(script, token=token, stdin=foreign_certificate)
    what, fix = "a server of another authority", "take `insecure` out of tea's settings"
    refused(done, "tea", "unknown authority", what=what, repair=fix, output="both")


@pytest.mark.requirement("ENV-5")
def test_git_refuses_a_server_of_another_authority(
    gitea_cli: GiteaCli, gitea: Endpoint, foreign_certificate: bytes
) -> None:
    url = f'"$GITEA_URL/{gitea.account.user}/any.git"'
    script = f"cat >foreign.crt; GIT_SSL_CAINFO=$PWD/foreign.crt git ls-remote {url}"
    done = gitea_cli(script, stdin=foreign_certificate)
    fix = "take http.sslVerify=false out of git's settings, and unset GIT_SSL_NO_VERIFY"
    refused(done, "git", "certificate", what="a server of another authority", repair=fix)


@pytest.mark.requirement("ENV-5")
@pytest.mark.uses("copier")
def test_copier_refuses_a_server_of_another_authority(gitea_cli: GiteaCli, foreign_certificate: bytes) -> None:
    script = "cat >foreign.crt; GIT_SSL_CAINFO=$PWD/foreign.crt copier copy git+$GITEA_URL/any/any.git out"
    done = gitea_cli(script, stdin=foreign_certificate)
    fix = "take http.sslVerify=false out of git's settings, and unset GIT_SSL_NO_VERIFY"
    refused(done, "copier", "certificate", what="a server of another authority", repair=fix)


@pytest.mark.requirement("SVC-gitea-auth")
@pytest.mark.uses("tea")
def test_tea_is_refused_with_a_wrong_token(gitea_cli: GiteaCli) -> None:
    done = gitea_cli("true", token=secrets.token_hex(20))
    words, fix = "invalid username, password or token", "turn REVERSE_PROXY_AUTHENTICATION off in app.ini"
    refused(done, "gitea", words, what="a token that nobody was given", repair=fix, output="both")


# ---- operates


@pytest.mark.requirement("TOOL-tea-operates", "FLOW-gitea")
def test_tea_makes_a_private_repository_and_git_pushes_to_it(
    gitea_cli: GiteaCli, repository: Repository, token: str
) -> None:
    said = word()
    script = f"""tea repos create --name {repository.name} --private --login here >/dev/null
        git init --quiet --initial-branch=main && echo {said} >word && head -c {LARGE} /dev/urandom >data
        git add word data && git commit --quiet -m 'a word and data'
        git push --quiet "$GITEA_URL/{repository.path}.git" main && git rev-parse HEAD"""
    told = succeeded(gitea_cli(script, token=token), "tea", "no repository with a commit")
    (commit,) = words_of(told, 1, "git", "tells the commit that it pushed as")
    assert repository.ask()["private"], (
        "gitea: what `tea repos create --private` made is public: take FORCE_PRIVATE and DEFAULT_PRIVATE out of app.ini"
    )
    seen = repository.wait_for("/commits", lambda commits: [one["sha"] for one in commits] == [commit])
    assert seen, f"gitea: has no commit {commit}, which git pushed: set GITEA_URL"
    text = repository.text("word").strip()
    assert text == said, f"gitea: the pushed file has {text!r}, not {said!r}: set GITEA_URL"


@pytest.mark.requirement("TOOL-tea-operates", "FLOW-gitea")
def test_tea_opens_an_issue_and_merges_a_pull_request(gitea_cli: GiteaCli, repository: Repository, token: str) -> None:
    said = word()
    repository.create(private=True)
    # tea finds out from the clone which repository is meant.
    script = f"""{CLONE.format(path=repository.path)}
        tea issues create --title 'wanted: {said}' --description 'in a file' >/dev/null
        git switch --quiet -c change && echo {said} >word && git add word && git commit --quiet -m 'closes #1'
        git push --quiet origin change
        tea pulls create --title 'brings {said}' --description 'a file' --base main --head change >/dev/null"""
    succeeded(gitea_cli(script, token=token), "tea", "no issue and pull request")
    seen = title_of(repository, "/issues/1"), title_of(repository, "/pulls/2")
    expected = f"wanted: {said}", f"brings {said}"
    assert seen == expected, f"tea: made issue and pull request with the titles {seen}, not {expected}: set GITEA_URL"
    succeeded(gitea_cli(f"tea pulls merge --repo {repository.path} --login here 2", token=token), "tea", "cannot merge")
    text = repository.text("word").strip()
    assert text == said, f"gitea: main has {text!r} after the merge, not {said!r}: {SERVER_LOG}"


@pytest.mark.requirement("FLOW-gitea", "ENV-5")
@pytest.mark.uses("copier")
def test_copier_renders_a_template_of_a_private_repository(gitea_cli: GiteaCli, repository: Repository) -> None:
    said = word()
    repository.create(private=True)
    script = f"""({CLONE.format(path=repository.path)}; echo 'said: {{type: str}}' >copier.yml
        echo '{{{{ said }}}}' >greeting.jinja; git add . && git commit --quiet -m 'a template' && git push --quiet)
        copier copy --quiet --vcs-ref=HEAD --data said={said} git+$GITEA_URL/{repository.path}.git out
        cat out/greeting"""
    text = succeeded(gitea_cli(script), "copier", "renders no template of a repository").strip()
    assert text == said, f"copier: rendered {text!r}, not {said!r}: set GITEA_URL"


@pytest.mark.requirement("FLOW-gitea")
def test_addresses_that_it_gives_lead_to_it(gitea_cli: GiteaCli, repository: Repository) -> None:
    repository.create(private=False)
    address = str(repository.ask()["clone_url"])
    fix = f"set ROOT_URL in app.ini to the address by which people reach it, not that of {address}"
    done = gitea_cli(f"git ls-remote {quote(address)} HEAD")
    succeeded(done, "gitea", "gives an address to clone from that leads to no repository", repair=fix)


@pytest.mark.requirement("FLOW-gitea")
def test_push_of_a_workflow_starts_a_run_of_it(gitea_cli: GiteaCli, repository: Repository) -> None:
    repository.create(private=True)
    script = f"""cat >workflow; {CLONE.format(path=repository.path)}; mkdir -p .gitea/workflows
        mv ../workflow .gitea/workflows/greet.yaml && git add . && git commit --quiet -m 'a workflow'
        git push --quiet && git rev-parse HEAD"""
    commit = succeeded(gitea_cli(script, stdin=WORKFLOW.encode()), "git", "cannot push a workflow").strip()
    assert repository.processed(), f"gitea: has not processed a push that it accepted: {STUCK}"
    runs = repository.wait_for("/actions/runs", lambda found: bool(found["workflow_runs"]))
    assert runs, "gitea: starts no run after the push of a workflow: set ENABLED = true below [actions] in app.ini"
    seen = [(run["head_sha"], run["status"]) for run in runs["workflow_runs"]]
    # No runner has such a label: it waits.
    expected = [(commit, "queued")]
    assert seen == expected, f"gitea: the runs after the push are {seen}, not {expected}: {SERVER_LOG}"


# ---- refuses


@pytest.mark.requirement("SVC-gitea-auth")
def test_git_is_refused_with_a_wrong_password(gitea_cli: GiteaCli, gitea: Endpoint, repository: Repository) -> None:
    repository.create(private=True)
    wrong = replace(gitea.account, password="wrong")  # noqa: S106
    fix = "turn off all ways to log in but a password in app.ini"
    done = gitea_cli(CLONE.format(path=repository.path), wrong)
    refused(done, "gitea", "Authentication failed", what="a wrong password", repair=fix)
    with connected(gitea, wrong) as outside:
        seen = outside.ask("GET", f"{API}/user").status
    assert seen == 401, f"gitea: its API answers {seen} to a wrong password, not 401: {fix}"


@pytest.mark.requirement("TOOL-tea-operates")
def test_unknown_repository_is_named(gitea_cli: GiteaCli, repository: Repository, token: str) -> None:
    what = f"a repository {repository.path} that nobody made"
    done = gitea_cli(f'git ls-remote "$GITEA_URL/{repository.path}.git"')
    fix = "turn ENABLE_PUSH_CREATE_USER off in app.ini"
    refused(done, "git", "not found", what=what, repair=fix, status=128)
    done = gitea_cli(f"tea issues list --repo {repository.path} --login here", token=token)
    refused(done, "tea", "404|not exist|not found", what=what, repair="set GITEA_URL", output="both")


@pytest.mark.requirement("SVC-gitea-tenancy")
def test_who_may_read_may_not_push(gitea_cli: GiteaCli, gitea: Endpoint, repository: Repository) -> None:
    repository.create(private=False)
    clone, stranger = CLONE.format(path=repository.path), gitea.neighbour
    fix = "turn REQUIRE_SIGNIN_VIEW and FORCE_PRIVATE off in app.ini"
    succeeded(gitea_cli(clone, stranger), "git", f"{stranger.user} cannot read a public repository", repair=fix)
    done = gitea_cli(f"{clone}; git commit --quiet --allow-empty -m intruded; git push --quiet", stranger)
    what, fix = f"{stranger.user}'s push to {repository.path}", f"remove {stranger.user} from its collaborators"
    refused(done, "gitea", "denied", what=what, repair=fix)
    commits = [one["commit"]["message"].strip() for one in repository.ask("/commits")]
    assert "intruded" not in commits, f"gitea: has the commits {commits} after a push that it refused: {SERVER_LOG}"


@pytest.mark.requirement("SVC-gitea-tenancy")
@pytest.mark.uses("tea")
def test_users_do_not_see_each_others_private_repositories(
    gitea_cli: GiteaCli, gitea: Endpoint, pair: TenantPair, name: str
) -> None:
    stranger, owner = pair(gitea)
    with repository_of(gitea, name, owner) as private, connected(gitea, stranger) as outside:
        private.create(private=True)
        fix = f"make {private.path} private, and take an administrator's rights away from {stranger.user}"
        finds = {}
        for account in (stranger, owner):
            with token_of(gitea, account, name) as token:
                done = gitea_cli(f"tea repos search --login here --output csv {name}", account, token=token)
            finds[account.user] = private.path in done.stdout.replace('","', "/")
        expected = {stranger.user: False, owner.user: True}
        assert finds == expected, f"gitea: who finds {private.path} is {finds}, not {expected}: {fix}"
        done = gitea_cli(CLONE.format(path=private.path), stranger)
        refused(done, "gitea", "not found", what=f"{stranger.user}'s clone of {private.path}", repair=fix)
        seen = outside.ask("GET", private.api).status
        assert seen == 404, f"gitea: answers {stranger.user} {seen} for {private.path}, not 404: {fix}"


@pytest.mark.requirement("SVC-gitea-auth")
@pytest.mark.parametrize("name", ["administrator", "gitea_admin", "root"])
def test_administrator_has_no_password_of_a_manual(gitea: Endpoint, name: str) -> None:
    found = []
    for password in (name, "admin", "gitea", "password", "change_me", "r8sA8CPHD9!bt6d"):
        with connected(gitea, Account(name, password, "")) as visitor:
            found += [password] * (visitor.ask("GET", f"{API}/user").status != 401)
    assert not found, f"gitea: lets {name} in with the password {found[0]}: give him one that nobody knows"


@pytest.mark.requirement("SVC-gitea-auth")
def test_nobody_registers_himself(gitea: Endpoint) -> None:
    with opened(gitea) as visitor:
        shown = visitor.ask("GET", "/user/sign_up")
    offered = shown.status == 200 and 'name="user_name"' in shown.text
    assert not offered, "gitea: shows everybody the form for registration: set DISABLE_REGISTRATION in app.ini"


@pytest.mark.requirement("SVC-gitea-tenancy")
@pytest.mark.parametrize("where", ["https://kubernetes.default.svc/x.git", "http://127.0.0.1:3000/x.git"])
def test_server_fetches_nothing_in_the_cluster_for_a_user(repository: Repository, where: str) -> None:
    """What it reaches there a user does not, or not with its rights."""
    answer = repository.server.ask("POST", f"{API}/repos/migrate", {"clone_addr": where, "repo_name": repository.name})
    refused = answer.status == 422 and NO_FETCH.search(answer.text)
    assert refused, (
        f"gitea: answers {answer.status} where a user lets it clone {where} ({' '.join(answer.text.split())[:100]}): "
        "take ALLOW_LOCALNETWORKS and ALLOWED_DOMAINS below [migrations] out of app.ini"
    )


@pytest.mark.requirement("SVC-gitea-tenancy")
def test_user_writes_no_git_hooks(repository: Repository) -> None:
    """They run as Gitea itself."""
    repository.create(private=True)
    seen = repository.server.ask("GET", f"{repository.api}/hooks/git").status
    assert seen in {403, 404}, (
        f"gitea: answers {seen} where a user asks for the git hooks of a repository, not 403: take the right to them "
        "away from the user, and leave DISABLE_GIT_HOOKS true in app.ini"
    )


@pytest.mark.requirement("SVC-gitea-tenancy")
def test_nothing_that_a_user_writes_is_in_the_log(
    gitea: Endpoint, repository: Repository, deployment: Deployment
) -> None:
    said = word()
    repository.create(private=True)
    repository.server.must("PATCH", repository.api, {"description": said})
    must_not_log(deployment.api, gitea, "gitea", said, "take LOG_SQL out of app.ini")


@pytest.mark.requirement("SVC-gitea-tenancy")
def test_user_is_no_administrator(gitea: Endpoint) -> None:
    user = gitea.account.user
    with connected(gitea) as outside:
        seen = outside.ask("GET", f"{API}/admin/users").status
    assert seen == 403, (
        f"gitea: answers {seen} where {user} lists all users, not 403: take an administrator's rights away from {user}"
    )
