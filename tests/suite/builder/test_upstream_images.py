"""The file that names upstream's images for nodes and services."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.builder import upstream_images
from fixtures.builder.references import parse
from fixtures.errors import UsageError

DIGEST = "sha256:" + "a" * 64


def file(folder: Path, text: str) -> Path:
    """Write a file of images."""
    (folder / "images.toml").write_text(text, encoding="utf-8")
    return folder / "images.toml"


def test_no_image_is_upstream_s_by_default() -> None:
    assert upstream_images.read(None).described() == {}


def test_images_are_read_and_said_to_be_unverified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream_images, "VERIFIED_FILE", tmp_path / "verified")
    (tmp_path / "verified").write_text(f"# a comment\nh:5/postgres@{DIGEST}\n", encoding="utf-8")
    text = f'cluster.node = "kindest/node:v1.30.0@{DIGEST}"\nservices.postgresql = "h:5/postgres:17@{DIGEST}"'
    found = upstream_images.read(file(tmp_path, text), {"postgresql"})
    assert str(found.node) == f"docker.io/kindest/node@{DIGEST}"
    assert found.described() == {
        "node": f"docker.io/kindest/node@{DIGEST}, upstream's: NEVER VERIFIED by this suite",
        "postgresql": f"h:5/postgres@{DIGEST}, upstream's",
    }


@pytest.mark.parametrize(
    "text",
    [
        f"h:5/postgres@sha256:{'b' * 64}",
        f"h:5/postgres17@{DIGEST}",
        f"h:5/postgres/x@{DIGEST}",
        f"h:6/postgres@{DIGEST}",
    ],
    ids=["digest", "longer name", "folder", "host"],
)
def test_image_like_a_verified_one_was_never_verified(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream_images, "VERIFIED_FILE", tmp_path / "verified")
    (tmp_path / "verified").write_text(f"h:5/postgres@{DIGEST}\n# {text}\n", encoding="utf-8")
    assert upstream_images.described(parse(text, "x")) == f"{text}, upstream's: NEVER VERIFIED by this suite"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('services.postgres = "x"', "services.postgres: no service has such an image: did you mean 'postgresql'?"),
        ('services.x = "x"', "services.x: no service has such an image: known are nats, postgresql"),
        ('cluster.nod = "x"', "cluster.nod: unknown key 'nod', did you mean 'node'?"),
        ('services.nats = "h/x:1"', "services.nats: 'h/x:1' names no digest: write it as docker.io/h/x@sha256:..., "),
        ('cluster.node = "A"', "cluster.node: 'A' is no name of an image: "),
    ],
    ids=["near", "unknown", "key", "no digest", "no name"],
)
def test_mistake_is_one_line_with_the_fix(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(UsageError) as told:
        upstream_images.read(file(tmp_path, text), {"postgresql", "nats"})
    assert str(told.value).startswith(f"images.toml: {line}")


def test_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^none\.toml: cannot be read .*: give --upstream-images an existing file$"):
        upstream_images.read(tmp_path / "none.toml")


def test_verified_images_are_named_by_digest() -> None:
    assert all(parse(name, "docker/verified-images").digest for name in upstream_images.verified())
