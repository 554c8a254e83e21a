"""Errors in the inventory name the entry, the field and the fix; versions are read as the tools print them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from fixtures.errors import UsageError
from fixtures.inventory import PROFILES, Tool, load
from fixtures.paths import ROOT
from fixtures.patterns import VersionProbe
from fixtures.sources import GoSource
from tests.suite.small_inventory import SMALL

Edit = Callable[[str, str], Path]


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    """The inventory with one piece of text replaced."""

    def write(old: str, new: str) -> Path:
        text = SMALL.read_text(encoding="utf-8")
        assert text.count(old) >= 1, f"{old!r} is not in the inventory any more: choose another place to break"
        path = tmp_path / "tools.toml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            'name = "helm"', 'number = 2\nname = "helm"', r"'helm', number: unknown key 'number'", id="number"
        ),
        pytest.param('tools = ["tea"', 'tools = ["jq"', r"name 'jq' stands in two entries: remove one", id="both"),
        pytest.param(
            'uses = ["jq"]\n',
            "",
            r"tool 'kubectl', check 'renders JSON': runs jq, another tool: add it to its `uses`$",
            id="unsaid",
        ),
        pytest.param(
            'uses = ["jq"]',
            'uses = ["jq", "gqx"]',
            r"'renders JSON', uses: gqx is not in tools.toml: restore it, or remove this check$",
            id="gone",
        ),
        pytest.param(
            'uses = ["jq"]',
            'uses = ["jq", "kubetcx"]',
            r"kubetcx is not in tools.toml: did you mean kubectx\?",
            id="typo",
        ),
        pytest.param(
            "stdout = 'port: 8123'",
            "stdout = 'port: 8123'\nuses = [\"gh\"]",
            r"tool 'helm': each check of level runs needs gh, which is not shipped: write one that does without it$",
            id="not-shipped",
        ),
        pytest.param(
            'commands = ["yq"]',
            'commands = ["yq"]\nneeds = ["gh"]',
            r"tool 'yq': does not start without gh, which is not shipped: leave it out too, by \[\[not_shipped\]\]$",
            id="needed and not shipped",
        ),
        pytest.param(
            'commands = ["yq"]',
            'commands = ["yq"]\nneeds = ["kubetcx"]',
            r"tool 'yq', needs: kubetcx is not in tools.toml: did you mean kubectx\?",
            id="needed and unknown",
        ),
        pytest.param(
            'name = "helm"', 'name = "kubectl"', r"name 'kubectl' stands in two entries: remove one", id="name"
        ),
        pytest.param('commands = ["yq"]', 'commands = ["jq"]', r"command 'jq' stands in two entries", id="command"),
        pytest.param(
            'version = "1.30.0"',
            'version = "1.31.0"',
            r"tool 'kubectl': version '1.31.0' is not the pin 'v1.30.0'",
            id="pin",
        ),
        pytest.param(
            'version = "1.30.0"',
            'version = "1.30.01"',
            r"tool 'kubectl': version '1.30.01' is not the pin 'v1.30.0'",
            id="pin that begins so",
        ),
        pytest.param(
            "budget = 13_000_000", "budget = 0", r"tool 'yq', budget: must be greater than 0, not 0$", id="budget"
        ),
        pytest.param(
            "budget = 13_000_000",
            "bugdet = 13_000_000",
            r"'yq', bugdet: unknown key 'bugdet', did you mean 'budget'\?",
            id="key",
        ),
        pytest.param(
            'kind = "debian"', 'kind = "debain"', r"tool 'kubectx', source: .*'debian'.*, not 'debain'", id="kind"
        ),
        pytest.param(
            "pattern = 'version v?([0-9.]+)'",
            "pattern = 'version'",
            r"'yq', probe.pattern: needs exactly one group",
            id="group",
        ),
        pytest.param(
            "stdout = '^42$'",
            "stdout = '(42'",
            r"'jq', check number 1, stdout: not a regular expression: .*subpattern",
            id="pattern",
        ),
        pytest.param(
            'profiles = ["default", ',
            'profiles = ["defualt", ',
            r"unknown profile 'defualt', did you mean 'default'\?",
            id="profile",
        ),
        pytest.param(
            'chart"\nlevel = "runs"',
            'chart"\nlevel = "operates"',
            r"tool 'helm': has no check of level \"runs\"",
            id="level",
        ),
        pytest.param(
            'operates = "a filter"',
            'operates = { na = "works on local data" }',
            r"tool 'jq': operates is n/a, yet a check has that level$",
            id="level that does not apply",
        ),
        pytest.param(
            "stdout = '^b$'\n",
            "",
            r"tool 'kubectl', check number 1: expects nothing: give stdout or stderr a pattern",
            id="no-expectation",
        ),
        pytest.param(
            "stdout = 'port: 8123'",
            "stdout = 'x?'",
            r"'helm', check number 1, stdout: matches an empty output: give one that only the working tool prints$",
            id="any-pattern",
        ),
        pytest.param(
            "fails = 'newuidmap|cannot",
            "fails = '\\w|cannot",
            r"fails: matches what any program may print, 'sh: ",
            id="fails",
        ),
        pytest.param(
            "'^jq-([0-9.]+)'", "'([0-9.]+)'", r"probe.pattern: matches what any program may print", id="probe"
        ),
        pytest.param(
            'profiles = ["default", "empty-home", "no-network", "read-only", "other-uid"]',
            "profiles = []",
            r"'podman', check number 1, profiles: must have 1 or more entries, not \[\]$",
            id="no-profile",
        ),
        pytest.param(
            ', "other-uid"]',
            "]",
            r"check 'is rootless' does not run in profile 'other-uid': add it, declare a limitation, or say why",
            id="narrowed",
        ),
        pytest.param("exit = 2", 'exit = "2"', r"exit: must be a whole number, not '2'$", id="exit"),
        pytest.param(
            '[tools.source]\nkind = "go"',
            '[tools.source]\nkidn = "go"',
            r"'kubectl', source: unknown key 'kidn', did you mean 'kind'\?$",
            id="kind-key",
        ),
        pytest.param(
            'kind = "debian"\n', 'kind = "python"\n', r"source.packages: unknown key 'packages': remove it", id="branch"
        ),
        pytest.param(
            '[[tools]]\nname = "helm"',
            '[[tool]]\nname = "helm"',
            r"not TOML: Cannot declare \[tools.source\] twice .*: correct that line, or the table's head before it$",
            id="head",
        ),
        pytest.param("[[tools]]", "[[tools]", r"not TOML: .*line \d+", id="syntax"),
    ],
)
def test_error_names_entry_field_and_fix(edit: Edit, old: str, new: str, message: str) -> None:
    path = edit(old, new)
    with pytest.raises(UsageError) as caught:
        load(path)
    assert re.search(message, str(caught.value)), caught.value
    assert "\n" not in str(caught.value)


def test_level_that_does_not_apply_needs_no_check(edit: Edit) -> None:
    tool = load(edit('operates = "an in-place edit keeps comments"', 'operates = { na = "works on local data" }')).tool(
        "yq"
    )
    assert [check.level for check in tool.checks] == ["runs"] * len(tool.checks)


def test_profile_that_is_left_out_for_a_reason_is_taken(edit: Edit) -> None:
    path = edit(', "other-uid"]', ']\nnarrowed = "nobody runs it so"')
    assert "other-uid" not in load(path).tool("podman").checks[0].profiles


def test_check_runs_in_the_profiles_of_its_level() -> None:
    adds, filters = load().tool("jq").checks
    assert (adds.profiles, filters.profiles) == (PROFILES, ("default",))


def test_entry_that_contributing_shows_is_a_right_one(tmp_path: Path) -> None:
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("\n## Add a tool\n")[1]
    entry, limitation = re.findall(
        r"^ {3}```toml\n(.*?)^ {3}```$", section.split("\n## Remove")[0], re.MULTILINE | re.DOTALL
    )
    (tmp_path / "tools.toml").write_text(
        SMALL.read_text(encoding="utf-8") + dedent(entry + limitation), encoding="utf-8"
    )
    tool = load(tmp_path / "tools.toml").tool("just")
    assert [check.level for check in tool.checks] == ["runs", "operates"]
    assert {*tool.model_fields_set, "limitations"} == {*Tool.model_fields}, (
        "CONTRIBUTING.md: show every field of an entry"
    )


def test_missing_inventory_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read \(No such file .*\): give --inventory the path of one$"):
        load(tmp_path / "none.toml")


def test_unknown_tool_gets_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"unknown tool 'kubetcl', did you mean 'kubectl'\?"):
        load().tool("kubetcl")


@pytest.mark.parametrize(
    "output", ["", "no number here", '{"clientVersion": {}}', "[]"], ids=["empty", "words", "no-key", "no-table"]
)
def test_output_without_a_version_is_refused(output: str) -> None:
    for probe in (
        VersionProbe(command="x", pattern=r"^v([0-9.]+)$"),
        VersionProbe(command="x", json_path="a.b"),
    ):
        with pytest.raises(ValueError, match=r"nothing matches|no 'a.b'|Expecting value"):
            probe.read(output)


@pytest.mark.parametrize(
    ("version", "accepted"),
    [("17", True), ("17.6", True), ("170.1", False), ("16.9", False)],
    ids=["same", "minor", "longer-number", "older"],
)
def test_locked_prefix_ends_at_a_dot(version: str, *, accepted: bool) -> None:
    assert load().tool("psql").accepts(version) is accepted


def test_program_is_the_first_command_or_what_a_script_of_that_name_calls() -> None:
    tool = load().tool("kubectx")
    assert (len(tool.commands), tool.program) == (2, tool.commands[0])
    helm = load().tool("helm")
    assert isinstance(helm.source, GoSource)
    wrapped = helm.model_copy(update={"source": helm.source.model_copy(update={"wrapped": True})})
    assert wrapped.program == "/usr/local/libexec/helm"
