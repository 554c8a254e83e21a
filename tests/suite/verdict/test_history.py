"""The history of a checkout: one line for each part of a run, the newest kept, and what a run usually takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.verdict import history
from tests.suite.report.sample_runs import RUN, document


def test_each_part_of_a_run_is_there_once(tmp_path: Path) -> None:
    path = tmp_path / history.NAME
    for trouble in ((), ("BLD-3",)):
        history.add(path, [document("image", trouble), document("live", trouble)])
    found = history.read(path)
    assert [(one.run, one.part) for one in found] == [(RUN, "image"), (RUN, "live")]
    assert found[0].exit_code == 1


@pytest.mark.parametrize("changed", [{"interrupted": True}, {"inventory": "/x/tools.toml"}])
def test_run_that_says_nothing_of_the_product_is_not_kept(tmp_path: Path, changed: dict[str, Any]) -> None:
    history.add(tmp_path / history.NAME, [{**document("image"), **changed}])
    assert not history.read(tmp_path / history.NAME)


def test_only_the_newest_are_kept_and_what_is_no_entry_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / history.NAME
    monkeypatch.setattr(history, "KEPT", 2)
    for number in range(3):
        history.add(path, [{**document("image"), "run": str(number)}])
    path.write_text(path.read_text(encoding="utf-8") + '{"run": 1}\n[]\nno JSON\n', encoding="utf-8")
    assert [one.run for one in history.read(path)] == ["1", "2"]


@pytest.mark.parametrize(("checks", "seconds"), [(1, 1800.0), (100, None)])
def test_time_of_a_run_is_that_of_runs_like_it(tmp_path: Path, checks: int, seconds: float | None) -> None:
    path = tmp_path / history.NAME
    slow = {"context": {"condition": "cpu"}, "started": "2020-01-01T00:00:00+00:00", "run": "under load"}
    history.add(path, [document("rebuild"), {**document("rebuild"), **slow}])
    assert history.usual_seconds(path, "rebuild", checks) == seconds
    assert history.usual_seconds(tmp_path / "none", "rebuild", checks) is None
