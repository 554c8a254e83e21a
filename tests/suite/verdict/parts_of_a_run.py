"""Documents of parts, as runs write them, for the tests that put them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fixtures.verdict import parts, requirements
from fixtures.verdict.outcomes import Check, Outcome
from fixtures.verdict.verdict import Verdict

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SUITE = {"commit": "c" * 40, "dirty": False, "tree": ""}
Document = dict[str, Any]


def required() -> list[str]:
    """The ids of the requirements that a whole run verifies."""
    rows = requirements.load().values()
    return [row.id for row in rows if not (row.part or row.optional or row.na_reason or row.not_shipped)]


def check(part: str, *ids: str, outcome: Outcome = Outcome.PASSED, line: str = "", name: str = "test_y") -> Check:
    """A check of a part."""
    folder = parts.FOLDERS[part]
    return Check(f"{folder}/test_x.py::{name}", ids=ids, outcome=outcome, line=line)


def part(name: str, *ids: str, checks: Sequence[Check] | None = None, broken: str = "") -> Document:
    """The document of a part one of whose checks carries some ids; the part is all that the list has."""
    mine = list(checks) if checks is not None else [check(name, *ids)] * bool(ids)
    listed = {one.nodeid: one.ids for one in mine}
    verdict = Verdict(mine, [broken] * bool(broken), part=name, listed=listed)
    about = {"run": "run-1", "suite": SUITE, "arguments": [], "context": {"image": {"id": "a" * 64}}}
    return verdict.document(NOW - timedelta(hours=1), NOW - timedelta(minutes=10), about)


def whole() -> dict[str, Document]:
    """The documents of all parts, which together verify everything."""
    ids = required()
    third = len(ids) // 3
    return {
        "image": part("image", *ids[:third]),
        "rebuild": part("rebuild", *ids[third : 2 * third]),
        "live": part("live", *ids[2 * third :]),
    }


def checkout(root: Path, documents: Mapping[str, Document], files: Mapping[str, str] | None = None) -> Path:
    """Make a checkout whose list has the checks of some documents, and which has other files; return its root."""
    told = [one for document in documents.values() for one in document["checks"] if one["outcome"] != "not shipped"]
    listed = {one["nodeid"]: one["ids"] for one in told if all(map(requirements.known, one["ids"])) and one["ids"]}
    for name, text in {parts.CHECKS: parts.render(listed.items()), **(files or {})}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for one in told:
        (root / one["nodeid"]).parent.mkdir(parents=True, exist_ok=True)
        (root / one["nodeid"].split("::")[0]).touch()
    return root
