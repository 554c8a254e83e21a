"""A failed check is blocked by the broken tool that it used, and keeps its failure where those tools work."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from testinfra.backend.base import BaseBackend, CommandResult

from fixtures import inventory as inventories
from fixtures.errors import SuiteError
from fixtures.image.blame import blamed
from fixtures.inventory import Check, Tool
from fixtures.shell.transport import ShellDiedError
from fixtures.verdict.evidence import Script


def tools() -> list[Tool]:
    """Three tools of the inventory."""
    return [tool for tool in inventories.load().tools if tool.name in {"jq", "yq", "ripgrep"}]


def place(*broken: str) -> Script:
    """A script that uses jq and yq, in a place where every tool works but some."""

    def run(text: str, _seconds: float) -> CommandResult:
        for tool in tools():
            if text == tool.probe.command:
                told = "" if tool.name in broken else f"{tool.name}-{tool.version} v{tool.version}"
                return result(0, f"yq (https://x/) version v{tool.version}" if tool.name == "yq" and told else told)
            for check in tool.checks:
                if check.run == text and tool.name not in broken:
                    raise SuiteError("not asked here", "")
        return result(1, "")

    return Script("yq -o=json . file | jq -r .name", run, profile="none of them")


def result(status: int, stdout: str) -> CommandResult:
    """What a command gives."""
    return CommandResult(cast("BaseBackend", SimpleNamespace(decode=bytes.decode)), status, b"", stdout.encode(), b"")


def test_tool_that_a_check_uses_is_blamed() -> None:
    found = blamed(["TOOL-ansible-core-runs"], [place("jq")], tools())
    assert found is not None
    assert found.problem == "jq, which this check uses, is broken"
    assert found.repair.startswith("it reports no version")


def test_tool_is_blamed_whose_name_is_only_the_beginning_of_the_check_s_tool() -> None:
    found = blamed(["TOOL-jqfmt-runs"], [place("jq")], tools())
    assert found is not None
    assert found.problem == "jq, which this check uses, is broken"


def test_tool_of_another_version_is_blamed() -> None:
    script = Script("jq .", lambda *_: result(0, "jq-0.1"))
    found = blamed([], [script], [tool for tool in tools() if tool.name == "jq"])
    assert found is not None
    assert found.repair.startswith("it is version 0.1, locked is ")


@pytest.mark.parametrize(
    ("broken", "first"),
    [
        pytest.param({"jq"}, "jq", id="one"),
        pytest.param({"yq"}, "yq", id="one that uses another"),
        pytest.param({"jq", "yq"}, "jq", id="one, and by it another"),
    ],
)
def test_tool_is_blamed_by_its_own_check(broken: set[str], first: str) -> None:
    runs = {"yq": "yq . | jq .", "jq": "jq ."}
    check = Check(title="works", level="runs", run="x", stdout="^it works$", profiles=("default",))
    known = {tool.name: tool for tool in tools()}
    checks = {name: (check.model_copy(update={"run": text}),) for name, text in runs.items()}
    mine = [known[name].model_copy(update={"checks": checks[name]}) for name in runs]

    def run(text: str, seconds: float) -> CommandResult:
        asked = [name for name in runs if runs[name] == text]
        return result(int(asked[0] in broken), "it works") if asked else place().run(text, seconds)

    found = blamed([], [Script("yq . | jq .", run)], mine)
    assert found is not None
    assert found.problem == f"{first}, which this check uses, is broken"
    assert found.repair.startswith("works: exit 1 instead of 0: it works")


@pytest.mark.parametrize(
    ("ids", "broken"),
    [
        pytest.param(["TOOL-jq-runs"], ("jq",), id="the tool that the check is about"),
        pytest.param(["TOOL-ansible-core-runs"], ("ripgrep",), id="a tool that it does not use"),
        pytest.param(["TOOL-ansible-core-runs"], (), id="nothing broken"),
    ],
)
def test_nothing_else_is_blamed(ids: list[str], broken: tuple[str, ...]) -> None:
    assert blamed(ids, [place(*broken)], tools()) is None


def test_check_that_ran_nothing_blames_nothing() -> None:
    assert blamed(["IMG-1"], [], tools()) is None


def test_scheme_of_a_url_is_no_command() -> None:
    (jq,) = [tool for tool in tools() if tool.name == "jq"]
    http = jq.model_copy(update={"commands": ("http",)})
    script = place("jq")
    asked = Script("curl http://127.0.0.1/healthz", script.run, profile=script.profile)
    assert blamed([], [asked], [http]) is None
    assert blamed([], [Script("http GET x", script.run, profile=script.profile)], [http]) is not None


def test_nothing_is_blamed_where_the_pod_is_gone() -> None:
    def gone(_text: str, _seconds: float) -> CommandResult:
        raise ShellDiedError("the pod ended", "look at it")

    assert blamed([], [Script("jq .", gone, profile="default")], tools()) is None
