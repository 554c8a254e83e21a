"""The committed list of all checks is what is collected, and the expected blocks are what the code says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.builder.handed_in import may_be_handed_in
from fixtures.image.image import Image
from fixtures.inventory import LEVELS, Tool, load
from fixtures.paths import ROOT
from fixtures.services.catalogue import github
from fixtures.verdict import expected, parts
from fixtures.verdict.evidence import Blocked
from fixtures.verdict.patterns import matches

REPAIR = "run nox -s checks, and review the difference"


def test_list_of_checks_is_what_is_collected(tmp_path: Path) -> None:
    written = tmp_path / "checks.txt"
    folders = [parts.FOLDERS[part] for part in (*parts.WHOLE_PARTS, *parts.ALONE)]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", f"--write-checks={written}", *folders]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    collected, listed = written.read_text(encoding="utf-8"), (ROOT / parts.CHECKS).read_text(encoding="utf-8")
    different = sorted(set(collected.splitlines()) ^ set(listed.splitlines()))
    assert not different, f"tests/checks.txt: {len(different)} lines are not as collected, {different[:3]}: {REPAIR}"


def expected_prebuilt() -> list[Tool]:
    """The tools that users hand in and whose block is expected."""
    named = {one for entry in expected.load(ROOT) for one in entry.requirements}
    return [one for one in load().tools if may_be_handed_in(one) and f"TOOL-{one.name}-runs" in named]


@pytest.mark.parametrize("prebuilt", expected_prebuilt(), ids=lambda tool: tool.name)
def test_expected_block_of_what_is_handed_in_is_what_the_image_says(prebuilt: Tool) -> None:
    omitted = json.dumps({prebuilt.name: "nobody handed it in"})
    image = Image("image", load(), {"Config": {"Labels": {"conformance.omitted": omitted}}})
    with pytest.raises(Blocked) as block:
        image.require(prebuilt)
    assert [one for one in expected.load(ROOT) if matches(one.block, str(block.value))]


def test_every_level_that_is_claimed_has_a_check() -> None:
    lines = (ROOT / parts.CHECKS).read_text(encoding="utf-8").splitlines()
    left_out = [line.rpartition("\t")[2].split() for line in lines if line.startswith(parts.LEFT_OUT)]
    carried = {one for ids in [*parts.read(ROOT).values(), *left_out] for one in ids}
    claimed = {
        f"TOOL-{tool.name}-{level}"
        for tool in load().tools
        for level in LEVELS
        if isinstance(getattr(tool, level), str)
    }
    unproven = sorted(claimed - carried)
    assert not unproven, (
        f"tools.toml: nothing checks {', '.join(unproven)}: write a check of that level, or give the level as "
        '{ na = "why it cannot apply" }, then run nox -s checks'
    )


def test_expected_block_of_gh_is_what_its_fixture_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GH_TOKEN", raising=False)
    with pytest.raises(Blocked) as block:
        github.github.__wrapped__()  # type: ignore[attr-defined]
    assert [one for one in expected.load(ROOT) if matches(one.block, str(block.value))]
