"""The ways to break a deployment: each changes what it is given, and leaves the sound manifests alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from fixtures.proof.breaks import BREAKS, broken

POD: dict[str, Any] = {
    "containers": [
        {
            "name": "code-server",
            "args": [],
            "env": [{"name": "PGPASSWORD", "value": "right"}],
            "volumeMounts": [{"name": "home", "mountPath": "/home/coder"}],
        }
    ],
    "volumes": [{"name": "authorities", "configMap": {"name": "code-server-authorities-1"}}],
}
SOUND: list[dict[str, Any]] = [
    {"kind": "ConfigMap", "metadata": {"name": "code-server-smoke-1"}, "data": {"settings.toml": "[smoke]\n"}},
    {"kind": "ClusterRole", "metadata": {"name": "code-server-monitoring-1"}, "rules": []},
    {"kind": "Service", "metadata": {"name": "code-server"}, "spec": {"ports": [{"port": 443, "targetPort": "https"}]}},
    {"kind": "Deployment", "metadata": {"name": "code-server"}, "spec": {"template": {"spec": POD}}},
]


@pytest.mark.parametrize("way", BREAKS)
def test_break_changes_one_manifest_of_a_copy(way: str) -> None:
    before = copy.deepcopy(SOUND)
    changed = broken(SOUND, way)
    assert before == SOUND
    differ = [one["kind"] for one, other in zip(SOUND, changed, strict=True) if one != other]
    assert len(differ) == (2 if way == "log-in taken away" else 1)


def test_there_are_eight_breaks_with_words_of_their_own() -> None:
    assert len({words for _, words in BREAKS.values()}) == len(BREAKS) == 8
