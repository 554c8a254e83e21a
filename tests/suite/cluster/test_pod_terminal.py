"""A program on a terminal in a pod."""

from __future__ import annotations

import re

import pytest
from kubernetes import client

from fixtures.cluster.pod_exec import PodExecTransport
from fixtures.cluster.pod_terminal import PodTerminal
from fixtures.cluster.websocket import PodError
from fixtures.patience import patient
from fixtures.shell.screen import ScreenError, TerminalError
from tests.suite.cluster.fakes.pod_server import PLACE, STUMBLE, PodServer
from tests.suite.processes import gone

CLOSE = PodExecTransport.close


def script(text: str) -> list[str]:
    """The words that run a script."""
    return ["sh", "-c", text]


def test_program_has_a_real_terminal(pod_api: client.ApiClient) -> None:
    asks = script(": </dev/tty && stty size && echo $TERM")
    with PodTerminal(pod_api, *PLACE, asks, columns=90, lines=30) as terminal:
        assert terminal.wait_for_exit() == 0
        assert terminal.screen[:3] == ["30 90", "xterm-256color", ""]


def test_typed_text_is_read(pod_api: client.ApiClient) -> None:
    with PodTerminal(pod_api, *PLACE, script("printf 'name? '; read name; echo hello $name; exit 5")) as terminal:
        terminal.wait_for(r"name\?")
        terminal.send("wörld\r")
        assert terminal.wait_for(r"^hello (\w+)$")[1] == "wörld"
        assert terminal.wait_for_exit() == 5


def test_interrupt_key_reaches_the_program(pod_api: client.ApiClient) -> None:
    # Without noflsh the terminal may throw away what comes right after the key.
    program = script("stty noflsh; trap 'echo caught; exit 7' INT; echo ready; read line")
    with PodTerminal(pod_api, *PLACE, program) as terminal:
        terminal.wait_for("ready")
        terminal.send("\x03")
        assert terminal.wait_for_exit() == 7
        assert "caught" in terminal.text


def test_terminal_takes_another_size(pod_api: client.ApiClient) -> None:
    tells = script("trap 'stty size' WINCH; echo ready; while :; do read x; done")
    with PodTerminal(pod_api, *PLACE, tells) as terminal:
        terminal.wait_for("ready")
        terminal.resize(70, 20)
        terminal.wait_for("^20 70$")
        assert len(terminal.screen) == 20


def test_unmet_wait_shows_the_screen(pod_api: client.ApiClient) -> None:
    with PodTerminal(pod_api, *PLACE, script("echo what is there; sleep 100")) as terminal:
        with pytest.raises(ScreenError) as caught:
            terminal.wait_for("missing", timeout=0.3)
        with pytest.raises(ScreenError, match="did not end within"):
            terminal.wait_for_exit(0.1)
    first, _, screen = str(caught.value).partition("\n")
    assert re.match(f"sh -c echo .*'missing' within {patient(0.3):g} s", first)
    assert screen == "what is there"


@pytest.mark.parametrize("trap", ["", "trap '' HUP;"], ids=["hung up", "killed"])
def test_whole_session_ends_with_the_terminal(
    pod_api: client.ApiClient, trap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fixtures.cluster.pod_terminal.HANGUP_SECONDS", 0.2)
    with PodTerminal(pod_api, *PLACE, script(f"{trap} sleep 100 & echo pids $! $$.; sleep 100")) as terminal:
        pids = [int(pid) for pid in terminal.wait_for(r"pids (\d+) (\d+)\.").groups()]
    assert all(gone(pid) for pid in pids)


def test_program_whose_start_is_interrupted_is_hung_up(
    pod_server: PodServer, pod_api: client.ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[PodExecTransport] = []

    def interrupt(_terminal: PodTerminal, _deadline: float) -> int:
        raise KeyboardInterrupt

    def close(transport: PodExecTransport) -> None:
        closed.append(transport)
        CLOSE(transport)

    monkeypatch.setattr(PodTerminal, "_first_line", interrupt)
    monkeypatch.setattr(PodExecTransport, "close", close)
    with pytest.raises(KeyboardInterrupt):
        PodTerminal(pod_api, *PLACE, ["sh"])
    assert (len(closed), len(pod_server.execs)) == (1, 1)


def test_lost_connection_is_not_the_programs_fault(pod_server: PodServer, pod_api: client.ApiClient) -> None:
    with PodTerminal(pod_api, *PLACE, script(f"read line; printf '{STUMBLE.decode()}'; sleep 100")) as terminal:
        pod_server.stumble, pod_server.pod = "cut", None
        terminal.send("\r")
        with pytest.raises(TerminalError, match="pod team/web, container main: there is no such pod") as caught:
            terminal.wait_for("anything")
    assert not isinstance(caught.value, ScreenError)


def test_container_without_a_usable_sh(pod_server: PodServer, pod_api: client.ApiClient) -> None:
    pod_server.failure = "no sh"
    with pytest.raises(PodError, match="no sh"):
        PodTerminal(pod_api, *PLACE, ["vim"])
