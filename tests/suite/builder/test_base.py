"""The base image that is chosen by hand, by its name and by its digest; what a registry answers is beside this."""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures.builder import base
from fixtures.builder.base import STOOD_IN_FOR, Base, BaseSource
from fixtures.builder.debian_lock import DebianLock
from fixtures.builder.references import Reference
from fixtures.builder.registry_answers import NoRouteError, RegistryAnswerError
from fixtures.errors import UsageError
from fixtures.host.process import PodmanError

PINNED = "@sha256:" + "a" * 64


@pytest.fixture(autouse=True)
def no_route(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No registry is reached; the names of the images that were asked for."""
    asked: list[str] = []

    def ask(reference: object) -> str:
        asked.append(str(reference))
        raise NoRouteError("no route", "check it")

    monkeypatch.setattr("fixtures.builder.registry_answers.remote_digest", ask)
    monkeypatch.setattr(base, "image_exists", lambda _: False)
    return asked


@pytest.mark.parametrize("text", [STOOD_IN_FOR, "codercom/code-server", "docker.io/codercom/code-server"])
def test_stand_in_is_chosen_where_no_route_leads_to_the_plan_s_base(text: str, no_route: list[str]) -> None:
    found = base.choose_base(text, "auto")
    assert (found.kind, found.reason) == ("stand-in", "no route; built from package registries")
    assert no_route == [STOOD_IN_FOR]


FOREIGN = {
    "another name": "docker.io/codercom/code-server-2:latest",
    "another host": "ghcr.io/codercom/code-server:latest",
    "a port": "localhost:5000/codercom/code-server",
    "another tag": "docker.io/codercom/code-server:4.99.0",
    "a digest": f"docker.io/codercom/code-server{PINNED}",
    "tag and digest": f"docker.io/codercom/code-server:latest{PINNED}",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_another_base_has_no_stand_in(name: str) -> None:
    with pytest.raises(NoRouteError, match=r"^no route: check it$"):
        base.choose_base(FOREIGN[name], "auto")
    alone = r" has no stand-in, docker\.io/codercom/code-server:latest and \S+/debian:trixie have one: "
    with pytest.raises(UsageError, match=alone):
        base.choose_base(FOREIGN[name], "stand-in")


def test_stand_in_by_hand_asks_no_registry(no_route: list[str]) -> None:
    found = base.choose_base(STOOD_IN_FOR, "stand-in")
    assert (found.kind, found.reason) == ("stand-in", "it was asked for; built from package registries")
    assert no_route == []


@pytest.mark.parametrize("source", ["auto", "stand-in"])
@pytest.mark.parametrize("name", ["debian:trixie", "docker.io/library/debian:trixie"])
def test_debian_s_own_image_has_the_builds_own_as_stand_in(name: str, source: BaseSource) -> None:
    found = base.choose_base(name, source)
    assert (found.reference, found.kind) == (base.debian_image(), "stand-in")


STAND_IN = Base("localhost/base", "", "stand-in", "no registry answers")


@pytest.mark.parametrize("make", [base.prepare_debian, lambda: base.build_base(STAND_IN)], ids=["Debian", "the base"])
def test_image_that_checkouts_share_is_made_once(
    make: Callable[[], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    again: list[str] = []
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(base, "image_exists", lambda name: name in made)
    monkeypatch.setattr(base, "podman_build", lambda *_: again.append("the base"))
    monkeypatch.setattr(base, "_make_debian", again.append)
    document = {"Id": "1", "Config": {"Labels": {base.DEBIAN_LABEL: "1"}}}
    monkeypatch.setattr(base, "inspect", lambda _: document)
    other = threading.Thread(target=make)
    with base.alone_on_this_machine():
        other.start()
        other.join(0.2)
        assert other.is_alive(), "it does not wait for the process that makes the image"
        made += [base.debian_image(), STAND_IN.reference]
    other.join(10)
    assert (other.is_alive(), again) == (False, [])


@pytest.fixture
def mmdebstrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """What mmdebstrap says with and without the lock, empty where it works; and, under "made", what is imported."""
    said = {"with": "", "without": "", "made": ""}
    monkeypatch.setattr(base, "BUILD_DIRECTORY", tmp_path / "new" / "build")
    monkeypatch.setattr(base, "_mmdebstrap", lambda pinned, _: said["with" if pinned else "without"])
    monkeypatch.setattr(base, "podman", lambda *words, **_: said.update(made=words[-1]))
    return said


def test_debian_that_is_there_is_made_anew_without_cache(
    mmdebstrap: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "image_exists", lambda _: True)
    assert base.prepare_debian() == base.debian_image()
    assert mmdebstrap["made"] == ""
    base.prepare_debian(no_cache=True)
    assert mmdebstrap["made"] == base.debian_image()


def test_debian_is_made_anew_with_another_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    name = base.debian_image()
    monkeypatch.setattr(base, "DEBIAN_OPTIONS", (*base.DEBIAN_OPTIONS, "--customize-hook=true"))
    assert base.debian_image() != name


def test_debian_is_made_of_the_newest_where_its_lock_does_not_resolve(
    mmdebstrap: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    mmdebstrap["with"] = "E: Unable to correct problems, you have held broken packages."
    base.prepare_debian()
    assert mmdebstrap["made"] == base.debian_image()
    assert "Debian has moved on" in capsys.readouterr().out


CLOSED_HOME = "E: cannot create /home/x/tmp: Permission denied; cannot create /home/x/tmp/1: Permission denied"


def test_mmdebstrap_that_fails_without_a_word_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(base, "BUILD_DIRECTORY", tmp_path)
    monkeypatch.setattr(base, "run", lambda *_, **__: SimpleNamespace(status=1, stderr=""))
    with pytest.raises(PodmanError, match=r"^mmdebstrap trixie failed: it said nothing: look at the network$"):
        base.prepare_debian()


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (f"{CLOSED_HOME}\nE: remove_tree failed", r"subordinate users may not write there \(E: .*\): set TMPDIR to a"),
        ("E: something new\nE: remove_tree failed", r"failed: E: something new: look at"),
    ],
    ids=["a closed folder", "unknown"],
)
def test_first_error_of_mmdebstrap_is_its_cause(mmdebstrap: dict[str, str], said: str, line: str) -> None:
    mmdebstrap["with"] = said
    with pytest.raises(PodmanError, match=line):
        base.prepare_debian(no_cache=True)


def test_debian_is_made_where_subordinate_users_may_write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: dict[str, object] = {}

    def run(command: Sequence[str], *, env: dict[str, str], **_: object) -> SimpleNamespace:
        pins = Path(re.findall(r"cp (\S+)", command[2])[0])
        seen.update(place=env["TMPDIR"], mode=oct(pins.stat().st_mode & 0o777))
        return SimpleNamespace(status=0)

    monkeypatch.setattr(base, "BUILD_DIRECTORY", tmp_path)
    monkeypatch.setattr(base, "environment", lambda: {"TMPDIR": "/home/closed"})
    monkeypatch.setattr(base, "run", run)
    monkeypatch.setattr(base, "podman", lambda *_, **__: "")
    base.prepare_debian(no_cache=True)
    assert seen == {"place": tempfile.gettempdir(), "mode": "0o644"}


def test_debian_that_cannot_be_made_is_told_in_one_line(mmdebstrap: dict[str, str]) -> None:
    mmdebstrap["with"] = "E: Failed to fetch http://deb.debian.org/x  Could not connect: Connection refused\nE: failed"
    told = (
        r"^mmdebstrap trixie failed: a package registry cannot be reached \(E: Failed to fetch .*\): check the network"
    )
    with pytest.raises(PodmanError, match=told):
        base.prepare_debian()
    assert mmdebstrap["made"] == ""


def test_name_of_debian_is_of_its_locked_packages_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    names = set()
    for sections in (
        {"debian": {"apt": "3"}},
        {"debian": {"apt": "3"}, "image": {"bat": "1"}},
        {"debian": {"apt": "4"}},
    ):
        monkeypatch.setattr("fixtures.builder.debian_lock.locked", lambda sections=sections: DebianLock(sections))
        names.add(base.debian_image())
    assert len(names) == 2


@pytest.mark.parametrize("source", ["auto", "upstream"])
def test_pinned_base_that_is_here_is_used_without_a_registry(
    source: BaseSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "image_exists", lambda name: name.endswith(f"/code-server{PINNED}"))
    found = base.choose_base(f"h:5000/x/code-server:4{PINNED}", source)
    assert (found.reference, found.kind) == (f"h:5000/x/code-server{PINNED}", "upstream")
    assert found.reason == "its digest is pinned, and it is here"


MOVED, LOCKED = "sha256:" + "b" * 64, "sha256:" + "a" * 64


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a registry has: the digest of each name. The lock names an older one of the plan's base."""
    there = {STOOD_IN_FOR: MOVED}

    def ask(reference: Reference) -> str:
        if str(reference) in there:
            return there[str(reference)]
        raise RegistryAnswerError(f"{reference}: the registry has no such tag or digest (404) (x)", "correct it")

    monkeypatch.setattr("fixtures.builder.registry_answers.remote_digest", ask)
    monkeypatch.setattr("fixtures.builder.base_lock.locked", lambda reference: reference.at(LOCKED))
    return there


def test_locked_base_is_used_as_long_as_its_registry_has_it(served: dict[str, str]) -> None:
    served[f"docker.io/codercom/code-server@{LOCKED}"] = LOCKED
    found = base.choose_base(STOOD_IN_FOR, "auto")
    assert found.digest == LOCKED
    assert found.reason.startswith(f"locked; {STOOD_IN_FOR} is {MOVED} by now: run `nox -s lock -- base ")


@pytest.mark.usefixtures("served")
def test_newer_base_is_taken_where_the_locked_one_is_gone() -> None:
    found = base.choose_base(STOOD_IN_FOR, "auto")
    assert found.digest == MOVED
    assert found.reason.endswith(f"and the locked {LOCKED} is gone")


@pytest.mark.usefixtures("served")
def test_locked_base_that_is_refused_is_not_taken_for_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(reference: Reference) -> str:
        if reference.digest:
            raise RegistryAnswerError(f"{reference}: the registry asks for a password (401) (x)", "log in")
        return MOVED

    monkeypatch.setattr("fixtures.builder.registry_answers.remote_digest", ask)
    with pytest.raises(RegistryAnswerError, match=r"\(401\)"):
        base.choose_base(STOOD_IN_FOR, "auto")


def test_base_that_is_the_locked_one_is_told_as_asked(served: dict[str, str]) -> None:
    served[STOOD_IN_FOR] = LOCKED
    assert base.choose_base(STOOD_IN_FOR, "upstream").reason == "asked for"


def test_name_that_is_none_is_wrong_input() -> None:
    with pytest.raises(UsageError, match=r"^the base image: 'Code Server' is no name of an image: write it as HOST"):
        base.choose_base("Code Server", "auto")


UPSTREAM = Base(f"h:5000/x/code-server{PINNED}", PINNED.removeprefix("@"), "upstream", "its registry answered")


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """What podman was asked to build, and before it what was pulled; the base's user is `dev`."""
    asked: list[list[str]] = []
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr("fixtures.builder.registry_answers.pull", lambda reference: asked.append([str(reference)]))
    monkeypatch.setattr(base, "inspect", lambda _: {"Config": {"User": "dev"}})
    monkeypatch.setattr(base, "packages_of", lambda _: {})
    monkeypatch.setattr(base, "podman", lambda *words, **_: asked.append([*words]))

    def built(_label: str, _folder: Path, words: list[str], *_: object) -> dict[str, float]:
        asked.append(words)
        return {"final": 1.0}

    monkeypatch.setattr(base, "podman_build", built)
    return asked


def test_base_of_a_registry_becomes_one_layer_for_its_own_user(commands: list[list[str]]) -> None:
    assert base.build_base(UPSTREAM) == {"final": 1.0}
    pulled, built, *named = commands
    assert pulled == [UPSTREAM.reference]
    assert built[0] == "--squash-all"
    assert {f"BASE_IMAGE={UPSTREAM.reference}", "BASE_USER=dev"} < set(built)
    made = f"{UPSTREAM.image}-unchecked"
    assert built[-2:] == ["--tag", made]
    assert named == [["tag", made, UPSTREAM.image], ["untag", made, made]]


def test_base_without_a_user_is_trimmed_for_root(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "inspect", lambda _: {"Config": {"User": ""}})
    base.build_base(UPSTREAM)
    assert "BASE_USER=root" in commands[1]


@pytest.mark.parametrize(("what", "lost"), [("packages", "git"), ("variables", "HOME")])
def test_base_that_loses_something_by_trimming_is_refused(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch, what: str, lost: str
) -> None:
    whole = {"packages": {"bash": "1", "git": "1"}, "variables": ["PATH=/bin", "HOME=/root"]}
    trimmed = whole | {what: {"packages": {"bash": "2", "new": "1"}, "variables": ["PATH=/usr/bin", "NEW=1"]}[what]}
    seen = {UPSTREAM.reference: whole, f"{UPSTREAM.image}-unchecked": trimmed}
    monkeypatch.setattr(base, "packages_of", lambda name: seen[name]["packages"])
    monkeypatch.setattr(base, "inspect", lambda name: {"Config": {"Env": seen[name]["variables"]}})
    with pytest.raises(PodmanError, match=f"loses {lost}: let docker/trimmed-base/Dockerfile keep it"):
        base.build_base(UPSTREAM)
    assert UPSTREAM.image not in commands[-1]


def test_base_that_is_trimmed_already_is_not_even_pulled(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "image_exists", lambda name: name == UPSTREAM.image)
    assert base.build_base(UPSTREAM) == {}
    assert commands == []
    assert base.build_base(UPSTREAM, no_cache=True) == {"final": 1.0}
    assert commands[1][-1] == "--no-cache"


def test_base_that_another_checkout_trims_meanwhile_is_not_trimmed_again(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "image_exists", lambda name: name == UPSTREAM.image and bool(commands))
    assert base.build_base(UPSTREAM) == {}
    assert commands == [[UPSTREAM.reference]]


def test_trimmed_base_is_named_by_the_base_and_by_what_trims_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Base("x", "sha256:" + "b" * 64, "upstream", "")
    names = [UPSTREAM.image, other.image, Base("y", UPSTREAM.digest, "upstream", "").image]
    monkeypatch.setattr(base, "TRIMMED_DIRECTORY", tmp_path)
    names.append(UPSTREAM.image)
    assert len(set(names)) == 3
    assert (names[0], STAND_IN.image) == (names[2], STAND_IN.reference)


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The images that are there: Debian's, whose id is `new`, and others, with the id of the one they are made of."""
    images = {base.debian_image(): ""}
    monkeypatch.setattr(base, "image_exists", lambda name: name in images)
    monkeypatch.setattr(
        base, "inspect", lambda name: {"Id": "new", "Config": {"Labels": {base.DEBIAN_LABEL: images[name]}}}
    )
    return images


def test_stand_in_is_built_of_debian_and_says_of_which(commands: list[list[str]], there: dict[str, str]) -> None:
    there[STAND_IN.reference] = "old"
    assert base.build_base(STAND_IN) == {"final": 1.0}
    made_of = ["--build-arg", f"DEBIAN_IMAGE={base.debian_image()}", "--label", f"{base.DEBIAN_LABEL}=new"]
    assert commands == [[*made_of, "--tag", STAND_IN.reference]]
    there[STAND_IN.reference] = "new"
    assert base.build_base(STAND_IN) == {}


def test_debian_as_the_base_is_made_and_nothing_upon_it(commands: list[list[str]], mmdebstrap: dict[str, str]) -> None:
    plain = base.choose_base("debian:trixie", "stand-in")
    assert base.build_base(plain) == {}
    assert (mmdebstrap["made"], commands) == (plain.reference, [])


@pytest.mark.parametrize(("made_of", "built"), [("", True), ("old", True), ("new", False)])
def test_stand_in_alone_is_to_be_built_and_only_where_it_is_not_there(
    there: dict[str, str], made_of: str, *, built: bool
) -> None:
    if made_of:
        there[STAND_IN.reference] = made_of
    plain = base.choose_base("debian:trixie", "stand-in")
    assert [base.is_to_be_built(one) for one in (STAND_IN, UPSTREAM, plain)] == [built, False, False]
