"""The machine-readable verdict of a run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fixtures.errors import ExitCode
from fixtures.verdict import requirements
from tests.suite.verdict.small_suite import BLOCKED, FAILING, MODES, PASSING, Run, check, document, text

OLD = json.dumps({"exit_code": 0})


@pytest.mark.parametrize("mode", MODES)
def test_json_has_requirements_checks_and_times(run: Run, tmp_path: Path, mode: tuple[str, ...]) -> None:
    path = tmp_path / "new" / "verdict.json"
    before = datetime.now(UTC).replace(microsecond=0)
    run(PASSING + FAILING + BLOCKED, f"--verdict-json={path}", *mode)
    found = document(path)
    assert (found["schema"], found["part"], found["verdict"], found["exit_code"]) == (2, "image", "failed", 1)
    assert before <= datetime.fromisoformat(found["started"]) <= datetime.fromisoformat(found["finished"])
    rows = {row["id"]: row for row in found["requirements"]}
    assert list(rows) == [name for name, row in requirements.load().items() if not row.part]
    assert rows["TOOL-yq-runs"]["verdict"] == "failed"
    checks = {check["nodeid"].rpartition("::")[2]: check for check in found["checks"]}
    assert checks["test_yq"]["first_line"].startswith("yq: expected 4.40.5")
    assert (checks["test_k9s"]["outcome"], checks["test_k9s"]["because"]) == ("blocked", "its source does not answer")
    assert checks["test_jq"]["seconds"] >= 0
    assert list(path.parent.iterdir()) == [path]


def test_json_says_what_binds_it(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFORMANCE_RUN_ID", "run-7")
    run(PASSING, f"--verdict-json={tmp_path / 'v.json'}", "-q")
    found = document(tmp_path / "v.json")
    assert (found["run"], found["suite"]["commit"]) == ("run-7", "unknown")
    assert "-q" in found["arguments"]
    assert {"python", "pytest", "pytest-xdist"} <= set(found["versions"])
    assert any(plugin.startswith("pytest-xdist ") for plugin in found["plugins"])


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("--collect-only",), id="collect-only"),
        pytest.param(("--rootdir=tests",), id="root"),
        pytest.param(("--write-checks=x",), id="list"),
        pytest.param(("no/such/file.py",), id="path"),
        pytest.param(("--waivers=none.toml",), id="waivers"),
    ],
)
def test_json_of_an_earlier_run_does_not_stay_where_a_run_is_refused(
    run: Run, tmp_path: Path, options: tuple[str, ...]
) -> None:
    path = tmp_path / "verdict.json"
    path.write_text(OLD, encoding="utf-8")
    assert run(PASSING, f"--verdict-json={path}", *options).ret == ExitCode.USAGE
    assert not path.exists()


def test_json_says_that_there_is_no_verdict_until_the_end(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "v.json"
    path.write_text(OLD, encoding="utf-8")
    read = f"import json, pathlib; found = json.loads(pathlib.Path({str(path)!r}).read_text())"
    says = f"{read}\n    assert (found['exit_code'], found['verdict'], found['part']) == (2, 'not ended', 'image')"
    assert run(check("IMG-1", says), f"--verdict-json={path}").ret == ExitCode.VERIFIED
    assert document(path)["exit_code"] == ExitCode.VERIFIED


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("config.stash[VERDICT_CONTEXT]['image'] = object()", "Object of type object is not JSON serializable"),
        ("config.stash[VERDICT_CONTEXT]['image'] = float('nan')", "Out of range float values are not JSON*"),
        ("path = config.getoption('--verdict-json')\n    os.unlink(path)\n    os.mkdir(path)", "*Is a dir*"),
    ],
    ids=["no JSON", "NaN", "folder"],
)  # fmt: skip
def test_json_that_cannot_be_written_is_an_error(run: Run, tmp_path: Path, body: str, why: str) -> None:
    result = run(check("IMG-1", f"config = request.config\n    {body}"), f"--verdict-json={tmp_path / 'v.json'}")
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines([f"ERROR --verdict-json=*v.json: not written: {why}", "verdict: error *"])
    assert list(tmp_path.glob(".v.json*")) == []


def test_json_that_cannot_be_written_last_is_an_error(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "v.json"
    hook = f"def pytest_unconfigure():\n    os.unlink({str(path)!r})\n    os.mkdir({str(path)!r})\n"
    result = run(PASSING, f"--verdict-json={path}", conftest=hook)
    assert result.ret == ExitCode.SUITE_ERROR
    assert "v.json: not written" in text(result)


@pytest.mark.parametrize("path", [".", "file/v.json", "pipe"])
def test_json_path_that_is_no_file_is_a_usage_error(run: Run, tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "pipe").symlink_to("/dev/null")
    result = run(PASSING, f"--verdict-json={tmp_path / path}")
    assert result.ret == ExitCode.USAGE
    assert "give a file's path" in text(result)
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("arguments", "gone"),
    [
        pytest.param(("tests/image",), {"image"}, id="folder"),
        pytest.param(("tests/image/test_image.py::test_jq",), {"image"}, id="node id"),
        pytest.param(("tests",), {"image", "rebuild", "live", "platform"}, id="all"),
        pytest.param(("tests/suite",), set(), id="suite"),
        pytest.param(("--verdict-json=v.json", "tests/image"), {"image"}, id="another file"),
        pytest.param(("--collect-only", "tests/image"), set(), id="collect-only"),
    ],
)
def test_run_invalidates_the_older_verdict_of_its_part(
    run: Run, pytester: pytest.Pytester, arguments: tuple[str, ...], gone: set[str]
) -> None:
    build = pytester.path / ".build"
    build.mkdir()
    files = {part: build / f"verdict-{part}.json" for part in ("image", "rebuild", "live", "platform")}
    for path in (*files.values(), build / "verdict.json"):
        path.write_text(OLD, encoding="utf-8")
    run(PASSING, *arguments, suite="def test_suite(): assert True\n", part="")
    assert {part for part, path in files.items() if not path.exists()} == gone
    assert (build / "verdict.json").exists() is not bool(gone)


def test_run_that_writes_a_part_invalidates_the_whole(run: Run, pytester: pytest.Pytester, tmp_path: Path) -> None:
    for folder in (pytester.path / ".build", tmp_path / "elsewhere"):
        folder.mkdir()
        (folder / "verdict.json").write_text(OLD, encoding="utf-8")
        run(PASSING, f"--verdict-json={folder / 'verdict-image.json'}")
        assert document(folder / "verdict-image.json")["exit_code"] == ExitCode.VERIFIED
    assert not (pytester.path / ".build" / "verdict.json").exists()
    assert (tmp_path / "elsewhere" / "verdict.json").exists(), "it is somebody else's"
