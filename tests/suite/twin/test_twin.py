"""The build on the twin: apart from the checkout's own, and nobody takes the twin for upstream's image afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures import inventory
from fixtures.builder import base_lock
from fixtures.builder.references import Reference
from fixtures.builder.registry_answers import REGISTRIES_CONF
from fixtures.errors import ExitCode
from fixtures.marks import LOCAL_REGISTRY
from fixtures.paths import BUILD_VARIABLE, ROOT
from fixtures.twin import __main__ as twin
from fixtures.twin import image, registry

BASE = "docker.io/codercom/code-server"
DIGEST = f"sha256:{'1' * 64}"


@pytest.fixture
def done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relocate: Callable[[str, Path], None]
) -> list[tuple[str, ...]]:
    """What was built, and which names were taken from the twin."""
    steps: list[tuple[str, ...]] = []

    @contextmanager
    def serving(name: str, reference: Reference) -> Iterator[None]:
        steps.append(("serve", name, str(reference)))
        yield
        steps.append(("stop",))

    def build(words: list[str]) -> int:
        steps.append(tuple(words))
        return 1

    relocate("BUILD_DIRECTORY", tmp_path)
    monkeypatch.setenv(REGISTRIES_CONF, "")  # set in the test, and back afterwards
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(twin, "BUILD", ".build/twin")
    monkeypatch.setattr(twin, "ensure", lambda *_: None)
    monkeypatch.setattr(twin, "exclusive", lambda _: serving("lock", Reference("x", "y")))
    monkeypatch.setattr(twin, "inspect", lambda _: {"Size": 1, "Id": "1"})
    monkeypatch.setattr(twin, "podman", lambda *words: steps.append(words))
    monkeypatch.setattr(image, "build", lambda **_: "twin")
    monkeypatch.setattr("fixtures.builder.registry_answers.remote_digest", lambda _: DIGEST)
    monkeypatch.setattr(registry, "serving", serving)
    monkeypatch.setattr("fixtures.__main__.main", build)
    monkeypatch.setattr(inventory, "load", lambda: SimpleNamespace(image=SimpleNamespace(base=BASE)))
    return steps


def test_product_is_built_on_what_the_registry_serves(done: list[tuple[str, ...]]) -> None:
    assert twin.build(prebuilt=["k9s=/k9s"]) == 1
    name = f"--registry=twin.{LOCAL_REGISTRY}"
    assert done[1:] == [
        ("serve", "twin", f"{BASE}:latest"),
        ("build", "--base=upstream", "--allow-omissions", name, "--prebuilt=k9s=/k9s"),
        ("untag", "1"),
        ("tag", "1", "twin"),
        ("stop",),
        ("stop",),
    ]


@pytest.mark.usefixtures("done")
def test_digest_that_the_twin_has_is_its_lock(tmp_path: Path) -> None:
    twin.build()
    assert (tmp_path / "base.lock").read_text(encoding="utf-8") == f"{BASE}:latest@{DIGEST}\n"
    assert base_lock.drift(BASE, "upstream", DIGEST) == []


def test_build_does_not_take_the_place_of_the_checkout_s_own(
    done: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(twin, "BUILD", ".build")
    assert (twin.main([]), done) == (ExitCode.USAGE, [])
    assert capsys.readouterr().err.startswith(f"error: {BUILD_VARIABLE} is not set: ")


def test_base_by_digest_has_no_twin(
    done: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = SimpleNamespace(base=f"{BASE}@sha256:{'1' * 64}")
    monkeypatch.setattr(inventory, "load", lambda: SimpleNamespace(image=settings))
    assert (twin.main([]), done) == (ExitCode.USAGE, [])
    assert "is pinned by digest, which no twin has: name it by tag" in capsys.readouterr().err


def test_other_folder_takes_results_and_neither_clusters_nor_programs() -> None:
    script = (
        "import json; from fixtures import paths; from fixtures.verdict import merge; "
        "print(json.dumps([str(p) for p in (paths.MANIFEST, merge.WHOLE, paths.CLUSTERS, paths.DROP_IN)]))"
    )
    env = {**os.environ, BUILD_VARIABLE: ".build/twin"}
    said = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, check=True)
    names = ("twin/manifest.json", "twin/verdict.json", "clusters", "prebuilt")
    assert json.loads(said.stdout) == [str(ROOT / ".build" / name) for name in names]
