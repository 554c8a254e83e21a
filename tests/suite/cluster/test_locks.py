"""Who works on an embedded cluster."""

from __future__ import annotations

import fcntl

from fixtures import paths
from fixtures.cluster import locks


def test_cluster_that_another_worker_of_the_run_uses_is_not_another_runs() -> None:
    paths.CLUSTERS.mkdir(parents=True)
    with (paths.CLUSTERS / "one.use").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert locks.used_by_another_run("one")
        with locks.part_of_run("one"):
            assert not locks.used_by_another_run("one")
        with locks.part_of_run("two"):
            assert locks.used_by_another_run("one"), "another cluster is this run's"
        assert locks.used_by_another_run("one")
