"""What did not verify runs again and completes the same verdict: flaky at best, and only for the very same thing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UsageError
from fixtures.verdict import binding, rerun
from fixtures.verdict import supervisor as supervisors
from fixtures.verdict.outcomes import Check, Outcome
from fixtures.verdict.rerun import Earlier
from fixtures.verdict.verdict import Verdict
from tests.suite.verdict.parts_of_a_run import SUITE, check, part
from tests.suite.verdict.small_suite import PASSING, Run, document, text

IMAGE = {"image": {"id": "a" * 64}}
CLUSTER = {"cluster": {"kind": "given", "identity": "uid-1"}}
NOW_FAILS = """
@requirement("TOOL-yq-runs")
def test_yq():
    assert os.path.exists("mended"), "yq: is broken: mend it"
"""
RECORDS_IMAGE = """
@pytest.fixture(autouse=True, scope="session")
def image(pytestconfig):
    pytestconfig.stash[VERDICT_CONTEXT]["image"] = {"id": os.environ.get("IMAGE", "a"), "digest": "d"}
"""
REFUSES_OTHER = """
from fixtures.verdict import rerun
def pytest_sessionstart(session):
    rerun.refuse_other(session.config, {"image": {"id": os.environ.get("IMAGE", "a")}})
"""
FIRST = "--verdict-json=first.json"
AGAIN = ("--rerun-of=first.json", "--verdict-json=again.json")


def about(**other: Any) -> dict[str, Any]:
    """What binds a run of today."""
    return {"suite": SUITE, "inventory": "", **other}


def before(*checks: Check, part_: str = "image", **other: Any) -> dict[str, Any]:
    """The document of a run that has just ended."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    context = {**IMAGE, **(CLUSTER if part_ == "live" else {})}
    made = part(part_, checks=checks or [check(part_, "IMG-1", outcome=Outcome.FAILED, line="bad")])
    return {**made, "finished": now, "inventory": "", "context": context, **other}


def read(tmp_path: Path, document: dict[str, Any], part_: str = "image", **other: Any) -> Earlier:
    """The earlier verdict of a file."""
    path = tmp_path / "verdict-image.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return rerun.read(path, part_, about(), **other)


@pytest.mark.parametrize(
    ("first", "again", "both"),
    [
        (Outcome.FAILED, Outcome.PASSED, Outcome.FLAKY),
        (Outcome.ERROR, Outcome.PASSED, Outcome.FLAKY),
        (Outcome.BLOCKED, Outcome.PASSED, Outcome.FLAKY),
        (Outcome.NOT_RUN, Outcome.PASSED, Outcome.FLAKY),
        (Outcome.FAILED, Outcome.BLOCKED, Outcome.FAILED),
        (Outcome.FAILED, Outcome.WAIVED, Outcome.FAILED),
        (Outcome.BLOCKED, Outcome.FAILED, Outcome.FAILED),
        (Outcome.FAILED, Outcome.NOT_RUN, Outcome.FAILED),
        (Outcome.FLAKY, Outcome.NOT_RUN, Outcome.FLAKY),
        (Outcome.PASSED, Outcome.NOT_RUN, Outcome.PASSED),
        (Outcome.PASSED, Outcome.FAILED, Outcome.FAILED),
    ],
)
def test_rerun_makes_nothing_milder_but_flaky(first: Outcome, again: Outcome, both: Outcome) -> None:
    earlier = Earlier({}, {"x": Check("x", ("IMG-1",), outcome=first, line="at first")})
    (merged,) = earlier.merged([Check("x", ("IMG-1",), outcome=again, line="now" * (again is not Outcome.PASSED))])
    assert merged.outcome is both
    assert both is not Outcome.FLAKY or "at first" in merged.line


def test_flaky_is_told_and_no_plain_pass() -> None:
    checks = [check("image", "IMG-1"), check("image", "IMG-2", outcome=Outcome.FLAKY, line="again", name="test_z")]
    listed = {one.nodeid: one.ids for one in checks}
    loose, strict = (Verdict(checks, [], part="image", listed=listed, strict=strict) for strict in (False, True))
    assert (loose.exit_code, loose.word) == (0, "part image passed, 1 of it flaky")
    assert "1 flaky" in loose.final_line()
    assert (strict.exit_code, strict.incomplete[:43]) == (3, "1 requirement flaky: passed only when check")
    alone = Verdict(checks[1:], [], part="image", listed=listed)
    assert alone.exit_code == 2


OTHER = {"commit": "d" * 40, "dirty": False, "tree": ""}
OLD = (datetime.now(UTC) - timedelta(hours=25)).isoformat()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"suite": OTHER}, "the checkout is of another commit, or has other edits", id="commit"),
        pytest.param({"suite": SUITE | {"tree": "f" * 64}}, "has other edits, than in the run before", id="edited"),
        pytest.param({"inventory": "x"}, "by another inventory", id="inventory"),
        pytest.param({"interrupted": True}, "did not end well (it was interrupted)", id="interrupted"),
        pytest.param({"broken": ["a leak"]}, "did not end well (a leak)", id="broken"),
        pytest.param({"context": {}}, "did not look at an image", id="no image"),
        pytest.param({"finished": OLD}, "older than 24 h", id="old"),
        pytest.param({"part": "live"}, "the verdict of part 'live'", id="part"),
        pytest.param({"checks": [{}]}, "is malformed (KeyError", id="malformed"),
        pytest.param({"checks": []}, "all checks of image are verified already", id="nothing"),
        pytest.param({"schema": 1}, "of another version of this suite", id="version"),
    ],
)
def test_verdict_that_cannot_be_completed_is_refused(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        read(tmp_path, {**before(), **changed})
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("cluster", "arguments", "said"),
    [
        ({"kind": "given"}, [], "give its --kubeconfig again"),
        ({"kind": "embedded", rerun.KEPT: True}, ["--kubeconfig=x"], "not on that of --kubeconfig"),
        ({"kind": "embedded", rerun.KEPT: False}, [], "was removed at its end"),
    ],
)
def test_cluster_that_is_gone_is_refused_at_once(
    tmp_path: Path, cluster: dict[str, Any], arguments: list[str], said: str
) -> None:
    told = before(part_="live", context={**IMAGE, "cluster": {**cluster, "identity": "uid-1"}})
    with pytest.raises(UsageError, match=said):
        read(tmp_path, told, "live", arguments=arguments)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({**IMAGE, **CLUSTER}, ""),
        ({"image": {"id": "b" * 64}, **CLUSTER}, "another image (bbb"),
        ({**IMAGE, "cluster": {"identity": "uid-2"}}, "another cluster (uid-2, at first uid-1)"),
        ({**IMAGE, **CLUSTER, "pushed": {"digest": "sha256:b"}}, "another pushed digest (sha256:b, at first sha256:a)"),
        (IMAGE, "did not get to a cluster"),
        (CLUSTER, "did not get to an image"),
    ],
)
def test_rerun_has_to_be_on_the_same_thing(now: dict[str, Any], said: str) -> None:
    context = {**IMAGE, **CLUSTER, "pushed": {"digest": "sha256:a"}}
    found = Earlier(before(part_="live", context=context), {}).refusal(now)
    assert said in found
    assert bool(said) is bool(found)


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a small suite be a checkout with a commit."""
    monkeypatch.setattr(binding, "suite", lambda _root: SUITE)


@pytest.mark.usefixtures("bound")
def test_only_what_did_not_verify_runs_again(run: Run, pytester: pytest.Pytester) -> None:
    assert run(PASSING + NOW_FAILS, FIRST, conftest=RECORDS_IMAGE).ret == 1
    (pytester.path / "mended").touch()
    result = run(PASSING + NOW_FAILS, *AGAIN, conftest=RECORDS_IMAGE)
    result.assert_outcomes(passed=1, deselected=1)
    assert "flaky (1) TOOL-yq-runs: passed only when it ran again; at first: failed, yq: is broken" in text(result)
    first, again = (document(pytester.path / name) for name in ("first.json", "again.json"))
    assert {one["nodeid"][-2:]: one["outcome"] for one in again["checks"]} == {"jq": "passed", "yq": "flaky"}
    assert {key: first[key] for key in ("run", "started", "finished")} == {
        key: again[key] for key in ("run", "started", "finished")
    }
    assert [(one["checks"], one["passed"]) for one in again["reruns"]] == [(1, 1)]


@pytest.mark.usefixtures("bound")
def test_rerun_on_another_image_is_refused(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(PASSING + NOW_FAILS, FIRST, conftest=RECORDS_IMAGE)
    monkeypatch.setenv("IMAGE", "b")
    (pytester.path / "mended").touch()
    result = run(PASSING + NOW_FAILS, *AGAIN, conftest=RECORDS_IMAGE)
    assert result.ret == 4
    assert "--rerun-failed: the rerun is on another image (b, at first a)" in text(result)
    assert not (pytester.path / "again.json").exists()


@pytest.mark.usefixtures("bound")
def test_rerun_on_another_image_is_refused_before_its_checks(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = RECORDS_IMAGE + REFUSES_OTHER
    run(PASSING + NOW_FAILS, FIRST, conftest=looks)
    same = run(PASSING + NOW_FAILS, *AGAIN, conftest=looks)
    monkeypatch.setenv("IMAGE", "b")
    result = run(PASSING + NOW_FAILS, *AGAIN, conftest=looks)
    assert result.ret == 4
    assert "--rerun-failed: the rerun is on another image (b, at first a): run nox -s image without" in text(result)
    assert ["collected" in text(one) for one in (same, result)] == [True, False]
    assert not (pytester.path / "again.json").exists()


def complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, process: Callable[[Path, list[str]], int]) -> int:
    """Run part `image` of a checkout again; PROCESS stands for the process of the part."""
    (tmp_path / ".build").mkdir()
    (tmp_path / ".build" / "verdict-image.json").write_text(json.dumps(before()), encoding="utf-8")
    monkeypatch.setattr(binding, "facts", lambda *_: about(run="other"))

    def stand_in(_part: str, arguments: list[str], _root: Path, path: Path, run_id: str) -> int:
        assert run_id == "run-1"
        return process(path, arguments)

    monkeypatch.setattr(supervisors, "_run", stand_in)
    return supervisors.run_part("image", ["-x"], root=tmp_path, again=True)


def test_refused_rerun_leaves_the_verdict_that_there_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, _arguments: list[str]) -> int:
        assert document(path)["interrupted"]
        path.unlink()
        return 4

    assert complete(tmp_path, monkeypatch, refused) == 4
    assert document(tmp_path / ".build" / "verdict-image.json")["exit_code"] == 1
    assert not (tmp_path / ".build" / "rerun-image.json").exists()


def test_rerun_gets_a_copy_of_the_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def process(_path: Path, arguments: list[str]) -> int:
        assert document(Path(arguments[-1].removeprefix("--rerun-of=")))["exit_code"] == 1
        return 0

    assert complete(tmp_path, monkeypatch, process) == 0
