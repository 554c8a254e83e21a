"""Which checks need a service: they come last, and a need that nothing provides is refused."""

from __future__ import annotations

import pytest

PLUGINS = ("fixtures.run", "fixtures.verdict.plugin", "fixtures.services.plugin")


def collect(pytester: pytest.Pytester, checks: str) -> pytest.RunResult:
    pytester.makeini("[pytest]\nstrict = true")
    pytester.makepyfile(f"import pytest\n{checks}")
    options = [word for plugin in PLUGINS for word in ("-p", plugin)]
    return pytester.runpytest_inprocess(*options, "--collect-only", "-q")


def test_checks_that_need_a_service_come_last(pytester: pytest.Pytester) -> None:
    needing = (
        '@pytest.mark.needs("gitea")\ndef test_gitea(): pass\n@pytest.mark.needs("starts")\ndef test_starts(): pass\n'
    )
    result = collect(pytester, needing + "def test_image(): pass\n")
    result.stdout.fnmatch_lines(["*::test_starts", "*::test_image", "*::test_gitea"])


def test_need_that_nothing_provides_is_refused(pytester: pytest.Pytester) -> None:
    result = collect(pytester, '@pytest.mark.needs("gitae")\ndef test_gitea(): pass')
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*::test_gitea: needs 'gitae', which nothing provides: known are argo, argocd, *"])
