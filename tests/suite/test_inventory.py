"""Errors in the inventory name the entry, the field and the fix; versions are read as the tools print them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.inventory import DEFAULT_INVENTORY, VersionProbe, load

Edit = Callable[[str, str], Path]


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    """The shipped inventory with one piece of text replaced."""

    def write(old: str, new: str) -> Path:
        text = DEFAULT_INVENTORY.read_text(encoding="utf-8")
        assert text.count(old) >= 1, f"{old!r} is not in the inventory any more: choose another place to break"
        path = tmp_path / "tools.toml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return write


def test_shipped_inventory_has_the_plan_s_31_tools() -> None:
    tools = load().tools
    assert [tool.number for tool in tools] == list(range(1, 32))
    assert (tools[0].name, tools[13].name, tools[30].name) == ("kubectl", "gh", "gettext-base")


def test_budgets_fit_the_limit() -> None:
    inventory = load()
    assert sum(tool.budget for tool in inventory.tools) < inventory.image.size_limit


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            "number = 2\n", "number = 3\n", r"tool 'helm' has number 3, expected 2: keep the order", id="order"
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
            'profiles = ["default"]',
            'profiles = ["defualt"]',
            r"unknown profile 'defualt', did you mean 'default'\?",
            id="profile",
        ),
        pytest.param(
            'level = "runs"\n', 'level = "operates"\n', r"tool 'kubectl': has no check of level \"runs\"", id="level"
        ),
        pytest.param(
            "stdout = '^b$'\n",
            "",
            r"tool 'kubectl', check number 1: expects nothing: give stdout or stderr a pattern",
            id="no-expectation",
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


def test_missing_inventory_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read \(No such file .*\): restore it from version control$"):
        load(tmp_path / "none.toml")


def test_unknown_tool_gets_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"unknown tool 'kubetcl', did you mean 'kubectl'\?"):
        load().tool("kubetcl")


BANNERS = {
    "kubectl": ('{"clientVersion": {"gitVersion": "v1.30.0"}}', "1.30.0"),
    "helm": ("v3.17.3", "3.17.3"),
    "stern": ("version: 1.28.0\ncommit: x", "1.28.0"),
    "podman": ("podman version 5.4.2", "5.4.2"),
    "ansible-core": ("ansible [core 2.21.5]\n  config file = None", "2.21.5"),
    "argo": ("argo: v3.5.5", "3.5.5"),
    "jq": ("jq-1.7.1", "1.7.1"),
    "yq": ("yq (https://github.com/mikefarah/yq/) version v4.40.5", "4.40.5"),
    "psql": ("psql (PostgreSQL) 17.6 (Debian 17.6-0+deb13u1)", "17.6"),
    "vim": ("VIM - Vi IMproved 9.1 (2024 Jan 02, compiled ...)", "9.1"),
    "nano": (" GNU nano, version 8.4\n (C) 2025", "8.4"),
    "mlflow": ("mlflow, version 3.17.2", "3.17.2"),
    "gettext-base": ("envsubst (GNU gettext-runtime) 0.23.1\n", "0.23.1"),
}


@pytest.mark.parametrize("name", BANNERS)
def test_version_is_read_from_the_output_of_the_tool(name: str) -> None:
    banner, version = BANNERS[name]
    assert load().tool(name).probe.read(banner) == version


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
