"""Locks resolved anew: what is resolved, and what is told of it."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from fixtures import inventory as inventories
from fixtures.builder import base_lock, debian_lock, debian_resolve, lock_files, locks
from fixtures.builder.debian_lock import DebianLock
from fixtures.builder.references import Reference, parse
from fixtures.builder.registry_answers import NoRouteError
from fixtures.errors import UsageError
from fixtures.inventory import Inventory
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


@pytest.mark.usefixtures("product")
def test_kinds_that_are_named_are_resolved_and_their_changes_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "docker" / "a.lock"
    lock.parent.mkdir()
    (tmp_path / "requirements.lock").write_text("x==1\n", encoding="utf-8")
    monkeypatch.setattr(locks, "ROOT", tmp_path)
    monkeypatch.setattr(lock_files, "ROOT", tmp_path)
    monkeypatch.setattr(locks, "SUITE", tmp_path / "requirements.lock")
    monkeypatch.setattr(locks, "KINDS", {"a": lambda **_: lock.write_text("b=1\n", encoding="utf-8"), "c": pytest.fail})
    assert list(locks.renew(["a"])) == ["a: resolving", "docker/a.lock: b (none) -> 1"]
    assert list(locks.renew(["a"])) == ["a: resolving", "nothing changed"]


def test_every_requirements_in_of_an_image_is_resolved() -> None:
    there = {path.parent for path in (ROOT / "docker").rglob("requirements.in") if not path.parent.is_symlink()}
    assert set(locks.FOLDERS) == there


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the base's lock, which is not there yet; its registry has the new digest."""
    monkeypatch.setattr(lock_files, "own", lambda name: tmp_path / name)
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


@pytest.mark.parametrize(
    ("written", "asked", "same"),
    [("", "latest", True), ("latest", "", True), ("4.99.0", "4.99.0", True), ("4.99.0", "", False), ("", "4", False)],
)
def test_lock_is_of_one_tag_which_is_latest_where_none_is_named(
    lock: Path, written: str, asked: str, *, same: bool
) -> None:
    locked, wanted = (f"docker.io/codercom/code-server:{tag}".removesuffix(":") for tag in (written, asked))
    lock.write_text(f"{locked}@{OLD}\n", encoding="utf-8")
    found = base_lock.locked(parse(wanted, "base"))
    assert (found is not None) == same


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


def test_base_that_is_locked_stays_where_only_new_things_are_resolved(lock: Path) -> None:
    lock.write_text(f"{BASE}@{OLD}\n", encoding="utf-8")
    base_lock.renew(BASE, keep=True)
    assert OLD in lock.read_text(encoding="utf-8")
    base_lock.renew("codercom/other", keep=True)
    assert NEW in lock.read_text(encoding="utf-8")


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


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The folder of an inventory of one's own, which is in use."""
    shutil.copy(ROOT / "docker" / "examples" / "three-tools" / "tools.toml", tmp_path)
    inventories.use(tmp_path / "tools.toml")
    return tmp_path


@pytest.fixture
def product() -> None:
    """The product's inventory is in use, as on the command line."""
    inventories.use(None)


def test_locks_of_another_inventory_stand_beside_it(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "resolve", lambda *_: DebianLock({"debian": {}, "base": {}, "image": {"jq": "9"}}))
    called: list[tuple[object, ...]] = []
    monkeypatch.setattr(locks, "_uv", lambda *words: called.append(words))
    (own / "python").mkdir()
    (own / "python" / "requirements.in").write_text("httpie\n", encoding="utf-8")
    told = list(locks.renew(["python", "debian"]))
    assert [(words[0], words[-1]) for words in called] == [(own, "python/requirements.in")]
    assert f"{own}/debian/amd64.lock: jq (none) -> 9" in told
    assert debian_lock.locked("arm64").upto("image") == {"jq": "9"}


def test_repair_of_another_inventory_s_lock_names_it(own: Path) -> None:
    assert lock_files.renew("debian") == (
        f"run `nox -s lock -- debian --inventory {own}/tools.toml`, commit what it changes, and build again"
    )


def test_repair_works_where_the_inventory_s_path_has_blanks(own: Path) -> None:
    path = own / "two words; $HOME" / "tools.toml"
    path.parent.mkdir()
    shutil.copy(own / "tools.toml", path)
    inventories.use(path)
    command = lock_files.renew("debian").split("`")[1]
    assert shlex.split(command) == ["nox", "-s", "lock", "--", "debian", "--inventory", str(path)]


@pytest.mark.usefixtures("product")
def test_what_is_locked_stays_where_only_new_things_are_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[DebianLock | None] = []

    def resolve(_: Inventory, name: str, lock: DebianLock | None) -> DebianLock:
        kept.append(lock)
        return debian_lock.locked(name)

    monkeypatch.setattr(locks, "resolve", resolve)
    monkeypatch.setattr(locks, "write_in_one_step", lambda *_: None)
    for keep in (False, True):
        assert list(locks.renew(["debian"], keep=keep)) == ["debian: resolving", "nothing changed"]
    assert kept == [None, None, debian_lock.locked("amd64"), debian_lock.locked("arm64")]


@pytest.mark.usefixtures("product")
def test_python_s_packages_take_no_newer_version_where_only_new_things_are_resolved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[tuple[object, ...]] = []
    monkeypatch.setattr(locks, "_uv", lambda *words: called.append(words))
    locks.python(keep=True)
    assert not any("--upgrade" in words for words in called)
    assert called[0][-2] == f"--output-file={locks.SUITE.name}"


@pytest.mark.usefixtures("product")
def test_apt_prefers_what_is_to_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    preferred: list[str] = []

    def said(environment: dict[str, str], *_: str) -> str:
        preferred.append((Path(environment["APT_CONFIG"]).parent / "etc/apt/preferences.d/locked").read_text())
        return ""

    monkeypatch.setattr(debian_resolve, "_apt", said)
    kept = DebianLock({"debian": {"bash": "5"}, "base": {}, "image": {"jq": "1"}})
    debian_resolve.resolve(inventories.load(), "amd64", kept)
    assert preferred[-1] == debian_lock.preferences({"bash": "5", "jq": "1"})


@pytest.mark.parametrize(("keep", "repair"), [(True, "run it without --new"), (False, "E: .* held broken packages")])
def test_new_package_that_does_not_fit_the_lock_is_told(
    monkeypatch: pytest.MonkeyPatch, repair: str, *, keep: bool
) -> None:
    def broken(_: dict[str, str], *words: str) -> str:
        if words[0] == "install":
            said = "E: Unable to correct problems, you have held broken packages."
            raise debian_resolve.ResolveError("`apt-get install` failed (100)", said)
        return ""

    monkeypatch.setattr(debian_resolve, "_apt", broken)
    with pytest.raises(debian_resolve.ResolveError, match=repair):
        debian_resolve.resolve(inventories.load(), "amd64", DebianLock({"debian": {"a": "1"}}) if keep else None)
