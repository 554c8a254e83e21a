"""The base image that is chosen by hand, by its name and by its digest; what a registry answers is beside this."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.builder import base
from fixtures.builder.base import STOOD_IN_FOR, Base, BaseSource
from fixtures.builder.registry_answers import NoRouteError
from fixtures.errors import UsageError

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
    assert (found.reference, found.kind) == (base.DEBIAN_IMAGE, "stand-in")


STAND_IN = Base("localhost/base", "", "stand-in", "no registry answers")


@pytest.mark.parametrize("make", [base.prepare_debian, lambda: base.build_base(STAND_IN)], ids=["Debian", "the base"])
def test_image_that_checkouts_share_is_made_once(
    make: Callable[[], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(base, "image_exists", lambda name: name in made)
    monkeypatch.setattr(base, "podman_build", lambda *_: pytest.fail("the base was made again"))
    monkeypatch.setattr(base, "_make_debian", lambda: pytest.fail("Debian was made again"))
    other = threading.Thread(target=make)
    with base.alone_on_this_machine():
        other.start()
        other.join(0.2)
        assert other.is_alive(), "it does not wait for the process that makes the image"
        made += [base.DEBIAN_IMAGE, STAND_IN.reference]
    other.join(10)
    assert not other.is_alive()


@pytest.mark.parametrize("source", ["auto", "upstream"])
def test_pinned_base_that_is_here_is_used_without_a_registry(
    source: BaseSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "image_exists", lambda name: name.endswith(f"/code-server{PINNED}"))
    found = base.choose_base(f"h:5000/x/code-server:4{PINNED}", source)
    assert (found.reference, found.kind) == (f"h:5000/x/code-server{PINNED}", "upstream")
    assert found.reason == "its digest is pinned, and it is here"


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

    def built(_label: str, _folder: Path, words: list[str]) -> dict[str, float]:
        asked.append(words)
        return {"final": 1.0}

    monkeypatch.setattr(base, "podman_build", built)
    return asked


def test_base_of_a_registry_becomes_one_layer_for_its_own_user(commands: list[list[str]]) -> None:
    assert base.build_base(UPSTREAM) == {"final": 1.0}
    pulled, built = commands
    assert pulled == [UPSTREAM.reference]
    assert built[0] == "--squash-all"
    assert {f"BASE_IMAGE={UPSTREAM.reference}", "BASE_USER=dev"} < set(built)
    assert built[-2:] == ["--tag", UPSTREAM.image]


def test_base_that_is_trimmed_already_is_not_even_pulled(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "image_exists", lambda name: name == UPSTREAM.image)
    assert base.build_base(UPSTREAM) == {}
    assert commands == []


def test_trimmed_base_is_named_by_the_base_and_by_what_trims_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Base("x", "sha256:" + "b" * 64, "upstream", "")
    names = [UPSTREAM.image, other.image, Base("y", UPSTREAM.digest, "upstream", "").image]
    monkeypatch.setattr(base, "TRIMMED_DIRECTORY", tmp_path)
    names.append(UPSTREAM.image)
    assert len(set(names)) == 3
    assert (names[0], STAND_IN.image) == (names[2], STAND_IN.reference)
