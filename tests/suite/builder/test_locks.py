"""Locks resolved anew: what is resolved, and what is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.builder import base_lock, locks
from fixtures.builder.references import Reference, parse
from fixtures.builder.registry_answers import NoRouteError
from fixtures.errors import UsageError
from fixtures.paths import ROOT

BASE = "docker.io/codercom/code-server:latest"
OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("curl=8.1-2\n", "curl=8.2-1\n", ["x.lock: curl 8.1-2 -> 8.2-1"]),
        ("a==1 \\\n    --hash=sha256:1\n", "a==1 \\\n    --hash=sha256:2\n", ["x.lock: other hashes or remarks"]),
        ("a==1 ; x\nb==1\n", "a==1 ; x\nc==2\n", ["x.lock: b 1 -> (none)", "x.lock: c (none) -> 2"]),
        (f"{BASE}@{OLD}\n", f"{BASE}@{NEW}\n", [f"x.lock: {BASE} {OLD} -> {NEW}"]),
        ("a==1\n", "a==1\n", []),
    ],
)
def test_each_change_is_a_line(before: str, after: str, told: list[str]) -> None:
    assert locks.changes("x.lock", before, after) == told


def test_kinds_that_are_named_are_resolved_and_their_changes_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "docker" / "a.lock"
    lock.parent.mkdir()
    (tmp_path / "requirements.lock").write_text("x==1\n", encoding="utf-8")
    monkeypatch.setattr(locks, "ROOT", tmp_path)
    monkeypatch.setattr(locks, "SUITE", tmp_path / "requirements.lock")
    monkeypatch.setattr(locks, "KINDS", {"a": lambda: lock.write_text("b=1\n", encoding="utf-8"), "c": pytest.fail})
    assert list(locks.renew(["a"])) == ["a: resolving", "docker/a.lock: b (none) -> 1"]
    assert list(locks.renew(["a"])) == ["a: resolving", "nothing changed"]


def test_every_requirements_in_of_an_image_is_resolved() -> None:
    there = {path.parent for path in (ROOT / "docker").rglob("requirements.in") if not path.parent.is_symlink()}
    assert set(locks.FOLDERS) == there


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the base's lock, which is not there yet; its registry has the new digest."""
    monkeypatch.setattr(base_lock, "LOCK", tmp_path / "base.lock")
    monkeypatch.setattr("fixtures.builder.registry_answers.remote_digest", lambda _: NEW)
    return tmp_path / "base.lock"


def test_base_is_locked_by_the_digest_that_its_registry_has(lock: Path) -> None:
    assert base_lock.locked(parse(BASE, "base")) is None
    base_lock.renew("codercom/code-server")
    assert lock.read_text(encoding="utf-8") == f"{BASE}@{NEW}\n"
    found = base_lock.locked(parse("codercom/code-server", "base"))
    assert found is not None
    assert found.digest == NEW
    assert base_lock.locked(parse(BASE.replace("latest", "4.99.0"), "base")) is None


def test_base_keeps_its_lock_where_no_route_leads_to_the_registry(
    lock: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreached(_: Reference) -> str:
        raise NoRouteError("no route", "check it")

    lock.write_text(f"{BASE}@{OLD}\n", encoding="utf-8")
    monkeypatch.setattr("fixtures.builder.registry_answers.remote_digest", unreached)
    base_lock.renew(BASE)
    assert OLD in lock.read_text(encoding="utf-8")
    assert capsys.readouterr().out == "base: no route; base.lock stays as it is\n"


@pytest.mark.usefixtures("lock")
def test_base_that_is_pinned_needs_no_lock(lock: Path) -> None:
    base_lock.renew(f"{BASE}@{OLD}")
    assert not lock.exists()
    assert base_lock.drift(f"{BASE}@{OLD}", "upstream", OLD) == []


def test_base_with_another_digest_than_the_locked_one_is_drift(lock: Path) -> None:
    assert base_lock.drift(BASE, "stand-in", OLD) == []
    assert base_lock.drift(BASE, "upstream", OLD) == [f"{BASE} is {OLD}, not locked"]
    lock.write_text(f"{BASE}@{NEW}\n", encoding="utf-8")
    assert base_lock.drift(BASE, "upstream", NEW) == []
    assert base_lock.drift(BASE, "upstream", OLD) == [f"{BASE} is {OLD}, locked is {NEW}"]


@pytest.mark.parametrize(("text", "told"), [("a b", "no name of an image"), (f"{BASE}\n", "has no digest: run `nox")])
def test_lock_of_the_base_that_is_none_is_refused(text: str, told: str, lock: Path) -> None:
    lock.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=rf"^base\.lock: .*{told}"):
        base_lock.locked(parse(BASE, "base"))
