"""gh as the checks run it: for which GitHub, and with which token."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from testinfra.backend.base import CommandResult

from fixtures.services.catalogue.github import PUBLIC, Gh, must_be_refused


def answer(command: str, code: int = 0, stderr: str = "") -> CommandResult:
    """What a command in the pod ended with."""
    return CommandResult(backend=None, exit_status=code, command=command.encode(), _stdout="", _stderr=stderr)


@pytest.mark.parametrize(("host", "name"), [(PUBLIC, "GH_TOKEN"), ("github.example.com", "GH_ENTERPRISE_TOKEN")])
@pytest.mark.parametrize(("given", "used"), [(None, "valid"), ("other", "other"), ("", "")])
def test_gh_gets_the_token_that_it_is_to_be_seen_with(host: str, name: str, given: str | None, used: str) -> None:
    seen: list[Mapping[str, str]] = []

    def run(script: str, variables: Mapping[str, str]) -> CommandResult:
        seen.append(variables)
        return answer(script)

    Gh(run, host, "valid")("gh api user", given)
    (variables,) = seen
    assert (variables["GH_HOST"], {key: one for key, one in variables.items() if "TOKEN" in key}) == (
        host,
        {name: used},
    )


def test_wrong_token_is_what_must_be_refused() -> None:
    def run(script: str, variables: Mapping[str, str]) -> CommandResult:
        return answer(script, 0 if "valid" in variables.values() else 1, "HTTP 401: Bad credentials")

    must_be_refused(Gh(run, PUBLIC, "valid"))
    with pytest.raises(AssertionError, match="lets a wrong token in"):
        must_be_refused(Gh(lambda script, _: answer(script), PUBLIC, "valid"))
