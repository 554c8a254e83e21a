"""Two checkouts on one machine share no image that only one of them made: neither its name, nor its removal."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures import __main__ as command_line
from fixtures import inventory, marks
from fixtures.builder import product
from fixtures.errors import ExitCode
from fixtures.marks import LOCAL_REGISTRY, OWN_IMAGES, PROJECT, local_registry
from fixtures.paths import ROOT

OTHER = local_registry(Path("/elsewhere"))
BUILT = "harbor.example.com/library/code-server-dev:latest"
THERE = {
    f"{LOCAL_REGISTRY}/library/code-server-dev:latest",
    f"{OWN_IMAGES}/tools:latest",
    f"{OTHER}/library/code-server-dev:latest",
    f"{OTHER}/code-server-conformance/tools:latest",
    f"{PROJECT}/debian:trixie",
    f"{PROJECT}/code-server-base:1-abc",
    BUILT,
    "docker.io/library/code-server-dev:latest",
}
OWN = {name for name in THERE if name.startswith(LOCAL_REGISTRY)}


def test_local_name_is_the_checkout_s_and_fits_the_template() -> None:
    settings = inventory.load().image
    assert re.fullmatch(rf"[0-9a-f]{{8}}\.localhost/{settings.repository}:{settings.tag}", settings.name())
    assert settings.name("harbor.example.com") == f"harbor.example.com/{settings.repository}:{settings.tag}"
    assert LOCAL_REGISTRY != OTHER
    assert product.TOOLS_IMAGE.startswith(f"{LOCAL_REGISTRY}/")


def test_checkouts_whose_folders_have_one_name_have_names_of_their_own() -> None:
    assert local_registry(Path("/home/ann/suite")) != local_registry(Path("/home/bob/suite"))
    assert local_registry(Path("/home/ann/suite")) == local_registry(Path("/home/ann/suite"))


def test_nothing_else_has_a_fixed_local_name() -> None:
    named = re.compile(r"""["']localhost/(?!conformance-[^"']*:\{)""")
    files = [path for folder in ("fixtures", "tests/rebuild") for path in (ROOT / folder).rglob("*.py")]
    found = [str(path) for path in files if named.search(path.read_text(encoding="utf-8"))]
    assert found == [str(Path(marks.__file__))], f"{found}: name images by OWN_IMAGES, or tell their inputs in a tag"


@pytest.fixture
def removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relocate: Callable[[str, Path], None]) -> list[str]:
    """The names of images that are removed; the build was given a registry's name."""
    names: list[str] = []

    def podman(*words: str) -> str:
        if words[:2] == ("image", "rm"):
            assert "--no-prune" in words, "the stages that the image was built from are the cache of the next build"
            names.append(words[-1])
        if words[0] == "ps":
            return ""
        return "\n".join([*THERE, *(name for name in THERE if "tools" in name)])

    relocate("BUILD_DIRECTORY", tmp_path)
    (tmp_path / "manifest.json").touch()
    monkeypatch.setattr(command_line, "podman", podman)
    monkeypatch.setattr(command_line, "inspect", lambda _: {"Id": "1"})
    monkeypatch.setattr(command_line, "remove_abandoned_builds", lambda: 0)
    return names


@pytest.mark.parametrize(
    ("image_id", "more"),
    [
        pytest.param("1", {BUILT}, id="the build's name is still its image's"),
        pytest.param("2", set(), id="somebody else has it"),
    ],
)
def test_clean_removes_this_checkout_s_images_and_no_others(
    removed: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    image_id: str,
    more: set[str],
) -> None:
    built = SimpleNamespace(image=SimpleNamespace(name=BUILT, id=image_id))
    monkeypatch.setattr("fixtures.builder.manifest.read", lambda _: built)
    assert command_line.main(["clean"]) == ExitCode.VERIFIED
    assert sorted(removed) == sorted(OWN | more)
    assert f"and left: 2 images, see `podman images {PROJECT}/*`" in capsys.readouterr().out


def test_image_that_a_container_has_is_named_with_it(
    removed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = min(OWN)
    monkeypatch.setattr(command_line, "podman", lambda *words: "left\n" if words[0] == "ps" else f"{there}\n")
    assert command_line.main(["clean"]) == ExitCode.SUITE_ERROR
    told = f"{there} is in use by 1 container: where no run is using it, `podman rm --force left`, and clean again"
    assert told in capsys.readouterr().err
    assert removed == []


def test_clean_minds_no_manifest_that_cannot_be_read(removed: list[str]) -> None:
    assert command_line.main(["clean"]) == ExitCode.VERIFIED
    assert sorted(removed) == sorted(OWN)
