"""Small suites of their own over the plugin of the verdict."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fixtures.paths import ROOT
from tests.suite.small_inventory import SMALL
from tests.suite.verdict.small_suite import CHECKS, HEAD, LISTING, Run


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a session of its own over the given checks, with the project's strictness.

    The checks, also those of `more` files, are listed before there are a conftest and other files. By default the run
    is to verify the part `image`; `apart` runs it in a process of its own.
    """
    pytester.makeini(
        "[pytest]\nstrict = true\nfilterwarnings = error\n"
        f"addopts = -p fixtures.verdict.plugin --inventory={SMALL} --tb=short --import-mode=importlib"
    )

    def session(
        checks: str,
        *arguments: str,
        suite: str = "",
        conftest: str = "",
        more: Mapping[str, str] | None = None,
        files: Mapping[str, str] | None = None,
        part: str = "image",
        apart: bool = False,
    ) -> pytest.RunResult:
        suites = {CHECKS: checks, "tests/suite/test_suite.py": suite}
        for name in ("image", "suite"):
            (pytester.path / "tests" / name).mkdir(parents=True, exist_ok=True)
        write(pytester, {name: HEAD + code for name, code in suites.items() if code} | dict(more or {}))
        if checks:
            pytester.runpytest_inprocess(*LISTING, "tests")
        write(pytester, {"conftest.py": HEAD + conftest} if conftest else {})
        write(pytester, files or {})
        scope = [f"--part={part}"] * bool(checks and part)
        # A hook that breaks there keeps pytest from closing its log file: another test would be told of the leak.
        if apart or "def pytest_unconfigure(" in conftest:
            monkeypatch.setenv("PYTHONPATH", str(ROOT))
            return pytester.runpytest_subprocess(*arguments, *scope)
        return pytester.runpytest_inprocess(*arguments, *scope, no_reraise_ctrlc=True)

    return session


def write(pytester: pytest.Pytester, files: Mapping[str, str]) -> None:
    """Write files below the root of the small suite."""
    for name, content in files.items():
        (pytester.path / name).parent.mkdir(parents=True, exist_ok=True)
        (pytester.path / name).write_text(content, encoding="utf-8")
