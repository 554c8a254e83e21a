"""The page as a browser shows it: axe finds nothing, nothing is wider than the screen, in both themes and widths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from fixtures.browser.chromium import chromium
from fixtures.marks import bundle_name
from fixtures.redaction import keep, scan
from fixtures.report import page, run_folder
from fixtures.verdict import history
from tests.suite.report.sample_runs import DIGEST, TROUBLE, document, everything, picture

WORD = "as5ord-of-the-run"


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run with every kind of trouble left, after another run, with evidence and pictures."""
    found = everything(tmp_path_factory.mktemp("build"), *TROUBLE)
    earlier = {**document("live"), "run": "f" * 32}
    history.add(found / history.NAME, [earlier])
    for number in range(4):
        picture(found, f"journey.{number}-page.png", size=900)
    return found


@pytest.fixture(scope="module")
def written(build: Path) -> Path:
    """The page of that run, beside the run before."""
    before = everything(build.parent / "before")
    (before / "verdict.json").write_text((before / "verdict-image.json").read_text(encoding="utf-8"), encoding="utf-8")
    changed = (before / "verdict-image.json").read_text(encoding="utf-8").replace("2030-01", "2029-01")
    (before / "old.json").write_text(changed, encoding="utf-8")
    return run_folder.publish(build, before / "old.json")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser that the suite uses."""
    with chromium() as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_axe_finds_nothing(browser: Browser, written: Path, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    try:
        shown = context.new_page()
        shown.goto(written.resolve().as_uri())
        found = Axe().run(shown)
        assert found.violations_count == 0, found.generate_report()
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
    finally:
        context.close()


def test_page_has_all_that_a_run_can_have_and_is_small(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    sections = {"next", "wrong", "tools", "ledger", "compared", "rates", "startup", "size", "pictures", "about", "read"}
    assert sections <= set(re.findall(r' id="([^"]+)"', text))
    assert len(text.encode()) < page.LIMIT == 5_000_000


def test_no_file_of_a_run_s_folder_has_a_secret(tmp_path: Path) -> None:
    told = document("live", ["TOOL-helm-runs"])
    nodeid = next(one["nodeid"] for one in told["checks"] if one["outcome"] == "failed")
    build = everything(tmp_path, *TROUBLE)
    evidence = build / "bundles" / told["run"][:8] / bundle_name(nodeid)
    evidence.mkdir(parents=True)
    (evidence / "pod.log").write_text(f"log in with {WORD}", encoding="utf-8")
    for name in ("verdict.json", "verdict-live.json", "sizes.txt", "starts.json"):
        text = (build / name).read_text(encoding="utf-8")
        (build / name).write_text(re.sub("helm|Debian", WORD, text), encoding="utf-8")
    keep(WORD)
    assert scan(build / "bundles")
    folder = run_folder.publish(build).parent.resolve()
    assert not scan(folder)
    assert DIGEST in (folder / "starts.json").read_text(encoding="utf-8")
