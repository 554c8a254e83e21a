"""Argo CD: argocd in the pod against the server, seen from outside by the cluster's API and the server's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest
import yaml
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from fixtures.advice import REBUILD, last_line
from fixtures.deployment.pod import Pod
from fixtures.deployment.scratch import Scratch
from fixtures.deployment.tools import json_of, refused, succeeded, word
from fixtures.inventory import Inventory
from fixtures.login.attacks import claims
from fixtures.patience import patient
from fixtures.services.catalogue.argocd import CLUSTER, SERVICE, Application, ArgoCd, ArgoCdCli, connected
from fixtures.services.catalogue.gitea import SERVICE as GITEA
from fixtures.services.catalogue.gitea import Repository, repository_of
from fixtures.services.catalogue.table import TABLE
from fixtures.services.http import opened
from fixtures.services.model import Account, Endpoint
from fixtures.services.route import own_pods
from fixtures.services.tenants import TenantPair
from fixtures.verdict.evidence import blocked

DEPLOY_SECONDS = 90.0
READY_SECONDS = 60.0
LOOK_SECONDS = 900.0
GIVEN_UP_SECONDS = 3
"""After which a Deployment that makes no progress has failed."""
"""Who pushes and waits longer than that for the cluster takes the push for lost."""
TOKEN_SECONDS = 86_400
"""What a log-in is good for by default, see users.session.duration in Argo CD's manual."""
DEPLOYED = [
    ("", "ConfigMap"), ("", "Secret"), ("", "Service"), ("apps", "Deployment"), ("apps", "StatefulSet"),
    ("batch", "CronJob"), ("batch", "Job"), ("networking.k8s.io", "Ingress"), ("argoproj.io", "Workflow"),
]  # fmt: skip
"""What people deploy."""
CACHE = """\
for host in {hosts}; do
    ask="env -u VALKEYCLI_AUTH -u REDISCLI_AUTH timeout {seconds:.0f} valkey-cli -h $host"
    echo "$host: $(echo PING | $ask 2>&1 | head -n1)"
done"""
CACHE_PORT = 6379
CACHE_SAYS = re.compile(r": (PONG|NOAUTH|NOPERM|WRONGPASS|DENIED|.*(Could not connect|timed out)|$)")
"""Its answers, and those where a NetworkPolicy lets nobody in; nothing at all where `timeout` ended the question."""
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
POLICY = "correct the AppProjects, and policy.csv in argocd-rbac-cm"


@dataclass(frozen=True)
class Source:
    """A private repository of the developer's in Gitea, whose password Argo CD knows."""

    repository: Repository
    url: str

    def commit(self, files: Mapping[str, str]) -> str:
        """Write files in one commit; return its hash."""
        return self.repository.commit(files, "what is to run")


@pytest.fixture
def source(gitea: Endpoint, argocd: Endpoint, argocd_server: ArgoCd, scratch: Scratch) -> Iterator[Source]:
    """A repository to deploy from; at the end it is removed from Gitea and from Argo CD."""
    with repository_of(gitea, scratch.name) as repository:
        repository.create(private=True)
        url = f"https://{gitea.host}/{repository.path}.git"
        with argocd_server.knowing(url, gitea.account, argocd.account.space):
            yield Source(repository, url)


def wanted(scratch: Scratch, said: str) -> dict[str, str]:
    """Return files for kustomize: a ConfigMap that has a word, and a Deployment of one pod."""
    application = scratch.application("sleep", "infinity")
    return {
        "kustomization.yaml": json.dumps({"resources": ["settings.yaml", "application.yaml"]}),
        "settings.yaml": json.dumps(scratch.config_map(said=said)),
        "application.yaml": json.dumps(application),
    }


# ---- connects


LOGIN = """\
export ARGOCD_CONFIG_DIR=$(mktemp -d)
argocd login "$ARGOCD_SERVER" --username {user} && argocd account get-user-info
status=$?
rm -r "$ARGOCD_CONFIG_DIR"
exit $status"""


@pytest.mark.requirement("TOOL-argocd-connects", "ENV-2")
def test_argocd_logs_in_with_a_password(pod: Pod, argocd: Endpoint) -> None:
    account = argocd.account
    with pod.terminal("sh", "-c", LOGIN.format(user=account.user), name="argocd") as screen:
        screen.wait_for(r"^Password:", timeout=30)
        screen.send(f"{account.password}\r")
        screen.wait_for(rf"^'{account.user}:login' logged in successfully", timeout=30)
        screen.wait_for(r"^Logged In: true", timeout=30)
        screen.wait_for(rf"^Username: {account.user}", timeout=10)
        screen.must_exit()


@pytest.mark.requirement("SVC-argocd-auth")
@pytest.mark.uses("argocd")
def test_argocd_is_refused_with_a_wrong_password(pod: Pod, argocd: Endpoint) -> None:
    with pod.terminal("sh", "-c", LOGIN.format(user=argocd.account.user), name="argocd") as screen:
        screen.wait_for(r"^Password:", timeout=30)
        screen.send(f"{word()}\r")
        screen.wait_for(r"Invalid username or password", timeout=30)
        status = screen.wait_for_exit()
    assert status, f"argocd: a wrong password is let through: set the accounts' in argocd-secret\n{screen.text}"


@pytest.mark.requirement("SVC-argocd-auth")
@pytest.mark.parametrize("password", ["admin", "password", "argocd"])
def test_administrator_has_no_password_of_a_manual(argocd: Endpoint, password: str) -> None:
    with opened(argocd) as visitor:
        seen = visitor.ask("POST", "/api/v1/session", {"username": "admin", "password": password}).status
    assert seen == 401, f"argocd: answers {seen} to admin with password {password}, not 401: set admin.enabled: false"


@pytest.mark.requirement("TOOL-argocd-connects")
@pytest.mark.usefixtures("argocd")
def test_argocd_warns_of_a_server_of_another_authority(pod: Pod, foreign_certificate: bytes) -> None:
    variables = "cat >foreign.crt; export SSL_CERT_FILE=$PWD/foreign.crt SSL_CERT_DIR=/ ARGOCD_CONFIG_DIR=$PWD"
    script = f"{variables}\necho n | argocd login $ARGOCD_SERVER --username nobody"
    done = pod.run(script, stdin=foreign_certificate, seconds=60)
    words = "certificate signed by unknown authority"
    fix = "take --insecure out of ARGOCD_OPTS"
    refused(done, "argocd", words, what="a server of another authority", repair=fix, output="both")


@pytest.mark.requirement("SVC-argocd-auth")
@pytest.mark.uses("argocd")
@pytest.mark.usefixtures("argocd")
def test_argocd_is_refused_without_a_login(pod: Pod) -> None:
    done = pod.run("ARGOCD_CONFIG_DIR=$PWD argocd app list", seconds=60)
    fix = "take users.anonymous.enabled out of argocd-cm"
    refused(done, "argocd", "Unauthenticated", what="listing applications without a log-in", repair=fix)


@pytest.mark.requirement("SVC-argocd-auth")
def test_badge_tells_strangers_nothing(argocd: Endpoint, application: Application) -> None:
    """With badges on, it tells whoever asks of each application, in any project, whether it is there and well."""
    repository = missing_repository(argocd.account)
    application.create(application.manifest(argocd.account.space, repository, application.scratch.namespace))
    application.complaint()  # Argo CD has taken notice of it
    with opened(argocd) as visitor:
        shown = [
            visitor.ask("GET", f"/api/badge?name={name}").text.replace(name, "")
            for name in (application.name, "nobody-made-this")
        ]
    assert shown[0] == shown[1], (
        f"argocd: the badge of {application.name} tells who has no log-in that it is there: take statusbadge.enabled "
        "out of argocd-cm"
    )


@pytest.mark.requirement("TOOL-argocd-connects")
def test_server_is_of_the_version_that_argocd_is(argocd_cli: ArgoCdCli, inventory: Inventory) -> None:
    told = succeeded(argocd_cli("argocd version -o json"), "argocd", "no version of the server")
    sides = json_of(told, "argocd", "tells of the versions")
    versions = {side: str(one.get("Version")).removeprefix("v").split("+")[0] for side, one in sides.items()}
    expected = inventory.tool("argocd").version
    assert versions == {"client": expected, "server": expected}, (
        f"argocd: the versions are {versions}, not {expected}: deploy the server in argocd's version, or change its pin"
    )


# ---- operates


@pytest.mark.requirement("TOOL-argocd-operates")
@pytest.mark.uses("kubectl")
def test_argocd_deploys_from_gitea_follows_a_commit_and_deletes(
    argocd_cli: ArgoCdCli, argocd_server: ArgoCd, source: Source, application: Application
) -> None:
    scratch, name, first, second = application.scratch, application.name, word(), word()
    source.commit(wanted(scratch, first))
    _must(argocd_cli, _create(application, source.url, application.endpoint.account.space))
    seen = [_deployed(argocd_cli, application)]
    revision = source.commit(wanted(scratch, second))
    seen.append(_deployed(argocd_cli, application))
    expected = [(("Synced", "Healthy"), {"said": one}, True) for one in (first, second)]
    assert seen == expected, (
        f"argocd: synced twice, and the cluster had {seen}, not {expected}: read the application controller's log"
    )
    told = argocd_server.application(name).document["status"]["sync"]["revision"]
    assert told == revision, f"argocd: is at {told}, the newest commit is {revision}: read the repository server's log"
    _must(argocd_cli, f"argocd app delete {name} --yes && {_gone(application)}")
    left = [application.status(), scratch.data(), scratch.pods()]
    assert left == [None, None, []], (
        f"argocd: deleted the application, and {left} is still there: read the application controller's log"
    )


@pytest.mark.requirement("TOOL-argocd-operates")
def test_application_that_does_not_run_is_not_healthy(
    argocd_cli: ArgoCdCli, source: Source, application: Application
) -> None:
    scratch = application.scratch
    broken = scratch.application("sh", "-c", "exit 1")
    # Without minReadySeconds a container that runs for a moment would count as progress.
    broken["spec"] |= {"minReadySeconds": GIVEN_UP_SECONDS - 1, "progressDeadlineSeconds": GIVEN_UP_SECONDS}
    source.commit({"application.yaml": json.dumps(broken)})
    _must(argocd_cli, _create(application, source.url, application.endpoint.account.space))
    _must(argocd_cli, f"argocd app sync {application.name} --timeout={patient(DEPLOY_SECONDS):.0f}")
    wait = f"argocd app wait {application.name} --degraded --timeout={patient(READY_SECONDS):.0f}"
    done = argocd_cli(wait, seconds=2 * READY_SECONDS)
    health = (application.status() or ("", "gone"))[1]
    repair = "take resource.customizations.health out of argocd-cm"
    repair = repair if health == "Healthy" else f"read its controller's log ({_words(done.stderr)})"
    assert health == "Degraded", (
        f"argocd: calls an application {health} whose pod ends again and again, not Degraded: {repair}"
    )


@pytest.mark.requirement("SVC-argocd-tenancy")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("--project=default", "PermissionDenied"),
        ("--dest-namespace=kube-system", "namespace 'kube-system' do not match any of the allowed destinations"),
        ("--dest-namespace=editor", "namespace 'editor' do not match any of the allowed dest"),
        ("--repo=https://git.example/strange.git", "repo https://git.example/strange.git is not permitted in project"),
    ],
    ids=["the default project", "a foreign namespace", "the log-in's namespace", "a foreign repository"],
)
def test_project_permits_its_own_alone(
    change: str, words: str, argocd_cli: ArgoCdCli, argocd: Endpoint, application: Application
) -> None:
    # Without validation: the server does not look whether the repository is there.
    created = _create(application, missing_repository(argocd.account), argocd.account.space)
    script = f"{created} --validate=false {change}"
    _refused(argocd_cli, script, words)


@pytest.fixture
def binding(application: Application) -> Iterator[dict[str, Any]]:
    """A binding of a role, of either kind, that gives nothing to anybody; removed from the whole cluster."""
    scratch = application.scratch
    yield {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "metadata": scratch.metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [],
    }
    rights = client.RbacAuthorizationV1Api(scratch.deployment.api)
    try:
        rights.delete_cluster_role_binding(scratch.name)
    except ApiException as error:
        if error.status != 404:
            raise


@pytest.mark.requirement("SVC-argocd-tenancy", "DEP-6")
@pytest.mark.parametrize("kind", ["RoleBinding", "ClusterRoleBinding"])
def test_nobody_gives_himself_rights_by_a_commit(
    kind: str, argocd_cli: ArgoCdCli, source: Source, application: Application, binding: dict[str, Any]
) -> None:
    source.commit({"binding.yaml": json.dumps(binding | {"kind": kind})})
    _must(argocd_cli, _create(application, source.url, application.endpoint.account.space))
    script = f"argocd app sync {application.name} --timeout={patient(DEPLOY_SECONDS):.0f}"
    done = argocd_cli(script, seconds=2 * DEPLOY_SECONDS)
    words = f":{kind} is not permitted in project"
    refused(done, "argocd", words, what=f"a {kind} out of a commit", repair=POLICY, output="both")


@pytest.mark.requirement("SVC-argocd-tenancy", "DEP-10")
def test_project_leads_to_no_namespace_of_a_service(
    argocd_cli: ArgoCdCli, argocd: Endpoint, application: Application
) -> None:
    """A ConfigMap that a commit brings there would be the service's own settings."""
    services = " ".join(sorted({row.namespace for row in TABLE} | {"default", "kube-public", "kube-system"}))
    create = _create(application, missing_repository(argocd.account), argocd.account.space)
    script = f"""for space in {services}; do
            said=$({create} --validate=false --upsert --dest-namespace=$space 2>&1) || true
            case $said in *"do not match any of the allowed dest"*) ;; *) echo $space ;; esac
        done"""
    taken = succeeded(argocd_cli(script, seconds=120), "argocd", "makes no application").split()
    assert not taken, f"argocd: takes an application that deploys to {', '.join(taken)}: {POLICY}"


@pytest.mark.requirement("SVC-argocd-tenancy")
def test_commit_reads_no_file_beside_its_repository(
    argocd_cli: ArgoCdCli, source: Source, application: Application
) -> None:
    files = {"name": application.name, "files": ["hostname=../../../../../../etc/hostname"]}
    source.commit({"kustomization.yaml": json.dumps({"configMapGenerator": [files]})})
    # It looks at what the commit brings before it makes the application.
    done = argocd_cli(_create(application, source.url, application.endpoint.account.space))
    fix = "leave --load-restrictor out of kustomize.buildOptions in argocd-cm"
    refused(done, "argocd", "security; file", what="a file of the server in a commit", repair=fix, output="both")


@pytest.mark.requirement("SVC-argocd-tenancy")
def test_default_project_permits_nothing_to_whoever_gets_around_the_server(
    argocd: Endpoint, application: Application
) -> None:
    repository = missing_repository(argocd.account)
    application.create(application.manifest("default", repository, application.scratch.namespace))
    told = application.complaint()
    assert f"repo {repository} is not permitted in project 'default'" in told, (
        f"argocd: the default project lets {repository} through: give it no sourceRepos (its controller says {told!r})"
    )


@pytest.mark.requirement("SVC-argocd-tls")
def test_parts_check_each_other_s_certificate(argocd: Endpoint, pod: Pod) -> None:
    found = settings(pod, argocd, "argocd-cmd-params-cm")
    loose = [part for part in ("server", "controller") if found.get(f"{part}.repo.server.strict.tls") != "true"]
    assert not loose, (
        f"argocd: its {' and '.join(loose)} takes whoever answers for the repository server: set "
        f"{loose[0]}.repo.server.strict.tls to true in argocd-cmd-params-cm"
    )


@pytest.mark.requirement("TOOL-argocd-operates")
def test_argocd_looks_for_commits_by_itself(argocd: Endpoint, pod: Pod) -> None:
    """Its own default is three minutes (environment variable ARGOCD_RECONCILIATION_TIMEOUT), too long to be watched."""
    pause = settings(pod, argocd).get("timeout.reconciliation", "180s")
    assert 0 < _seconds(pause) <= LOOK_SECONDS, (
        f"argocd: looks for commits every {pause}: set timeout.reconciliation in argocd-cm to some minutes"
    )


@pytest.mark.requirement("TOOL-argocd-operates")
def test_argocd_leaves_nothing_out_of_a_commit(argocd: Endpoint, pod: Pod) -> None:
    """It tells so by a warning of the application alone, which is Synced all the same."""
    seen = settings(pod, argocd)
    without: list[Any] = yaml.safe_load(seen.get("resource.exclusions", "")) or []
    alone: list[Any] = yaml.safe_load(seen.get("resource.inclusions", "")) or [{}]
    left = [
        f"{kind} of {group or 'the core'}" for group, kind in DEPLOYED
        if any(_covers(one, group, kind) for one in without) or not any(_covers(one, group, kind) for one in alone)
    ]  # fmt: skip
    assert not left, (
        f"argocd: leaves {', '.join(left)} out of what it deploys: correct resource.exclusions, and "
        "resource.inclusions, in argocd-cm"
    )


@pytest.mark.requirement("SVC-argocd-auth")
def test_log_in_is_over_after_a_day(argocd_server: ArgoCd) -> None:
    told = claims(argocd_server.token)
    seconds = told.get("exp", float("inf")) - told["iat"]
    assert seconds <= TOKEN_SECONDS, (
        f"argocd: a log-in is good for {seconds / 3600:.0f} h, and so is a token that somebody took: set "
        "users.session.duration in argocd-cm to 24h or less"
    )


@pytest.mark.requirement("SVC-argocd-auth")
@pytest.mark.uses("redis-tools")
def test_cache_answers_nobody_without_its_password(argocd: Endpoint, pod: Pod) -> None:
    """Who writes into it decides what Argo CD deploys, see CVE-2024-31989."""
    (first, *_) = own_pods(pod.api, argocd.host, "argocd")
    space = first.metadata.namespace
    listed: Any = client.CoreV1Api(pod.api).list_namespaced_service(space)
    hosts = [
        f"{one.metadata.name}.{space}.svc" for one in listed.items
        if "redis" in one.metadata.name and CACHE_PORT in {port.port for port in one.spec.ports or ()}
    ]  # fmt: skip
    if not hosts:
        blocked(f"argocd has no Service of a Redis in {space}, which it may have elsewhere")
    said = pod.run(CACHE.format(hosts=" ".join(hosts), seconds=patient(20)), seconds=60).stdout.splitlines()
    odd = [line for line in said if not CACHE_SAYS.search(line)]
    assert said, f"argocd: its cache cannot be asked: {REBUILD}"
    assert not odd, f"argocd: its cache cannot be asked ({odd[0]}): {REBUILD}"
    answers = [line for line in said if "PONG" in line]
    assert not answers, (
        f"argocd: its cache answers whoever has no password ({answers[0]}): set requirepass, and no other user, in "
        "redis.conf of its overlay"
    )


@pytest.mark.requirement("TOOL-argocd-operates")
@pytest.mark.usefixtures("gitea")
def test_argocd_is_refused_an_unknown_repository(
    argocd_cli: ArgoCdCli, argocd: Endpoint, application: Application
) -> None:
    script = _create(application, missing_repository(argocd.account), argocd.account.space)
    _refused(argocd_cli, script, "repository not (found|accessible)|authentication required")


@pytest.mark.requirement("SVC-argocd-tenancy")
def test_nobody_sees_another_s_application(
    pair: TenantPair, argocd: Endpoint, argocd_cli: ArgoCdCli, application: Application
) -> None:
    stranger, owner = pair(argocd)
    name = application.name
    space = application.scratch.namespace if owner == argocd.account else owner.space
    document = application.manifest(owner.space, missing_repository(owner), space)
    with connected(argocd, owner) as server:
        made = server.create(document)
        assert made.status == 200, f"argocd: {owner.user} may not make an application ({made.text}): {POLICY}"
        assert name in server.applications(), f"argocd: {owner.user} made {name} and does not see it: {POLICY}"
    seen = succeeded(argocd_cli("argocd app list -o name", stranger), "argocd", f"{stranger.user} can list nothing")
    assert name not in seen, f"argocd: {stranger.user} sees {name} of {owner.user}: {POLICY}"
    _refused(argocd_cli, f"argocd app get {name}", "PermissionDenied", stranger)
    _refused(argocd_cli, f"argocd app delete {name} --yes", "PermissionDenied", stranger)


@pytest.mark.requirement("SVC-argocd-tenancy")
def test_user_of_one_project_makes_nothing_in_another(
    pair: TenantPair, argocd: Endpoint, argocd_cli: ArgoCdCli, application: Application
) -> None:
    stranger, owner = pair(argocd)
    script = f"{_create(application, missing_repository(owner), owner.space)} --validate=false"
    _refused(argocd_cli, script, "PermissionDenied", stranger)


@pytest.mark.requirement("SVC-argocd-tenancy")
def test_user_changes_nothing_but_his_own_applications(argocd: Endpoint) -> None:
    mine, other = argocd.account.space, argocd.neighbour.space
    forbidden = [
        *(("projects", action, name) for action in ("create", "update", "delete") for name in (mine, other, "default")),
        *(("clusters", action, "any") for action in ("create", "update", "delete")),
        # Patterns of policy.csv may be read as parts of a name (policy.matchMode: regex).
        *(
            ("applications", action, f"{name}/any")
            for action in ("get", "create", "sync", "delete")
            for name in (other, f"another-{mine}")
        ),
        *(("repositories", action, f"{other}/any") for action in ("get", "create", "delete")),
        # Of accounts, gpgkeys and extensions the server answers no such question.
        *((kind, "create", "any") for kind in ("certificates", "exec", "applicationsets")),
    ]
    with connected(argocd) as server:
        assert server.may("applications", "create", f"{mine}/any"), f"argocd: {mine} may make no application: {POLICY}"
        given = [f"{action} {kind} {name}" for kind, action, name in forbidden if server.may(kind, action, name)]
    assert not given, f"argocd: {argocd.account.user} may {'; '.join(given)}: {POLICY}"


def settings(pod: Pod, argocd: Endpoint, name: str = "argocd-cm") -> dict[str, str]:
    """Return a ConfigMap of Argo CD's settings in the cluster; blocks the check where it is elsewhere."""
    (first, *_) = own_pods(pod.api, argocd.host, "argocd")
    found: Any = client.CoreV1Api(pod.api).read_namespaced_config_map(name, first.metadata.namespace)
    return dict(found.data or {})


def _covers(entry: Mapping[str, Any], group: str, kind: str) -> bool:
    """Tell whether an entry of resource.exclusions, or of resource.inclusions, is about a kind of object here."""
    sought = {"apiGroups": group, "kinds": kind, "clusters": CLUSTER}
    return all(any(fnmatchcase(value, one) for one in entry.get(key) or ["*"]) for key, value in sought.items())


def _seconds(duration: str) -> float:
    """Return the seconds of a duration as Go writes it, such as 1h30m, or 0."""
    parts = re.findall(r"([0-9.]+)(h|m|s|ms)(?![a-z])", duration)
    return sum(float(number) * UNITS[unit] for number, unit in parts)


def missing_repository(owner: Account) -> str:
    """Return where a repository of a user's would be."""
    return f"https://{GITEA.host}/{owner.space}/{word()}.git"


def _create(application: Application, url: str, project: str) -> str:
    return (
        f"argocd app create {application.name} --project={project} --repo={url} "
        f"--path=. --dest-server={CLUSTER} --dest-namespace={application.scratch.namespace}"
    )


def _deployed(argocd_cli: ArgoCdCli, application: Application) -> tuple[Any, ...]:
    """Sync and wait by argocd; return what the cluster has: the application's state, the word, is its pod Ready."""
    name, scratch = application.name, application.scratch
    limit = f"--timeout={patient(DEPLOY_SECONDS):.0f}"
    _must(argocd_cli, f"argocd app sync {name} {limit} >/dev/null && argocd app wait {name} --sync --health {limit}")
    return application.status(), scratch.data(), scratch.ready(scratch.pods())


def _gone(application: Application) -> str:
    # This release's `app delete` does not wait.
    what = f"applications.argoproj.io/{application.name} --namespace={SERVICE.namespace}"
    return f"kubectl wait --for=delete {what} --timeout={patient(READY_SECONDS):.0f}s"


def _must(argocd_cli: ArgoCdCli, script: str) -> None:
    done = argocd_cli(script, seconds=2 * DEPLOY_SECONDS)
    fix = "read the logs of argocd-server and of the application controller"
    succeeded(done, "argocd", f"{_shown(script)} failed", said=_words(done.stderr), repair=fix)


def _refused(argocd_cli: ArgoCdCli, script: str, words: str, account: Account | None = None) -> None:
    refused(argocd_cli(script, account), "argocd", words, what=_shown(script), repair=POLICY)


def _shown(script: str) -> str:
    """Return a script's first and last words, by which a message names it."""
    return f"`{script}`" if len(script) < 80 else f"`{script[:40]}…{script[-40:]}`"


def _words(output: str) -> str:
    """Return what a server said against it, in short."""
    line = last_line(output)
    return line.partition("desc = ")[2] or line
