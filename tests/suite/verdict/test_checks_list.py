"""The committed list of all checks is what is collected, and the expected blocks are what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.image.image import Image
from fixtures.inventory import load
from fixtures.paths import ROOT
from fixtures.services.catalogue import github
from fixtures.verdict import expected, parts
from fixtures.verdict.evidence import Blocked
from fixtures.verdict.patterns import matches

REPAIR = "run nox -s checks, and review the difference"


def test_list_of_checks_is_what_is_collected(tmp_path: Path) -> None:
    written = tmp_path / "checks.txt"
    folders = [parts.FOLDERS[part] for part in parts.WHOLE_PARTS]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", f"--write-checks={written}", *folders]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    collected, listed = written.read_text(encoding="utf-8"), (ROOT / parts.CHECKS).read_text(encoding="utf-8")
    different = sorted(set(collected.splitlines()) ^ set(listed.splitlines()))
    assert not different, f"tests/checks.txt: {len(different)} lines are not as collected, {different[:3]}: {REPAIR}"


def test_expected_block_of_k9s_is_what_the_image_says() -> None:
    (k9s,) = (tool for tool in load().tools if tool.name == "k9s")
    image = Image("image", load(), {"Config": {"Labels": {"conformance.omitted": '{"k9s": "nobody handed it in"}'}}})
    with pytest.raises(Blocked) as block:
        image.require(k9s)
    assert [one for one in expected.load(ROOT) if matches(one.block, str(block.value))]


def test_expected_block_of_gh_is_what_its_fixture_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GH_TOKEN", raising=False)
    with pytest.raises(Blocked) as block:
        github.github.__wrapped__()  # type: ignore[attr-defined]
    assert [one for one in expected.load(ROOT) if matches(one.block, str(block.value))]
