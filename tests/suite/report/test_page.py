"""The page of a run is one file that needs nothing else, and has all that the run says."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from fixtures.errors import SuiteError
from fixtures.marks import bundle_name
from fixtures.redaction import keep
from fixtures.report import page, pictures, run_files, run_folder
from fixtures.verdict.outcomes import Outcome
from tests.suite.report.sample_runs import ENDED, TROUBLE, document, everything, needed, picture, whole_run, write


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a run with every kind of trouble, and with all that belongs to it."""
    return render(everything(tmp_path_factory.mktemp("run"), *TROUBLE))


def render(folder: Path) -> str:
    """The page of a folder."""
    return page.render(run_files.load(folder))


def test_page_needs_nothing_else(full: str) -> None:
    assert "<script" not in full
    assert not re.findall(r"""(?:src|href|action)=["'](?!#|data:image/webp;base64,)[^"']*""", full)
    assert "url(" not in full
    assert "@import" not in full


def test_page_has_every_requirement_with_its_verdict(full: str) -> None:
    rows = dict(re.findall(r'<tr id="([^"]+)">.*?aria-hidden="true">.</span> ([\w/ ]+)</span>', full))
    assert rows.keys() >= set(needed())
    assert {one: rows[one] for one in TROUBLE} == {one: check.outcome.value for one, check in TROUBLE.items()}


def test_every_verdict_has_a_symbol_of_its_own() -> None:
    assert page.SYMBOLS.keys() == page.MEANINGS.keys() == set(Outcome)
    assert len(set(page.SYMBOLS.values())) == len(Outcome)
    style = (page.TEMPLATE / "page.css").read_text(encoding="utf-8")
    assert all(f".{one.value.replace(' ', '-').replace('/', '')}" in style for one in Outcome)


def test_first_screen_comes_first(full: str) -> None:
    body = full.partition("<body>")[2]
    places = [body.index(word) for word in ("The product is wrong", "What to do next", "<nav", 'id="wrong"')]
    assert places == sorted(places)


def test_every_chart_has_a_name_and_a_table(full: str) -> None:
    charts = re.findall(r'<svg class="\w+" .*?role="img" aria-labelledby="(\S+) (\S+)">', full)
    assert len(charts) == 4
    assert all(f'id="{one}"' in full for names in charts for one in names)
    assert "3.00</td>" in full
    assert '61.6</td><td class="number">60.0</td><td>103% ▲ over' in full


def test_ids_are_there_once(full: str) -> None:
    ids = re.findall(r' id="([^"]+)"', full)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', full)) <= set(ids)


def test_screenshot_of_a_failure_is_linked(tmp_path: Path) -> None:
    failed = document("live", ["TOOL-helm-runs"])
    for check in failed["checks"]:
        line = check["first_line"].replace(": install", " (screen: .build/screenshots/tab.2-failed.png): install")
        check["first_line"] = line
    assert "<code>tab.2-failed.png</code>" in render(write(tmp_path, failed))
    picture(tmp_path, "tab.2-failed.png", size=60)
    text = render(tmp_path)
    assert 'href="#picture-tab.2-failed.png"' in text
    assert 'id="picture-tab.2-failed.png"' in text


def test_text_of_a_check_is_no_markup(full: str) -> None:
    assert "&lt;no space left&gt;" in full
    assert "<no space left>" not in full


def test_page_has_no_secret(tmp_path: Path) -> None:
    keep("cannot be read and run")
    text = render(whole_run(tmp_path, *TROUBLE))
    assert "helm: /usr/local/bin/helm: *** by everybody" in text
    assert "cannot be read and run" not in text


def test_page_stays_small_with_many_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "LIMIT", 100_000)
    for number in range(6):
        picture(tmp_path, f"journey.{number}-page.png")
    text = render(whole_run(tmp_path))
    assert 1 <= text.count("<figure>") < 6
    assert "screenshots are left out, for the page" in text
    assert pictures.LIMIT + 1_000_000 < page.LIMIT


def test_page_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "LIMIT", 1000)
    with pytest.raises(SuiteError, match=r"the page would have [\d,]+ bytes, over 1,000"):
        render(whole_run(tmp_path))


def test_what_is_of_another_run_is_not_shown(tmp_path: Path) -> None:
    everything(tmp_path)
    picture(tmp_path, "journey.1-page.png", since=ENDED - timedelta(hours=2))
    for name, old, new in (("manifest.json", "a" * 64, "f" * 64), ("starts.json", "c" * 64, "f" * 64)):
        path = tmp_path / name
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    text = render(tmp_path)
    assert "<svg" not in text
    assert "<figure>" not in text


@pytest.mark.parametrize("name", ["manifest.json", "starts.json", "screenshots/journey.1-page.png"])
def test_broken_file_is_told_and_costs_no_page(tmp_path: Path, name: str) -> None:
    everything(tmp_path)
    path = tmp_path / name
    path.write_text("{", encoding="utf-8")
    os.utime(path, (ENDED.timestamp(), ENDED.timestamp()))
    assert f"Not shown: {path.name}" in render(tmp_path)


def test_page_of_one_part_has_that_part(tmp_path: Path) -> None:
    text = render(write(tmp_path, document("image")))
    assert "This is the run of image alone" in text


def test_evidence_of_a_failure_is_linked_and_kept(tmp_path: Path) -> None:
    failed = document("live", ["TOOL-helm-runs"])
    nodeid = next(one["nodeid"] for one in failed["checks"] if one["outcome"] == "failed")
    build = write(tmp_path, failed)
    bundle = build / "bundles" / failed["run"][:8] / bundle_name(nodeid) / "ns"
    bundle.mkdir(parents=True)
    (bundle / "events.txt").write_text("x", encoding="utf-8")
    folder = run_folder.publish(build).parent
    href = f"bundles/{bundle_name(nodeid)}/ns/events.txt"
    assert f'<a href="{href}">ns/events.txt</a>' in (folder / "report.html").read_text(encoding="utf-8")
    assert (folder / href).is_file()
    assert href in run_folder.write(folder).read_text(encoding="utf-8")
