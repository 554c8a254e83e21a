"""The benchmark in a container: wrong input, and its tables."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.bench.container import Bench, main, tables_of
from fixtures.bench.figures import Runner, Sample
from fixtures.errors import ExitCode


def test_a_missing_image_is_told_before_anything_is_built(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fixtures.bench.container.ensure", lambda: None)
    monkeypatch.setattr("fixtures.image.image.image_exists", lambda _: False)
    assert main(["--image", "localhost/absent"]) == ExitCode.SUITE_ERROR
    assert "no image localhost/absent in the local storage: build it" in capsys.readouterr().err


def runner(name: str, seconds: float, *problems: str) -> Runner:
    """A way that took a turn of two commands."""
    return Runner(name, 2, lambda: Sample(0.0), [Sample(seconds, [seconds / 2] * 2, list(problems))])


def test_tables_set_each_way_beside_the_bare_loop() -> None:
    commands = [runner("bare loop", 0.001), runner("open shell", 0.002)]
    checks = [runner("bare loop", 10.0), runner("open shell", 11.0, "jq: exit 1 instead of 0")]
    facts = {"cores": 2, "kernel": "6.1", "podman": "5.4"}
    document: dict[str, Any] = {"image": {"name": "x", "id": "a" * 64}, "machine": facts, "load": [0.5], "rounds": 1}
    text = "\n".join(tables_of(cast("Bench", SimpleNamespace(commands=commands, checks=checks)), document))
    lines = text.splitlines()
    assert lines[1].startswith("x, aaaaaaaaaaaa; 2 cores, Linux 6.1, podman 5.4; load 0.5 (0.5-0.5); median")
    rows = [line.split("  ") for line in lines if line.startswith("open shell ")]
    assert [row[-1].strip() for row in rows] == ["2.00 (2.00-2.00)", "1"]
    assert "1.100 (1.100-1.100)" in text
