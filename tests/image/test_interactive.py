"""Tools that draw a screen, driven in a real terminal: vim, nano, k9s."""

from __future__ import annotations

import re

import pytest

from fixtures.advice import REBUILD
from fixtures.image.containers import Container
from fixtures.image.image import Image
from fixtures.inventory import Inventory

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: probe-context
clusters: [{name: probe-cluster, cluster: {server: "http://127.0.0.1:9"}}]
contexts: [{name: probe-context, context: {cluster: probe-cluster, user: probe-user}}]
users: [{name: probe-user, user: {}}]
"""


@pytest.mark.requirement("TOOL-vim-operates")
def test_vim_edits_and_saves_in_a_terminal(container: Container) -> None:
    with container.terminal("vim", "-u", "NONE", "/tmp/vim-probe") as screen:
        screen.wait_for(r"vim-probe")
        screen.send("ihello from vim\x1b")
        screen.wait_for(r"^hello from vim$")
        screen.send(":wq\r")
        screen.must_exit()
    saved = container.host.run("cat /tmp/vim-probe; rm /tmp/vim-probe").stdout
    assert saved == "hello from vim\n", f"vim: saved {saved!r} instead of the typed line: {REBUILD}\n{screen.text}"


@pytest.mark.requirement("TOOL-nano-operates")
def test_nano_edits_and_saves_in_a_terminal(container: Container) -> None:
    with container.terminal("nano", "/tmp/nano-probe") as screen:
        screen.wait_for(r"GNU nano [0-9.]+")
        screen.send("hello from nano")
        screen.wait_for(r"^hello from nano")
        screen.send("\x0f")
        screen.wait_for(r"Write to File: /tmp/nano-probe")
        screen.send("\r")
        screen.wait_for(r"Wrote 1 line")
        screen.send("\x18")
        screen.must_exit()
    saved = container.host.run("cat /tmp/nano-probe; rm /tmp/nano-probe").stdout
    assert saved == "hello from nano\n", f"nano: saved {saved!r} instead of the typed line: {REBUILD}\n{screen.text}"


@pytest.mark.requirement("TOOL-nano-runs")
def test_nano_knows_the_syntax_of_python(container: Container) -> None:
    container.host.backend.run("cat >/tmp/nano-probe.py", stdin=b"import probe_module\n")
    with container.terminal("nano", "/tmp/nano-probe.py") as screen:
        screen.wait_for(r"^import probe_module$")
        colours = [screen.colour_of(word) for word in ("import", "probe_module")]
        screen.send("\x18")
        screen.must_exit()
    container.host.run("rm /tmp/nano-probe.py")
    assert colours[0] != colours[1] == "default", f"nano: shows `import` and a module's name as {colours}: {REBUILD}"


@pytest.mark.requirement("TOOL-k9s-runs")
def test_k9s_draws_its_screen_without_a_cluster(inventory: Inventory, image: Image, container: Container) -> None:
    tool = inventory.tool("k9s")
    image.require(tool)
    container.host.backend.run("cat >/tmp/k9s-probe", stdin=KUBECONFIG.encode())
    with container.terminal("k9s", "--kubeconfig", "/tmp/k9s-probe", columns=160) as screen:
        screen.wait_for(rf"K9s Rev:\s+v{re.escape(tool.version)}", timeout=20)
        screen.wait_for(r"^Context:.*<\?> Help.*____  __\.________", timeout=20)
        screen.wait_for(r"^┌─+.*─+┐$", timeout=20)
        screen.send("\x03")
        screen.must_exit()
    container.host.run("rm /tmp/k9s-probe")
