"""Command lines of kubectl, as checks for pytest-kubernetes write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.cluster.kubectl import Command, in_namespace
from fixtures.errors import UsageError


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["get", "pods"], "get --namespace=s pods"),
        (["get", "pods", "-n", "default"], "get --namespace=s pods"),
        (["get", "pods", "--namespace=default"], "get --namespace=s pods"),
        (["-n", "team", "get", "pods"], "get --namespace=team pods"),
        (["get", "-nteam", "pods"], "get --namespace=team pods"),
        (["get", "pods", "-A"], "get --all-namespaces pods"),
        (["create", "rolebinding", "x", "--user=u"], "create --namespace=s rolebinding x --user=u"),
        (["version"], "version"),
        (["logs", "-f", "p"], "logs --namespace=s -f p"),
        (["exec", "p", "--", "cat", "-n", "f"], "exec --namespace=s p -- cat -n f"),
        (["get", "pod", "-o", "jsonpath='{.status.phase}'"], "get --namespace=s pod -o jsonpath={.status.phase}"),
        (["get", "--raw='/readyz?verbose'"], "get --namespace=s --raw=/readyz?verbose"),
        (["patch", "x", "-p", '\'{"a": "b"}\''], 'patch --namespace=s x -p {"a": "b"}'),
        (["patch", "x", "-p", '{"a": "it\'s"}'], 'patch --namespace=s x -p {"a": "it\'s"}'),
        (["get", "x", "-o=jsonpath={[?(@.a=='b')]}"], "get --namespace=s x -o=jsonpath={[?(@.a=='b')]}"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_namespace_is_set_and_a_shells_quotes_are_taken_away(arguments: list[str], expected: str) -> None:
    command = Command.parse(arguments)
    assert " ".join(command.arguments("s" if command.in_default else command.namespace)) == expected


@pytest.mark.parametrize(
    ("arguments", "repair"),
    [
        (["get", "pods", "--kubeconfig", "k"], "leave --kubeconfig, --context and the like out"),
        (["get", "pods", "--context=c"], "leave --kubeconfig, --context and the like out"),
        (["get", "pods", "-s", "https://x"], "leave --kubeconfig, --context and the like out"),
        (["-o", "json", "get"], "begin with it, as with `get`"),
        ([], "begin with it, as with `get`"),
        (["get", "pods", "-n"], "give the option its value"),
        (["port-forward", "p", "1:2"], r"use port_forwarding\(\)"),
        (["cp", "a", "b"], "read and write files by kubectl"),
        (["edit", "pod", "p"], r"use apply\(\)"),
        (["get", "pods", "-w"], r"use wait\(\)"),
        (["apply", "-k", "."], r"render it on this machine, and apply\(\) the result"),
        (["apply", "-f", "-"], "give a file or folder of this machine, no URL and no standard input"),
        (["apply", "-f", "https://example.com/x"], "give a file or folder of this machine, no URL"),
        (["create", "secret", "generic", "x", "--from-file=f"], r"apply\(\) a manifest that has the data"),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else "",
)
def test_what_cannot_be_run_is_one_line_with_the_repair(arguments: list[str], repair: str) -> None:
    with pytest.raises(UsageError, match=f": {repair}") as caught:
        Command.parse(arguments)
    assert "\n" not in str(caught.value)


def test_files_are_read_here_and_given_as_input(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text('{"kind": "Pod", "metadata": {"namespace": "default"}}', encoding="utf-8")
    (tmp_path / "a.yaml").write_text("kind: Service\nmetadata:\n  namespace: default\n", encoding="utf-8")
    (tmp_path / "notes.txt").touch()
    command = Command.parse(["apply", "-f", str(tmp_path), "--wait"])
    assert command.arguments("s") == ["apply", "--namespace=s", "--filename=-", "--wait"]
    content = "---\nkind: Service\nmetadata:\n  namespace: s\n\n"
    content += '---\n{"kind": "Pod", "metadata": {"namespace": "s"}}\n'
    assert command.stdin("s") == content.encode()
    assert [one["kind"] for one in command.documents()] == ["Service", "Pod"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("namespace: default", "namespace: s"),
        ("namespace: 'default' # ours", "namespace: 's' # ours"),
        ('{"namespace":"default"}', '{"namespace":"s"}'),
        ("namespace: default-backup", "namespace: default-backup"),
        ("my-namespace: default", "my-namespace: default"),
        ("name: default", "name: default"),
    ],
)
def test_only_the_namespace_default_is_renamed(text: str, expected: str) -> None:
    assert in_namespace(text, "s") == expected


@pytest.mark.parametrize(
    ("arguments", "reads"),
    [
        ("get pods", True),
        ("rollout status deployment/x", True),
        ("auth can-i get pods", True),
        ("rollout restart deployment/x", False),
        ("config set-context x", False),
        ("exec p -- true", False),
        ("delete pod p", False),
        ("some-plugin", False),
    ],
)
def test_what_only_reads_is_known(arguments: str, *, reads: bool) -> None:
    assert Command.parse(arguments.split()).reads == reads


def test_kinds_are_those_of_words_and_manifests(tmp_path: Path) -> None:
    file = tmp_path / "list.yaml"
    file.write_text("kind: List\nitems: [{kind: ClusterRole}, {kind: Pod}]\n", encoding="utf-8")
    command = Command.parse(["delete", "ns/x,pods", "deployments.apps", "-f", str(file)])
    assert command.kinds() >= {"ns", "deployments", "clusterrole", "pod"}
