"""Waivers: which failure they accept, until when, and what is refused."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace as Of
from typing import Any

import pytest

from fixtures.errors import ExitCode, UsageError
from fixtures.verdict import collection, waivers
from fixtures.verdict.outcomes import Outcome, Problem
from tests.suite.verdict.small_suite import (
    ALONE,
    BLOCKED,
    CHECKS,
    FAILING,
    LATER,
    PASSING,
    PAST,
    TODAY,
    WORKER,
    Run,
    check,
    entry,
    text,
    waiver,
)

FAR = str(TODAY + timedelta(days=91))
YQ, JQ, IMG = 'requirement = "TOOL-yq-runs"', 'requirement = "TOOL-jq-runs"', 'requirement = "IMG-1"'


@pytest.mark.parametrize(
    ("subject", "mode"),
    [
        pytest.param(YQ, ALONE, id="requirement"),
        pytest.param(YQ, WORKER, id="requirement in a worker"),
        pytest.param(f'check = "{CHECKS}::test_yq"', ALONE, id="check"),
    ],
)
def test_waived_failure_still_runs_and_does_not_count(run: Run, subject: str, mode: tuple[str, ...]) -> None:
    result = run(FAILING + PASSING, "-x", *mode, files=waiver(subject))
    assert result.ret == ExitCode.VERIFIED
    told = rf"fixed upstream, not yet released \(the maintainer, until {LATER}\): yq: expected 4\.40\.5"
    result.stdout.re_match_lines(
        [
            r" 8 yq +waived",
            rf"waived \(1\) TOOL-yq-runs: {told}",
            r"verdict: part image passed · 2 checks, 1 requirement verified, 1 waived",
        ]
    )


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param("yq: expected 4\\.40\\.5", id="beginning"),
        pytest.param("4\\.40\\.4", id="middle"),
        pytest.param("yq: expected 4\\.40\\.5, seen 4\\.40\\.3: .*", id="other"),
    ],
)
def test_other_failure_of_a_waived_row_counts(run: Run, failure: str) -> None:
    result = run(FAILING + PASSING, files=waiver(YQ, failure))
    assert result.ret == ExitCode.PRODUCT_FAILURE
    assert "FAILED TOOL-yq-runs: yq: expected 4.40.5, seen 4.40.4: set its pin" in result.stdout.lines


@pytest.mark.parametrize(
    ("fixture", "body"),
    [
        pytest.param("yield\n    assert False, 'left behind'", "assert False, 'uid 1001'", id="teardown"),
        pytest.param(
            "yield", "raise ExceptionGroup('', [AssertionError('uid 1001'), AssertionError('left behind')])", id="group"
        ),
    ],
)
@pytest.mark.parametrize("subject", [IMG, f'check = "{CHECKS}::test_it"'], ids=["requirement", "check"])
def test_waived_failure_hides_no_other_of_its_check(run: Run, subject: str, fixture: str, body: str) -> None:
    container = f"@pytest.fixture(autouse=True)\ndef container():\n    {fixture}\n"
    result = run(container + check("IMG-1", body), files=waiver(subject, "uid 1001"))
    assert result.ret == ExitCode.PRODUCT_FAILURE
    result.stdout.re_match_lines([r"IMG-1 +FAILED +1 check: left behind", "FAILED IMG-1: left behind"])


def test_waived_failure_does_not_block_other_checks(run: Run) -> None:
    refused = "raise ProductError('refused', 'correct it')"
    result = run(
        check("IMG-1", refused, "test_a") + check("IMG-2", refused, "test_b"), files=waiver(IMG, "refused: correct it")
    )
    assert result.ret == ExitCode.PRODUCT_FAILURE
    result.stdout.re_match_lines([r"IMG-1 +waived", r"IMG-2 +FAILED"])


def test_all_waived_is_nothing_verified(run: Run) -> None:
    assert run(FAILING, files=waiver(YQ)).ret == ExitCode.SUITE_ERROR


def test_waiver_that_is_not_used_is_an_error(run: Run) -> None:
    result = run(PASSING, files=waiver(JQ))
    assert result.ret == ExitCode.SUITE_ERROR
    line = "ERROR the waiver of TOOL-jq-runs is not used, 1 check passed: remove it from waivers.toml"
    assert line in result.stdout.lines


@pytest.mark.parametrize(
    "arguments",
    [pytest.param((), id="blocked"), pytest.param(("-k", "jq"), id="deselected")],
)
def test_waiver_of_what_did_not_run_may_stay(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(PASSING + BLOCKED, *arguments, files=waiver('requirement = "TOOL-k9s-runs"'))
    assert result.ret == ExitCode.INCOMPLETE
    assert "the waiver of" not in text(result)


@pytest.mark.parametrize("subject", ['requirement = "IMG-7"', f'check = "{CHECKS}::test_gone"'])
def test_waiver_that_covers_no_check_is_an_error(run: Run, subject: str) -> None:
    result = run(PASSING, files=waiver(subject))
    assert result.ret == ExitCode.SUITE_ERROR
    result.stdout.fnmatch_lines(["ERROR the waiver of * covers no check: correct it, or remove it from waivers.toml"])


def test_waiver_of_a_parametrised_check_covers_its_parameters(run: Run) -> None:
    checks = "@requirement('IMG-1')\n@pytest.mark.parametrize('n', range(2))\ndef test_user(n):\n    assert n, 'zero'\n"
    result = run(PASSING + checks, files=waiver(f'check = "{CHECKS}::test_user"', "zero *"))
    assert result.ret == ExitCode.VERIFIED
    assert "not used" not in text(result)


def test_waiver_of_one_requirement_does_not_help_another(run: Run) -> None:
    body = "@requirement('IMG-1', 'IMG-2')\ndef test_user():\n    assert False, 'uid 1001'\n"
    result = run(PASSING + body, files=waiver(IMG, "uid 1001"))
    assert result.ret == ExitCode.PRODUCT_FAILURE
    result.stdout.re_match_lines([r"IMG-1 +waived", r"IMG-2 +FAILED", r"FAILED IMG-2: uid 1001"])


@pytest.mark.parametrize(
    ("body", "code"), [("raise OSError('no disk')", 2), ("blocked('no disk')", 3)], ids=["error", "blocked"]
)
def test_waiver_covers_failures_alone(run: Run, body: str, code: int) -> None:
    assert run(PASSING + check("IMG-1", body), files=waiver(IMG, ".*no disk")).ret == code


def test_expired_waiver_is_a_usage_error(run: Run) -> None:
    result = run(PASSING, files=waiver(JQ, until=PAST))
    assert result.ret == ExitCode.USAGE
    assert f"waivers.toml: waiver of TOOL-jq-runs expired on {PAST}" in text(result)
    assert "verdict:" not in text(result)


def test_given_waivers_must_exist(run: Run) -> None:
    result = run(PASSING, "--waivers", "none.toml")
    assert result.ret == ExitCode.USAGE
    assert "none.toml: cannot be read (No such file or directory): give --waivers an existing file" in text(result)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param(entry('requirement = "IMG-99"'), "unknown requirement 'IMG-99': did you mean", id="unknown"),
        pytest.param(entry(f'{IMG}\ncheck = "a.py::b"'), "give either requirement (an id) or check", id="two subjects"),
        pytest.param(
            entry('check = "tests/image/gone.py::test_it"'),
            "waiver of tests/image/gone.py::test_it: no such test file",
            id="no such file",
        ),
        pytest.param(entry(IMG, until='"some day"'), "waiver number 1, until: ", id="no date"),
        pytest.param(entry(IMG) + "who = 1\n", "waiver number 1, who: unknown key 'who': remove it", id="unknown key"),
        pytest.param(entry(IMG).replace("owner", "# owner"), "waiver number 1, owner: is missing", id="no owner"),
        pytest.param(entry(IMG).replace("the maintainer", " "), "owner: must have 2 or more characters", id="blank"),
        pytest.param(entry(IMG).replace("failure", "# "), "waiver number 1, failure: is missing", id="no failure"),
        pytest.param(entry(IMG) * 2, "waiver of IMG-1 stands there twice: remove one", id="twice"),
        pytest.param(entry(IMG, until=FAR), f"IMG-1 ends on {FAR}: choose a day at most 90 days ahead", id="too long"),
        pytest.param(entry(IMG, "uid [0-9"), "waiver number 1, failure: not a regular expression", id="no pattern"),
        pytest.param("[[waiver", "not TOML", id="no TOML"),
    ],
)  # fmt: skip
def test_error_in_a_waiver_names_it(tmp_path: Path, content: str, line: str) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=re.escape(line)):
        waivers.load(path, tmp_path, TODAY)


@pytest.mark.parametrize(
    "failure",
    [
        ".*.*.*",
        ".{5,}",
        "[a-z].+",
        "(?s).+",
        "yq.*|.+",
        ".*expected.*",
        "\\w+: expected .*",
        "assert .*",
        ".*see its log",
    ],
)
def test_waiver_that_accepts_too_much_is_refused(tmp_path: Path, failure: str) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(entry(IMG, failure), encoding="utf-8")
    with pytest.raises(UsageError, match="failure: matches just any line, such as"):
        waivers.load(path, tmp_path, TODAY)


@pytest.mark.parametrize(
    ("day", "good"), [(date(2026, 1, 30), False), (date(2026, 1, 31), True), (date(2026, 5, 1), True)]
)
def test_waiver_is_good_through_its_last_day_and_90_before(tmp_path: Path, day: date, *, good: bool) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(entry(IMG, until="2026-05-01"), encoding="utf-8")
    if good:
        assert len(waivers.load(path, tmp_path, day)) == 1
        return
    with pytest.raises(UsageError, match="ends on 2026-05-01"):
        waivers.load(path, tmp_path, day)


def test_waiver_is_expired_the_day_after(tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(entry(IMG, until="2026-05-01"), encoding="utf-8")
    with pytest.raises(UsageError, match="expired on 2026-05-01"):
        waivers.load(path, tmp_path, date(2026, 5, 2))


@pytest.mark.parametrize(("of_the_product", "granted"), [(True, 1), (False, 0)])
def test_waivers_of_the_product_are_none_of_another_inventory_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, of_the_product: bool, granted: int
) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / waivers.FILE).write_text(entry(IMG), encoding="utf-8")
    monkeypatch.setattr(collection, "ROOT", tmp_path)
    monkeypatch.setattr("fixtures.inventory.is_product_s", lambda: of_the_product)
    options: dict[str, str] = {}
    config: Any = Of(
        rootpath=tmp_path, invocation_params=Of(dir=tmp_path), getoption=lambda name, _=None: options.get(name)
    )
    assert len(collection.granted_waivers(config)) == granted
    options["--waivers"] = waivers.FILE
    assert len(collection.granted_waivers(config)) == 1, "those that are given hold for any image"


def test_lenient_run_waives_what_is_weak_about_a_service_and_nothing_else() -> None:
    weak = Problem(Outcome.FAILED, "nats: takes a connection that is not encrypted: set its certificate")
    alone = waivers.judged(waivers.lenient(), "x::y", ("SVC-nats-tls",), weak)
    assert alone.outcome is Outcome.WAIVED
    assert alone.waived["SVC-nats-tls"].startswith("--lenient-services: ")
    both = waivers.judged(waivers.lenient(), "x::y", ("SVC-argo-tenancy", "DEP-6"), weak)
    assert both.outcome is Outcome.FAILED
    assert not any(waiver.unused([]) for waiver in waivers.lenient())


def test_lenient_run_of_the_suite_s_own_services_is_refused(run: Run) -> None:
    result = run(PASSING, waivers.LENIENT)
    assert result.ret == ExitCode.USAGE
    result.stderr.fnmatch_lines(["*--lenient-services: the services are the suite's own: leave it out*"])
