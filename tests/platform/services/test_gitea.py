"""Gitea from the pod by git and tea, seen from outside through its API, and what it must refuse."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from fixtures.advice import last_line, repair
from fixtures.certificates import Authority
from fixtures.deployment.tools import word
from fixtures.services.catalogue.gitea import API, GiteaCli, Repository, connected, repository_of, token_of
from fixtures.services.model import Account, Endpoint

TENANT_PAIRS = ("the workspace", "its neighbour")
CLONE = 'git clone --quiet "$GITEA_URL/{path}.git" here && cd here'
WORKFLOW = """\
on: push
jobs:
  greet:
    runs-on: nowhere
    steps:
      - run: echo hello
"""


@pytest.fixture
def name(run_id: str) -> str:
    """A name of the check's own."""
    return f"check-{run_id}-{secrets.token_hex(4)}"


@pytest.fixture
def repository(gitea: Endpoint, name: str) -> Iterator[Repository]:
    """A repository of the workspace's that is not there yet, and is gone in the end."""
    with repository_of(gitea, name) as found:
        yield found


@pytest.fixture
def token(gitea: Endpoint, name: str) -> Iterator[str]:
    """A token of the workspace's, for tea."""
    with token_of(gitea, gitea.account, name) as found:
        yield found


@pytest.fixture(params=TENANT_PAIRS)
def pair(request: pytest.FixtureRequest, gitea: Endpoint) -> tuple[Account, Account]:
    """Two users, of whom the first wants what is the second's."""
    if request.param == TENANT_PAIRS[0]:
        return gitea.account, gitea.neighbour
    return gitea.neighbour, gitea.account


def title_of(repository: Repository, rest: str) -> str | None:
    title: str | None = repository.server.ask("GET", f"{repository.api}{rest}").document.get("title")
    return title


# ---- connects


@pytest.mark.requirement("TOOL-tea-connects", "ENV-2")
def test_tea_logs_in_at_the_server_that_the_environment_names(gitea_cli: GiteaCli, gitea: Endpoint, token: str) -> None:
    done = gitea_cli("tea login list --output csv", token=token)
    said = last_line(done.stderr or done.stdout)
    assert done.rc == 0, f"tea: no login from the pod: {said}: {repair(said)}"
    # It has the token alone: whose that is the server said.
    seen = [(urlsplit(one["URL"]).hostname, one["User"]) for one in csv.DictReader(done.stdout.splitlines())]
    wanted = [(gitea.host, gitea.account.user)]
    assert seen == wanted, f"tea: is logged in {seen}, the token is of {wanted}: see GITEA_URL"


@pytest.mark.requirement("TOOL-tea-connects")
def test_tea_refuses_a_server_of_another_authority(gitea_cli: GiteaCli, token: str) -> None:
    foreign = Authority("somebody else").certificate
    script = "cat >foreign.crt; SSL_CERT_FILE=$PWD/foreign.crt SSL_CERT_DIR=$PWD tea repos list --login here"
    done = gitea_cli(script, token=token, stdin=foreign)
    said = done.stdout + done.stderr
    assert done.rc != 0, f"tea: trusts anybody ({said.strip()!r}): see whether something adds --insecure"
    assert "unknown authority" in said, f"tea: {last_line(said)}: see the server's certificate"


@pytest.mark.requirement("TOOL-tea-connects")
def test_git_refuses_a_server_of_another_authority(gitea_cli: GiteaCli, gitea: Endpoint) -> None:
    foreign = Authority("somebody else").certificate
    url = f'"$GITEA_URL/{gitea.account.user}/any.git"'
    script = f"cat >foreign.crt; GIT_SSL_CAINFO=$PWD/foreign.crt git ls-remote {url}"
    done = gitea_cli(script, stdin=foreign)
    assert done.rc != 0, "git: trusts anybody: take http.sslVerify=false out of its settings, and GIT_SSL_NO_VERIFY"
    assert "certificate" in done.stderr, f"git: {last_line(done.stderr)}: it is the certificate that it has to refuse"


@pytest.mark.requirement("TOOL-tea-connects")
def test_tea_is_refused_with_a_wrong_token(gitea_cli: GiteaCli) -> None:
    done = gitea_cli("true", token=secrets.token_hex(20))
    said = done.stdout + done.stderr
    assert done.rc != 0, "gitea: lets a token in that nobody was given: see REVERSE_PROXY_AUTHENTICATION in app.ini"
    assert "invalid username, password or token" in said, f"tea: {last_line(said)}, not that the token is wrong: see it"


# ---- operates


@pytest.mark.requirement("TOOL-tea-operates", "FLOW-gitea")
def test_tea_makes_a_private_repository_and_git_pushes_to_it(
    gitea_cli: GiteaCli, repository: Repository, token: str
) -> None:
    said = word()
    done = gitea_cli(
        f"""tea repos create --name {repository.name} --private --login here >/dev/null
        git init --quiet --initial-branch=main && echo {said} >word && git add word && git commit --quiet -m 'a word'
        git push --quiet "$GITEA_URL/{repository.path}.git" main && git rev-parse HEAD""",
        token=token,
    )
    last = last_line(done.stderr)
    assert done.rc == 0, f"tea: no repository with a commit: {last}: {repair(last)}"
    assert repository.ask()["private"], "gitea: what `tea repos create --private` made is public: see FORCE_PRIVATE"
    commit = done.stdout.split()[-1]
    seen = repository.wait_for("/commits", lambda commits: [one["sha"] for one in commits] == [commit])
    assert seen, f"gitea: has no commit {commit}, which git says that it pushed: see GITEA_URL"
    assert repository.text("word").strip() == said, f"gitea: has another file `word` than was pushed ({said}): see it"


@pytest.mark.requirement("TOOL-tea-operates", "FLOW-gitea")
def test_tea_opens_an_issue_and_merges_a_pull_request(gitea_cli: GiteaCli, repository: Repository, token: str) -> None:
    said = word()
    repository.create(private=True)
    # tea reads which repository is meant out of the clone.
    done = gitea_cli(
        f"""{CLONE.format(path=repository.path)}
        tea issues create --title 'wanted: {said}' --description 'in a file' >/dev/null
        git switch --quiet -c change && echo {said} >word && git add word && git commit --quiet -m 'closes #1'
        git push --quiet origin change
        tea pulls create --title 'brings {said}' --description 'a file' --base main --head change >/dev/null""",
        token=token,
    )
    last = last_line(done.stderr)
    assert done.rc == 0, f"tea: no issue and pull request: {last}: {repair(last)}"
    titles = title_of(repository, "/issues/1"), title_of(repository, "/pulls/2")
    wanted = f"wanted: {said}", f"brings {said}"
    assert titles == wanted, f"gitea: issue and pull request are {titles}, not {wanted}: see tea's login"
    done = gitea_cli(f"tea pulls merge --repo {repository.path} --login here 2", token=token)
    last = last_line(done.stderr)
    assert done.rc == 0, f"tea: cannot merge: {last}: {repair(last)}"
    assert repository.text("word").strip() == said, "gitea: the merged pull request brought nothing to main: see it"


@pytest.mark.requirement("FLOW-gitea")
def test_push_of_a_workflow_starts_a_run_of_it(gitea_cli: GiteaCli, repository: Repository) -> None:
    repository.create(private=True)
    done = gitea_cli(
        f"""cat >workflow; {CLONE.format(path=repository.path)}; mkdir -p .gitea/workflows
        mv ../workflow .gitea/workflows/greet.yaml && git add . && git commit --quiet -m 'a workflow'
        git push --quiet && git rev-parse HEAD""",
        stdin=WORKFLOW.encode(),
    )
    assert done.rc == 0, f"git: cannot push a workflow: {last_line(done.stderr)}: see the user's rights"
    runs = repository.wait_for("/actions/runs", lambda found: bool(found["workflow_runs"]))
    assert runs, "gitea: no run of the workflow after its push: turn Actions on in app.ini"
    seen = [(run["head_sha"], run["status"]) for run in runs["workflow_runs"]]
    # No runner has such a label: it waits.
    assert seen == [(done.stdout.strip(), "queued")], f"gitea: runs after the push: {seen}: one has to wait"


# ---- refuses


@pytest.mark.requirement("FLOW-gitea")
def test_git_is_refused_with_a_wrong_password(gitea_cli: GiteaCli, gitea: Endpoint, repository: Repository) -> None:
    repository.create(private=True)
    wrong = replace(gitea.account, password="wrong")  # noqa: S106
    done = gitea_cli(CLONE.format(path=repository.path), wrong)
    assert done.rc != 0, f"gitea: lets {wrong.user} in with a wrong password: see the ways to log in that it has"
    assert "Authentication failed" in done.stderr, f"git: {last_line(done.stderr)} for a wrong password: see the server"
    with connected(gitea, wrong) as outside:
        assert outside.ask("GET", f"{API}/user").status == 401, "gitea: its API takes a wrong password: see its users"


@pytest.mark.requirement("TOOL-tea-operates")
def test_unknown_repository_is_named(gitea_cli: GiteaCli, repository: Repository, token: str) -> None:
    done = gitea_cli(f'git ls-remote "$GITEA_URL/{repository.path}.git"')
    assert done.rc == 128, f"gitea: has a repository {repository.path} that nobody made: see ENABLE_PUSH_CREATE_USER"
    assert "not found" in done.stderr, f"git: {last_line(done.stderr)} for an unknown repository: see the server's log"
    done = gitea_cli(f"tea issues list --repo {repository.path} --login here", token=token)
    said = done.stdout + done.stderr
    assert done.rc != 0, f"tea: lists the issues of a repository that is not there: {said.strip()!r}: see its login"
    assert "404" in said or "not exist" in said or "not found" in said, f"tea: {last_line(said)}: see the server's log"


@pytest.mark.requirement("FLOW-gitea")
def test_who_may_read_may_not_push(gitea_cli: GiteaCli, gitea: Endpoint, repository: Repository) -> None:
    repository.create(private=False)
    done = gitea_cli(CLONE.format(path=repository.path), gitea.neighbour)
    assert done.rc == 0, (
        f"git: {gitea.neighbour.user} cannot read a public repository: {last_line(done.stderr)}: see it"
    )
    done = gitea_cli(
        f"{CLONE.format(path=repository.path)}; git commit --quiet --allow-empty -m intruded; git push --quiet",
        gitea.neighbour,
    )
    assert done.rc != 0, f"gitea: {gitea.neighbour.user} pushes to {repository.path}: see who collaborates there"
    assert "denied" in done.stderr, f"git: {last_line(done.stderr)}: the server has to say that it is denied"
    commits = [one["commit"]["message"].strip() for one in repository.ask("/commits")]
    assert "intruded" not in commits, f"gitea: has the commit of a push that it refused: {commits}: see its log"


@pytest.mark.requirement("FLOW-gitea")
def test_users_do_not_see_each_others_private_repositories(
    gitea_cli: GiteaCli, gitea: Endpoint, pair: tuple[Account, Account], name: str
) -> None:
    stranger, owner = pair
    with repository_of(gitea, name, owner) as private, connected(gitea, stranger) as outside:
        private.create(private=True)
        finds = {}
        for account in pair:
            with token_of(gitea, account, name) as token:
                done = gitea_cli(f"tea repos search --login here --output csv {name}", account, token=token)
            finds[account.user] = private.path in done.stdout.replace('","', "/")
        wanted = {stranger.user: False, owner.user: True}
        assert finds == wanted, f"gitea: who finds {private.path} is {finds}, has to be {wanted}: have it private"
        done = gitea_cli(CLONE.format(path=private.path), stranger)
        assert done.rc != 0, f"gitea: {stranger.user} clones {private.path}: have it private"
        assert "not found" in done.stderr, f"git: {last_line(done.stderr)}: what is another's has to be `not found`"
        seen = outside.ask("GET", private.api).status
        assert seen == 404, f"gitea: answers {stranger.user} {seen} for {private.path}: have it private"


@pytest.mark.requirement("FLOW-gitea")
def test_user_is_no_administrator(gitea: Endpoint) -> None:
    with connected(gitea) as outside:
        seen = outside.ask("GET", f"{API}/admin/users").status
    assert seen == 403, (
        f"gitea: answers {seen} where {gitea.account.user} lists all users: take its administrator's rights away"
    )
