"""What a registry's refusal means, and where the password goes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.registry.client import Pushed, Registry, opened
from fixtures.registry.refusals import refusal
from fixtures.registry.settings import RegistryError, RegistrySettings

HARBOR = RegistrySettings("harbor.example.com", "robot", "s3cret")


@pytest.fixture(autouse=True)
def _scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relocate: Callable[[str, Path], None]) -> None:
    relocate("BUILD_DIRECTORY", tmp_path / "build")
    monkeypatch.setattr("fixtures.registry.client.environment", lambda: None)


def test_pushed_image_is_named_by_digest() -> None:
    assert Pushed("h", "library/x", "sha256:1").reference == "h/library/x@sha256:1"


SAID = {
    "Error: logging into h: invalid username/password": "refuses user robot",
    "unauthorized: authentication required": "refuses user robot",
    "x509: certificate signed by unknown authority": "has a certificate that is not trusted here",
    "dial tcp 127.0.0.1:443: connect: connection refused": "does not answer",
    "dial tcp: lookup nowhere.invalid: no such host": "does not answer",
    "denied: requested access to the resource is denied": "does not let user robot",
    "write /x: no space left on device": "full disk",
    "manifest unknown": "has no such image",
}


@pytest.mark.parametrize(("said", "meaning"), SAID.items(), ids=SAID)
def test_refusals_are_told_apart(said: str, meaning: str) -> None:
    problem, repair = refusal("h", "robot", "push x", said)
    assert problem.startswith("registry h ")
    assert meaning in problem
    assert repair


@pytest.mark.parametrize("figures", ["401", "403", "404"])
def test_status_among_a_digest_s_figures_is_none(figures: str) -> None:
    said = f"Error: layer sha256:9e{figures}ba1 is broken"
    assert refusal("h", "", "push x", said) == ("registry h: cannot push x", said)
    assert refusal("h", "", "push x", f"answered {figures}").problem != "registry h: cannot push x"


def test_unknown_refusal_is_passed_on() -> None:
    assert refusal("h", "", "push x", "\nError: what is this\n") == (
        "registry h: cannot push x",
        "Error: what is this",
    )


def test_password_goes_by_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "podman"
    program.write_text('#!/bin/sh\necho "$*" >"$0.args"\ncat >"$0.stdin"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with opened(HARBOR) as client:
        client.login()
    assert "s3cret" not in (tmp_path / "podman.args").read_text(encoding="utf-8")
    assert (tmp_path / "podman.stdin").read_text(encoding="utf-8") == "s3cret"


def test_credentials_are_removed(tmp_path: Path) -> None:
    with opened(HARBOR):
        (folder,) = (tmp_path / "build").iterdir()
        assert (folder / "auth.json").stat().st_mode & 0o777 == 0o600
    assert not list((tmp_path / "build").iterdir())


def test_hanging_client_is_ended(tmp_path: Path) -> None:
    client = Registry(HARBOR, tmp_path)
    with pytest.raises(RegistryError, match=r"^`sleep 60` has not ended in 0 s"):
        client._run(["sleep", "60"], "wait", seconds=0.1)


SKOPEO = """#!/bin/sh
# Copies an image, whose manifest is not the one that was asked for.
for place; do :; done
printf %s '{"config": {"digest": "sha256:abc"}, "layers": [{"size": 3}, {"size": 4}]}' >"${place#dir:}/manifest.json"
"""


def test_digest_of_what_is_pulled_back_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "skopeo").write_text(SKOPEO, encoding="utf-8")
    (tmp_path / "skopeo").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with opened(HARBOR) as client:
        found = client.pull_back(Pushed("h", "library/x", "sha256:1"))
    manifest = SKOPEO.partition("printf %s '")[2].partition("'")[0]
    assert found.digest == f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
    assert (found.image_id, found.size) == ("abc", 7)
