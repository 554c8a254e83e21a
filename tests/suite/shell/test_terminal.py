"""Programs in a pseudo-terminal of this machine, their screens, keys and ends."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.patience import patient
from fixtures.shell.screen import ScreenError, TerminalError
from fixtures.shell.terminal import Terminal


def descriptors() -> set[tuple[str, str]]:
    """Return the open terminals and processes of this process; other descriptors may come and go in other threads."""
    numbers = list(Path("/proc/self/fd").iterdir())
    opened = {(path.name, str(path.readlink())) for path in numbers if path.is_symlink()}
    return {(number, what) for number, what in opened if re.search("ptmx|pts|pidfd", what)}


def script(text: str) -> list[str]:
    """Return the command line of a shell script."""
    return ["sh", "-c", text]


def test_program_has_a_real_terminal() -> None:
    with Terminal(script(": </dev/tty && tty && stty size && echo $TERM"), columns=90, lines=30) as terminal:
        assert terminal.wait_for_exit() == 0
        assert terminal.screen[1:3] == ["30 90", "xterm-256color"]
        assert terminal.screen[0].startswith("/dev/pts/")


def test_screen_follows_the_cursor() -> None:
    with Terminal(script(r"printf 'gone\033[2J\033[5;10Hhere'"), columns=40, lines=10) as terminal:
        terminal.wait_for_exit()
        assert terminal.screen == ["", "", "", "", " " * 9 + "here", "", "", "", "", ""]
        assert terminal.text == "\n\n\n\n         here"


def test_word_is_in_the_colour_that_it_was_printed_in() -> None:
    with Terminal(["sh", "-c", r"printf 'a \033[31mred\033[0m word'; sleep 60"]) as terminal:
        terminal.wait_for("word")
        assert [terminal.colour_of(word) for word in ("red", "word")] == ["red", "default"]
        with pytest.raises(ScreenError, match="does not show 'green', its screen ends with"):
            terminal.colour_of("green")


def test_typed_text_is_read() -> None:
    with Terminal(script("printf 'name? '; read name; echo hello $name")) as terminal:
        terminal.wait_for(r"name\?")
        terminal.send("world\r")
        assert terminal.wait_for(r"^hello (\w+)$")[1] == "world"


def test_interrupt_key_reaches_the_program() -> None:
    # Without noflsh the terminal may throw away what comes right after the key.
    program = script("stty noflsh; trap 'echo caught; exit 7' INT; echo ready; while :; do read line; done")
    with Terminal(program) as terminal:
        terminal.wait_for("ready")
        terminal.send("\x03")
        assert terminal.wait_for_exit() == 7
        assert "caught" in terminal.text


@pytest.fixture
def ignored_signals() -> Iterator[None]:
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("ignored_signals")
def test_keys_work_in_a_run_that_ignores_signals() -> None:
    with Terminal(script("echo ready; read line")) as terminal:
        terminal.wait_for("ready")
        terminal.send("\x03")
        assert terminal.wait_for_exit() == -signal.SIGINT


def test_screen_is_up_to_date_without_a_wait(tmp_path: Path) -> None:
    fifo = tmp_path / "written"
    os.mkfifo(fifo)
    with Terminal(script(f"echo first; read line; echo second; echo >{fifo}; read line")) as terminal:
        terminal.wait_for("first")
        terminal.send("\r")
        assert fifo.read_text(encoding="utf-8") == "\n"
        assert terminal.screen[:3] == ["first", "", "second"]


def test_much_text_passes_both_ways() -> None:
    with Terminal(script("stty raw -echo; echo ready; head -c 300000 | wc -c")) as terminal:
        terminal.wait_for("ready")
        terminal.send("x" * 300_000)
        terminal.wait_for("300000")


def test_program_that_does_not_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.shell.screen.SEND_SECONDS", 0.2)
    with Terminal(script("stty raw -echo; echo ready; sleep 3")) as terminal:
        terminal.wait_for("ready")
        with pytest.raises(TerminalError, match="did not read its input"):
            terminal.send("x" * 300_000)


def test_unmet_wait_shows_the_screen() -> None:
    with Terminal(script("echo what is there; sleep 100")) as terminal:
        terminal.wait_for("there")
        with pytest.raises(TerminalError) as caught:
            terminal.wait_for("missing", timeout=0.2)
    first, _, screen = str(caught.value).partition("\n")
    assert first.endswith(
        f"did not show 'missing' within {patient(0.2):g} s, its screen ends with 'what is there': "
        "start it by hand; the whole screen:"
    )
    assert screen == "what is there"


def test_first_line_of_an_error_tells_what_the_screen_ends_with() -> None:
    with Terminal(
        script("echo first; echo second; echo ----; echo third; echo fourth; echo ----; sleep 100")
    ) as terminal:
        terminal.wait_for("fourth")
        with pytest.raises(
            TerminalError, match=r"^.*, its screen ends with 'second / third / fourth': start it by hand"
        ):
            terminal.wait_for("missing", timeout=0.2)


def test_error_about_an_empty_screen_says_so() -> None:
    with (
        Terminal(script("sleep 100")) as terminal,
        pytest.raises(TerminalError, match=rf"within {patient(0.2):g} s, its screen is empty: .*\n\(empty\)$"),
    ):
        terminal.wait_for("missing", timeout=0.2)


def test_other_exit_status_than_expected_shows_the_screen() -> None:
    with Terminal(script("echo failed; exit 5")) as terminal:
        terminal.must_exit(5)
        with pytest.raises(ScreenError, match=r"did not end with status 0 \(it ended with status 5\), .*'failed': "):
            terminal.must_exit()


def test_wait_ends_with_the_program() -> None:
    expected = r"ended with status 5(.|\n)*failed"
    with Terminal(script("echo failed; exit 5")) as terminal, pytest.raises(TerminalError, match=expected):
        terminal.wait_for("missing", timeout=60)


@pytest.mark.parametrize("limit", [0.2, 0.0], ids=["seconds", "none"])
def test_endless_output_does_not_outlast_a_wait(limit: float) -> None:
    with Terminal(script("yes | head -c 10000000")) as terminal:
        terminal.wait_for("y")
        with pytest.raises(TerminalError, match="missing"):
            terminal.wait_for("missing", timeout=limit)
        with pytest.raises(TerminalError, match="did not end within"):
            terminal.wait_for_exit(limit)
        assert terminal.screen[0] == "y"


def test_last_output_is_on_the_screen_after_the_end() -> None:
    with Terminal(script("yes | head -c 60000; echo; echo last")) as terminal:
        assert terminal.wait_for_exit() == 0
        assert terminal.text.endswith("y\n\nlast")


def test_signalled_program_has_a_negative_status() -> None:
    with Terminal(script("kill -TERM $$")) as terminal:
        assert terminal.wait_for_exit() == -15


def test_program_that_a_signal_ended_has_not_ended_well() -> None:
    with (
        Terminal(script("kill -TERM $$")) as terminal,
        pytest.raises(ScreenError, match=r"did not end with status 0 \(it ended with status -15\)"),
    ):
        terminal.must_exit()


def test_missing_program_is_named() -> None:
    with pytest.raises(TerminalError, match="no-such-program cannot be started"):
        Terminal(["no-such-program"])


@pytest.mark.parametrize(
    ("trap", "status"),
    [pytest.param("", -signal.SIGHUP, id="hang-up"), pytest.param("trap '' HUP;", -signal.SIGKILL, id="kill")],
)
def test_program_and_descriptors_end_with_the_terminal(trap: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.shell.terminal.HANGUP_SECONDS", 0.2)
    monkeypatch.setattr("fixtures.shell.screen.HANGUP_SECONDS", 0.2)
    before = descriptors()
    with Terminal(script(f"{trap} echo pid $$.; for i in 1 2 3; do read x || sleep 1; done")) as terminal:
        pid = int(terminal.wait_for(r"pid (\d+)\.")[1])
    assert descriptors() <= before
    assert not Path(f"/proc/{pid}").exists()
    assert terminal.wait_for_exit() == status


def test_what_a_program_started_ends_with_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.shell.terminal.HANGUP_SECONDS", 0.2)
    monkeypatch.setattr("fixtures.shell.screen.HANGUP_SECONDS", 0.2)
    with Terminal(script("trap '' HUP; sleep 100 & echo pid $!.; wait")) as terminal:
        child = os.pidfd_open(int(terminal.wait_for(r"pid (\d+)\.")[1]))
    ended, _, _ = select.select([child], [], [], 10)
    os.close(child)
    assert ended, "what the program started has not ended"


def test_terminal_queries_are_answered() -> None:
    ask = (
        "import sys, termios, tty; tty.setraw(0); sys.stdout.write('\\033[3;4H\\033[6n'); sys.stdout.flush();"
        "print('got', repr(sys.stdin.read(6)), end='.')"
    )
    with Terminal([sys.executable, "-c", ask]) as terminal:
        terminal.wait_for(r"got '\\x1b\[3;4R'\.")


def test_private_sequences_leave_the_screen_alone() -> None:
    with Terminal(script(r"printf '\033[?4m\033[?6n\033[?1rshown\033[>4;2m'")) as terminal:
        assert terminal.wait_for_exit() == 0
        assert terminal.text == "shown"
