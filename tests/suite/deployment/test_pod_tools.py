from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from functools import partial

import pytest
from kubernetes import client
from testinfra.host import Host

from fixtures.advice import repair
from fixtures.deployment.pod import Pod
from fixtures.deployment.tools import must_refuse, must_run, must_tell
from fixtures.files import tar_of
from fixtures.shell.shell import Shell
from fixtures.shell.testinfra_backend import PersistentShellBackend
from fixtures.shell.transport import ProcessTransport


@pytest.fixture
def here() -> Iterator[Pod]:
    """A shell of this machine in the place of a pod's."""
    with Shell(partial(ProcessTransport, ["sh"]), name="here") as shell:
        host = Host(PersistentShellBackend("here", shell))
        yield Pod(client.ApiClient(client.Configuration()), "space", "here", host, shell)


def test_returns_what_a_tool_prints(here: Pod) -> None:
    assert must_run(here, "cat", "cat", stdin=b"one\n") == "one\n"


@pytest.mark.parametrize(
    ("script", "line"),
    [
        (
            "echo noise >&2\n(echo forbidden >&2; exit 4)",
            r"^tool: `\(echo .*\)` failed \(4\): forbidden: give the Serv",
        ),
        ("echo out; exit 3", r"^tool: `echo out; exit 3` failed \(3\): out: run it by hand in the pod$"),
        ("exit 1", r"^tool: `exit 1` failed \(1\): it said nothing: run it"),
        ("no-such-tool", r"^tool: `no-such-tool` failed \(127\): .*not found: build the image anew"),
    ],
)
def test_failure_names_the_command_its_last_words_and_the_repair(here: Pod, script: str, line: str) -> None:
    with pytest.raises(AssertionError) as failure:
        must_run(here, "tool", script)
    assert re.search(line, str(failure.value).splitlines()[0])


def test_output_that_is_no_json_is_a_failure(here: Pod) -> None:
    assert must_tell(here, "tool", "echo '[1]'") == [1]
    with pytest.raises(AssertionError, match=r"^tool: `echo ok` prints 'ok.n', no JSON: reinstall tool$"):
        must_tell(here, "tool", "echo ok")


def test_a_tool_that_hangs_is_named(here: Pod) -> None:
    with pytest.raises(AssertionError, match=r"^tool: `sleep 60` does not end in 0.2 s: "):
        must_run(here, "tool", "sleep 60", seconds=0.2)


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("echo no route >&2; exit 1", r"^tool: `.*` fails with 'no route', not with 'forbidden'"),
        ("echo forbidden >&2", r"^tool: `.*` is let through: take that right"),
    ],
)
def test_refusal_must_be_the_expected_one(here: Pod, script: str, line: str) -> None:
    must_refuse(here, "tool", "echo Error: Forbidden >&2; exit 1", "forbidden", mend="")
    with pytest.raises(AssertionError, match=line):
        must_refuse(here, "tool", script, "forbidden", mend="take that right")


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("newuidmap: write to uid_map failed: Operation not permitted (125)", "file capabilities"),
        ("tls: failed to verify certificate: x509: unknown authority", "mount the certificate"),
        ("unauthorized: authentication required", "password"),
        ("dial tcp 10.96.0.1:443: connect: connection refused", "reaches that service"),
    ],
)
def test_known_last_words_call_for_their_repair(said: str, advice: str) -> None:
    assert advice in repair(said)


def test_archive_has_the_files() -> None:
    with tarfile.open(fileobj=io.BytesIO(tar_of({"a/b": "text", "c": ""}))) as tar:
        assert [(one.name, one.mode) for one in tar] == [("a/b", 0o644), ("c", 0o644)]
