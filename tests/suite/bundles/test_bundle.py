"""What is kept of a live check that went wrong: within limits, without secrets, and never in a verdict's way."""

from __future__ import annotations

import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client

from fixtures.bundles import bundle, cluster_state, plugin
from fixtures.bundles.bundle import PROBLEMS, Bundle
from fixtures.marks import bundle_name
from fixtures.redaction import keep
from fixtures.verdict import binding
from fixtures.verdict.evidence import SCRIPTS, Script

NODEID = "tests/platform/x/test_y.py::test_z[a/b c-Ä]"
WORDS = "correct horse battery"
PASSWORDS = ("p-of-init", "p-of-main", "p-of-debug")
RUN = "0123456789abcdef"


def broken(*_arguments: object) -> str:
    """Stand for what cannot be had."""
    raise RuntimeError("refused\nat length")


def test_name_is_fit_for_a_file_and_a_url() -> None:
    name = bundle_name(NODEID)
    assert name.startswith("test_z-a-b-c-")
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-.")
    assert bundle_name(f"{NODEID}2") != name
    assert bundle_name(NODEID.replace("test_y.py", "test_x.py")) != name, "two files have a check of this name"


def test_text_has_no_secret_and_keeps_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "FILE_BYTES", 20)
    keep(WORDS)
    kept = Bundle(tmp_path / "x")
    kept.add("a/b.txt", lambda: f"start {'x' * 40} {WORDS} end")
    text = (tmp_path / "x" / "a" / "b.txt").read_text(encoding="utf-8")
    assert text.endswith("x *** end")
    assert text.startswith("(3")
    assert WORDS not in text


def test_what_cannot_be_had_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "BUNDLE_BYTES", 10)
    kept = Bundle(tmp_path / "x")
    kept.add("pods.yaml", broken)
    kept.add_file("trace.zip", broken)
    kept.add("long.txt", lambda: "x" * 11)
    kept.add("empty.txt", lambda: "")
    kept.add_file("big.png", lambda path: path.write_bytes(b"x" * 11))
    kept.close()
    assert (tmp_path / "x" / PROBLEMS).read_text(encoding="utf-8").splitlines() == [
        "pods.yaml: RuntimeError: refused",
        "trace.zip: RuntimeError: refused",
        "long.txt: left out, as 11 bytes more would be over 10",
        "big.png: left out, as 11 bytes more would be over 10",
    ]
    assert [path.name for path in (tmp_path / "x").iterdir()] == [PROBLEMS]


def test_time_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "SECONDS", -1.0)
    kept = Bundle(tmp_path / "x")
    kept.add("pods.yaml", lambda: "x")
    assert "pods.yaml: left out" in kept.problems[0]


def test_trace_has_no_secret(tmp_path: Path) -> None:
    keep(WORDS)
    with zipfile.ZipFile(tmp_path / "trace.zip", "w") as archive:
        archive.writestr("trace.trace", f'{{"text": "{WORDS}"}}')
        archive.writestr("resources/page.jpeg", b"\xff\xd8")
        archive.writestr("resources/unknown", WORDS)
    (tmp_path / "broken.zip").write_bytes(b"no archive")
    bundle.redact_all([tmp_path])
    with zipfile.ZipFile(tmp_path / "trace.zip") as archive:
        assert archive.namelist() == ["trace.trace", "resources/page.jpeg"]
        assert archive.read("trace.trace") == b'{"text": "***"}'
    assert not (tmp_path / "broken.zip").exists()


class Core:
    """An API server with one pod, whose container has been restarted."""

    def list_namespaced_pod(self, _namespace: str, **_options: object) -> Any:
        state = client.V1ContainerState(running=client.V1ContainerStateRunning())
        ended = client.V1ContainerStatus(name="c", ready=True, restart_count=1, state=state, image="i", image_id="i")
        host = client.V1EnvVar(name="HOST", value="h")
        init, main, debug = ([client.V1EnvVar(name="DB_PASSWORD", value=one), host] for one in PASSWORDS)
        pod = client.V1Pod(
            metadata=client.V1ObjectMeta(name="p", annotations={"x": "y"}),
            spec=client.V1PodSpec(
                init_containers=[client.V1Container(name="i", env=init)],
                containers=[client.V1Container(name="c", env=main)],
                ephemeral_containers=[client.V1EphemeralContainer(name="e", env=debug)],
            ),
            status=client.V1PodStatus(container_statuses=[ended]),
        )
        return SimpleNamespace(items=[pod])

    def list_namespaced_event(self, _namespace: str, **_options: object) -> Any:
        about = client.V1ObjectReference(kind="Pod", name="p")
        event = client.CoreV1Event(metadata=client.V1ObjectMeta(), involved_object=about, reason="Killed", message="!")
        return SimpleNamespace(items=[event])

    def read_namespaced_pod_log(self, name: str, _namespace: str, *, previous: bool, **_options: object) -> str:
        return f"{name} {'before' if previous else 'now'}"


def test_state_of_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CoreV1Api", lambda _api: Core())
    told = {name: make() for name, make in cluster_state.files(client.ApiClient(), ["n"])}
    assert list(told) == ["n/pods.yaml", "n/events.txt", "n/p-c.log", "n/p-c-before.log"]
    assert "Pod/p  Killed: ! (x1)" in told["n/events.txt"]
    assert told["n/p-c-before.log"] == "p before"
    assert not [one for one in PASSWORDS if one in told["n/pods.yaml"]], "a password of a container is written"
    assert "value: h" in told["n/pods.yaml"]
    assert "annotations" not in told["n/pods.yaml"]


@pytest.fixture
def bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the bundles of a run go."""
    monkeypatch.setattr(plugin, "BUNDLES", tmp_path)
    monkeypatch.setattr(plugin, "_gathered", [])
    monkeypatch.setenv(binding.RUN, RUN)
    return tmp_path / RUN[:8]


def report(nodeid: str = NODEID, when: str = "call", *, failed: bool = True) -> None:
    """Let a phase of a check end."""
    item: Any = SimpleNamespace(nodeid=nodeid, funcargs={"x": 1}, iter_markers=lambda _name: iter(()))
    made: Any = SimpleNamespace(
        failed=failed, nodeid=nodeid, longreprtext="E  bad", sections=[("Captured stdout", "o")]
    )
    hook = plugin.pytest_runtest_makereport(item, SimpleNamespace(when=when))  # type: ignore[arg-type]
    next(hook)
    with pytest.raises(StopIteration) as ended:
        hook.send(made)
    assert ended.value.value is made


def test_failed_live_check_leaves_its_bundle(bundles: Path) -> None:
    done: Any = SimpleNamespace(rc=2, stdout="out", stderr="err")
    SCRIPTS[:] = [Script("psql", broken, ended=[done])]
    report()
    folder = bundles / bundle_name(NODEID)
    assert (folder / "failure.txt").read_text(encoding="utf-8").endswith("E  bad\n---- Captured stdout\no\n")
    assert "$ psql\n\nexit 2\n---- stdout\nout" in (folder / "commands.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "other", [{"failed": False}, {"when": "teardown"}, {"nodeid": "tests/image/test_y.py::test_z"}], ids=str
)
def test_nothing_else_leaves_one(bundles: Path, other: dict[str, Any]) -> None:
    report(**other)
    assert not bundles.exists()


def test_number_of_bundles_is_limited(bundles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "LIMIT", 1)
    for name in ("a", "b"):
        report(f"tests/platform/t.py::{name}")
    assert len(list(bundles.iterdir())) == 1


def test_bundle_that_cannot_be_written_changes_nothing(
    bundles: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plugin, "Bundle", broken)
    report()
    assert "no bundle (RuntimeError: refused" in capsys.readouterr().err
    assert not bundles.exists()


@pytest.mark.parametrize("mine", [True, False], ids=["this process's bundle", "another worker's bundle"])
def test_secret_that_was_known_too_late_is_taken_out_at_the_end(bundles: Path, *, mine: bool) -> None:
    folder = bundles / bundle_name(NODEID)
    if mine:
        report()
    else:
        folder.mkdir(parents=True)
    path = folder / "failure.txt"
    path.write_text(f"it said {WORDS}", encoding="utf-8")
    keep(WORDS)
    plugin.pytest_sessionfinish(SimpleNamespace(config=SimpleNamespace()))  # type: ignore[arg-type]
    assert path.read_text(encoding="utf-8") == "it said ***"


@pytest.mark.parametrize(("nodeid", "kept"), [(NODEID, False), ("tests/image/test_y.py::test_z", True)])
def test_bundles_before_are_forgotten_where_a_live_check_runs(bundles: Path, nodeid: str, *, kept: bool) -> None:
    older = bundles.with_name("older")
    for folder in (older, bundles):
        folder.mkdir()
    plugin.pytest_runtest_logstart(nodeid)
    assert (older.exists(), bundles.exists()) == (kept, True)
