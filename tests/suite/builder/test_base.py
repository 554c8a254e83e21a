"""The base image: upstream's by digest where a registry answers, else the stand-in; a refusal is an error."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.builder import base
from fixtures.builder.base import Base
from fixtures.host.process import PodmanError

DIGEST = "sha256:" + "a" * 64
REFERENCE = "docker.io/codercom/code-server:latest"
NO_ROUTE = "echo 'dial tcp: lookup docker.io: no such host' >&2; exit 1"


@pytest.fixture
def skopeo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of skopeo, without its content."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("fixtures.builder.base.environment", lambda: dict(os.environ))
    (tmp_path / "skopeo").touch(mode=0o755)
    return tmp_path / "skopeo"


def answer(skopeo: Path, script: str) -> None:
    """Make skopeo run a script."""
    skopeo.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")


def test_base_is_upstream_s_where_a_registry_answers(skopeo: Path) -> None:
    answer(skopeo, f"echo {DIGEST}")
    found = base.resolve_base(REFERENCE)
    assert (found.kind, found.digest) == ("upstream", DIGEST)
    assert found.reference == f"docker.io/codercom/code-server@{DIGEST}"
    assert found.debian == f"docker.io/library/debian:trixie@{DIGEST}"


def test_base_is_the_stand_in_where_no_registry_answers(skopeo: Path) -> None:
    answer(skopeo, NO_ROUTE)
    found = base.resolve_base(REFERENCE)
    assert (found.kind, found.digest) == ("stand-in", "")
    assert found.reason == f"no container registry answered for {REFERENCE}; built from package registries instead"


def test_stand_in_is_used_too_where_debian_alone_cannot_be_had(skopeo: Path) -> None:
    answer(skopeo, f'case "$*" in *library/debian*) {NO_ROUTE};; esac; echo {DIGEST}')
    assert base.resolve_base(REFERENCE).reason.startswith("no container registry answered for docker.io/library/debian")


def test_registry_that_answers_too_late_does_not_answer(skopeo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.builder.base.REGISTRY_SECONDS", 0.2)
    answer(skopeo, "exec sleep 30")
    assert base.remote_digest(REFERENCE) is None


@pytest.mark.parametrize(
    "said",
    ["unauthorized: x", "requested access is denied", "toomanyrequests: x", "manifest unknown"],
    ids=["unauthorized", "denied", "too-many", "unknown"],
)
def test_refusal_is_an_error_and_no_reason_for_the_stand_in(skopeo: Path, said: str) -> None:
    answer(skopeo, f"echo '{said}' >&2; exit 1")
    with pytest.raises(PodmanError, match=rf"^the registry refuses {REFERENCE} \({said}\): log in with `podman login`"):
        base.resolve_base(REFERENCE)


STAND_IN = Base("localhost/base", "", "stand-in", "no registry answers", "localhost/debian")


@pytest.mark.parametrize("make", [base.prepare_debian, base.build_base], ids=["Debian", "the base"])
def test_image_that_checkouts_share_is_made_once(
    make: Callable[[Base], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(base, "image_exists", lambda name: name in made)
    monkeypatch.setattr(base, "podman_build", lambda *_: pytest.fail("the base was made again"))
    monkeypatch.setattr(base, "_make_debian", lambda _: pytest.fail("Debian was made again"))
    other = threading.Thread(target=make, args=(STAND_IN,))
    with base.alone_on_this_machine():
        other.start()
        other.join(0.2)
        assert other.is_alive(), "it does not wait for the process that makes the image"
        made += [STAND_IN.debian, STAND_IN.reference]
    other.join(10)
    assert not other.is_alive()
