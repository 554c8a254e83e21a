"""The published tag moves to the image of a verdict, and only after one."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fixtures import __main__ as command_line
from fixtures import inventory
from fixtures.errors import ExitCode
from fixtures.registry import promotion
from fixtures.verdict import merge
from fixtures.verdict.parts import WHOLE_PARTS
from fixtures.verdict.verdict import SCHEMA_VERSION
from tests.suite.registry.conftest import Opened
from tests.suite.registry.fakes.registry import FakeRegistry, digest_of, manifest
from tests.suite.small_inventory import SMALL

HERE = inventory.load(SMALL).image.repository
NAME = "1a2b3c4d.localhost/library/code-server-dev:latest"
ID, OTHER_ID = "a" * 64, "b" * 64
DIGEST = digest_of(manifest(NAME))
"""Of the image that is pushed by that name."""
Promote = Callable[..., int]


def whole(**changes: Any) -> dict[str, Any]:
    """The document of a verdict that has passed a moment ago, with changes."""
    finished = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    part = {"finished": finished, "verdict": "part x passed", "exit_code": 0}
    context: dict[str, Any] = {one: {"image": {"name": NAME, "id": ID}} for one in WHOLE_PARTS}
    context["live"]["pushed"] = {"reference": f"h/library/x@{DIGEST}", "digest": DIGEST}
    document = {
        "schema": SCHEMA_VERSION, "part": "", "verdict": "passed", "exit_code": 0, "finished": finished, "broken": [],
        "interrupted": False, "parts": {one: dict(part) for one in WHOLE_PARTS}, "context": context,
        "requirements": [{"id": "IMG-1", "verdict": "passed"}],
    }  # fmt: skip
    return document | changes


def changed(*path: str, to: Any) -> dict[str, Any]:
    """The same with one value changed."""
    document = whole()
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return document


@pytest.fixture
def promote(
    client: Opened, environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    relocate: Callable[[str, Path], None],
) -> Promote:  # fmt: skip
    """Runs `promote` over a verdict, with an image of some id in the local storage; returns the exit code."""
    relocate("BUILD_DIRECTORY", tmp_path / "build")
    del environment

    @contextmanager
    def opened(_settings: object) -> Any:
        yield client()

    def run(document: Any, *options: str, image_id: str = ID) -> int:
        monkeypatch.setattr(command_line, "opened", opened)
        monkeypatch.setattr(promotion, "image_exists", lambda _: bool(image_id))
        monkeypatch.setattr(promotion, "inspect", lambda _: {"Id": image_id})
        if document is not None:
            merge.WHOLE.parent.mkdir(exist_ok=True)
            merge.WHOLE.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        return command_line.main(["promote", *options])

    return run


LONG_AGO = (datetime.now(UTC) - timedelta(hours=25)).isoformat()
TOMORROW = (datetime.now(UTC) + timedelta(hours=25)).isoformat()
IN_AN_HOUR = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
REFUSED: dict[str, tuple[Any, str]] = {
    "no verdict": (None, "there is no verdict of all parts: run: nox"),
    "no JSON": ("{", "cannot be read"),
    "another version": (whole(schema=1), "is of another version of this suite: run: nox"),
    "of one part": (whole(part="image"), "is not the verdict of all parts: run: nox"),
    "a part is missing": (whole(parts={"image": {}}), "is not the verdict of all parts: run: nox"),
    "red": (whole(verdict="failed", exit_code=1), "the verdict is 'failed' (exit code 1): fix what it names, and run"),
    "error": (whole(verdict="error", exit_code=2), "the verdict is 'error' (exit code 2)"),
    "partial": (whole(verdict="partial", exit_code=3), "the verdict is 'partial' (exit code 3)"),
    "passed, and yet broken": (whole(broken=["x"]), "the verdict is 'passed' (exit code 0)"),
    "flaky": (whole(requirements=[{"id": "IMG-1", "verdict": "flaky"}]), "IMG-1 passed only when checks ran again"),
    "of a selection": (whole(selection=["DEP-*"]), "is on a selection alone (DEP-*): run: nox"),
    "interrupted": (whole(interrupted=True), "the verdict is 'passed' (exit code 0)"),
    "stale": (whole(finished=LONG_AGO), ", older than 24 h: run: nox"),
    "a part is stale": (changed("parts", "image", "finished", to=LONG_AGO), ", older than 24 h: run: nox"),
    "of tomorrow": (whole(finished=TOMORROW), "which cannot be: set the clock, and run: nox"),
    "of an hour ahead": (whole(finished=IN_AN_HOUR), "which cannot be: set the clock, and run: nox"),
    "a part is of an hour ahead": (changed("parts", "image", "finished", to=IN_AN_HOUR), "which cannot be: set"),
    "no moment": (whole(finished=None), "is malformed (TypeError: "),
    "no context": (whole(context={}), "is malformed (KeyError: "),
    "two images": (changed("context", "image", "image", "id", to=OTHER_ID), "its parts did not look at one image"),
    "no image": (changed("context", "rebuild", to={}), "its parts did not look at one image: run: nox"),
    "nothing pushed": (changed("context", "live", "pushed", to={}), "its live checks pushed no image: run: nox"),
    "pushed as text": (changed("context", "live", "pushed", to="h/x@sha256:1"), "is malformed (AttributeError: "),
}


@pytest.mark.parametrize(("document", "said"), REFUSED.values(), ids=REFUSED)
def test_verdict_that_is_no_reason_is_refused_in_one_line(
    promote: Promote, fake: FakeRegistry, capsys: pytest.CaptureFixture[str], document: Any, said: str
) -> None:
    assert promote(document) == ExitCode.USAGE
    error = capsys.readouterr().err
    assert error.startswith("error: verdict.json: ")
    assert said in error
    assert error.count("\n") == 1
    assert not fake.sent, "the registry was asked before the verdict was read"


@pytest.mark.parametrize(
    ("image_id", "said"),
    [
        pytest.param(OTHER_ID, f"{NAME}: is {OTHER_ID[:12]}, the verdict is on {ID[:12]}: run: nox", id="another"),
        pytest.param("", f"{NAME}: is not in the local storage, the verdict is on {ID[:12]}: run: nox", id="none"),
    ],
)
def test_other_image_in_the_local_storage_is_refused(
    promote: Promote, fake: FakeRegistry, capsys: pytest.CaptureFixture[str], image_id: str, said: str
) -> None:
    latest = fake.give(HERE, "latest", "before")
    fake.give(HERE, "run-5e6f7a8b", NAME)
    assert promote(whole(), image_id=image_id) == ExitCode.USAGE
    assert capsys.readouterr().err == f"error: {said}\n"
    assert fake.tags[HERE, "latest"] == latest


def test_other_digest_is_refused_and_the_tag_has_not_moved(
    promote: Promote, fake: FakeRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    latest = fake.give(HERE, "latest", "before")
    other = digest_of(manifest("other"))
    document = changed("context", "live", "pushed", "digest", to=other)
    assert promote(document) == ExitCode.USAGE
    assert capsys.readouterr().err == (
        f"error: registry.example.com has the image as {DIGEST}, the verdict is on {other}: "
        "run nox with this registry, then promote\n"
    )
    assert fake.tags == {(HERE, "latest"): latest}


@pytest.mark.parametrize("before", ["", "before"], ids=["first", "later"])
def test_image_is_pushed_and_the_tag_moves(
    promote: Promote, fake: FakeRegistry, capsys: pytest.CaptureFixture[str], before: str
) -> None:
    old = fake.give(HERE, "latest", before) if before else "none"
    assert promote(whole()) == ExitCode.VERIFIED
    assert fake.tags == {(HERE, "latest"): DIGEST}
    assert capsys.readouterr().out == f"registry.example.com/{HERE}:latest is {DIGEST} (before: {old})\n"


def test_image_that_a_run_left_is_not_pushed_again(
    promote: Promote, fake: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.give(HERE, "run-5e6f7a8b", NAME)
    monkeypatch.setattr("fixtures.registry.client.Registry._push", lambda *_: pytest.fail("it is there"))
    assert promote(whole(), "--tag", "stable") == ExitCode.VERIFIED
    assert fake.tags == {(HERE, "run-5e6f7a8b"): DIGEST, (HERE, "stable"): DIGEST}
    assert promote(whole(), "--tag", "stable") == ExitCode.VERIFIED


@pytest.mark.parametrize("code", [ExitCode.VERIFIED, ExitCode.USAGE], ids=["promoted", "refused"])
@pytest.mark.parametrize("deletable", [{"digest"}, set()], ids=["Harbor, and Docker's", "nothing is deleted"])
def test_promotion_leaves_no_tag_of_its_own_or_says_so(
    promote: Promote, fake: FakeRegistry, capsys: pytest.CaptureFixture[str], deletable: set[str], code: ExitCode
) -> None:
    fake.deletable = deletable
    digest = DIGEST if code is ExitCode.VERIFIED else digest_of(b"another")
    assert promote(changed("context", "live", "pushed", "digest", to=digest)) == code
    assert ((HERE, "latest") in fake.tags) == (code is ExitCode.VERIFIED)
    assert ("left are" in capsys.readouterr().out) == (not deletable)
    assert ((HERE, "run-1a2b3c4d-promotion") in fake.tags) == (not deletable)


def test_tag_that_does_not_move_is_an_error(
    promote: Promote, fake: FakeRegistry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    latest = fake.give(HERE, "latest", "before")
    fake.give(HERE, "run-5e6f7a8b", NAME)
    monkeypatch.setattr("fixtures.registry.api.RegistryApi.put", lambda *_: None)
    assert promote(whole()) == ExitCode.SUITE_ERROR
    assert f":latest is {latest} after its promotion, not {DIGEST}: see whether" in capsys.readouterr().err


@pytest.mark.parametrize("tag", ["two words", "a/b", "-x", "x" * 129])
def test_what_is_no_tag_is_refused(promote: Promote, capsys: pytest.CaptureFixture[str], tag: str) -> None:
    assert promote(whole(), f"--tag={tag}") == ExitCode.USAGE
    assert "not a tag: give up to 128 letters" in capsys.readouterr().err


def test_promotion_wants_a_registry(
    promote: Promote, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CONFORMANCE_REGISTRY")
    assert promote(whole()) == ExitCode.USAGE
    assert capsys.readouterr().err == "error: CONFORMANCE_REGISTRY is not set: name your registry's host in it\n"
