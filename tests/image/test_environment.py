"""The environment script, `.setup-thinkube-env.sh`: variables, aliases, PATH, and how shells read it (ENV-1 to 4)."""

from __future__ import annotations

import pytest

from fixtures.image.containers import Container, Containers

SCRIPT = "/etc/thinkube/setup-thinkube-env.sh"
LOCATIONS = ("/usr/local/bin", "/usr/bin", "/bin", "/opt/tools/python/bin")
SHELLS = ("bash -c", "bash -ic", "bash -lc", "zsh -c", "zsh -ic", "zsh -lc", "sh -c")
ALIASES = {
    "k": "kubectl",
    "kgp": "kubectl get pods",
    "kgs": "kubectl get services",
    "kgn": "kubectl get nodes",
    "kd": "kubectl describe",
    "kl": "kubectl logs",
}
ANSIBLE_SETTINGS = "ansible-config dump --only-changed --format json | jq -r '.[] | \"\\(.name) \\(.origin)\"'"
VARIABLES = (
    "ARGOCD_SERVER", "ARGO_NAMESPACE", "ARGO_SECURE", "ARGO_SERVER", "DEVPI_URL", "GITEA_URL",
    "KEYCLOAK_URL", "KUBECONFIG", "MLFLOW_TRACKING_URI", "NATS_URL", "PGHOST", "PGPORT", "REGISTRY_URL",
    "VALKEY_HOST", "VALKEY_PORT",
)  # fmt: skip


@pytest.mark.requirement("ENV-1")
@pytest.mark.parametrize("shell", SHELLS)
def test_sources_cleanly_twice_under_strict_settings(shell: str, container: Container) -> None:
    done = container.run(f"{shell} 'set -eu; . {SCRIPT}; before=$(env | sort); . {SCRIPT}; "
                         """test "$before" = "$(env | sort)" && echo same' </dev/null""")  # fmt: skip
    noise = [line for line in done.stderr.splitlines() if "job control" not in line and "terminal process" not in line]
    assert (done.stdout.strip(), noise) == ("same", []), (
        f"environment script in `{shell}`: sourced twice it says {done.stdout.strip()!r} {noise}, not 'same': "
        f"let {SCRIPT} print nothing, and change nothing the second time"
    )


@pytest.mark.requirement("ENV-1")
@pytest.mark.parametrize("shell", ["bash -ic", "bash -lc", "zsh -ic"])
def test_every_shell_sources_it_by_itself(shell: str, containers: Containers) -> None:
    seen = containers("empty-home").run(f"{shell} 'echo $ARGO_NAMESPACE' </dev/null").stdout.strip()
    assert seen == "argo", (
        f"environment in `{shell}`: ARGO_NAMESPACE is {seen!r}, not 'argo': source {SCRIPT} in its start file"
    )


@pytest.mark.requirement("ENV-2")
def test_sets_every_variable(container: Container) -> None:
    script = f'. {SCRIPT}; for v in {" ".join(VARIABLES)}; do eval "[ -n \\"\\${{$v:-}}\\" ]" || echo $v; done'
    missing = container.run(script).stdout.split()
    assert not missing, f"environment: {', '.join(missing)} not set: export it in {SCRIPT}"


@pytest.mark.requirement("ENV-2")
@pytest.mark.parametrize("variable", VARIABLES)
def test_leaves_alone_what_the_user_set(variable: str, container: Container) -> None:
    seen = container.run(f"export {variable}=mine; . {SCRIPT}; printenv {variable}").stdout.strip()
    assert seen == "mine", f"environment: {variable}=mine became {seen!r}: use ${{{variable}:-default}} in {SCRIPT}"


@pytest.mark.requirement("ENV-2")
@pytest.mark.uses("ansible-core", "jq")
def test_ansible_uses_the_configuration(container: Container) -> None:
    done = container.run(f". {SCRIPT}; {ANSIBLE_SETTINGS}")
    assert "DEFAULT_HOST_LIST /etc/ansible/ansible.cfg" in done.stdout, (
        f"ansible: its settings are {done.stdout!r}, without DEFAULT_HOST_LIST of /etc/ansible/ansible.cfg: "
        "let the user read that file"
    )


@pytest.mark.requirement("ENV-2")
def test_ansible_uses_a_project_s_own_configuration(container: Container) -> None:
    project = "cd \"$(mktemp -d)\" && printf '[defaults]\\ninventory = ./mine\\n' >ansible.cfg"
    done = container.run(f". {SCRIPT}; {project}; {ANSIBLE_SETTINGS}")
    origins = {line.split()[-1] for line in done.stdout.splitlines()}
    assert origins - {"/etc/ansible/ansible.cfg"} == origins != set(), (
        f"ansible: in a project with an ansible.cfg its settings are {done.stdout!r}: export no ANSIBLE_CONFIG, "
        "which would beat the project's own"
    )


@pytest.mark.requirement("ENV-3")
@pytest.mark.parametrize("shell", ["bash -ic", "zsh -ic"])
@pytest.mark.parametrize("alias", ALIASES)
def test_alias_stands_for_its_command(alias: str, shell: str, container: Container) -> None:
    seen = container.run(f"{shell} 'alias {alias}' </dev/null").stdout.strip().removeprefix("alias ")
    expected = ALIASES[alias]
    assert seen in {f"{alias}='{expected}'", f"{alias}={expected}"}, (
        f"alias {alias} in `{shell}`: {seen!r} instead of {expected!r}: fix {SCRIPT}"
    )


@pytest.mark.requirement("ENV-3")
@pytest.mark.uses("kubectl")
def test_alias_runs_its_command(container: Container) -> None:
    typed = "k version --client -o json"
    done = container.run(f"printf '%s\\n' '{typed}' | bash -i 2>/dev/null")
    assert "clientVersion" in done.stdout, (
        f"alias k: typing it gives {done.stdout[-200:]!r}, no clientVersion: fix {SCRIPT}"
    )


@pytest.mark.requirement("ENV-4")
def test_image_s_own_path_has_every_location(container: Container) -> None:
    seen = container.run("echo $PATH").stdout.strip().split(":")
    missing = [place for place in LOCATIONS if place not in seen]
    assert not missing, f"PATH: {', '.join(missing)} not in the image's PATH {seen}: set it with ENV in Dockerfile.j2"


@pytest.mark.requirement("ENV-4")
@pytest.mark.parametrize(
    "before",
    ["/usr/bin:/bin", "", "/usr/local/bin:/usr/bin:/bin:/home/coder/.local/bin"],
    ids=["short", "empty", "all but one"],
)
def test_path_has_every_location_once(before: str, container: Container) -> None:
    seen = container.run(f"PATH={before}; . {SCRIPT}; echo $PATH").stdout.strip().split(":")
    counts = {place: seen.count(place) for place in (*LOCATIONS, "/home/coder/.local/bin")}
    assert set(counts.values()) == {1}, f"PATH: {counts}, not each of them once: fix {SCRIPT}"


@pytest.mark.requirement("ENV-4")
@pytest.mark.parametrize("profile", ["default", "empty-home", "read-only", "other-uid"])
def test_start_links_the_script_into_home(profile: str, containers: Containers) -> None:
    done = containers(profile).run("/entrypoint.d/10-thinkube-home; . ~/.setup-thinkube-env.sh && echo $ARGO_NAMESPACE")
    assert done.stdout.strip() == "argo", (
        f"home ({profile}): no environment after the start ({done.stderr.strip()!r}): "
        f"let 10-thinkube-home link {SCRIPT}"
    )


@pytest.mark.requirement("ENV-4")
def test_start_keeps_the_user_s_own_script(containers: Containers) -> None:
    done = containers("empty-home").run(
        "HOME=$PWD; echo mine >.setup-thinkube-env.sh; /entrypoint.d/10-thinkube-home; cat .setup-thinkube-env.sh"
    )
    assert done.stdout == "mine\n", (
        f"home: the user's script became {done.stdout!r}: let 10-thinkube-home leave a file that is there"
    )
