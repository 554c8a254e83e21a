"""Containers that do not start: tried once, one error for all checks, and the image's fault where it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest

from fixtures.errors import ProductError, SuiteError
from fixtures.host.process import PodmanError
from fixtures.image import containers as module
from fixtures.image.containers import DEATHS, Container, Containers, Profile
from fixtures.image.image import Image
from fixtures.inventory import load

NO_NETWORK = "could not find pasta, the network namespace can't be configured"
NO_INIT = 'OCI runtime error: exec: "dumb-init": executable file not found in $PATH'


class Broken(Containers):
    """Containers of which none starts."""

    def __init__(self, said: str) -> None:
        super().__init__(cast("Image", None), ExitStack())
        self.said = said
        self.tries = 0

    def _start(self, profile: Profile) -> Container:
        self.tries += 1
        raise PodmanError(f"`podman run --name={profile.name}-{self.tries}` failed (125)", self.said)


def errors(containers: Containers, *profiles: str) -> list[SuiteError]:
    """What is raised for each of some profiles."""
    found = []
    for profile in profiles:
        with pytest.raises(SuiteError) as caught:
            containers(profile)
        found.append(caught.value)
    return found


def test_container_that_does_not_start_is_tried_once_for_all_profiles() -> None:
    containers = Broken(NO_NETWORK)
    first, *others = errors(containers, "default", "default", "read-only", "no-network")
    assert containers.tries == 1
    assert all(other is first for other in others)
    assert str(first).startswith("no container of the image starts in profile default: could not find pasta")
    assert not isinstance(first, ProductError)


def test_image_without_its_init_is_at_fault() -> None:
    (error,) = errors(Broken(NO_INIT), "default")
    assert isinstance(error, ProductError)
    assert str(error).endswith("the image has to have it")


def test_profile_whose_container_dies_again_and_again_is_given_up() -> None:
    containers = Broken(NO_NETWORK)
    containers.running["default"] = cast("Container", type("Dead", (), {"dead": True})())
    containers.deaths["default"] = DEATHS
    (error,) = errors(containers, "default")
    assert containers.tries == 0
    assert str(error).startswith("the container of profile default dies again and again")


BREAKS_OFF = [KeyboardInterrupt(), PodmanError("`podman run` has not ended in 120 s", "look at the disk")]


@pytest.mark.parametrize("end", BREAKS_OFF, ids=["interrupted", "too long"])
@pytest.mark.parametrize(
    "start",
    [lambda one: one("read-only"), lambda one: one.process_1("dumb-init")],
    ids=["profile", "as the image says"],
)
def test_start_that_breaks_off_leaves_no_container(
    start: Callable[[Containers], object], end: BaseException, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, relocate: Callable[[str, Path], None],
) -> None:  # fmt: skip
    calls: list[tuple[str, ...]] = []

    def podman(*words: str) -> str:
        calls.append(words)
        if words[0] == "run":  # podman may have made the container by then
            raise end
        return ""

    relocate("BUILD_DIRECTORY", tmp_path)
    monkeypatch.setattr(module, "podman", podman)
    monkeypatch.setattr(module, "as_root", lambda *words: calls.append(words))
    with pytest.raises((KeyboardInterrupt, SuiteError)), ExitStack() as stack:
        start(Containers(Image("localhost/x", load(), {}), stack))
    (begun,) = (words for words in calls if words[0] == "run")
    (name,) = (word.removeprefix("--name=") for word in begun if word.startswith("--name="))
    after = calls[calls.index(begun) + 1 :]
    assert after[0] == ("rm", "--force", "--ignore", "--volumes", "--time=0", name)
    homes = [words[2] for words in calls if words[0] == "chown"]
    assert after[1:] == [("rm", "-r", home) for home in homes], "its home is removed after it"
