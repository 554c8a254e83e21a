"""Which mutants a change concerns."""

from __future__ import annotations

import pytest

from fixtures.errors import UsageError
from fixtures.sabotage import changes
from fixtures.sabotage.mutants import Mutant
from fixtures.sabotage.suite_mutants import SuiteMutant

IMAGE = [
    Mutant(id="jq-gone", rows=("TOOL-jq-*",), breaks="jq is gone", layer="RUN rm jq", says="jq"),
    Mutant(id="page-gone", rows=("IMG-2",), breaks="the page is gone", layer="RUN rm page", says="page"),
]
SUITE = [SuiteMutant(id="a", breaks="something is broken", file="fixtures/x/y.py", old="abc", new="", tests=("t.py",))]


@pytest.mark.parametrize(
    ("files", "ids"),
    [
        ({"README.md"}, set()),
        ({"fixtures/x/y.py"}, {"a"}),
        ({"t.py"}, {"a"}),
        ({"tests/image/test_one.py"}, {"jq-gone"}),
        ({"docker/code-server-dev/tools.toml"}, {"jq-gone", "page-gone"}),
        ({"tests/sabotage/image.toml"}, {"jq-gone", "page-gone"}),
        ({"tests/sabotage/suite.toml"}, {"a"}),
    ],
)
def test_mutants_of_changed_files(files: set[str], ids: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "changed_files", lambda _: files)
    listed = {"tests/image/test_one.py::test_a[jq]": ("TOOL-jq-runs",), "tests/image/test_two.py::test_b": ("IMG-2",)}
    monkeypatch.setattr("fixtures.verdict.parts.read", lambda _: listed)
    assert changes.concerned("HEAD", IMAGE, SUITE) == ids


def test_unknown_commit() -> None:
    with pytest.raises(UsageError, match="--changed=nowhere: git knows no such commit"):
        changes.changed_files("nowhere")
