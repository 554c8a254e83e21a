"""The environment script, `.setup-thinkube-env.sh`: variables, aliases, PATH, and how shells read it (ENV-1 to 4)."""

from __future__ import annotations

import re
import shlex

import pytest
from _pytest.mark.structures import ParameterSet

from fixtures.builder.root_files import locations
from fixtures.image.containers import Container, Containers
from fixtures.image.image import Image


def by_zsh_too(*shells: str) -> list[ParameterSet]:
    """Return the parameters of some shells; those of zsh need it in the image."""
    return [
        pytest.param(shell, marks=[pytest.mark.feature("zsh")] * shell.startswith("zsh"), id=shell) for shell in shells
    ]


pytestmark = pytest.mark.feature("environment")
SHELLS = by_zsh_too("bash -c", "bash -ic", "bash -lc", "zsh -c", "zsh -ic", "zsh -lc", "sh -c")
STATE = r"""
state() {
    set -o; umask; trap; pwd; ulimit -a; jobs; alias; readonly -p
    for fd in 0 2 3 4 5 6 7 8 9; do echo "fd $fd"; readlink /proc/$$/fd/$fd; done
    if [ -n "${ZSH_VERSION:-}" ]; then typeset -f; bindkey; hash -d
    elif [ -n "${BASH_VERSION:-}" ]; then
        shopt; typeset -f; enable -a; complete -p; hash -l; bind -p; bind -s; bind -X
    fi
    ([ -z "${BASH_VERSION:-}" ] || set -o posix; set) | grep -E "^[A-Za-z]\w*=" |
        grep -Ev "^(LINENO|RANDOM|SECONDS|EPOCH\w*|SRANDOM|BASH_\w*|PPID|PIPESTATUS|pipestatus|status|TTYIDLE|HISTCMD)="
}
"""
"""A function that prints all that a script can leave behind in a shell."""
TERMINAL_STATE = "stty -a; stty -g; set -o; trap; ulimit -a; bind -p 2>/dev/null || bindkey"
"""Prints what a shell at a terminal has: the terminal's own keys and modes, and what only holds where there is one."""
ANSIBLE_SETTINGS = "ansible-config dump --only-changed --format json | jq -r '.[] | \"\\(.name) \\(.origin)\"'"


@pytest.fixture
def script(image: Image) -> str:
    """The path of the environment script."""
    return image.inventory.image.environment.script


@pytest.fixture
def set_by_it(image: Image) -> tuple[str, str]:
    """A variable of the environment script, and its value."""
    variables = image.inventory.image.environment.variables.items()
    return min(variables, key=lambda one: "$" in one[1])


@pytest.mark.requirement("ENV-1")
@pytest.mark.parametrize("shell", SHELLS)
def test_sources_cleanly_twice_under_strict_settings(shell: str, script: str, container: Container) -> None:
    done = container.run(f"{shell} 'set -eu; . {script}; before=$(env | sort); . {script}; "
                         """test "$before" = "$(env | sort)" && echo same' </dev/null""")  # fmt: skip
    noise = [line for line in done.stderr.splitlines() if "job control" not in line and "terminal process" not in line]
    assert (done.stdout.strip(), noise) == ("same", []), (
        f"environment script in `{shell}`: sourced twice it says {done.stdout.strip()!r} {noise}, not 'same': "
        f"let {script} print nothing, and change nothing the second time"
    )


@pytest.mark.requirement("ENV-6")
@pytest.mark.parametrize("shell", [*SHELLS, *by_zsh_too("bash --norc -ic", "zsh -f -ic")])
def test_leaves_the_shell_as_it_found_it(shell: str, script: str, image: Image, container: Container) -> None:
    inner = f"{STATE}state >/dev/null; state >$AT/before; . {script} >$AT/said; state >$AT/after; :"
    done = container.run(f"export AT=$PWD; {shell} {shlex.quote(inner)} </dev/null 2>errors; "
                         "sed 's/^/> /' said; diff before after; test -s after && echo seen")  # fmt: skip
    environment = image.inventory.image.environment
    ours = "|".join(map(re.escape, [*environment.variables, *environment.aliases, "PATH"]))
    left = [line for line in done.stdout.splitlines() if re.match(rf"(?![<>] ((alias )?({ours})=|pipe:))[<>] ", line)]
    assert (done.stdout.splitlines()[-1:], left) == (["seen"], []), (
        f"environment script in `{shell}`: leaves {' '.join(left)[:300]!r} behind, not the shell as it was: "
        f"let {script} set variables and aliases alone"
    )


@pytest.mark.requirement("ENV-6")
@pytest.mark.parametrize("shell", by_zsh_too("bash --norc", "zsh -f"))
def test_leaves_the_terminal_as_it_found_it(shell: str, script: str, container: Container) -> None:
    at = "/tmp/terminal-state"
    inner = f"({TERMINAL_STATE}) >{at}-before 2>&1; . {script}; ({TERMINAL_STATE}) >{at}-after 2>&1"
    with container.terminal(*shell.split(), "-ic", inner) as screen:
        screen.must_exit()
    done = container.run(f"diff {at}-before {at}-after && grep -c 'intr = ' {at}-after; rm {at}-*")
    assert done.stdout.strip() == "1", (
        f"environment script in `{shell}` at a terminal: leaves {' '.join(done.stdout.split())[:300]!r} behind, not "
        f"the terminal as it was: let {script} set variables and aliases alone"
    )


@pytest.mark.requirement("ENV-1")
@pytest.mark.feature("variables")
@pytest.mark.parametrize("shell", by_zsh_too("bash -ic", "bash -lc", "zsh -ic"))
def test_every_shell_sources_it_by_itself(
    shell: str, script: str, set_by_it: tuple[str, str], containers: Containers
) -> None:
    name, value = set_by_it
    seen = containers("empty-home").run(f"{shell} 'echo ${name}' </dev/null").stdout.strip()
    assert seen == value, (
        f"environment in `{shell}`: {name} is {seen!r}, not {value!r}: source {script} in its start file"
    )


@pytest.mark.requirement("ENV-2")
@pytest.mark.feature("variables")
def test_sets_every_variable_to_its_value_and_no_other(image: Image, script: str, container: Container) -> None:
    variables = image.inventory.image.environment.variables
    unset = f"unset {' '.join(variables)}"
    done = container.run(f"{unset}; env -0 >before; . {script}; env -0 >after; cat before; printf '@\\0'; cat after")
    before, _, after = done.stdout.partition("@\0")
    was, now = (dict(line.split("=", 1) for line in text.split("\0") if "=" in line) for text in (before, after))
    wanted = {name: value.replace("$HOME", was["HOME"]) for name, value in variables.items()}
    wrong = [f"{name} is {now.get(name)!r}, not {value!r}" for name, value in wanted.items() if now.get(name) != value]
    changed = {name for name in was | now if was.get(name) != now.get(name)} - {*variables, "PATH", "_"}
    wrong += [f"{name} is {now.get(name)!r}, and the inventory has no such variable" for name in sorted(changed)]
    assert not wrong, f"environment: {'; '.join(wrong)}: fix {script}, or the variables in tools.toml"


@pytest.mark.requirement("ENV-2")
def test_leaves_alone_what_the_user_set(variable: str, script: str, container: Container) -> None:
    seen = container.run(f"export {variable}=mine; . {script}; printenv {variable}").stdout.strip()
    assert seen == "mine", f"environment: {variable}=mine became {seen!r}: use ${{{variable}:-default}} in {script}"


@pytest.mark.requirement("ENV-2")
@pytest.mark.uses("ansible-core", "jq")
def test_ansible_uses_the_configuration(script: str, container: Container) -> None:
    done = container.run(f". {script}; {ANSIBLE_SETTINGS}")
    assert "DEFAULT_HOST_LIST /etc/ansible/ansible.cfg" in done.stdout, (
        f"ansible: its settings are {done.stdout!r}, without DEFAULT_HOST_LIST of /etc/ansible/ansible.cfg: "
        "let the user read that file"
    )


@pytest.mark.requirement("ENV-6")
@pytest.mark.uses("ansible-core", "jq")
def test_ansible_uses_a_project_s_own_configuration(script: str, container: Container) -> None:
    project = "cd \"$(mktemp -d)\" && printf '[defaults]\\ninventory = ./mine\\n' >ansible.cfg"
    done = container.run(f". {script}; {project}; {ANSIBLE_SETTINGS}")
    origins = {line.split()[-1] for line in done.stdout.splitlines()}
    assert origins - {"/etc/ansible/ansible.cfg"} == origins != set(), (
        f"ansible: in a project with an ansible.cfg its settings are {done.stdout!r}: export no ANSIBLE_CONFIG, "
        "which would beat the project's own"
    )


@pytest.mark.requirement("ENV-3")
@pytest.mark.parametrize("shell", by_zsh_too("bash -ic", "zsh -ic"))
def test_alias_stands_for_its_command(alias: str, shell: str, image: Image, script: str, container: Container) -> None:
    seen = container.run(f"{shell} 'alias {alias}' </dev/null").stdout.strip().removeprefix("alias ")
    expected = image.inventory.image.environment.aliases[alias]
    assert seen in {f"{alias}='{expected}'", f"{alias}={expected}"}, (
        f"alias {alias} in `{shell}`: {seen!r} instead of {expected!r}: fix {script}"
    )


@pytest.mark.requirement("ENV-3")
@pytest.mark.uses("kubectl")
def test_alias_runs_its_command(alias_of_kubectl: str, script: str, container: Container) -> None:
    typed = f"{alias_of_kubectl} version --client -o json"
    done = container.run(f"printf '%s\\n' '{typed}' | bash -i 2>/dev/null")
    assert "clientVersion" in done.stdout, (
        f"alias {alias_of_kubectl}: typing it gives {done.stdout[-200:]!r}, no clientVersion: fix {script}"
    )


@pytest.mark.requirement("ENV-4")
@pytest.mark.parametrize(
    "before",
    ["/usr/bin:/bin", "", "/usr/local/bin:/usr/bin:/bin:$HOME/.local/bin"],
    ids=["short", "empty", "all but one"],
)
def test_path_has_every_location_once(before: str, image: Image, script: str, container: Container) -> None:
    seen = container.run(f"PATH={before}; . {script}; echo $PATH").stdout.strip().split(":")
    places = [*locations(image.inventory), f"{image.inventory.image.home}/.local/bin"]
    counts = {place: seen.count(place) for place in places}
    assert set(counts.values()) == {1}, f"PATH: {counts}, not each of them once: fix {script}"


@pytest.mark.requirement("ENV-4")
@pytest.mark.feature("start-scripts")
@pytest.mark.feature("variables")
@pytest.mark.parametrize("profile", ["default", "empty-home", "read-only", "other-uid"])
def test_start_links_the_script_into_home(
    profile: str, image: Image, set_by_it: tuple[str, str], containers: Containers
) -> None:
    settings, (name, value) = image.inventory.image, set_by_it
    link = f"{settings.start_scripts}/10-thinkube-home"
    done = containers(profile).run(f"{link}; . ~/{settings.environment.link} && echo ${name}")
    assert done.stdout.strip() == value, (
        f"home ({profile}): no environment after the start ({done.stderr.strip()!r}): "
        f"let {link} link {settings.environment.script}"
    )


@pytest.mark.requirement("ENV-4")
@pytest.mark.feature("start-scripts")
def test_start_keeps_the_user_s_own_script(image: Image, containers: Containers) -> None:
    settings = image.inventory.image
    link, name = f"{settings.start_scripts}/10-thinkube-home", settings.environment.link
    done = containers("empty-home").run(f"HOME=$PWD; echo mine >{name}; {link}; cat {name}")
    assert done.stdout == "mine\n", (
        f"home: the user's script became {done.stdout!r}: let {link} leave a file that is there"
    )
