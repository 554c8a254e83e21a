"""code-server in a real browser: who gets in, a file in a tab of the editor, a command in its terminal."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator

import pytest

from fixtures.browser.editor import CodeServer
from fixtures.browser.visit import Visit, unseen_number
from fixtures.deployment.pod import Pod
from fixtures.deployment.tools import succeeded
from fixtures.inventory import Inventory
from fixtures.patience import patient

SAVED_SECONDS = 20
TURNED_OFF = r"""
options='disable-\|idle-timeout-seconds\|skip-auth-preflight'
for one in /proc/[0-9]*; do
    tr '\0' '\n' <$one/cmdline 2>/dev/null | grep -q '^/.*/code-server/' || continue
    echo "editor: $one"
    tr '\0' '\n' <$one/cmdline | sed -n "s/^--\($options\)/\1/p; s/^--config=/config: /p"
    tr '\0' '\n' <$one/environ | sed -n 's/^CODE_SERVER_CONFIG=/config: /p
        /^\(CS_DISABLE_\|CODE_SERVER_IDLE_\)/ { s/.*/\L&/; s/^cs_//; s/^code_server_//; s/_/-/g; p }'
done 2>/dev/null | sort -u >told
grep -v '^config: ' told
for file in ~/.config/code-server/config.yaml $(sed -n 's/^config: //p' told); do
    sed -n "/^\($options\)/p" $file 2>/dev/null || true
done"""
"""Prints what code-server's arguments, variables and settings turn off or limit, with a value or without one.

See `code-server --help`. A line `editor: …` stands for each of its programs that was looked at.
"""
NO_WORK = {"disable-telemetry", "disable-update-check", "disable-getting-started-override"}
"""What is no part of a developer's work."""


@pytest.fixture
def word() -> str:
    """A word that nothing else shows."""
    return f"word{secrets.token_hex(4)}"


@pytest.fixture
def path(pod: Pod, word: str, inventory: Inventory) -> Iterator[str]:
    """Where a check may make a file in home."""
    name = f"{inventory.image.home}/conformance-{word}.txt"
    yield name
    pod.run(f"rm -f {name}")


@pytest.mark.requirement("DEP-3")
def test_anonymous_gets_the_login_page_only(code_server: CodeServer) -> None:
    code_server.open()
    code_server.refuse("an anonymous visitor")


@pytest.mark.requirement("DEP-3")
def test_wrong_password_is_refused(code_server: CodeServer, word: str) -> None:
    code_server.open()
    code_server.log_in(word)
    code_server.refuse("a visitor with a wrong password")


@pytest.mark.requirement("DEP-3")
def test_nothing_of_the_editor_is_turned_off(pod: Pod) -> None:
    """Such as up- and downloads, ports that are passed on, the question whether a folder is to be trusted, and life
    itself: with an idle time code-server ends, and whatever runs in its terminals, once nobody looks.
    """
    told = succeeded(pod.run(TURNED_OFF), "code-server", "its arguments cannot be read").splitlines()
    assert any(line.startswith("editor: ") for line in told), (
        "code-server: none of its programs is seen in the pod, so nothing is known of its arguments: see /proc there"
    )
    found = [re.match(r"(?!editor: )([a-z-]+)\s*[:= ]?\s*(\S*)", line) for line in told]
    off = sorted({one[1] for one in found if one and one[2] not in {"false", "0"}} - NO_WORK)
    assert not off, (
        f"code-server: is run with {', '.join(off)}: take --{off[0]} and such out of the Deployment and its settings"
    )


@pytest.mark.requirement("DEP-3")
def test_nothing_of_the_editor_is_served_without_a_login(
    code_server: CodeServer, stranger: Visit, inventory: Inventory
) -> None:
    # A port of the pod, to which code-server passes on a developer's browser.
    passed_on = f"/proxy/{inventory.image.port}{inventory.image.ready_path}"
    code_server.enter()
    visit, proxied = code_server.visit, code_server.url + passed_on
    with visit.step("developer", "code-server: its developer gets no answer: read its container's log"):
        loaded, websockets = [*code_server.loaded(), proxied], visit.websockets
        open_to_developer = visit.get(proxied) == 200 and visit.opens_websocket(websockets[0])
        assert open_to_developer, (
            f"code-server: {passed_on} or a websocket is closed to its developer: leave out --disable-proxy"
        )
    with stranger.step("stranger", "code-server: a stranger gets no answer: read its container's log"):
        stranger.page.goto(code_server.url)
        served = [url for url in loaded if stranger.get(url) == 200]
        served += [url for url in websockets if stranger.opens_websocket(url)]
        assert not served, f"code-server: a stranger is served {', '.join(served)[:200]}: run it with --auth password"


@pytest.mark.requirement("DEP-3")
def test_page_of_another_origin_gets_no_websocket(code_server: CodeServer) -> None:
    code_server.enter()
    mine = code_server.websocket_status(code_server.url)
    assert mine == 101, f"code-server: its own page gets {mine} for a websocket, not 101: read its container's log"
    other = code_server.websocket_status("https://evil.example")
    assert other == 403, (
        f"code-server: a page of another origin gets {other} for a websocket, not 403: leave --trusted-origins empty"
    )


@pytest.mark.requirement("DEP-3")
def test_file_is_edited_in_a_tab(code_server: CodeServer, pod: Pod, path: str, word: str) -> None:
    made = pod.run(f"echo 'here is {word}' >{path}")
    succeeded(made, "home", "no file can be made", repair="give its volume to the pod's fsGroup")
    code_server.enter()
    code_server.open_file(path, f"here is {word}")
    code_server.edit_file(f"typed-{word} ")
    limit = f"{patient(SAVED_SECONDS):.0f}"
    saved = pod.run(f"timeout {limit} sh -c 'until grep typed-{word} {path}; do sleep 0.1; done'")
    expected, fix = f"typed-{word} here is {word}\n", "free some space on home's volume"
    assert saved.stdout == expected, f"editor: {path} has {saved.stdout!r} {limit} s after Ctrl+S: {fix}"


@pytest.mark.requirement("DEP-3")
def test_terminal_runs_a_command(code_server: CodeServer, inventory: Inventory) -> None:
    product, number = unseen_number()
    code_server.enter()
    terminal = code_server.open_terminal()
    terminal.run(f'echo "$(id -un) {product}"', f"{inventory.image.user} {number}")
    terminal.run("type k", "k is aliased to `kubectl'")
