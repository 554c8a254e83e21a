"""A deployment as Thinkube's own playbooks make it: each row gets the verdict that a reviewer found to be true."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from fixtures.proof import thinkube

pytestmark = [pytest.mark.requirement("USE-2-proof"), pytest.mark.xdist_group("proof")]

REVIEWED = tomllib.loads(Path(__file__).with_name("thinkube-shape.toml").read_text(encoding="utf-8"))


def test_each_row_gets_the_reviewed_verdict(thinkube_shape: Path, tmp_path: Path) -> None:
    ended, document = thinkube.verdict_of(tmp_path, thinkube_shape)
    found = thinkube.told(document)
    print(ended.stdout[-6000:], ended.stderr[-2000:])
    print("\n".join(f"{row}\t{outcome}\t{lines}" for row, (outcome, lines) in found.items()))
    assert not document["broken"], f"smoke: the suite itself failed: mend it: {document['broken'][0]}"
    unlike = [
        f"{row}: {outcome} ({lines})"
        for row, (outcome, lines) in found.items()
        if outcome != REVIEWED.get(row, {}).get("verdict") or not re.search(REVIEWED[row]["says"], lines)
    ]
    assert not unlike, (
        f"smoke: {len(unlike)} rows have another verdict than thinkube-shape.toml: review each, and say it there\n"
        + "\n".join(unlike)
    )
    assert set(found) == set(REVIEWED), (
        f"smoke: rows without a verdict: {sorted(set(REVIEWED) - set(found))}: see what was not run"
    )
