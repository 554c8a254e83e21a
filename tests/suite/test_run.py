"""The marker `needs`: what fixtures declare reaches the checks that take them."""

from __future__ import annotations

import pytest

from fixtures.run import DEPLOYMENT, needs, needs_of, requirements_with

HEAD = """
import pytest
from fixtures.run import needs

@pytest.fixture(name="broker")
@needs("nats")
def some_function():
    pass

@pytest.fixture
def client(broker):
    pass
"""


def collect(pytester: pytest.Pytester, checks: str) -> list[pytest.Item]:
    """Return the checks of a file, collected by themselves."""
    pytester.makeini("[pytest]\nstrict = true")
    pytester.makepyfile(HEAD + checks)
    items, _ = pytester.inline_genitems("-p", "fixtures.run", "-p", "fixtures.verdict.plugin")
    assert items
    return items


def test_check_needs_what_its_fixtures_declare(pytester: pytest.Pytester) -> None:
    direct, indirect, without = collect(
        pytester, "def test_1(broker): pass\ndef test_2(client): pass\ndef test_3(): pass"
    )
    assert needs_of([direct]) == needs_of([indirect]) == {"nats"}
    assert needs_of([without]) == set()


def test_overriding_fixture_declares_in_place_of_the_other(pytester: pytest.Pytester) -> None:
    check = """
class TestOther:
    @pytest.fixture
    @needs("valkey")
    def client(self):
        pass

    def test_1(self, client): pass
"""
    (item,) = collect(pytester, check)
    assert needs_of([item]) == {"valkey"}


def test_check_may_carry_the_marker_itself(pytester: pytest.Pytester) -> None:
    (item,) = collect(pytester, '@pytest.mark.needs("gitea")\ndef test_1(broker): pass')
    assert needs_of([item]) == {"gitea", "nats"}


def test_parameter_may_carry_the_marker(pytester: pytest.Pytester) -> None:
    one, other = collect(
        pytester,
        '@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.needs("gitea")), 2])\ndef test_1(n): pass',
    )
    assert (needs_of([one]), needs_of([other])) == ({"gitea"}, set())


def test_requirements_are_those_of_the_checks_with_the_need(pytester: pytest.Pytester) -> None:
    items = collect(
        pytester,
        f'@pytest.mark.requirement("DEP-6", "DEP-2")\n@pytest.mark.needs({DEPLOYMENT!r})\ndef test_1(): pass\n'
        '@pytest.mark.requirement("DEP-1")\ndef test_2(): pass',
    )
    assert requirements_with(items, DEPLOYMENT) == ["DEP-2", "DEP-6"]


def test_declaration_above_the_fixture_is_refused() -> None:
    with pytest.raises(TypeError, match=r"@needs\('nats',\) stands above @pytest.fixture: put it below"):

        @needs("nats")
        @pytest.fixture
        def broker() -> None:
            pass
