"""An image in a small registry, the verdict on it, and a command line that attests and verifies."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fixtures import inventory
from fixtures.attestation import __main__ as command_line
from fixtures.attestation import keys, statement
from fixtures.registry.api import RegistryApi
from fixtures.registry.settings import RegistrySettings
from fixtures.verdict import merge
from tests.suite.registry.conftest import environment, fake
from tests.suite.registry.fakes.registry import FakeRegistry, digest_of, manifest
from tests.suite.registry.test_promotion import whole
from tests.suite.small_inventory import SMALL

__all__ = ("environment", "fake")

HERE = inventory.load(SMALL).image.repository
WORD = "an image"
DIGEST = digest_of(manifest(WORD))
BUILD = digest_of(WORD.encode()).removeprefix("sha256:")
SUITE = {"commit": "c" * 40, "dirty": False, "tree": ""}
REFERENCE = f"registry.example.com/{HERE}@{DIGEST}"
Attest = Callable[..., int]


def row(name: str, verdict: str, *, optional: bool = False, expected: str = "") -> dict[str, Any]:
    """One requirement of a verdict."""
    return {"id": name, "verdict": verdict, "optional": optional, "expected": expected}


ROWS = (
    row("BLD-1", "passed"),
    row("DEP-4", "passed"),
    row("TOOL-jq-connects", "n/a"),
    row("TOOL-tea-runs", "not shipped"),
    row("FLOW-github", "blocked", expected="needs a token"),
    row("OPT-tk", "not run", optional=True),
)


def verdict(**changes: Any) -> dict[str, Any]:
    """The document of a verdict on the image that has passed a moment ago, with changes."""
    document = whole(run="r" * 32, suite=SUITE, requirements=list(ROWS), started=datetime.now(UTC).isoformat())
    for part in document["context"].values():
        part["image"]["id"] = BUILD
    document["context"]["live"]["pushed"]["digest"] = DIGEST
    return document | changes


def finished(hours: float) -> dict[str, Any]:
    """Changes of a verdict that make it some hours old."""
    return {"finished": (datetime.now(UTC) - timedelta(hours=hours)).isoformat()}


@pytest.fixture(params=[False, True], ids=["tag schema", "referrers API"])
def registry(request: pytest.FixtureRequest, fake: FakeRegistry) -> FakeRegistry:
    """A registry with the image, of either kind."""
    fake.knows_referrers = request.param
    fake.give(HERE, "latest", WORD)
    return fake


@pytest.fixture
def api(registry: FakeRegistry) -> RegistryApi:
    """The registry's API."""
    return RegistryApi(registry.settings)


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The key of the user, at its default place."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    keys.make(keys.default_key())
    return keys.default_key()


@pytest.fixture
def run(
    registry: FakeRegistry, environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: Path,
    relocate: Callable[[str, Path], None],
) -> Attest:  # fmt: skip
    """Runs the command line, after a verdict was written where one is given; returns the exit code."""
    del environment, key
    relocate("BUILD_DIRECTORY", tmp_path / "build")
    monkeypatch.setattr("fixtures.attestation.statement.binding.suite", lambda _: SUITE)
    monkeypatch.setattr(statement, "CONFIGURATION", ("tests/checks.txt",))
    mine, of_registry = command_line._registry, registry.settings
    monkeypatch.setattr(RegistrySettings, "required", lambda: of_registry)
    monkeypatch.setattr(command_line, "_registry", lambda host: of_registry if host == of_registry.host else mine(host))

    def run(*arguments: str, document: Any = None) -> int:
        if document is not None:
            merge.WHOLE.parent.mkdir(exist_ok=True)
            merge.WHOLE.write_text(json.dumps(document), encoding="utf-8")
        return command_line.main(arguments)

    return run
