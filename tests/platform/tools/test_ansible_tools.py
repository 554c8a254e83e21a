"""Ansible in the pod: its connections, playbooks that change the cluster, and a module of each collection."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pytest

from fixtures.advice import REBUILD, last_line, repair
from fixtures.deployment.overlay import Workspace
from fixtures.deployment.pod import Pod
from fixtures.deployment.scratch import CONTAINER, Neighbour, Scratch
from fixtures.deployment.tools import attempt, says, succeeded, word
from fixtures.deployment.workspace_start import must_be_account
from fixtures.files import tar_of
from fixtures.inventory import Inventory
from fixtures.patience import patient

AUTHORITY = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
PLAY_SECONDS = 120.0
PLAY = "ANSIBLE_STDOUT_CALLBACK=ansible.posix.json ANSIBLE_FORCE_COLOR=0 ansible-playbook"


@dataclass(frozen=True)
class Played:
    """How a play on localhost ended."""

    changed: int
    results: list[dict[str, Any]]
    """What each task returned."""

    @property
    def failures(self) -> list[str]:
        """What the failed tasks said."""
        failed = [one for one in self.results if one.get("failed")]
        return [f"{one['action']} failed: {one.get('msg')} {one.get('assertion', '')}".split("\n")[0] for one in failed]


def play(pod: Pod, *tasks: dict[str, Any]) -> Played:
    """Run a playbook of tasks on localhost; AssertionError where Ansible gives no results."""
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    playbook = tar_of({"play.yaml": json.dumps(plays)})
    done = attempt(pod, "ansible-playbook", f"tar -x && {PLAY} play.yaml", seconds=PLAY_SECONDS, stdin=playbook)
    try:
        document = json.loads(done.stdout)
        results = [one["hosts"]["localhost"] for one in document["plays"][0]["tasks"]]
    except (ValueError, LookupError):
        errors = [line for line in done.stderr.splitlines() if line.startswith(("[ERROR]", "ERROR!"))]
        said = errors[0] if errors else last_line(done.stderr or done.stdout)
        raise AssertionError(
            f"ansible-playbook: no result ({done.rc}): {said}: {repair(said)}\n{done.stdout}"
        ) from None
    return Played(document["stats"]["localhost"]["changed"], results)


def must_play(pod: Pod, *tasks: dict[str, Any]) -> Played:
    """Run a playbook of tasks on localhost; AssertionError with what a task said that failed."""
    done = play(pod, *tasks)
    if done.failures:
        said = done.failures[0][:300].strip()
        raise AssertionError(f"ansible-playbook: {said}: {repair(said)}\n{json.dumps(done.results)}")
    return done


# ---- connections


@pytest.mark.requirement("TOOL-ansible-core-connects", "ENV-2")
def test_ansible_pings_the_pod_itself(pod: Pod) -> None:
    _must_answer(pod, "localhost", pod.name)


@pytest.mark.requirement("TOOL-ansible-core-connects")
@pytest.mark.uses("ansible-galaxy", "kubectl")
def test_ansible_pings_another_pod(pod: Pod, neighbour: Neighbour) -> None:
    host = {
        "ansible_connection": "kubernetes.core.kubectl",
        "ansible_kubectl_namespace": pod.namespace,
        "ansible_kubectl_pod": neighbour.name,
        "ansible_kubectl_container": CONTAINER,
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    inventory = {"inventory.yaml": json.dumps({"all": {"hosts": {"neighbour": host}}})}
    _must_answer(pod, "neighbour --inventory=inventory.yaml", neighbour.name, inventory)


def _must_answer(pod: Pod, arguments: str, name: str, files: Mapping[str, str] = MappingProxyType({})) -> None:
    """Ping a host by Ansible, and ask it for its name: the pod's."""
    for module, pattern in (("ping", '"ping": "pong"'), ("command -a hostname", rf"(?m)^{name}$")):
        script = f"tar -x; ansible {arguments} -m ansible.builtin.{module}"
        done = attempt(pod, "ansible", script, stdin=tar_of(files))
        told = re.search(r'"msg": "(.*)"', done.stdout)
        said = told[1] if told else last_line(done.stdout or done.stderr)
        succeeded(done, "ansible", f"{name} does not answer to {module}", said=said[:300])
        says(done, "ansible", pattern, what=f"{module} of {name}", repair="fix Ansible's inventory", output="stdout")


# ---- playbooks


@pytest.mark.requirement("TOOL-ansible-core-operates")
@pytest.mark.uses("ansible-galaxy")
def test_playbook_changes_the_cluster_once(pod: Pod, scratch: Scratch) -> None:
    said = word()
    seen = []
    for state in ("present", "present", "absent"):
        wanted = {"state": state, "namespace": scratch.namespace, "definition": scratch.config_map(said=said)}
        seen.append((must_play(pod, {"kubernetes.core.k8s": wanted}).changed, (scratch.data() or {}).get("said")))
    expected = [(1, said), (0, said), (1, None)]
    assert seen == expected, (
        f"ansible: changes and the word in the cluster's ConfigMap were {seen}, not {expected}: {REBUILD}"
    )


@pytest.mark.requirement("TOOL-ansible-core-operates", "DEP-6")
@pytest.mark.uses("ansible-galaxy")
def test_playbook_is_refused_another_namespace(pod: Pod, scratch: Scratch, account_name: str) -> None:
    must_be_account(pod, account_name)
    wanted = {"namespace": "default", "definition": scratch.config_map(said=word())}
    done = play(pod, {"kubernetes.core.k8s": wanted, "check_mode": True})
    assert "orbidden" in str(done.failures), (
        f"ServiceAccount: a ConfigMap in the namespace default is not forbidden to Ansible ({done.failures}): "
        "take that right away from the roles that give it"
    )


@pytest.mark.requirement("FLOW-ansible")
@pytest.mark.uses("ansible-core", "ansible-galaxy")
def test_developer_deploys_by_a_playbook(pod: Pod, scratch: Scratch) -> None:
    said = word()
    space = {"namespace": scratch.namespace}
    where: dict[str, Any] = space | {"label_selectors": [scratch.selector]}
    wanted = {"definition": scratch.application("sh", "-c", f"echo {said} && exec sleep infinity")}
    tasks: list[dict[str, Any]] = [
        {"kubernetes.core.k8s": space | wanted | {"wait": True, "wait_sleep": 1, "wait_timeout": round(patient(60))}},
        {"kubernetes.core.k8s_info": {"kind": "Pod"} | where, "register": "found"},
        {"kubernetes.core.k8s_log": where, "register": "log"},
        {"ansible.builtin.assert": {"that": ["found.resources | length == 1", f"log.log | trim == '{said}'"]}},
    ]
    first = must_play(pod, *tasks)
    before = [one.metadata.uid for one in scratch.pods()]
    second = must_play(pod, *tasks)
    after = [one.metadata.uid for one in scratch.pods()]
    changes = (first.changed, second.changed)
    assert changes == (1, 0), f"playbook: the changes of two runs are {changes}, not (1, 0): {REBUILD}"
    assert before == after, f"playbook: the second run made another pod, {after} after {before}: {REBUILD}"
    log = scratch.log().strip()
    assert log == said, f"playbook: the cluster runs a pod that says {log!r}, not {said!r}: {REBUILD}"


# ---- a module of each collection


@pytest.mark.requirement("TOOL-ansible-galaxy-operates")
@pytest.mark.uses("ansible-core")
def test_ansible_galaxy_installs_a_role_that_a_playbook_finds(pod: Pod) -> None:
    said = word()
    about = {"galaxy_info": {"author": "check", "description": said, "license": "MIT", "min_ansible_version": "2.1"}}
    tasks = [{"ansible.builtin.debug": {"msg": said}}]
    role = tar_of({"probe/meta/main.yml": json.dumps(about), "probe/tasks/main.yml": json.dumps(tasks)})
    plays = [{"hosts": "localhost", "gather_facts": False, "roles": ["probe"]}]
    script = (
        "tar -x && ansible-galaxy role install --roles-path=roles role.tar,,probe"
        " && ANSIBLE_ROLES_PATH=roles ansible-playbook play.yaml"
    )
    files = tar_of({"role.tar": role, "play.yaml": json.dumps(plays)})
    done = attempt(pod, "ansible-galaxy", script, seconds=PLAY_SECONDS, stdin=files)
    succeeded(done, "ansible-galaxy", "no role that a playbook finds")
    says(done, "ansible-galaxy", said, what="its role", repair=REBUILD, output="stdout")


@pytest.mark.requirement("TOOL-ansible-galaxy-operates")
@pytest.mark.uses("ansible-core")
def test_kubernetes_core_finds_a_pod(pod: Pod, neighbour: Neighbour) -> None:
    asked = {"kind": "Pod", "namespace": pod.namespace, "name": neighbour.name}
    (found,) = must_play(pod, {"kubernetes.core.k8s_info": asked}).results
    uids = [one["metadata"]["uid"] for one in found["resources"]]
    expected = [one.metadata.uid for one in neighbour.scratch.pods()]
    assert uids == expected, f"kubernetes.core: found the pods {uids}, not {expected}: {REBUILD}"


@pytest.mark.requirement("TOOL-ansible-galaxy-operates")
@pytest.mark.uses("ansible-core")
def test_community_general_configures_git(pod: Pod) -> None:
    said, file = word(), "{{ playbook_dir }}/gitconfig"
    setting = {"name": "probe.said", "value": said, "scope": "file", "file": file}
    read = {"ansible.builtin.command": f"git config --file {file} probe.said"}
    seen = must_play(pod, {"community.general.git_config": setting}, read).results[1]["stdout"]
    assert seen == said, f"community.general: git has {seen!r} instead of {said}: {REBUILD}"


@pytest.mark.requirement("TOOL-ansible-galaxy-operates")
@pytest.mark.uses("ansible-core")
def test_community_crypto_gets_the_certificate_of_the_api_server(pod: Pod) -> None:
    server = {"host": "kubernetes.default.svc", "port": 443, "ca_cert": AUTHORITY}
    # Whether it is the API server's is for another program to say.
    check = {"cmd": f"openssl verify -CAfile {AUTHORITY}", "stdin": "{{ got.cert }}"}
    done = must_play(
        pod, {"community.crypto.get_certificate": server, "register": "got"}, {"ansible.builtin.command": check}
    )
    assert done.results[1]["stdout"] == "stdin: OK", f"community.crypto: {done.results[1]}: {REBUILD}"


@pytest.mark.requirement("TOOL-ansible-galaxy-operates")
@pytest.mark.uses("ansible-core")
def test_ansible_posix_authorizes_the_developer_s_key(pod: Pod, workspace: Workspace, inventory: Inventory) -> None:
    assert workspace.ssh_keys is not None
    key, file = workspace.ssh_keys["id_ed25519.pub"].decode().strip(), "{{ playbook_dir }}/authorized_keys"
    mine = "{{ lookup('file', '~/.ssh/id_ed25519.pub') }}"
    added = {"user": inventory.image.user, "path": file, "manage_dir": False, "key": mine}
    read = {"ansible.builtin.command": f"cat {file}"}
    seen = must_play(pod, {"ansible.posix.authorized_key": added}, read).results[1]["stdout"]
    assert seen == key, f"ansible.posix: authorized {seen!r}, not {key!r}: {REBUILD}"


@pytest.mark.requirement("TOOL-ansible-galaxy-operates")
@pytest.mark.uses("ansible-core")
def test_community_docker_knows_that_it_is_in_a_container(pod: Pod) -> None:
    (found,) = must_play(pod, {"community.docker.current_container_facts": {}}).results
    seen = found["ansible_facts"]["ansible_module_running_in_container"]
    assert seen is True, f"community.docker: {found['ansible_facts']} in a pod: {REBUILD}"
