"""Runs as they leave their files, for the tests of their page and their exports."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from fixtures.report import rows, run_files
from fixtures.report.findings import Findings, collect
from fixtures.report.headline import Headline, Step, headline, next_steps
from fixtures.verdict import parts, requirements
from fixtures.verdict.expected import ExpectedBlock
from fixtures.verdict.outcomes import Check, Outcome
from fixtures.verdict.verdict import Verdict

RUN = "0123456789abcdef" * 2
ENDED = datetime(2030, 1, 1, 12, tzinfo=UTC)
IMAGE = {"name": "localhost/library/code-server-dev:latest", "id": "a" * 64, "digest": f"sha256:{'b' * 64}"}
DIGEST = f"sha256:{'c' * 64}"
PARTS = {"BLD": "image", "IMG": "image", "ENV": "image", "DEP": "live", "TOOL": "live", "FLOW": "live", "SVC": "live"}
GH = ExpectedBlock(requirements=("TOOL-psql-connects",), block="there is no token", reason="needs a token: set one")
WAIVED = {"DEP-8": "Debian fixes it in its next release (the image's maintainer, until 2030-02-01)"}
FAILURE = "helm: /usr/local/bin/helm: cannot be read and run by everybody: install it in tools.toml with mode 0755"
DOWN = "mlflow is down: timed out after 240 s"
TROUBLE: Mapping[str, Check] = {
    "TOOL-helm-runs": Check("", outcome=Outcome.FAILED, line=FAILURE),
    "BLD-3": Check(
        "", outcome=Outcome.FAILED, line="vim: 61,000,000 bytes, 11,000,000 over its budget of 50,000,000: trim it"
    ),
    "DEP-8": Check("", outcome=Outcome.WAIVED, line="home: 3 files of 12 are gone after a roll-back", waived=WAIVED),
    "ENV-1": Check("", outcome=Outcome.FLAKY, line="passed only when it ran again; at first: failed, PATH lacks ~/bin"),
    "ENV-2": Check("", outcome=Outcome.ERROR, line=f"{DOWN}: mlflow-0 said: <no space left>"),
    "FLOW-mlflow": Check("", outcome=Outcome.BLOCKED, line=DOWN, because="mlflow-0 said: <no space left> (told above)"),
    "FLOW-nats": Check("", outcome=Outcome.BLOCKED, line="nats is not in settings.toml", because="add it there"),
    "TOOL-psql-connects": Check("", outcome=Outcome.BLOCKED, line="there is no token", because="set one"),
}
"""How a run can go wrong, by the requirement whose check it is."""


def needed() -> list[str]:
    """The ids of the requirements that a whole run verifies."""
    rows_ = requirements.load().values()
    return [row.id for row in rows_ if not (row.part or row.optional or row.na_reason or row.not_shipped)]


def checks(trouble: Iterable[str] = ()) -> list[Check]:
    """One check for each needed requirement, passed but where it has trouble."""
    made = []
    for number, one in enumerate(needed()):
        part = "rebuild" if one == "BLD-7" else PARTS[one.partition("-")[0]]
        nodeid = f"{parts.FOLDERS[part]}/test_x.py::test_{number}[{one}]"
        told = TROUBLE[one] if one in trouble else Check("", outcome=Outcome.PASSED)
        made.append(
            Check(nodeid, (one,), seconds=1.5, outcome=told.outcome, line=told.line, because=told.because,
                  waived=told.waived)
        )  # fmt: skip
    return made


def document(part: str, trouble: Iterable[str] = (), **about: Any) -> dict[str, Any]:
    """The document of a part, or of the whole where PART is empty."""
    made = checks(trouble)
    listed = {check.nodeid: check.ids for check in made}
    mine = [check for check in made if not part or parts.belongs(check.nodeid, part)]
    verdict = Verdict(mine, [], part=part, listed=listed, expected=[GH])
    context: dict[str, Any] = {"image": {**IMAGE, "base": "x", "base kind": "stand-in"}}
    context |= {"pushed": {"digest": DIGEST}, "sections": {"services": ["nats  ready"]}} if part in {"live", ""} else {}
    suite = {"commit": "c" * 40, "dirty": False, "tree": ""}
    bound = {"run": RUN, "suite": suite, "arguments": [], "context": context}
    if not part:
        keys = ("run", "started", "finished", "verdict", "exit_code", "arguments")
        states = {one: document(one, trouble) for one in parts.WHOLE_PARTS}
        bound |= {"parts": {one: {key: state[key] for key in keys} for one, state in states.items()}}
        bound["context"] = {one: state["context"] for one, state in states.items()}
    return verdict.document(ENDED - timedelta(minutes=30), ENDED, {**bound, **about})


def write(folder: Path, *documents: Mapping[str, Any]) -> Path:
    """Write documents into a folder under their names; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in documents:
        name = f"verdict-{one['part']}.json" if one["part"] else "verdict.json"
        (folder / name).write_text(json.dumps(one), encoding="utf-8")
    return folder


def whole_run(folder: Path, *trouble: str) -> Path:
    """Write all documents of a run of all parts; return the folder."""
    return write(folder, *(document(part, trouble) for part in (*parts.WHOLE_PARTS, "")))


def said(folder: Path) -> tuple[Headline, list[Step], Findings]:
    """What the page of a folder begins with, and its findings."""
    run = run_files.load(folder)
    ledger = rows.ledger(run.documents)
    found = collect(run, ledger)
    return headline(run, ledger, found), next_steps(run, found), found


def manifest() -> dict[str, Any]:
    """A manifest of the image, with one tool that is over its budget."""
    digest = f"sha256:{'d' * 64}"
    tool = {"number": 2, "name": "helm", "version": "3.22.0", "pin": "latest", "source_kind": "go", "source": "x",
            "sha256": "e" * 64, "bytes": 61_600_000}  # fmt: skip
    return {
        "schema_version": 1,
        "image": {"name": IMAGE["name"], "digest": digest, "id": IMAGE["id"], "created": "2030-01-01T00:00:00Z"},
        "base": {"name": "x", "digest": digest, "kind": "stand-in", "reason": "x"},
        "revision": {"commit": "c" * 40, "dirty": False},
        "tools": [tool],
        "times": {"base": 1, "tools": 1, "final": 1, "total": 3},
        "cached": False,
        "size": {"total": 1_000_000_000, "layers": []},
        "debian": {},
    }


SIZES = """\
                             MB    alone   budget
base                      900.0
helm                       61.6     61.6     60.0  OVER BUDGET
yq                         38.3     39.0     40.0
layer overhead              0.1
total                   1,000.0           2,000.0
layer  0 sha256:9e274766240d     256.5  base 255.2, hidden by later layers 1.3
"""


def starts(*seconds: float) -> dict[str, Any]:
    """Starts that took so many seconds each, all of it in two phases."""
    seen = [{"scheduled": 0.5, "ready": one} for one in seconds]
    figures = {"median_interval": [1.0, 2.0], "p95": max(seconds), "highest": max(seconds), "count": len(seconds)}
    summary = {"median": sorted(seconds)[len(seconds) // 2], **figures}
    phases = {"scheduled": {**summary, "median": 0.5, "p95": 0.5, "highest": 0.5}, "ready": summary}
    return {
        "schema": 1, "image": f"registry/x@{DIGEST}", "starts": [{"seen": one} for one in seen], "limit": 30.0,
        "passed": True, "total": summary, "phases": phases, "pull": {"pull_seconds": 21.3, "seen": {"ready": 23.9}},
    }  # fmt: skip


def everything(folder: Path, *trouble: str) -> Path:
    """Write a run of all parts with its manifest, sizes, starts and a screenshot; return the folder."""
    whole_run(folder, *trouble)
    (folder / "manifest.json").write_text(json.dumps(manifest()), encoding="utf-8")
    (folder / "sizes.txt").write_text(SIZES, encoding="utf-8")
    (folder / "starts.json").write_text(json.dumps(starts(2.0, 3.0, 4.0)), encoding="utf-8")
    picture(folder, "journey.1-page.png", size=60)
    return folder


def picture(folder: Path, name: str, *, size: int = 300, since: datetime = ENDED) -> Path:
    """Write a screenshot that was taken at a moment; return its path."""
    path = folder / "screenshots" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((size, size), 50).save(path)
    os.utime(path, (since.timestamp(), since.timestamp()))
    return path
