"""Checks that need a service come last, a need that nothing provides is refused; and services that are held."""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path
from types import SimpleNamespace as Object
from typing import Any

import pytest

from fixtures.redaction import keep
from fixtures.services import plugin
from fixtures.services.model import Account

PLUGINS = ("fixtures.run", "fixtures.verdict.plugin", "fixtures.services.plugin")


def collect(pytester: pytest.Pytester, checks: str) -> pytest.RunResult:
    pytester.makeini("[pytest]\nstrict = true")
    pytester.makepyfile(f"import pytest\n{checks}")
    options = [word for plugin in PLUGINS for word in ("-p", plugin)]
    return pytester.runpytest_inprocess(*options, "--collect-only", "-q")


def test_checks_that_need_a_service_come_last(pytester: pytest.Pytester) -> None:
    needing = (
        '@pytest.mark.needs("gitea")\ndef test_gitea(): pass\n@pytest.mark.needs("starts")\ndef test_starts(): pass\n'
    )
    result = collect(pytester, needing + "def test_image(): pass\n")
    result.stdout.fnmatch_lines(["*::test_starts", "*::test_image", "*::test_gitea"])


def test_need_that_nothing_provides_is_refused(pytester: pytest.Pytester) -> None:
    result = collect(pytester, '@pytest.mark.needs("gitae")\ndef test_gitea(): pass')
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*::test_gitea: needs 'gitae', which nothing provides: known are argo, argocd, *"])


@pytest.fixture
def held_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the passwords, which a run that was killed has left, for everybody to read."""
    monkeypatch.setattr(plugin, "HELD_FILE", tmp_path / "held.json")
    (tmp_path / "held.json").touch(0o666)
    return tmp_path / "held.json"


def test_passwords_of_services_that_are_held_are_for_this_user_alone_and_not_shown(
    held_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    embedded: Any = Object(
        status=Object(up=lambda: ["nats"]),
        endpoint=lambda _: Object(account=Account("workspace", keep("s3cret"), "")),
        table={"nats": Object(host="nats.nats.svc", port=4222)},
    )
    config: Any = Object(pluginmanager=Object(getplugin=lambda _: None))
    seen: list[Any] = []

    def pause() -> None:
        seen.extend([stat.S_IMODE(held_file.stat().st_mode), json.loads(held_file.read_text(encoding="utf-8"))])
        raise KeyboardInterrupt

    monkeypatch.setattr(signal, "pause", pause)
    before = os.umask(0o022)
    try:
        plugin.hold(embedded, Path("two words/kubeconfig"), Path("ca.crt"), config)
    finally:
        os.umask(before)
    assert seen == [0o600, {"nats": {"user": "workspace", "password": "s3cret"}}]
    assert not held_file.exists()
    said = capsys.readouterr().out
    assert "nats.nats.svc:4222" in said
    assert "s3cret" not in said
    assert "\nexport KUBECONFIG='two words/kubeconfig'\n" in said
