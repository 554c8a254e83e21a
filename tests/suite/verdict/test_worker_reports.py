"""What the workers of pytest-xdist tell at their end, and those that tell nothing."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures import redaction
from fixtures.patience import patient
from fixtures.verdict.gathering import Gathering
from fixtures.verdict.worker_reports import END_SECONDS, WorkerReports

SILENT = "worker gw0 ended without its report ({}): what it was doing is not known"


class Channel:
    """The end of a worker's connection: it is waited for, and may break."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.waited: list[float] = []

    def waitclose(self, seconds: float) -> None:
        self.waited.append(seconds)
        if self.error is not None:
            raise self.error


def node(name: str = "gw0", channel: Channel | None = None, **told: Any) -> Any:
    """A worker, and what it told; a context by default."""
    output = {"verdict_context": json.dumps(told.pop("context", {})), **{f"verdict_{key}": told[key] for key in told}}
    return SimpleNamespace(gateway=SimpleNamespace(id=name), workeroutput=output, channel=channel or Channel())


@pytest.fixture
def gathering() -> Gathering:
    """What is known before any worker ended."""
    config: Any = None
    return Gathering(config)


def merged(gathering: Gathering, *contexts: dict[str, Any]) -> dict[str, Any]:
    """What is recorded after workers have told their contexts."""
    reports, context = WorkerReports(), dict[str, Any]()
    for number, one in enumerate(contexts):
        reports.ended(node(f"gw{number}", context=one), None, gathering, context)
    return context


def test_worker_that_told_everything_is_not_silent(gathering: Gathering) -> None:
    reports = WorkerReports()
    reports.started("gw0")
    told: dict[str, Any] = {"secrets": ["s3cret"], "broken": ["no disk"], "checks": [("t.py::t", ["IMG-1"], True)]}
    reports.ended(node(**told), None, gathering, {})
    assert (reports.silent(), gathering.broken, list(gathering.checks)) == ([], ["no disk"], ["t.py::t"])
    assert redaction.known() == ["s3cret"]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        pytest.param(None, "it was ended", id="no error"),
        pytest.param("Traceback\nEOFError: gone\n", "EOFError: gone", id="last line"),
        pytest.param("", "no message", id="no message"),
    ],
)
@pytest.mark.parametrize("started", [True, False])
def test_worker_that_told_nothing_is_named(gathering: Gathering, error: str | None, why: str, *, started: bool) -> None:
    reports, gone = WorkerReports(), SimpleNamespace(gateway=SimpleNamespace(id="gw0"))
    if started:
        reports.started("gw0")
    reports.ended(gone, error, gathering, {})
    assert reports.silent() == [SILENT.format(why)] * (started or error is not None)


def test_worker_tells_once(gathering: Gathering) -> None:
    reports = WorkerReports()
    for _ in range(2):
        reports.ended(node(broken=["no disk"], usage=["no mark"]), None, gathering, {})
    reports.ended(node("gw1", usage=["no mark", "no id"]), None, gathering, {})
    assert (gathering.broken, reports.usage) == (["no disk"], ["no mark", "no id"])


def test_worker_without_what_it_recorded_is_an_error(gathering: Gathering) -> None:
    found = node(broken=[])
    del found.workeroutput["verdict_context"]
    WorkerReports().ended(found, None, gathering, {})
    assert gathering.broken == ["worker gw0 did not send what it recorded: run again"]


def test_tables_that_workers_recorded_are_united(gathering: Gathering) -> None:
    context = merged(gathering, {"starts": {"a": 1}, "pushed": "x"}, {"starts": {"b": 2}, "pushed": "x", "nodes": [1]})
    assert context == {"starts": {"a": 1, "b": 2}, "pushed": "x", "nodes": [1]}
    assert gathering.broken == []


def test_lists_that_workers_recorded_replace_each_other(gathering: Gathering) -> None:
    assert merged(gathering, {"nodes": [1]}, {"nodes": [2]}) == {"nodes": [2]}
    assert merged(gathering, {"nodes": {"a": 1}}, {"nodes": [2]}) == {"nodes": [2]}
    assert gathering.broken == []


def test_words_that_workers_recorded_must_be_the_same(gathering: Gathering) -> None:
    merged(gathering, {"pushed": "x"}, {"pushed": "y"})
    assert gathering.broken == ["the workers recorded different things as pushed: x and y: run again"]


@pytest.mark.parametrize(
    ("first", "second", "broken"),
    [
        pytest.param("a" * 20, "a" * 20, 0, id="same"),
        pytest.param("a" * 20, "b" * 20, 1, id="different"),
        pytest.param("", "b" * 20, 0, id="unknown first"),
        pytest.param("a" * 20, "", 0, id="unknown second"),
    ],
)
def test_workers_must_look_at_one_image(gathering: Gathering, first: str, second: str, broken: int) -> None:
    merged(gathering, {"image": {"id": first}}, {"image": {"id": second}})
    told = "the workers looked at different images, aaaaaaaaaaaa and bbbbbbbbbbbb: build no image during a run"
    assert gathering.broken == [told] * broken


def test_ids_of_other_things_may_differ(gathering: Gathering) -> None:
    merged(gathering, {"pod": {"id": "a"}}, {"pod": {"id": "b"}})
    assert gathering.broken == []


@pytest.mark.parametrize(
    ("error", "broken"),
    [(None, []), (EOFError(), ["worker gw0 broke after its last check (EOFError): see what it printed"])],
    ids=["ends well", "breaks"],
)
def test_end_of_a_worker_is_waited_for(gathering: Gathering, error: Exception | None, broken: list[str]) -> None:
    reports, channel = WorkerReports(), Channel(error)
    reports.ended(node(channel=channel), None, gathering, {})
    reports.follow(gathering)
    assert (channel.waited, gathering.broken) == ([patient(END_SECONDS)], broken)
