"""Whether the image's inputs are there for another platform: asked for, told, and never guessed."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from fixtures.__main__ import main
from fixtures.builder import other_platform
from fixtures.errors import ExitCode
from fixtures.host.process import Ended, PodmanError
from fixtures.inventory import Inventory, load
from fixtures.paths import IMAGE_DIRECTORY

OTHER = "linux/amd64" if platform.machine() == "aarch64" else "linux/arm64"
NO_PACKAGE = "E: Unable to locate package vim\nE: Package 'tree' has no installation candidate\n"
NO_WHEEL = "error: No solution found\n  cause: Because pywin32==311 has no wheels with a matching platform tag"


def answering(monkeypatch: pytest.MonkeyPatch, *, mmdebstrap: str = "", uv: str = "") -> list[Sequence[str]]:
    """Let the programs that ask fail with some words, or succeed where there are none; return what they are asked."""
    asked: list[Sequence[str]] = []

    def run(command: Sequence[str], **_: object) -> Ended:
        asked.append(command)
        words = mmdebstrap if command[0] == "mmdebstrap" else uv
        return Ended(1 if words else 0, "", words)

    monkeypatch.setattr(other_platform, "run", run)
    monkeypatch.setattr(other_platform, "install", lambda *_: None)
    return asked


def test_everything_is_asked_for_the_platform(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = answering(monkeypatch)
    assert main(["build", "--platform", OTHER]) == ExitCode.VERIFIED
    assert len(asked) == 1 + len(list(IMAGE_DIRECTORY.glob("*/requirements.lock")))
    names = (OTHER.partition("/")[2], other_platform.PLATFORMS[OTHER])
    assert all(any(name in word for word in command for name in names) for command in asked)
    assert f"not built, and nothing was run: that takes a machine of {OTHER}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answers", "line"),
    [
        ({"mmdebstrap": NO_PACKAGE}, "lacks Debian packages"),
        ({"uv": NO_WHEEL}, "lacks Python, ansible"),
        ({"mmdebstrap": "E: no route"}, "Debian's mirror cannot be asked for another platform: E: no route"),
        ({"uv": "error: Connection refused"}, "the Python package index cannot be asked for another platform: error:"),
    ],
)
def test_what_is_not_there_is_told(
    answers: dict[str, str], line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, **answers)
    assert main(["build", "--platform", OTHER]) in {ExitCode.PRODUCT_FAILURE, ExitCode.SUITE_ERROR}
    assert line in capsys.readouterr().err


def test_lacking_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, mmdebstrap=NO_PACKAGE)
    (debian,) = (part for part in other_platform.inputs(load(), OTHER) if part.name == "Debian packages")
    assert debian.lacking == ("tree", "vim")


def test_the_first_lacking_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, uv=NO_WHEEL)
    found = [part for part in other_platform.inputs(load(), OTHER) if part.name.startswith("Python")]
    assert {part.lacking for part in found} == {("pywin32==311",)}


def test_an_unknown_platform_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--platform", "linux/s390x"]) == ExitCode.USAGE
    assert "--platform linux/s390x: not a platform of the image: give one of linux/amd64" in capsys.readouterr().err


@pytest.mark.parametrize(("lacking", "told"), [((), "there"), (("tree", "vim"), "LACKS tree, vim")])
def test_row_says_whether_an_input_is_there(lacking: tuple[str, ...], told: str) -> None:
    assert other_platform.Input("Debian packages", "named ones", lacking).row() == (
        "Debian packages", "named ones", told,
    )  # fmt: skip


def test_each_tool_that_is_compiled_or_handed_in_has_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch)
    document = load().model_dump()
    document["tools"][1]["source"] = {"kind": "prebuilt", "why": "no registry has it"}
    found = {part.name: part.origin for part in other_platform.inputs(Inventory.model_validate(document), OTHER)}
    source = "Go module, source code for each platform"
    assert found["k9s"] == f"{source}; its fallback is a program for one platform"
    assert (found["yq"], found["kubectl"]) == (source, source)
    assert found["helm"] == "handed in as a program: hand in one for this platform"
    assert not {"jq", "httpie"} & found.keys()


@pytest.mark.parametrize(("beside", "on_path"), [(True, True), (True, False), (False, True)])
def test_uv_beside_this_python_comes_before_that_of_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, beside: bool, on_path: bool
) -> None:
    asked = uv_in(tmp_path, monkeypatch, venv=beside, path=on_path)
    list(other_platform.inputs(load(), OTHER))
    assert {command[0] for command in asked[1:]} == {str(tmp_path / ("venv" if beside else "path") / "uv")}


def test_machine_without_uv_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv_in(tmp_path, monkeypatch)
    with pytest.raises(
        PodmanError, match=r"^uv not found on PATH: run it by `nox -s build`, whose environment has uv$"
    ):
        list(other_platform.inputs(load(), OTHER))


def uv_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **places: bool) -> list[Sequence[str]]:
    """Let there be a uv beside this Python (venv) and on PATH (path), or none; return what the programs are asked."""
    for name in ("venv", "path"):
        (tmp_path / name).mkdir()
        if places.get(name):
            (tmp_path / name / "uv").touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return answering(monkeypatch)


@pytest.mark.parametrize(
    ("own", "index"), [({}, "https://pypi.example"), ({"UV_DEFAULT_INDEX": "https://uv.example"}, "https://uv.example")]
)
def test_uv_asks_the_index_that_pip_is_told_of(
    monkeypatch: pytest.MonkeyPatch, own: dict[str, str], index: str
) -> None:
    seen: set[str] = set()

    def run(_: Sequence[str], *, env: dict[str, str] | None = None, **__: object) -> Ended:
        seen.update([] if env is None else [env["UV_DEFAULT_INDEX"]])
        return Ended(0, "", "")

    answering(monkeypatch)
    monkeypatch.setattr(other_platform, "run", run)
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    for name, value in {"PIP_INDEX_URL": "https://pypi.example", **own}.items():
        monkeypatch.setenv(name, value)
    list(other_platform.inputs(load(), OTHER))
    assert seen == {index}


@pytest.mark.parametrize(("said", "told"), [("E: first\n E: last \n\n", "E: last"), ("\n", "try again")])
def test_last_word_of_a_mirror_that_gives_no_answer_is_told(
    monkeypatch: pytest.MonkeyPatch, said: str, told: str
) -> None:
    answering(monkeypatch, mmdebstrap=said)
    with pytest.raises(PodmanError, match=rf"^Debian's mirror cannot be asked for another platform: {told}$"):
        list(other_platform.inputs(load(), OTHER))
