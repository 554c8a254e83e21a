"""What was not run is not verified, however it was left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.errors import ExitCode
from tests.suite.verdict.small_suite import CHECKS, FAILING, MODES, PASSING, Run, check, document, text

THREE = "@requirement('IMG-1')\n@pytest.mark.parametrize('n', range(3))\ndef test_user(n):\n    assert n is not None\n"
PAGE = check("IMG-2", "pass", "test_page")
SUITE = "def test_suite():\n    assert True\n"
LATE = "@pytest.hookimpl(trylast=True)\ndef pytest_collection_modifyitems(items):\n    {body}\n"
FIRST = "@pytest.hookimpl(tryfirst=True)\ndef pytest_collection_modifyitems(items):\n    {body}\n"
IGNORE = "def pytest_ignore_collect(collection_path): return 'more' in collection_path.name or None\n"
MORE = "import pytest\n@pytest.mark.requirement('IMG-1')\ndef test_more():\n    assert True\n"


def test_deselected_checks_are_told(run: Run) -> None:
    result = run(THREE + PAGE, "-k", "test_user and 1")
    assert result.ret == ExitCode.INCOMPLETE
    result.stdout.re_match_lines(
        [r"IMG-1 +partial +1 of 3 checks, 2 not in this run$", r"IMG-2 +not run +1 check: 1 not in this run$"]
    )
    result.stdout.re_match_lines([r"IMG-3 +not run +it has no check$"])
    result.stdout.re_match_lines([r"INCOMPLETE: 2 requirements not run whole: IMG-1, IMG-2$", "verdict: partial · "])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("-k", "not 0"), id="-k"),
        pytest.param(("-m", "not slow"), id="-m"),
        pytest.param(("--deselect", f"{CHECKS}::test_user[0]"), id="--deselect"),
        pytest.param((f"{CHECKS}::test_user[1]", f"{CHECKS}::test_jq"), id="node ids"),
        pytest.param(("-o", "python_functions=test_jq"), id="other names"),
        pytest.param(("-o", "python_files=none_*"), id="other files"),
        pytest.param(("-o", "norecursedirs=image"), id="other folders"),
        pytest.param(("--requirement", "TOOL-jq-*"), id="--requirement"),
        pytest.param(("--ignore", "tests/image", "tests"), id="--ignore"),
        pytest.param(("--ignore-glob", "*image*", "tests"), id="--ignore-glob"),
    ],
)
def test_option_that_leaves_checks_out_gives_no_pass(
    run: Run, tmp_path: Path, mode: tuple[str, ...], arguments: tuple[str, ...]
) -> None:
    path, slow = tmp_path / "v.json", "requirement('IMG-1')\n@pytest.mark.slow"
    checks = PASSING + THREE.replace("requirement('IMG-1')", slow)
    marker = "def pytest_configure(config): config.addinivalue_line('markers', 'slow: slow')\n"
    result = run(checks, *mode, *arguments, f"--verdict-json={path}", suite=SUITE, conftest=marker)
    assert result.ret in {ExitCode.SUITE_ERROR, ExitCode.INCOMPLETE}
    assert document(path)["exit_code"] == result.ret


@pytest.mark.parametrize("option", ["--last-failed", "--stepwise"])
def test_earlier_failure_selects_no_pass(run: Run, pytester: pytest.Pytester, option: str) -> None:
    assert run(PASSING + FAILING, option).ret == ExitCode.PRODUCT_FAILURE
    path = pytester.path / CHECKS
    path.write_text(path.read_text(encoding="utf-8").replace("== [1, 3]", "== [1, 2]"), encoding="utf-8")
    result = pytester.runpytest_inprocess("tests/image", "--part=image", "-p", "no:xdist", option)
    assert result.ret == ExitCode.INCOMPLETE
    assert "INCOMPLETE: 1 requirement not run whole: TOOL-jq-runs" in result.stdout.lines


@pytest.mark.parametrize("mode", MODES)
def test_options_in_the_environment_give_no_pass(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k jq")
    path = tmp_path / "v.json"
    assert run(PASSING + THREE, *mode, f"--verdict-json={path}").ret == ExitCode.INCOMPLETE
    assert document(path)["environment"]["PYTEST_ADDOPTS"] == "-k jq"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "hooks",
    [
        pytest.param(LATE.format(body="del items[-1:]"), id="deselects late"),
        pytest.param(FIRST.format(body="del items[-1:]"), id="deselects first"),
        pytest.param(FIRST.format(body="items[:] = items[:1]"), id="keeps one"),
        pytest.param(IGNORE, id="ignores a file"),
        pytest.param("collect_ignore = ['tests/image/test_more.py']\n", id="collect_ignore"),
        pytest.param(
            "def pytest_itemcollected(item): item.session.config.hook\ncollect_ignore_glob = ['*more*']", id="glob"
        ),
    ],
)
def test_hook_that_leaves_checks_out_gives_no_pass(run: Run, mode: tuple[str, ...], hooks: str) -> None:
    result = run(PASSING, *mode, "tests/image", conftest=hooks, more={"tests/image/test_more.py": MORE})
    assert result.ret == ExitCode.INCOMPLETE
    result.stdout.re_match_lines(["INCOMPLETE: 1 requirement not run whole: "])


def test_shadowed_check_gives_no_pass(run: Run, pytester: pytest.Pytester) -> None:
    run(PASSING + PAGE)
    path = pytester.path / CHECKS
    path.write_text(path.read_text(encoding="utf-8") + "\ntest_page = test_jq\n", encoding="utf-8")
    result = pytester.runpytest_inprocess("tests/image", "--part=image")
    assert result.ret == ExitCode.INCOMPLETE


def test_one_row_of_the_ledger_is_no_pass(run: Run) -> None:
    result = run(PASSING, part="")
    assert result.ret == ExitCode.INCOMPLETE
    result.stdout.re_match_lines([r"INCOMPLETE: \d+ requirements not run whole: BLD-1, BLD-2, .*…", "verdict: partial"])


@pytest.mark.parametrize("part", ["rebuild", "live", "platform"])
def test_checks_of_another_part_verify_nothing(run: Run, part: str) -> None:
    result = run(PASSING, "tests/image", part=part)
    assert result.ret == ExitCode.SUITE_ERROR
    assert "NOTHING WAS VERIFIED: no check of the product passed" in result.stdout.lines


@pytest.mark.parametrize(
    "listed",
    [
        pytest.param(None, id="no list"),
        pytest.param("", id="empty"),
        pytest.param(f"{CHECKS}::test_user[0]\tIMG-2\n", id="other requirement"),
        pytest.param(f"{CHECKS}::test_jq\tTOOL-jq-runs\n", id="without a check"),
    ],
)
def test_check_that_is_not_as_listed_gives_no_pass(run: Run, pytester: pytest.Pytester, listed: str | None) -> None:
    run(PASSING + THREE)
    path = pytester.path / "tests" / "checks.txt"
    path.unlink()
    if listed is not None:
        path.write_text(listed, encoding="utf-8")
    result = pytester.runpytest_inprocess("tests/image", "--part=image")
    assert result.ret == ExitCode.INCOMPLETE
    result.stdout.re_match_lines([r"INCOMPLETE: .*checks? not as tests/checks.txt has them, .*: run nox -s checks$"])


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("tests/image/test_image.py::test_jq", id="no requirement"),
        pytest.param("tests/image/test_image.py::test_jq\tIMG-99", id="unknown requirement"),
        pytest.param("tests/image/test_image.py::test_user[0]\tIMG-1", id="twice"),
        pytest.param("", id="blank"),
    ],
)
def test_list_that_is_none_is_refused(run: Run, pytester: pytest.Pytester, line: str) -> None:
    run(PASSING + THREE)
    path = pytester.path / "tests" / "checks.txt"
    path.write_text(path.read_text(encoding="utf-8") + f"{line}\n", encoding="utf-8")
    result = pytester.runpytest_inprocess("tests/image", "--part=image")
    assert result.ret == ExitCode.USAGE
    assert "checks.txt: line 6 is no new check and its requirements: run: nox -s checks" in text(result)


def test_list_is_not_written_by_a_run(run: Run) -> None:
    assert run(PASSING, "--write-checks=tests/checks.txt").ret == ExitCode.USAGE
