"""testinfra's modules over the open shell."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from testinfra.host import Host

from fixtures.shell.shell import Shell
from fixtures.shell.testinfra_backend import PersistentShellBackend, podman_shell
from fixtures.shell.transport import CommandTimeoutError, ProcessTransport


@pytest.fixture
def host() -> Iterator[Host]:
    with Shell(partial(ProcessTransport, ["sh"]), name="here") as shell:
        yield Host(PersistentShellBackend("here", shell))


def test_file_module(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "it's $HOME here"
    path.write_bytes(b"text\n")
    path.chmod(0o640)
    file = host.file(str(path))
    assert file.is_file
    assert (file.mode, file.size, file.content_string) == (0o640, 5, "text\n")
    assert not host.file(str(tmp_path / "missing")).exists


def test_user_and_process_modules(host: Host) -> None:
    assert host.user().name == getpass.getuser()
    assert host.user("root").uid == 0
    assert host.exists("sh")
    assert not host.exists("no-such-program")


def test_arguments_are_quoted(host: Host) -> None:
    argument = '\'; echo "$HOME" * \n %s'
    assert host.run("printf %%s %s", argument).stdout == argument
    assert host.check_output("echo %s", argument).count("\n") == 1


def test_command_reaches_the_result(host: Host) -> None:
    result = host.run("cat; exit %s", "3", stdin=b"given")
    assert (result.rc, result.stdout, result.command) == (3, "given", b"cat; exit 3")


def test_undecodable_output_is_shown_and_kept(host: Host) -> None:
    result = host.run(r"printf 'caf\303\251 \377'; printf '\376' >&2")
    assert (result.stdout, result.stderr) == ("café \\xff", "\\xfe")
    assert result.stdout_bytes == b"caf\xc3\xa9 \xff"


def test_undecodable_file_name_passes(host: Host, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff")).touch()
    assert host.file(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")).is_file


def test_encoding_needs_no_command(host: Host) -> None:
    host.backend.shell.close()
    assert host.backend.encoding == "UTF-8"
    assert host.backend.shell._session is None


def test_time_limit_of_a_command_and_of_the_backend(host: Host) -> None:
    with pytest.raises(CommandTimeoutError, match=r"0\.2 s"):
        host.run("sleep 100", timeout=0.2)
    host.backend.timeout = 0.1
    with pytest.raises(CommandTimeoutError, match=r"0\.1 s"):
        host.run("sleep 100")


def test_podman_arguments() -> None:
    assert podman_shell("web") == ["podman", "exec", "--interactive", "web", "sh"]
    full = podman_shell("web", podman=["sudo", "podman"], user="coder", env={"A": "b c"}, workdir="/srv")
    options = ["--interactive", "--user", "coder", "--env", "A=b c", "--workdir", "/srv"]
    assert full == ["sudo", "podman", "exec", *options, "web", "sh"]
