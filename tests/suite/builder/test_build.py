"""What the build renders, and how it answers bad input; no container is started."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from fixtures.__main__ import main
from fixtures.builder import base, podman_build
from fixtures.builder.dockerfile import hand_in, links, omissions, render
from fixtures.errors import ExitCode, UsageError
from fixtures.host import podman, process
from fixtures.inventory import GoSource, Inventory, load
from fixtures.paths import IMAGE_DIRECTORY

FAILING_PODMAN = """#!/bin/sh
case "$*" in *"image exists"*) exit 1;; esac
echo "Error: writing blob: no space left on device" >&2
exit 125
"""


@pytest.fixture
def inventory() -> Inventory:
    """The shipped inventory."""
    return load()


def stages(dockerfile: str) -> dict[str, str]:
    """Split a Dockerfile into the text of each stage, by its name."""
    parts = re.split(r"^(?=FROM )", dockerfile, flags=re.MULTILINE)[1:]
    return {part.split("\n", 1)[0].split(" AS ")[1]: part for part in parts}


def test_every_go_tool_has_a_locked_module(inventory: Inventory) -> None:
    for tool in inventory.tools:
        if isinstance(tool.source, GoSource):
            folder = IMAGE_DIRECTORY / "go" / tool.name
            required = re.search(rf"{tool.source.module} v(\S+)", (folder / "go.mod").read_text(encoding="utf-8"))
            assert required, f"{tool.name}: go.mod does not require {tool.source.module}"
            assert required.group(1) == tool.version, f"{tool.name}: go.mod and tools.toml differ"
            assert (folder / "go.sum").stat().st_size, f"{tool.name}: no go.sum"


def test_every_locked_module_belongs_to_a_tool(inventory: Inventory) -> None:
    go_tools = {tool.name for tool in inventory.tools if isinstance(tool.source, GoSource)}
    assert {path.name for path in (IMAGE_DIRECTORY / "go").iterdir()} == go_tools


def test_changed_pin_changes_one_stage(inventory: Inventory) -> None:
    document = inventory.model_dump()
    document["tools"][17]["source"]["variables"] = {"main.changed": "yes"}
    before = stages(render(inventory, []))
    after = stages(render(Inventory.model_validate(document), []))
    assert [name for name in before if before[name] != after[name]] == ["yq"]


def test_omitted_tool_is_in_no_stage(inventory: Inventory) -> None:
    assert "prebuilt/k9s" in render(inventory, [])
    assert "k9s" not in render(inventory, ["k9s"])


def test_links_name_every_python_command(inventory: Inventory) -> None:
    assert dict(links(inventory.tool("httpie"))) == {
        "http": "/opt/tools/python/bin/http",
        "https": "/opt/tools/python/bin/https",
    }
    assert dict(links(inventory.tool("kubectl"))) == {}


@pytest.fixture
def drop_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty drop-in folder of the test's own, below the checkout's root as the error names it."""
    monkeypatch.setattr("fixtures.builder.product.ROOT", tmp_path)
    monkeypatch.setattr("fixtures.builder.podman_build.ROOT", tmp_path)
    monkeypatch.setattr("fixtures.builder.base.ROOT", tmp_path)
    monkeypatch.setattr("fixtures.builder.dockerfile.ROOT", tmp_path)
    monkeypatch.setattr("fixtures.paths.ROOT", tmp_path)
    monkeypatch.setattr("fixtures.builder.product.DROP_IN", tmp_path / "prebuilt")
    monkeypatch.setattr("fixtures.builder.podman_build.DROP_IN", tmp_path / "prebuilt")
    monkeypatch.setattr("fixtures.builder.dockerfile.DROP_IN", tmp_path / "prebuilt")
    monkeypatch.setattr("fixtures.paths.DROP_IN", tmp_path / "prebuilt")
    return tmp_path / "prebuilt"


@pytest.mark.usefixtures("drop_in")
def test_missing_prebuilt_is_refused_with_the_ways_out(inventory: Inventory) -> None:
    with pytest.raises(
        UsageError, match=r"^k9s cannot be built: .*--prebuilt k9s=PATH.* prebuilt/, or --allow-omissions$"
    ):
        omissions(inventory, allowed=False)
    assert list(omissions(inventory, allowed=True)) == ["k9s"]


def test_prebuilt_that_was_handed_in_is_not_omitted(inventory: Inventory, drop_in: Path) -> None:
    program = drop_in.parent / "program"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    hand_in(inventory, "k9s", program)
    assert omissions(inventory, allowed=False) == {}
    with podman_build.context("FROM scratch AS image\n", base.BASE_DIRECTORY) as directory:
        assert (directory / "prebuilt" / "k9s").is_file()


@pytest.mark.usefixtures("drop_in")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("k9z", r"unknown tool 'k9z', did you mean 'k9s'"),
        ("jq", r"--prebuilt jq: this tool is built from its source"),
        ("k9s", r"--prebuilt k9s=.*missing: no such file: give the path of the program"),
    ],
)
def test_wrong_prebuilt_is_refused(inventory: Inventory, tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        hand_in(inventory, name, tmp_path / "missing")


@pytest.mark.parametrize("value", ["k9s", "=path", "k9s="])
def test_prebuilt_wants_name_and_path(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--prebuilt", value]) == ExitCode.USAGE
    assert "not NAME=PATH" in capsys.readouterr().err


def test_context_does_not_depend_on_the_clone(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "script").chmod(0o775)
    with podman_build.context("FROM scratch AS image\n", tmp_path) as directory:
        seen = (directory / "script").stat()
        assert (oct(seen.st_mode & 0o777), seen.st_mtime) == ("0o755", podman_build.CONTEXT_TIME)
    assert not directory.exists()


@pytest.mark.parametrize("sign", ["go: downloading x", "--> 0123456789ab"])
def test_progress_books_only_stages_that_worked(capsys: pytest.CaptureFixture[str], sign: str) -> None:
    progress = podman_build.Progress("image", ["jq", "yq"])
    cached = ("[1/2] STEP 1/2: FROM x AS jq", "[1/2] STEP 2/2: RUN make", "--> Using cache 1", "--> 1")
    for line in (*cached, "[2/2] STEP 1/2: FROM x AS yq", "[2/2] STEP 2/2: RUN make", sign):
        progress.read(line)
    progress.leave()
    assert list(progress.seconds) == ["yq"]
    assert capsys.readouterr().out.endswith("image: yq\n")


def test_full_disk_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "podman"
    fake.write_text(FAILING_PODMAN, encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("CONTAINERS_CONF", "/dev/null")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    podman.environment.cache_clear()
    with pytest.raises(process.PodmanError, match=r"^`podman pull x` failed \(125\): the disk is full: free"):
        podman.podman("pull", "x")
    podman.environment.cache_clear()


def test_missing_podman_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(process.PodmanError, match=r"^podman, skopeo, mmdebstrap not found on PATH: run: sudo apt-get"):
        podman.ensure()


def test_too_little_disk_is_refused_before_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.host.podman.podman", lambda *_: "/\n")
    with pytest.raises(process.PodmanError, match=r"GB free below /, a cold build needs .* GB: free some space"):
        podman.require_free_disk(1 << 60)


def test_second_build_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.builder.podman_build.BUILD_DIRECTORY", tmp_path)
    monkeypatch.setattr("fixtures.builder.base.BUILD_DIRECTORY", tmp_path)
    monkeypatch.setattr("fixtures.paths.BUILD_DIRECTORY", tmp_path)
    with podman_build.exclusive(), pytest.raises(process.PodmanError, match="another build"), podman_build.exclusive():
        pass
