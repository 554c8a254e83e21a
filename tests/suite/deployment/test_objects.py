"""Objects that are applied carry the label of a run."""

from __future__ import annotations

import pytest

from fixtures.cluster.api import ClusterError
from fixtures.cluster.objects import Objects, labels, marked


def test_objects_without_a_runs_label_are_not_applied() -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "s"}}
    objects = Objects.__new__(Objects)
    with pytest.raises(ClusterError, match=r"^ConfigMap s/c without the label conformance.run"):
        objects.apply([document])
    (labelled,) = marked([document], "r")
    assert labels(labelled) == {"conformance.run": "r"}
