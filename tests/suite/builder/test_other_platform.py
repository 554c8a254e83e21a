"""Whether the image's inputs are there for another platform: asked for, told, and never guessed."""

from __future__ import annotations

import platform
from collections.abc import Sequence

import pytest

from fixtures.__main__ import main
from fixtures.builder import other_platform
from fixtures.errors import ExitCode
from fixtures.host.process import Ended
from fixtures.inventory import load
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
