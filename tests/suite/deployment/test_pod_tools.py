"""The helpers that run tools in a pod and judge how they end; a shell of this machine stands in for the pod's."""

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
from fixtures.deployment.tools import (
    Output,
    must_refuse,
    must_run,
    must_tell,
    refused,
    run_with,
    says,
    status_code,
    succeeded,
    words_of,
)
from fixtures.files import tar_of
from fixtures.patience import patient
from fixtures.shell.shell import Shell
from fixtures.shell.testinfra_backend import PersistentShellBackend
from fixtures.shell.transport import ProcessTransport

DENIED = "echo shown; echo 'Error: Forbidden' >&2; exit 3"


@pytest.fixture
def here() -> Iterator[Pod]:
    """A shell of this machine in the place of a pod's."""
    with Shell(partial(ProcessTransport, ["sh"]), name="here") as shell:
        host = Host(PersistentShellBackend("here", shell))
        yield Pod(client.ApiClient(client.Configuration()), "space", "here", host, shell)


def first_line(failure: pytest.ExceptionInfo[AssertionError]) -> str:
    return str(failure.value).splitlines()[0]


# ---- a script that must succeed


def test_returns_what_a_tool_prints(here: Pod) -> None:
    assert must_run(here, "cat", "cat", stdin=b"one\n") == "one\n"


@pytest.mark.parametrize(
    ("script", "line"),
    [
        pytest.param(
            "echo noise >&2\n(echo forbidden >&2; exit 4)",
            r"^tool: `\(echo .*\)` failed \(4\): forbidden: give the Serv",
            id="last words on stderr",
        ),
        pytest.param(
            "echo out; exit 3",
            r"^tool: `echo out; exit 3` failed \(3\): out: run it by hand in the pod",
            id="on stdout",
        ),
        pytest.param("exit 1", r"^tool: `exit 1` failed \(1\): it said nothing: run it", id="no words"),
        pytest.param(
            "no-such-tool", r"^tool: `no-such-tool` failed \(127\): .*not found: rebuild the image", id="no such tool"
        ),
    ],
)
def test_failure_names_the_command_its_last_words_and_the_repair(here: Pod, script: str, line: str) -> None:
    with pytest.raises(AssertionError) as failure:
        must_run(here, "tool", script)
    assert re.search(line, first_line(failure))


def test_failure_shows_the_command_and_all_that_it_printed(here: Pod) -> None:
    with pytest.raises(AssertionError, match=r"(?s)\$ .*exit 3.*stdout:\nshown\n.*stderr:\nError: Forbidden"):
        must_run(here, "tool", DENIED)


def test_output_that_is_no_json_is_a_failure(here: Pod) -> None:
    assert must_tell(here, "tool", "echo '[1]'") == [1]
    with pytest.raises(AssertionError, match=r"^tool: `echo ok` prints 'ok.n', no JSON: rebuild the image, or change"):
        must_tell(here, "tool", "echo ok")


def test_a_tool_that_hangs_is_named(here: Pod) -> None:
    with pytest.raises(
        AssertionError, match=rf"^tool: `sleep 60` does not end in {patient(0.2):g} s: check that the service"
    ):
        must_run(here, "tool", "sleep 60", seconds=0.2)


# ---- a script with secret variables


@pytest.mark.parametrize("stdin", [b"A=1\n", b"\n\nA=1\n", b""], ids=["like a variable", "blank lines", "nothing"])
@pytest.mark.parametrize("secret", [{"A": " a 'b' \\ $c "}, {"A": "x", "B": "=y="}, {}], ids=["odd", "two", "none"])
def test_script_gets_its_secret_variables_and_all_of_its_input(here: Pod, secret: dict[str, str], stdin: bytes) -> None:
    done = run_with(here, secret, 'cat; printf "[%s]" "$A" "$B"', stdin=stdin)
    assert done.stdout == stdin.decode() + f"[{secret.get('A', '')}][{secret.get('B', '')}]"


def test_secret_variables_are_in_no_command(here: Pod) -> None:
    done = run_with(here, {"A": "hush"}, 'echo "${#A}"')
    assert done.stdout == "4\n"
    assert "hush" not in done.command.decode()


# ---- a command that has ended


def test_success_returns_what_was_printed(here: Pod) -> None:
    assert succeeded(here.run("echo done"), "tool", "nothing is done") == "done\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        pytest.param({}, "tool: no table (3): Error: Forbidden: give the ServiceAccount that right", id="as it said"),
        pytest.param({"repair": "set X"}, "tool: no table (3): Error: Forbidden: set X", id="another repair"),
        pytest.param(
            {"said": "timed out"}, "tool: no table (3): timed out: check the service's host", id="better known"
        ),
    ],
)
def test_failed_command_names_the_problem_its_last_words_and_the_repair(
    here: Pod, words: dict[str, str], line: str
) -> None:
    with pytest.raises(AssertionError) as failure:
        succeeded(here.run(DENIED), "tool", "no table", **words)
    assert first_line(failure).startswith(line)


def test_refusal_that_is_expected_passes(here: Pod) -> None:
    refused(here.run(DENIED), "tool", "Forbidden$", what="a visit", repair="", status=3)
    refused(here.run(DENIED), "tool", "^shown", what="a visit", repair="", output="stdout")
    must_refuse(here, "tool", DENIED, "Error: Forbidden", repair="")


@pytest.mark.parametrize(
    ("script", "line"),
    [
        pytest.param("echo Forbidden >&2", "tool: a visit is let through: take that right", id="let through"),
        pytest.param(
            "echo Forbidden >&2; exit 2",
            "tool: a visit ends with exit status 2 instead of 3 (Forbidden): look in",
            id="another status",
        ),
        pytest.param(
            "echo no route >&2; exit 3", "tool: a visit ends with 'no route', not with 'Forbidden': look in", id="words"
        ),
        pytest.param(
            "echo forbidden >&2; exit 3",
            "tool: a visit ends with 'forbidden', not with 'Forbidden'",
            id="small letters",
        ),
        pytest.param("echo Forbidden; exit 3", "tool: a visit ends with 'it said nothing', not", id="another stream"),
    ],
)
def test_refusal_must_be_the_expected_one(here: Pod, script: str, line: str) -> None:
    with pytest.raises(AssertionError) as failure:
        refused(here.run(script), "tool", "Forbidden", what="a visit", repair="take that right", status=3)
    assert first_line(failure).startswith(line)


def test_refusal_of_a_script_names_the_script(here: Pod) -> None:
    with pytest.raises(AssertionError, match=r"^tool: `true` is let through: take that right"):
        must_refuse(here, "tool", "true", "forbidden", repair="take that right")
    with pytest.raises(AssertionError, match=r"^tool: `exit 1` ends with 'it said nothing', not with 'forbidden'"):
        must_refuse(here, "tool", "exit 1", "forbidden", repair="take that right")


@pytest.mark.parametrize(
    ("output", "pattern", "elsewhere"),
    [
        ("stdout", "^shown$", "stderr"),
        ("stderr", "Forbidden$", "stdout"),
        ("both", "(?s)shown.*Forbidden", "stdout"),
    ],
    ids=["stdout", "stderr", "both"],
)
def test_words_are_looked_for_where_they_have_to_be(here: Pod, output: Output, pattern: str, elsewhere: Output) -> None:
    done = here.run(DENIED)
    says(done, "tool", pattern, what="a visit", output=output)
    with pytest.raises(AssertionError, match=r"^tool: a visit ends with .*: set X"):
        says(done, "tool", pattern, what="a visit", repair="set X", output=elsewhere)


@pytest.mark.parametrize("output", ["", "one", "one two three"])
def test_words_are_as_many_as_are_wanted(output: str) -> None:
    assert words_of("one\ntwo\n", 2, "nats", "tells") == ["one", "two"]
    with pytest.raises(AssertionError, match=rf"^nats: tells '{output}', not 2 words: rebuild the image"):
        words_of(output, 2, "nats", "tells")


def test_program_that_is_silent_is_to_be_rebuilt(here: Pod) -> None:
    with pytest.raises(AssertionError, match=r"^nats: a request ends with 'it said nothing', .*: rebuild the image"):
        says(here.run("true"), "nats", "no responders", what="a request", repair="deploy another server")


@pytest.mark.parametrize("said", ["403 Forbidden", "HTTP 403: no", "(403)", "error: 403", '{"status":403}'])
def test_status_is_a_number_of_its_own(said: str) -> None:
    assert re.search(status_code(403), said)


@pytest.mark.parametrize("said", ["pod-403-x is gone", "upload 1403", "4030 bytes", "run-403", "403-b", "a403", "_403"])
def test_number_within_an_identifier_is_no_status(said: str) -> None:
    assert not re.search(status_code(403), said)


# ---- advice


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("dial tcp: lookup gitea.gitea.svc on 10.96.0.10:53: no such host", "the cluster's DNS answers"),
        ('psql: error: could not translate host name "db" to address: Name or service not known', "dnsPolicy"),
        ("curl: (6) Could not resolve host: devpi.devpi.svc", "dnsPolicy"),
        pytest.param(
            "newuidmap: write to uid_map failed: Operation not permitted (125)", "file capabilities", id="uids"
        ),
        pytest.param("tls: failed to verify certificate: x509: unknown authority", "mount the certificate", id="tls"),
        pytest.param("unauthorized: authentication required", "password", id="password"),
        pytest.param("dial tcp 10.96.0.1:443: connect: connection refused", "that it is up", id="unreached"),
        pytest.param("couldn't resolve module/action 'community.x.y'", "rebuild the image", id="collection"),
    ],
)
def test_known_last_words_call_for_their_repair(said: str, advice: str) -> None:
    assert advice in repair(said)


def test_archive_has_the_files() -> None:
    with tarfile.open(fileobj=io.BytesIO(tar_of({"a/b": "text", "c": ""}))) as tar:
        assert [(one.name, one.mode) for one in tar] == [("a/b", 0o644), ("c", 0o644)]
