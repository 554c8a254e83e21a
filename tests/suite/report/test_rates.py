"""The history of a checkout: rates with denominators and intervals, and checks that fail sometimes, by name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.report import __main__ as command
from fixtures.report import rates, run_folder
from fixtures.verdict import history
from fixtures.verdict.history import Entry
from tests.suite.report.sample_runs import document, whole_run, write


def entry(run: str, subject: str = "image commit", **outcomes: list[str]) -> Entry:
    """What one run of part `image` said."""
    return Entry(run, "image", "2029-01-01T00:00:00+00:00", 60.0, subject, 1 if "failed" in outcomes else 0, outcomes)


@pytest.mark.parametrize(
    ("number", "of", "interval"), [(790, 790, "99% to 100%"), (0, 790, "0% to 1%"), (789, 790, "99% to 100%")]
)
def test_interval_is_rounded_outwards(number: int, of: int, interval: str) -> None:
    assert rates.rate(number, of).interval == interval


def test_rate_has_its_denominator_and_wilson_s_interval() -> None:
    found = rates.rate(2, 14)
    assert (round(found.low, 3), round(found.high, 3)) == (0.040, 0.399)  # Brown, Cai and DasGupta 2001, by hand
    assert found.words == "2 of 14 runs (14.2%, 95 % interval 4% to 40%)"


@pytest.mark.parametrize(
    ("runs", "sometimes", "number"),
    [
        pytest.param([entry("1", failed=["x"]), entry("2", passed=["x"])], True, 1, id="both on one image"),
        pytest.param([entry("1", "a", failed=["x"]), entry("2", "b", passed=["x"])], False, 1, id="mended"),
        pytest.param([entry("1", failed=["x"]), entry("2", failed=["x"])], False, 2, id="always"),
        pytest.param([entry("1", flaky=["x"])], True, 1, id="flaky"),
        pytest.param([entry("1", blocked=["x"]), entry("2", error=["x"])], False, 1, id="blocks say nothing"),
    ],
)
def test_check_fails_sometimes_where_the_same_image_passed_too(
    runs: list[Entry], number: int, *, sometimes: bool
) -> None:
    (found,) = rates.rates(runs).checks
    assert (found.sometimes, found.rate.number) == (sometimes, number)


def test_check_that_always_passed_has_no_row() -> None:
    found = rates.rates([entry("1", passed=["x"]), entry("2", passed=["x"])])
    assert not found.checks
    assert found.parts["image"].words.startswith("2 of 2 runs")


def test_flaky_run_did_not_verify() -> None:
    assert rates.rates([entry("1", flaky=["x"], passed=["y"])]).parts["image"].number == 0


def test_selection_is_no_run_of_the_part_and_a_condition_has_a_rate_of_its_own() -> None:
    runs = [entry("1", passed=["x"]), replace(entry("2", passed=["x"]), condition="cpu"),
            replace(entry("3", passed=["x"]), selected=True)]  # fmt: skip
    assert {name: one.of for name, one in rates.rates(runs).parts.items()} == {"image": 1, "image (cpu)": 1}


def test_check_that_fails_sometimes_is_on_the_page_and_in_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build = whole_run(tmp_path, "TOOL-helm-runs")
    failed = next(one for one in document("live", ["TOOL-helm-runs"])["checks"] if one["outcome"] == "failed")
    before = {**document("live"), "run": "f" * 32}
    history.add(build / history.NAME, [before])
    page = run_folder.publish(build).read_text(encoding="utf-8")
    assert '<a href="#rates">1 check fails sometimes</a>' in page
    assert f"<code>{failed['nodeid']}</code></td><td" in page
    assert command.main([str(build / "runs" / "latest")]) == 0
    said = f"fails sometimes: {failed['nodeid']}: did not pass in 1 of 2 runs (50%, 95 % interval 9% to 91%)\n"
    assert said in capsys.readouterr().out


def test_page_of_an_earlier_run_knows_nothing_of_later_ones(tmp_path: Path) -> None:
    folder = write(tmp_path / "runs" / "20300101-113000-01234567", document("image"))
    later = json.loads(json.dumps(document("image"))) | {"run": "f" * 32, "finished": "2031-01-01T00:00:00+00:00"}
    history.add(tmp_path / history.NAME, [later])
    assert "Over all runs" not in run_folder.write(folder).read_text(encoding="utf-8")
