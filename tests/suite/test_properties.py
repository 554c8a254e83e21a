"""What holds for any input: hypothesis makes the inputs, always the same ones, and none is timed."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from fixtures import redaction, toml_reader
from fixtures.errors import UsageError
from fixtures.inventory import Inventory, load
from fixtures.patterns import VersionProbe
from fixtures.services.settings import GivenSettings
from fixtures.shell.session import _Frame
from fixtures.shell.shell import Shell
from fixtures.shell.transport import ProcessTransport
from fixtures.verdict.outcomes import Check, Outcome, Problem, judge
from fixtures.verdict.requirements import Requirement
from tests.suite.small_inventory import SMALL

any_input = settings(
    derandomize=True, deadline=None, database=None, max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
SETTINGS = """\
[services.nats]
host = "nats.example"
workspace = { user = "dev", space = "work", password_env = "DEV" }
"""
words = some.text(some.characters(exclude_categories=["Cs"]), max_size=40)
versions = some.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}", fullmatch=True)


def edited(text: str, at: int, length: int, put: str) -> str:
    """Return a text in which some characters are others."""
    start = at % (len(text) + 1)
    return text[:start] + put + text[start + length :]


# ---- versions


@any_input
@given(words, versions, words)
def test_version_is_read_out_of_what_stands_around_it(before: str, version: str, after: str) -> None:
    probe = VersionProbe(command="tool --version", pattern=r"^tool v?([0-9.]+);")
    assert probe.read(f"{before}\ntool v{version};{after}") == version
    assert VersionProbe(command="t", json_path="a.b").read(json.dumps({"a": {"b": f"v{version}"}})) == version


@any_input
@given(words, some.sampled_from(["pattern", "json_path"]))
def test_output_without_a_version_is_a_value_error(output: str, way: str) -> None:
    given_by = {"pattern": r"^tool ([0-9.]+)$"} if way == "pattern" else {"json_path": "a.b"}
    with pytest.raises(ValueError, match=r"."):
        VersionProbe(command="tool", **given_by).read(output)


@any_input
@given(versions, some.sampled_from("0123456789"))
def test_locked_version_accepts_what_goes_on_after_a_dot(version: str, digit: str) -> None:
    tool = load(SMALL).tools[0].model_copy(update={"version": version})
    assert tool.accepts(version)
    assert tool.accepts(f"{version}.{digit}")
    assert not tool.accepts(f"{version}{digit}")


# ---- files that people write


@any_input
@given(some.integers(0, 10_000), some.integers(0, 30), words)
def test_edited_inventory_is_read_or_refused_in_a_line(tmp_path: Path, at: int, length: int, put: str) -> None:
    path = tmp_path / "tools.toml"
    path.write_text(edited(SMALL.read_text(encoding="utf-8"), at, length, put), encoding="utf-8")
    try:
        toml_reader.read(Inventory, path, missing="")
    except UsageError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017  # most edits are refused, and some are not


@any_input
@given(some.integers(0, 200), some.integers(0, 10), words)
def test_edited_settings_are_read_or_refused_in_a_line(tmp_path: Path, at: int, length: int, put: str) -> None:
    path = tmp_path / "services.toml"
    path.write_text(edited(SETTINGS, at, length, put), encoding="utf-8")
    try:
        GivenSettings(path, {"nats": None}, {"DEV": "word of the account"})
    except UsageError as error:
        assert "word of the account" not in str(error)  # noqa: PT017
        assert len(str(error).splitlines()) == 1  # noqa: PT017


# ---- secrets


@any_input
@given(some.text(some.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=6, max_size=30), words, words)
def test_secret_stays_in_no_form(secret: str, before: str, after: str) -> None:
    redaction._known.clear()
    redaction._all_forms.cache_clear()
    redaction.keep(secret)
    encoded = base64.b64encode(f"{before}{secret}{after}".encode()).decode()
    for text in (secret, json.dumps(secret), quote(secret, safe=""), encoded):
        seen = redaction.redact(f"a {text} b")
        assert text == redaction.MASK or text not in seen
    with suppress(ValueError):
        left = base64.b64decode(redaction.redact(encoded).replace(redaction.MASK, ""), validate=True)
        assert secret.encode() not in left or secret in before + after


# ---- verdicts

problems = some.builds(Problem, some.sampled_from([one for one in Outcome if one.severity >= 3]), some.text("ab"))


@any_input
@given(some.lists(problems, max_size=6), some.randoms())
def test_check_has_its_worst_problem_in_whatever_order(found: list[Problem], chance: object) -> None:
    mixed = list(found)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    ends = []
    for one in (found, mixed):
        check = Check("test", ("IMG-1",))
        for problem in one:
            check.worsen(problem)
        ends.append((check.outcome, {(each.outcome, each.line) for each in check.problems}))
    assert ends[0][0] is ends[1][0] is max([Outcome.NOT_RUN, *(one.outcome for one in found)], key=_severity)
    assert {outcome for outcome, _ in ends[0][1]} == {outcome for outcome, _ in ends[1][1]}


def _severity(outcome: Outcome) -> int:
    return outcome.severity


@any_input
@given(some.lists(some.tuples(some.sampled_from(list(Outcome)), some.booleans()), max_size=6))
def test_requirement_is_passed_only_where_all_of_its_checks_are(ends: list[tuple[Outcome, bool]]) -> None:
    checks = [Check(f"t{number}", ("IMG-1",), selected, outcome) for number, (outcome, selected) in enumerate(ends)]
    row = judge(Requirement("IMG-1", "IMG", "runs as coder", None, optional=False), checks)
    mine = [one.outcome for one in checks if one.outcome is not Outcome.NOT_SHIPPED]
    assert (row.verdict is Outcome.PASSED) == (bool(mine) and set(mine) == {Outcome.PASSED})
    if Outcome.FAILED in mine:
        assert row.verdict is Outcome.FAILED


# ---- the open shell


@any_input
@given(some.binary(max_size=60), some.binary(max_size=60), some.lists(some.integers(0, 160), max_size=6))
def test_output_is_framed_however_it_is_cut(before: bytes, output: bytes, cuts: list[int]) -> None:
    stream = before + b"\x1emark<" + output + b"\x1emark>0 held\n"
    frame, last = _Frame(b"\x1emark"), 0
    for cut in [*sorted(cuts), len(stream)]:
        frame.feed(stream[last:cut])
        last = max(last, cut)
    assert (bytes(frame.data), frame.trailer) == (output, b"0 held")


def test_input_reaches_a_command_byte_for_byte() -> None:
    with Shell(lambda: ProcessTransport(["sh"]), name="sh") as shell:

        @any_input
        @given(some.binary(min_size=1, max_size=200), some.text(some.characters(codec="utf-8"), max_size=40))
        def echoed(data: bytes, word: str) -> None:
            assert shell.run("cat", stdin=data).stdout == data
            plain = word.replace("\0", "")
            quoted = "'" + plain.replace("'", "'\\''") + "'"
            assert shell.run(f"printf %s {quoted}").stdout == plain.encode()

        echoed()
