"""Each tool of the inventory: present, the right version, safe on disk, and really working, in every profile."""

from __future__ import annotations

import pytest
from testinfra.backend.base import CommandResult

from fixtures.advice import REBUILD
from fixtures.builder.dockerfile import links
from fixtures.deployment.tools import succeeded
from fixtures.image.cases import DeclaredFailure, ToolCheck, last_words, matches, mismatches
from fixtures.image.containers import Container, Containers
from fixtures.image.image import Image
from fixtures.inventory import Tool
from fixtures.shell.transport import CommandTimeoutError
from fixtures.sources import DebianSource


@pytest.mark.integrity
def test_command_is_on_path_and_safe(command: tuple[Tool, str], image: Image, container: Container) -> None:
    tool, name = command
    image.require(tool)
    found = container.run(f"command -v {name}").stdout.strip()
    assert found, f"{tool.name}: {_why_not_found(name, container)}"
    file = container.host.file(container.run(f"readlink -f {found}").stdout.strip())
    problems = {
        "lies below home, where the deployment's volume hides it": file.path.startswith(
            ("/home/", f"{image.inventory.image.home}/")
        ),
        "is not owned by root": file.user != "root",
        "can be changed by others than root": file.mode & 0o022,
        "cannot be read and run by everybody": file.mode & 0o055 != 0o055,
    }
    wrong = [f"{file.path}: {problem}" for problem, present in problems.items() if present]
    target = dict(links(tool)).get(name)
    real = container.run(f"readlink -f {target}").stdout.strip() if target else file.path
    wrong += [f"{found} leads to {file.path}, not to {target}"] * (file.path != real)
    wrong += [f"{found} is found, not /usr/local/bin/{name}, the link to {target}"] * (
        target is not None and found != f"/usr/local/bin/{name}"
    )
    answer = container.run(f"({name} --version || {name} --help) </dev/null 2>&1 | head -c 100")
    wrong += [f"{found}: says nothing to --version and --help"] * (not answer.stdout.strip())
    assert not wrong, f"{tool.name}: {'; '.join(wrong)}: install it in /usr/local/bin as root with mode 0755"


@pytest.mark.integrity
def test_debian_s_files_are_the_packaged_ones(debian_tool: Tool, container: Container) -> None:
    tool = debian_tool
    assert isinstance(tool.source, DebianSource)
    done = container.run(f"dpkg --verify {' '.join(tool.source.packages)}")
    # Documentation and what the inventory trims is left out on purpose; a program never is.
    changed = [line.split()[-1] for line in done.stdout.splitlines() if "/bin/" in line]
    where = [f"$(readlink -f $(command -v {name}))" for name in tool.commands]
    owners = [container.run(f"dpkg --search {at}").stdout.split(":")[0] for at in where]
    foreign = [name for name, owner in zip(tool.commands, owners, strict=True) if not owner]
    assert not changed, (
        f"{tool.name}: {', '.join(changed)} is not the packaged file: let no other step of Dockerfile.j2 write it"
    )
    assert not foreign, (
        f"{tool.name}: {', '.join(foreign)} belongs to no Debian package: remove what comes before it on PATH"
    )


def test_version_is_the_locked_one(tool: Tool, image: Image, container: Container) -> None:
    image.require(tool)
    done = _run(tool, container, tool.probe.command)
    told = succeeded(done, tool.name, f"`{tool.probe.command}` failed", repair=REBUILD)
    try:
        version = tool.probe.read(told)
    except ValueError as error:
        fix = f"ship the real {tool.name}, or change how its version is read in tools.toml"
        raise AssertionError(f"{tool.name}: tells no version: {error}: {fix}") from None
    assert tool.accepts(version), f"{tool.name}: version {version}, locked is {tool.version}: {REBUILD}"


def test_does_what_it_is_for(tool_check: ToolCheck, image: Image, containers: Containers) -> None:
    tool, check = tool_check.tool, tool_check.check
    image.require(tool)
    done = _run(tool, containers(tool_check.profile), check.run, check.seconds)
    wrong = mismatches(check, done)
    assert not wrong, (
        f"{tool.name} ({tool_check.profile}) {check.title}: {'; '.join(wrong)}: {REBUILD}, or this check there\n"
        f"$ {check.run}\n{done.stdout}\n{done.stderr}"
    )


def test_fails_as_declared(declared_failure: DeclaredFailure, image: Image, containers: Containers) -> None:
    tool, limitation = declared_failure.tool, declared_failure.limitation
    image.require(tool)
    done = _run(tool, containers(declared_failure.profile), limitation.run)
    where = f"{tool.name} ({declared_failure.profile})"
    assert done.rc != 0, f"{where}: works, though declared impossible: take the limitation out of tools.toml"
    assert matches(limitation.fails, done.stderr), (
        f"{where}: fails with {last_words(done.stderr)!r}, not {limitation.fails!r}: fix its limitation in tools.toml"
    )


def _why_not_found(name: str, container: Container) -> str:
    there = container.run(
        f"IFS=:; for d in $PATH; do stat -c '%n has mode %a of %U' $d/{name} 2>/dev/null; done"
    ).stdout
    if there:
        return f"{there.splitlines()[0]}, so the user cannot run it: give it mode 0755"
    return f"no command {name} on PATH, which its inventory names: {REBUILD}"


def _run(tool: Tool, container: Container, script: str, seconds: float = 30.0) -> CommandResult:
    try:
        return container.run(script, seconds=seconds)
    except CommandTimeoutError as error:
        raise AssertionError(f"{tool.name} ({container.profile.name}) hangs: {error}") from None
