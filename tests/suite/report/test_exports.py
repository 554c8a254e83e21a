"""What other programs read of a run: JUnit XML as pytest writes it, and CTRF as its schema has it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from fixtures.redaction import keep
from fixtures.report import exports, run_files
from tests.suite.report.sample_runs import FAILURE, TROUBLE, document, needed, whole_run, write

CTRF: dict[str, Any] = json.loads(Path(__file__).with_name("ctrf-schema-0.0.json").read_text(encoding="utf-8"))
BROKEN = {"broken": ["network x is left: remove it \x1b[0m"], "exit_code": 1}
BY_PYTEST = """
import pytest

def test_passes(record_property, record_testsuite_property):
    record_property("requirement", "IMG-1")
    record_testsuite_property("verdict", "passed")

def test_fails():
    assert False

def test_skips():
    pytest.skip("no")

@pytest.fixture
def broken():
    raise ValueError

def test_breaks(broken): ...
"""
Shape = dict[str, tuple[set[str], set[str]]]


def ctrf(folder: Path) -> dict[str, Any]:
    """The CTRF report of a folder."""
    report: dict[str, Any] = json.loads(exports.ctrf(run_files.load(folder), "0.1.0"))
    return report


def junit(folder: Path) -> ET.Element:
    """The JUnit XML of a folder."""
    return ET.fromstring(exports.junit(run_files.load(folder)))  # noqa: S314


def shape(elements: Iterable[ET.Element]) -> Shape:
    """The attributes and the children that elements of each name have."""
    found: Shape = {}
    for one in elements:
        attributes, children = found.setdefault(one.tag, (set(), set()))
        attributes |= one.attrib.keys()
        children |= {child.tag for child in one}
    return found


@pytest.mark.parametrize("trouble", [pytest.param((), id="passed"), pytest.param(TROUBLE, id="all kinds")])
def test_ctrf_is_as_its_schema_has_it(tmp_path: Path, trouble: tuple[str, ...]) -> None:
    whole_run(tmp_path, *trouble)
    jsonschema.validate(ctrf(tmp_path), CTRF, format_checker=jsonschema.FormatChecker())
    write(tmp_path, document("image", trouble) | BROKEN)
    jsonschema.validate(ctrf(tmp_path), CTRF)


def test_ctrf_keeps_what_it_has_no_word_for(tmp_path: Path) -> None:
    report = ctrf(whole_run(tmp_path, *TROUBLE))["results"]
    words = {one["tags"][0]: (one["status"], one["rawStatus"]) for one in report["tests"]}
    plain = {"passed", "failed"}
    assert {one: words[one] for one in TROUBLE} == {
        one: (check.outcome.value if check.outcome.value in plain else "other", check.outcome.value)
        for one, check in TROUBLE.items()
    }
    counted = Counter(one["status"] for one in report["tests"])
    assert {word: report["summary"][word] for word in counted} == counted
    assert report["summary"]["tests"] == len(needed())


def test_junit_has_the_shape_that_pytest_writes(tmp_path: Path, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(BY_PYTEST)
    pytester.runpytest_inprocess("-o", "junit_family=xunit1", "--junit-xml=by_pytest.xml")
    known = shape(ET.parse(pytester.path / "by_pytest.xml").iter())  # noqa: S314
    mine = shape(junit(write(tmp_path, document("image", TROUBLE) | BROKEN, document("live", TROUBLE))).iter())
    assert mine.keys() == known.keys()
    for tag, (attributes, children) in mine.items():
        assert attributes <= known[tag][0] | {"message", "type"}, tag
        assert children <= known[tag][1], tag


def test_junit_counts_what_it_has(tmp_path: Path) -> None:
    suites = junit(write(tmp_path, document("image", TROUBLE) | BROKEN, document("live", TROUBLE))).findall("testsuite")
    assert [one.get("name") for one in suites] == ["image", "live"]
    for suite in suites:
        found = Counter(child.tag for case in suite.iter("testcase") for child in case)
        counts = [int(suite.get(one, "")) for one in ("tests", "failures", "errors", "skipped")]
        assert counts == [len(suite.findall("testcase")), found["failure"], found["error"], found["skipped"]]
    assert [error.get("message") for error in suites[0].iter("error")][-1] == "network x is left: remove it ?[0m"


@pytest.mark.parametrize(("part", "name"), [("live", "live"), ("", "beside the checks")], ids=["of a part", "of all"])
def test_junit_tells_once_what_broke_beside_the_checks(part: str, name: str, tmp_path: Path) -> None:
    suites = junit(write(tmp_path, document(part) | BROKEN)).findall("testsuite")
    told = {suite.get("name"): (suite.get("errors"), len(list(suite.iter("error")))) for suite in suites}
    assert {one: counts for one, counts in told.items() if counts != ("0", 0)} == {name: ("1", 1)}


def test_what_broke_after_a_check_had_failed_is_in_both(tmp_path: Path) -> None:
    told = document("image", ["BLD-3"])
    check = next(one for one in told["checks"] if "BLD-3" in one["ids"])
    check["more"] = [{"outcome": "error", "first_line": "volume x stays", "because": "remove it", "waived": {}}]
    write(tmp_path, told)
    (case,) = [one for one in ctrf(tmp_path)["results"]["tests"] if one["testId"] == check["nodeid"]]
    assert case["message"].splitlines() == [check["first_line"], "volume x stays: remove it"]
    assert [one.text for one in junit(tmp_path).iter("failure")] == [case["message"]]


def test_requirements_of_several_parts_are_judged_over_all_of_them(tmp_path: Path) -> None:
    write(tmp_path, document("image"), document("live", ["FLOW-nats"]))
    found = ctrf(tmp_path)["results"]["extra"]["requirements"]
    assert [found[one] for one in ("BLD-3", "DEP-4", "FLOW-nats")] == ["passed", "passed", "blocked"]


def test_junit_has_requirements_and_verdict_as_properties(tmp_path: Path) -> None:
    root = junit(whole_run(tmp_path, *TROUBLE))
    properties = [
        {one.get("name", ""): one.get("value", "") for one in case.iter("property")} for case in root.iter("testcase")
    ]
    words = {one["requirement"]: one["verdict"] for one in properties}
    assert {one: words[one] for one in TROUBLE} == {one: check.outcome.value for one, check in TROUBLE.items()}
    assert {one["requirement"] for one in properties if "waived" in one} == {"DEP-8"}
    assert [one.get("message") for one in root.iter("failure") if "helm" in (one.text or "")] == [FAILURE]


def test_exports_have_no_secret(tmp_path: Path) -> None:
    keep("cannot be read and run")
    run = run_files.load(whole_run(tmp_path, *TROUBLE))
    for text in (exports.junit(run), exports.ctrf(run, "0.1.0")):
        assert "helm: *** by everybody" in text
        assert "cannot be read and run" not in text


def test_flaky_check_is_no_plain_pass(tmp_path: Path) -> None:
    run = run_files.load(whole_run(tmp_path, "ENV-1"))
    (told,) = [one for one in json.loads(exports.ctrf(run, "1"))["results"]["tests"] if one["tags"] == ["ENV-1"]]
    assert (told["status"], told["rawStatus"], told["flaky"]) == ("other", "flaky", True)
    assert '<skipped type="verdict.flaky" message="passed only when it ran again' in exports.junit(run)
