"""Mutants of the suite: an edit in a copy of the checkout, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.sabotage.suite_mutants import SuiteMutant, scored, written
from tests.suite.processes import gone

FILE = """
[[mutants]]
id = "one-is-two"
breaks = "one is two, as nobody expects"
file = "code.py"
old = "ONE = 1"
new = "ONE = 2"
tests = ["tests/suite/test_code.py"]
"""
NOTICES = "assert 'ONE = 1' in open('code.py').read()"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small checkout."""
    (tmp_path / "tests/suite").mkdir(parents=True)
    (tmp_path / "code.py").write_text("ONE = 1\n", encoding="utf-8")
    (tmp_path / "tests/suite/test_code.py").write_text("def test_nothing():\n    pass\n", encoding="utf-8")
    (tmp_path / "suite.toml").write_text(FILE, encoding="utf-8")
    return tmp_path


def test_mutants_are_read(root: Path) -> None:
    (one,) = written(root / "suite.toml", root)
    assert (one.id, one.rows) == ("one-is-two", (".",))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ONE = 1", "ONE = 3", "its old text stands 0 times in code.py, not once"),
        ("code.py", "gone.py", "its old text stands 0 times in gone.py"),
        ("test_code.py", "test_gone.py", "there is no tests/suite/test_gone.py"),
    ],
)
def test_an_edit_that_fits_no_more_is_named(root: Path, old: str, new: str, message: str) -> None:
    (root / "suite.toml").write_text(FILE.replace(old, new), encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        written(root / "suite.toml", root)


@pytest.mark.parametrize(
    ("body", "fate"),
    [
        (f"def test_one():\n    {NOTICES}\n", "killed"),
        ("def test_one():\n    pass\n", "survived"),
        ("", "error"),
        ("raise RuntimeError\n", "error"),
        (f"import pytest\n@pytest.fixture\ndef one():\n    {NOTICES}\ndef test_one(one):\n    pass\n", "killed"),
        ("import time\ndef test_one():\n    time.sleep(60)\n", "timed out"),
    ],
    ids=["noticed", "not noticed", "no test", "not collected", "noticed by a fixture", "endless"],
)
def test_fate(root: Path, body: str, fate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "tests/suite/test_code.py").write_text(body, encoding="utf-8")
    monkeypatch.setattr("fixtures.sabotage.suite_mutants.PYTEST", ("-q", "-p", "no:cacheprovider"))
    monkeypatch.setattr("fixtures.sabotage.suite_mutants.SECONDS", 4.0 if fate == "timed out" else 60.0)
    (one,) = written(root / "suite.toml", root)
    assert scored(one, root).fate == fate
    assert (root / "code.py").read_text(encoding="utf-8") == "ONE = 1\n"


def test_nothing_that_a_mutant_leaves_running_stays(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = "subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)"
    body = f"import pathlib, subprocess\ndef test_one():\n    pathlib.Path('pid').write_text(str({started}.pid))\n"
    (root / "tests/suite/test_code.py").write_text(body, encoding="utf-8")
    monkeypatch.setattr("fixtures.sabotage.suite_mutants.PYTEST", ("-q", "-p", "no:cacheprovider"))
    (one,) = written(root / "suite.toml", root)
    assert scored(one, root).fate == "survived"
    assert gone(int((root / "pid").read_text(encoding="utf-8")))


@pytest.mark.parametrize("case", ["base64", "a case of three-words"])
@pytest.mark.parametrize("message", ["", ", 'one - or two'"])
def test_test_that_noticed_it_is_named_whole(
    root: Path, case: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = "    print('\\nFAILED BLD-3: in a report')\n"
    mark = f"import pytest\n@pytest.mark.parametrize('x', [1], ids=[{case!r}])\n"
    body = f"{mark}def test_one(x):\n{printed}    assert 'ONE = 1' in open('code.py').read(){message}\n"
    (root / "tests/suite/test_code.py").write_text(body, encoding="utf-8")
    monkeypatch.setattr("fixtures.sabotage.suite_mutants.PYTEST", ("-q", "-p", "no:cacheprovider"))
    (one,) = written(root / "suite.toml", root)
    assert scored(one, root).first_line == f"tests/suite/test_code.py::test_one[{case}]"


def test_all_that_are_written_fit() -> None:
    assert len(written()) >= 30
    assert all(isinstance(one, SuiteMutant) for one in written())
