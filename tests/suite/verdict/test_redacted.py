"""What a run writes has none of its secrets, and a file below .build that has one is an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fixtures.errors import ExitCode
from tests.suite.verdict.small_suite import ALONE, WORKERS, Run, text

SAYING = """
from fixtures.redaction import keep
from fixtures.verdict.evidence import tell

@requirement("IMG-1")
def test_user(request):
    word = keep("s3cret-" + "w0rd")
    print(word)
    tell(request.config, "told", [word])
    seen = {"password": word}
    assert seen == {}, f"coder: {word} is told"
"""
NAMED = """
from fixtures.redaction import keep

@requirement("IMG-1")
@pytest.mark.parametrize("word", [keep("s3cret-" + "w0rd")])
def test_user(word):
    print(word)
    assert not word, f"coder: {word} is told"
"""
LEAKING = """
from pathlib import Path
from fixtures.redaction import keep

@requirement("IMG-1")
def test_user(request):
    folder = Path(request.config.rootpath, ".build", "logs")
    folder.mkdir(parents=True)
    (folder / "pod.log").write_text(keep("s3cret-" + "w0rd"))
    assert folder
"""


@pytest.mark.parametrize("mode", [pytest.param(ALONE, id="alone"), pytest.param(WORKERS, id="workers")])
def test_secret_is_in_no_report(run: Run, tmp_path: Path, mode: tuple[str, ...]) -> None:
    path = tmp_path / "v.json"
    result = run(SAYING, *mode, f"--verdict-json={path}", f"--junit-xml={tmp_path / 'junit.xml'}")
    assert "FAILED IMG-1: coder: *** is told" in result.stdout.lines
    written = text(result) + path.read_text(encoding="utf-8") + (tmp_path / "junit.xml").read_text(encoding="utf-8")
    assert "s3cret-w0rd" not in written
    assert json.loads(path.read_text(encoding="utf-8"))["checks"][0]["first_line"] == "coder: *** is told"


def test_secret_is_in_no_text_of_a_failure_nor_in_its_name(run: Run, pytester: pytest.Pytester) -> None:
    said = text(run(NAMED, *ALONE, "--brief"))
    kept = (pytester.path / ".build" / "failures-image.txt").read_text(encoding="utf-8")
    assert "FAILED tests/image/test_image.py::test_user[***]: coder: *** is told" in said
    assert "==== tests/image/test_image.py::test_user[***] (call)" in kept
    assert "coder: *** is told" in kept
    assert "s3cret-w0rd" not in said + kept


def test_file_with_a_secret_is_an_error_of_the_run(run: Run) -> None:
    result = run(LEAKING)
    assert result.ret == ExitCode.SUITE_ERROR
    assert any(".build/logs/pod.log holds a secret of this run: remove it" in line for line in result.stdout.lines)
