"""What would run, what it needs, and what it lacks here, without a start of anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.errors import ExitCode
from fixtures.preflight import listing
from fixtures.verdict import __main__ as part_line

LISTED = {
    "tests/image/test_a.py::test_a": ("IMG-1",),
    "tests/platform/deployment/test_b.py::test_b": ("DEP-1", "TOOL-jq-operates"),
    "tests/platform/services/test_github.py::test_c": ("FLOW-github",),
    "tests/platform/cluster/test_d.py::test_d": ("DEP-1",),
}
List = Callable[..., list[list[str]]]


@pytest.fixture
def told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], relocate: Callable[[str, Path], None],
    tmp_path: Path,
) -> List:  # fmt: skip
    """Runs a listing, and returns the cells of its rows; the last is what is told of this machine."""
    relocate("BUILD_DIRECTORY", tmp_path)
    monkeypatch.setattr(listing, "listed", lambda: LISTED)
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/podman")
    monkeypatch.delenv("GH_TOKEN", raising=False)
    monkeypatch.delenv("CONFORMANCE_REGISTRY", raising=False)

    def run(*arguments: str) -> list[list[str]]:
        assert listing.main(arguments) == ExitCode.VERIFIED
        return [
            [cell.strip() for cell in line.split("  ") if cell] for line in capsys.readouterr().out.splitlines()[1:]
        ]

    return run


def test_part_lists_its_rows_with_checks_and_needs(told: List) -> None:
    rows = told("live", "--image=x", "-n", "2", "--dist=loadgroup")
    assert rows[0] == ["DEP-1", "2", "image, cluster, registry, right to write", "runs"]
    assert rows[-1][0].startswith("part live: 3 requirements, 2 of them run here whole; not shipped: tea")


def test_what_lacks_here_is_said_with_its_reason(told: List) -> None:
    rows = {row[0]: row[-1] for row in told("verdict", "--image=x")[:-1]}
    assert rows["FLOW-github"] == "all blocked: token of GitHub: there is no token for GitHub: set GH_TOKEN"
    assert rows["IMG-1"] == "runs"


def test_image_that_is_not_built_is_said(told: List) -> None:
    assert told("image")[0] == ["IMG-1", "1", "image", "all blocked: image: none is built yet: nox -s build"]


def test_given_cluster_that_is_read_only_leaves_its_bare_checks(told: List) -> None:
    row, last = told("live", "--image=x", "--kubeconfig=x", "--requirement=DEP-1")
    assert row[-1].startswith("1 blocked: registry: none is named: set CONFORMANCE_REGISTRY; right to write: a given")
    assert last[0].startswith("part live: 1 requirement, 0 of them run here whole")


@pytest.mark.parametrize("pattern", ["DEP-99", "IMG-1"])
def test_wrong_selection_is_one_line(told: List, capsys: pytest.CaptureFixture[str], pattern: str) -> None:
    del told
    assert listing.main(["live", f"--requirement={pattern}"]) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith(f"error: --requirement={pattern}: ")


def test_part_is_listed_by_a_process_of_its_own_and_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_line, "run_part", lambda *_: pytest.fail("it was run"))
    assert part_line.main(["image", "--list", "--requirement=IMG-1"]) == ExitCode.VERIFIED
