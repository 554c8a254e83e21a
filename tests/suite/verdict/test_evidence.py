"""What checks and plugins say for the verdict."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import SuiteError
from fixtures.verdict.evidence import BROKEN, VERDICT_CONTEXT, Blocked, Script, blocked, outside_of_checks, tell


@pytest.fixture
def config() -> Any:
    """A run of which nothing is recorded yet."""
    found = SimpleNamespace(stash=pytest.Stash())
    found.stash[VERDICT_CONTEXT], found.stash[BROKEN] = {}, []
    return found


def test_block_has_its_reason_and_its_diagnosis() -> None:
    with pytest.raises(Blocked) as raised:
        blocked("keycloak is down", "its log")
    assert (raised.value.reason, raised.value.because, str(raised.value)) == (
        "keycloak is down",
        "its log",
        "keycloak is down",
    )
    assert not isinstance(raised.value, Exception)


def test_section_is_told_anew(config: Any) -> None:
    for section, lines in (("costs", ["a"]), ("log-in", ["b"]), ("costs", iter(["c", "d"]))):
        tell(config, section, lines)
    assert config.stash[VERDICT_CONTEXT] == {"sections": {"costs": ["c", "d"], "log-in": ["b"]}}


def fail(error: Exception) -> None:
    """Break what runs outside of checks."""
    raise error


def test_suites_own_error_outside_of_checks_is_the_runs(config: Any) -> None:
    with outside_of_checks(config):
        fail(SuiteError("no\tdisk", "free some"))
    assert config.stash[BROKEN] == ["no\\tdisk: free some"]
    with pytest.raises(OSError, match="full"), outside_of_checks(config):
        fail(OSError("full"))
    assert len(config.stash[BROKEN]) == 1


def test_script_is_of_its_place_and_time() -> None:
    script: Any = Script("jq", lambda *_: pytest.fail("not run"))
    assert (script, script.profile) == (Script("jq", script.run), "default")
    with pytest.raises(AttributeError):
        script.text = "yq"
