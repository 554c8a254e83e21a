"""The kill rate of a verdict: counted from the scores of a whole run, and of the very image alone."""

from __future__ import annotations

import json
from pathlib import Path

from fixtures.verdict.kills import of_image, read, section

SCORES = {
    "image": "i1",
    "finished": "2026-11-27T01:00:00+00:00",
    "mutants": [
        {"id": "a", "rows": ["IMG-1", "TOOL-jq-runs"], "fate": "killed"},
        {"id": "b", "rows": ["IMG-5"], "fate": "survived"},
        {"id": "c", "rows": ["TOOL-jq-*"], "fate": "killed"},
        {"id": "d", "rows": ["*"], "fate": "wrong row"},
    ],
}


def scores(tmp_path: Path) -> Path:
    """Return a file with the scores of a run."""
    path = tmp_path / "sabotage.json"
    path.write_text(json.dumps(SCORES), encoding="utf-8")
    return path


def test_sections_count_by_the_first_requirement(tmp_path: Path) -> None:
    kills = read(scores(tmp_path))
    assert kills is not None
    assert kills.sections == {"IMG": (1, 2), "TOOL": (1, 1), "all rows": (0, 1)}
    assert kills.whole == (2, 4)
    assert kills.survivors == ("b", "d")
    assert section(["fixtures/builder"]) == "build and suite"


def test_rate_is_of_the_very_image(tmp_path: Path) -> None:
    path = scores(tmp_path)
    found = of_image("i1", path)
    assert found is not None
    assert (found["killed"], found["of"], found["sections"]["IMG"]) == (2, 4, {"killed": 1, "of": 2})
    assert of_image("i2", path) is None
    assert of_image("", path) is None


def test_without_a_run_there_is_none(tmp_path: Path) -> None:
    assert read(tmp_path / "absent.json") is None
