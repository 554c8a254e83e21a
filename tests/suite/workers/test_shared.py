"""What goes from the worker that makes something to the others that use it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from fixtures import redaction
from fixtures.errors import SuiteError
from fixtures.workers.shared import Workers

MADE = "s3cret-of-the-registry"


def _made() -> AbstractContextManager[str]:
    return nullcontext(redaction.keep(MADE))


def _not_made() -> AbstractContextManager[str]:
    raise SuiteError(f"user robot, password {redaction.keep(MADE)}: refused", "see its log")


def _as_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", {})
    redaction._all_forms.cache_clear()


def test_secrets_of_what_one_worker_made_are_told_by_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Workers(tmp_path).once("registry", _made):
        _as_in_another_process(monkeypatch)
        with Workers(tmp_path).once("registry", _not_made) as password:
            assert password == MADE
            assert redaction.redact(f"it says {password}") == "it says ***"


def test_secrets_of_what_one_worker_could_not_make_are_told_by_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        with pytest.raises(SuiteError) as raised, Workers(tmp_path).once("registry", _not_made):
            pytest.fail("it is there")
        _as_in_another_process(monkeypatch)
    with pytest.raises(SuiteError), Workers(tmp_path).once("registry", _made):
        pytest.fail("it is there")
    assert redaction.redact(str(raised.value)) == "user robot, password ***: refused: see its log"
