"""The account's rights beside those that were reviewed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace as Of

import pytest
from kubernetes import client

from fixtures.cluster.rights import Rules, listed
from fixtures.deployment import account as accounts
from fixtures.errors import UsageError
from fixtures.smoke import other_accounts, reviewed
from fixtures.smoke.reviewed import Reviewed, Rule
from fixtures.smoke.settings import RIGHTS
from fixtures.verdict.evidence import Blocked

PODS, SECRETS = Rule("list", "", "pods"), Rule("get", "", "secrets")
REVIEWED = Reviewed(frozenset({PODS}), frozenset({SECRETS}))
UNBOUND = """\
kind: RoleBinding
metadata: {name: x}
subjects: [{kind: ServiceAccount, name: code-server}]
roleRef: {kind: Role, name: y}
"""
WEBHOOK = {"incomplete": True, "evaluationError": "webhook authorizer does not support user rule resolution"}
AS_REVIEWED = {"mine": frozenset({PODS, SECRETS}), "default": frozenset({PODS}), "kube-system": frozenset({PODS})}


def test_same_rights_do_not_differ() -> None:
    assert reviewed.differences(AS_REVIEWED, REVIEWED, "mine") == []


@pytest.mark.parametrize(
    ("changes", "phrase"),
    [
        (dict.fromkeys(AS_REVIEWED, Rule("*", "*", "*")), "may * *.* everywhere"),
        (dict.fromkeys(AS_REVIEWED, SECRETS), "may get secrets everywhere"),
        ({"kube-system": SECRETS}, "may get secrets in kube-system"),
        ({"mine": Rule("create", "apps", "deployments")}, "may create deployments.apps in mine"),
        ({"mine": Rule("get", "", "configmaps", "one")}, "may get configmaps/one in mine"),
        ({"mine": Rule("list", "metrics.k8s.io", "pods")}, "may list pods.metrics.k8s.io in mine"),
        ({"mine": Rule("delete", "", "pods")}, "may delete pods in mine"),
    ],
    ids=["administrator", "its own right everywhere", "elsewhere", "own", "one name", "another group", "another verb"],
)
def test_more_rights_are_named(changes: dict[str, Rule], phrase: str) -> None:
    seen = {name: rules | ({changes[name]} if name in changes else set()) for name, rules in AS_REVIEWED.items()}
    assert reviewed.differences(seen, REVIEWED, "mine") == [phrase]


def test_lacking_rights_are_named() -> None:
    seen = AS_REVIEWED | {"mine": frozenset({PODS})}
    assert reviewed.differences(seen, REVIEWED, "mine") == ["may not get secrets in mine"]


def test_many_differences_are_counted() -> None:
    assert reviewed.shortened([str(number) for number in range(8)]) == "0; 1; 2; 3; 4; 5 and 2 more"


def test_manifests_of_this_repository_are_read() -> None:
    found = reviewed.read(RIGHTS, "code-server")
    assert Rule("list", "", "pods") in found.everywhere
    assert Rule("create", "", "pods/exec") in found.own
    assert not any(rule.resource == "workflowtaskresults" and rule.verb == "create" for rule in found.own)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no manifests of roles and their bindings"),
        (UNBOUND, "no manifests of roles"),
        ("kind: Role\nmetadata: {name: x}\n", "binds no role to ServiceAccount code-server: name the account"),
    ],
    ids=["no YAML", "no such role", "no binding"],
)  # fmt: skip
def test_mistake_in_manifests_is_one_line(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "rbac.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=words) as raised:
        reviewed.read(tmp_path / "rbac.yaml", "code-server")
    assert "\n" not in str(raised.value)


ROLE = "kind: ClusterRole\nmetadata: {name: y}\nrules: [{apiGroups: [''], resources: [pods], verbs: [list]}]\n---\n"
BINDING = "kind: ClusterRoleBinding\nmetadata: {name: x}\nroleRef: {kind: ClusterRole, name: y}\nsubjects: "


@pytest.mark.parametrize(
    ("subject", "bound"),
    [
        ("{kind: ServiceAccount, name: dev}", True),
        ("{kind: ServiceAccount, name: dev, namespace: mine}", True),
        ("{kind: ServiceAccount, name: dev, namespace: other}", False),
        ("{kind: User, name: dev}", False),
        ("{kind: Group, name: dev}", False),
    ],
)
def test_subject_is_the_account_of_that_namespace(subject: str, tmp_path: Path, *, bound: bool) -> None:
    path = tmp_path / "rbac.yaml"
    path.write_text(f"{ROLE}{BINDING}[{subject}]", encoding="utf-8")
    assert reviewed.binds(path, "dev", "mine") is bound
    if bound:
        assert reviewed.read(path, "dev", "mine").everywhere == {PODS}
    else:
        with pytest.raises(UsageError, match="binds no role to ServiceAccount dev"):
            reviewed.read(path, "dev", "mine")


def test_paths_of_the_api_server_are_rules_too() -> None:
    rules = [{"nonResourceURLs": ["/metrics", "/healthz", "*"], "verbs": ["get"]}]
    assert list(reviewed.rules_of(rules)) == [Rule("get", "", "/metrics"), Rule("get", "", "/*")]
    seen = {name: rights | {Rule("get", "", "/metrics")} for name, rights in AS_REVIEWED.items()}
    assert reviewed.differences(seen, REVIEWED, "mine") == ["may get /metrics everywhere"]


@pytest.mark.parametrize("verb", ["post", "delete", "*"])
def test_path_that_everybody_may_read_is_a_rule_where_more_is_given(verb: str) -> None:
    rules = [{"nonResourceURLs": ["/healthz"], "verbs": ["get", verb]}]
    assert list(reviewed.rules_of(rules)) == [Rule(verb, "", "/healthz")]


@pytest.mark.parametrize(
    ("given", "covers"), [("/metrics", True), ("/met*", True), ("/*", True), ("/log*", False), ("*", False)]
)
def test_path_is_reviewed_by_itself_or_by_a_star_at_the_end(given: str, *, covers: bool) -> None:
    assert reviewed._covered(Rule("get", "", "/metrics"), frozenset({Rule("get", "", given)})) is covers


def test_binding_in_a_namespace_gives_no_path(tmp_path: Path) -> None:
    role = ROLE.replace("rules: [", "rules: [{nonResourceURLs: [/metrics], verbs: [get]}, ")
    binding = BINDING + "[{kind: ServiceAccount, name: dev}]"
    (tmp_path / "rbac.yaml").write_text(role + binding.replace("ClusterRoleB", "RoleB"), encoding="utf-8")
    assert reviewed.read(tmp_path / "rbac.yaml", "dev").own == {PODS}
    (tmp_path / "rbac.yaml").write_text(role + binding, encoding="utf-8")
    assert reviewed.read(tmp_path / "rbac.yaml", "dev").everywhere == {PODS, Rule("get", "", "/metrics")}


def test_right_on_one_name_is_not_one_on_all() -> None:
    named = frozenset({Rule("get", "", "secrets", "mine")})
    assert reviewed._covered(Rule("get", "", "secrets", "mine"), named)
    assert not reviewed._covered(Rule("get", "", "secrets"), named)
    assert not reviewed._covered(Rule("get", "", "secrets", "theirs"), named)


@pytest.mark.parametrize(
    ("given", "told"),
    [(True, ["ci may list pods in mine"]), (False, ["ci may get secrets in mine", "ci may list pods in mine"])],
    ids=["a given cluster", "the suite's own"],
)
def test_right_of_all_accounts_is_let_pass_in_a_given_cluster_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: list[str], *, given: bool
) -> None:
    common = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    rights = {"nobody": [common], "ci": [common, {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}
    monkeypatch.setattr(accounts, "namespaces", lambda _: ["mine", "theirs"])
    monkeypatch.setattr(accounts, "impersonated", lambda _api, _namespace, name="nobody": name)
    monkeypatch.setattr(accounts, "rules", lambda name, _: Rules(mine=rights[name], theirs=[]))
    listed = Of(items=[Of(metadata=Of(name=name)) for name in ("ci", "code-server")])
    monkeypatch.setattr(client.CoreV1Api, "list_namespaced_service_account", lambda _self, _namespace: listed)
    (tmp_path / "rbac.yaml").write_text("", encoding="utf-8")
    found = other_accounts.beyond_review(
        client.ApiClient(), "mine", tmp_path / "rbac.yaml", but="code-server", given=given
    )
    assert found == told


def test_other_account_s_listed_right_is_told_before_a_list_that_is_not_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules: dict[str, list[dict[str, object]]] = {"aa": [], "ci": [{"resources": ["pods"], "verbs": ["list"]}]}
    monkeypatch.setattr(accounts, "namespaces", lambda _: ["mine"])
    monkeypatch.setattr(accounts, "impersonated", lambda _api, _namespace, name: name)
    monkeypatch.setattr(accounts, "rules", lambda name, _: listed({"mine": {"resourceRules": rules[name]} | WEBHOOK}))
    everyone = Of(items=[Of(metadata=Of(name=name)) for name in rules])
    monkeypatch.setattr(client.CoreV1Api, "list_namespaced_service_account", lambda _self, _namespace: everyone)
    (tmp_path / "rbac.yaml").write_text("", encoding="utf-8")
    ask = client.ApiClient(), "mine", tmp_path / "rbac.yaml"
    assert other_accounts.beyond_review(*ask, but="code-server") == ["ci may list pods in mine"]
    with pytest.raises(Blocked, match="all rights of ServiceAccount aa "):
        other_accounts.beyond_review(*ask, but="ci")
