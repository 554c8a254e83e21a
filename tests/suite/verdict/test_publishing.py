"""The page is written beside the verdict: whatever becomes of it, the verdict stands."""

from __future__ import annotations

import pytest

from fixtures.errors import ExitCode, SuiteError
from fixtures.verdict import __main__ as command
from fixtures.verdict import publishing

STANDS = "the verdict stands: run nox -s report\n"


def test_broken_report_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    publishing.publish("fixtures.no_report")
    said = capfd.readouterr().err
    assert said.startswith("no page was written (")
    assert said.endswith(f"No module named fixtures.no_report), {STANDS}")


@pytest.mark.parametrize("error", [SuiteError("late", "wait"), KeyboardInterrupt(), RuntimeError("x"), OSError("full")])
def test_nothing_escapes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(publishing, "run", broken)
    publishing.publish()
    assert f"no page was written ({type(error).__name__} {error}".strip() in capsys.readouterr().err


@pytest.mark.parametrize(("code", "written"), [(0, 1), (1, 1), (2, 1), (3, 1), (4, 0)])
def test_part_ends_with_its_own_code(monkeypatch: pytest.MonkeyPatch, code: int, written: int) -> None:
    calls: list[None] = []
    monkeypatch.setattr(command, "run_part", lambda *_, **__: ExitCode(code))
    monkeypatch.setattr(command, "publish", lambda: calls.append(None))
    assert command.main(["image"]) == code
    assert len(calls) == written
