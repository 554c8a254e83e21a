"""One `podman build`: its context, its progress, its errors, its lock."""

from __future__ import annotations

import os
import re
import signal
import threading
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from queue import Queue

import pytest

from fixtures.builder import podman_build
from fixtures.host.process import PodmanError
from fixtures.redaction import keep
from tests.suite.processes import gone

BUILD = """#!/bin/sh
echo '[1/2] STEP 1/2: FROM x AS jq'
echo '[1/2] STEP 2/2: RUN make'
echo 'make: *** no rule'
exit {status}
"""


@pytest.mark.parametrize(("mode", "same"), [(0o775, "0o755"), (0o700, "0o755"), (0o664, "0o644"), (0o605, "0o644")])
def test_context_does_not_depend_on_the_clone(tmp_path: Path, mode: int, same: str) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    (tmp_path / "folder" / "script").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "folder" / "script").chmod(mode)
    with podman_build.context("FROM scratch AS image\n", tmp_path) as directory:
        for path, expected in ((directory / "folder", "0o755"), (directory / "folder" / "script", same)):
            seen = path.stat()
            assert (oct(seen.st_mode & 0o777), seen.st_mtime) == (expected, podman_build.CONTEXT_TIME)
    assert not directory.exists()


def test_context_of_a_build_that_fails_is_removed(tmp_path: Path) -> None:
    left: list[Path] = []

    def fails(directory: Path) -> None:
        left.append(directory)
        raise PodmanError("no space", "free some")

    with pytest.raises(PodmanError), podman_build.context("FROM scratch AS image\n", tmp_path, fails):
        pass
    assert [path.exists() for path in left] == [False]


@pytest.mark.parametrize("sign", ["go: downloading x", "--> 0123456789ab"], ids=["output", "no-output"])
def test_progress_counts_only_stages_that_were_not_cached(capsys: pytest.CaptureFixture[str], sign: str) -> None:
    progress = podman_build.Progress("image", ["jq", "yq"])
    cached = ("[1/2] STEP 1/2: FROM x AS jq", "[1/2] STEP 2/2: RUN make", "--> Using cache 1", "--> 1")
    for line in (*cached, "[2/2] STEP 1/2: FROM x AS yq", "[2/2] STEP 2/2: RUN make", sign):
        progress.read(line)
    progress.leave()
    assert list(progress.seconds) == ["yq"]
    assert capsys.readouterr().out.endswith("image: yq\n")


def test_stages_of_a_dockerfile_with_one_are_not_numbered() -> None:
    progress = podman_build.Progress("base", ["final", "another"])
    for line in ("STEP 1/2: FROM x", "STEP 2/2: RUN make", "--> 1"):
        progress.read(line)
    progress.leave()
    assert list(progress.seconds) == ["final"]


def test_stage_that_is_entered_again_has_the_seconds_of_both_times(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    progress = podman_build.Progress("image", ["jq", "yq"])
    for number, seconds in ((1, 2.0), (2, 5.0), (1, 3.0)):
        for line in (f"[{number}/2] STEP 1/2: FROM x", f"[{number}/2] STEP 2/2: RUN make", "made"):
            progress.read(line)
        now[0] += seconds
    progress.leave()
    progress.leave()
    assert (progress.seconds, progress.elapsed()) == ({"jq": 5.0, "yq": 5.0}, 10.0)


@pytest.mark.parametrize(("limit", "stopped"), [(0.0, True), (5400.0, False)])
def test_build_that_is_silent_is_told_to_run_and_stopped_at_its_time_limit(
    monkeypatch: pytest.MonkeyPatch, limit: float, *, stopped: bool
) -> None:
    monkeypatch.setattr(podman_build, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(podman_build, "BUILD_SECONDS", limit)
    said: Queue[str] = Queue()
    stop = threading.Event()
    monkeypatch.setattr(podman_build, "print", lambda line, **_: said.put(line), raising=False)
    with podman_build.Progress("image", ["jq"]).heartbeat(stop.set):
        assert "image: still " in said.get(timeout=10)
        assert stop.wait(10 if stopped else 0.1) == stopped


@pytest.fixture
def fake_podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A podman whose build ends in its first stage, with status 1; a build directory with a Dockerfile."""
    (tmp_path / "podman").write_text(BUILD.format(status=1), encoding="utf-8")
    (tmp_path / "podman").chmod(0o755)
    (tmp_path / "Dockerfile").write_text("FROM x AS jq\nFROM y\n", encoding="utf-8")
    (tmp_path / "host-ca.crt").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "host-ca.crt"))
    monkeypatch.setattr("fixtures.builder.client_files._podman_version", lambda: "4.3.1")
    monkeypatch.setattr("fixtures.builder.podman_build.environment", lambda: dict(os.environ))
    monkeypatch.setattr("fixtures.builder.podman_build.remove_abandoned_builds", (tmp_path / "cleared").touch)
    monkeypatch.setattr("fixtures.builder.podman_build.BUILD_DIRECTORY", tmp_path)
    monkeypatch.setattr("fixtures.builder.podman_build.ROOT", tmp_path)
    return tmp_path


def test_failed_stage_is_named_with_its_log(fake_podman: Path) -> None:
    failed = r"^stage jq of image failed: make: \*\*\* no rule: read logs/image.log, fix the stage and build again"
    with pytest.raises(PodmanError, match=failed):
        podman_build.podman_build("image", fake_podman, [])
    assert "make: *** no rule" in (fake_podman / "logs" / "image.log").read_text(encoding="utf-8")


def test_build_that_fails_before_its_first_stage_is_told(fake_podman: Path) -> None:
    (fake_podman / "podman").write_text("#!/bin/sh\necho 'Error: no such option'\nexit 125\n", encoding="utf-8")
    with pytest.raises(PodmanError, match=r"^stage start of image failed: Error: no such option: read logs/image\.log"):
        podman_build.podman_build("image", fake_podman, [])


def test_podman_that_was_killed_is_told_as_such(fake_podman: Path) -> None:
    (fake_podman / "podman").write_text(BUILD.format(status=0).replace("exit 0", "kill -KILL $$"), encoding="utf-8")
    with pytest.raises(PodmanError, match=r"^stage jq of image failed: podman was ended by SIGKILL: see whether the"):
        podman_build.podman_build("image", fake_podman, [])


def test_failed_stage_is_told_with_the_cause_in_its_log(fake_podman: Path) -> None:
    said = BUILD.format(status=1).replace("make: *** no rule", "x@v1: checksum mismatch'\necho 'exit status 1")
    (fake_podman / "podman").write_text(said, encoding="utf-8")
    failed = r"^stage jq of image failed: what was downloaded is not .* \(x@v1: .*\): .*; the log is logs/image\.log$"
    with pytest.raises(PodmanError, match=failed):
        podman_build.podman_build("image", fake_podman, [])


def test_full_disk_ends_a_build_in_one_line(fake_podman: Path) -> None:
    (fake_podman / "podman").write_text(BUILD.format(status=0) + "sleep 60\n", encoding="utf-8")
    (fake_podman / "logs").mkdir()
    (fake_podman / "logs" / "image.log").symlink_to("/dev/full")
    with pytest.raises(PodmanError, match=r"^image\.log: No space left on device: free some space$"):
        podman_build.podman_build("image", fake_podman, [])


def test_lock_that_apt_cannot_keep_to_is_left(fake_podman: Path, capsys: pytest.CaptureFixture[str]) -> None:
    held = "E: Unable to correct problems, you have held broken packages."
    locked = f'case "$*" in *APT_CONFIG=*) echo "{held}"; exit 1; esac\n'
    (fake_podman / "podman").write_text(BUILD.format(status=0).replace("exit 0", locked), encoding="utf-8")
    assert list(podman_build.podman_build("image", fake_podman, [], "Package: bat\n")) == ["jq"]
    assert "image: Debian has moved on, and its locked packages do not fit" in capsys.readouterr().out


@pytest.mark.parametrize(("number", "stage"), [(1, "jq"), (2, "final")], ids=["named", "without a name"])
def test_seconds_of_each_built_stage_are_returned(fake_podman: Path, number: int, stage: str) -> None:
    (fake_podman / "podman").write_text(BUILD.format(status=0).replace("[1/", f"[{number}/"), encoding="utf-8")
    assert list(podman_build.podman_build("image", fake_podman, [])) == [stage]


def test_interrupted_build_does_not_go_on(fake_podman: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither podman, nor what a step of it runs; and what it left is removed."""
    endless = "#!/bin/sh\nsleep 600 & echo $! >\"$0.step\"\necho '[1/2] STEP 1/2: FROM x AS jq'\nwait\n"
    (fake_podman / "podman").write_text(endless, encoding="utf-8")

    def interrupt(*_: object) -> None:
        (fake_podman / "cleared").unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(podman_build.Progress, "read", interrupt)
    with pytest.raises(KeyboardInterrupt):
        podman_build.podman_build("image", fake_podman, [])
    assert gone(int((fake_podman / "podman.step").read_text(encoding="utf-8")))
    assert (fake_podman / "cleared").exists()


LONG_AND_FAILING = """#!/bin/sh
echo '[1/2] STEP 1/2: FROM x AS jq'
case "$*" in *long*) sleep 600 & echo $! >"$0.step"; wait ;; esac
until [ -s "$0.step" ]; do sleep 0.05; done
echo 'make: *** no rule'
exit 1
"""


@pytest.mark.parametrize("labels", [("long", "short"), ("short", "long")], ids=["other", "one"])
def test_build_that_fails_ends_the_one_beside_it(fake_podman: Path, labels: tuple[str, str]) -> None:
    (fake_podman / "podman").write_text(LONG_AND_FAILING, encoding="utf-8")
    builds = [partial(podman_build.podman_build, label, fake_podman, [label]) for label in labels]
    with pytest.raises(PodmanError, match=r"^stage jq of short failed: make: \*\*\* no rule"):
        podman_build.side_by_side(*builds)
    assert gone(int((fake_podman / "podman.step").read_text(encoding="utf-8")))


def test_build_that_is_ended_and_says_that_all_is_well_is_cleared_away(
    fake_podman: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (fake_podman / "podman").write_text(LONG_AND_FAILING.replace("case", "trap 'exit 0' TERM\ncase"), encoding="utf-8")
    cleared: list[int] = []
    monkeypatch.setattr("fixtures.builder.podman_build.remove_abandoned_builds", lambda: cleared.append(1))
    builds = [partial(podman_build.podman_build, label, fake_podman, [label]) for label in ("long", "short")]
    with pytest.raises(PodmanError, match=r"^stage jq of short failed"):
        podman_build.side_by_side(*builds)
    assert len(cleared) == 4, "not at the beginning and at the end of both"


def test_build_beside_one_that_failed_at_once_is_ended_too(fake_podman: Path) -> None:
    (fake_podman / "podman").write_text(LONG_AND_FAILING, encoding="utf-8")
    failed = threading.Event()

    def fails() -> dict[str, float]:
        failed.set()
        raise PodmanError("no network", "look at it")

    def begins_late() -> dict[str, float]:
        failed.wait()
        return podman_build.podman_build("long", fake_podman, ["long"])

    with pytest.raises(PodmanError, match=r"^no network"):
        podman_build.side_by_side(fails, begins_late)
    (fake_podman / "podman").write_text(BUILD.format(status=0), encoding="utf-8")
    assert list(podman_build.podman_build("image", fake_podman, [])) == ["jq"]


def test_interrupt_of_the_wait_for_the_other_build_ends_it(fake_podman: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "#!/bin/sh\necho '[1/2] STEP 1/2: FROM x AS jq'\nsleep 5\n"
    (fake_podman / "podman").write_text(slow, encoding="utf-8")
    first, whole, main = threading.Event(), list[dict[str, float]](), threading.get_ident()

    def at_once() -> dict[str, float]:
        first.set()
        return {}

    def beside() -> dict[str, float]:
        first.wait()
        whole.append(podman_build.podman_build("image", fake_podman, []))
        return whole[0]

    monkeypatch.setattr(podman_build.Progress, "read", lambda *_: signal.pthread_kill(main, signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        podman_build.side_by_side(at_once, beside)
    assert not whole, "it went on to its end"


def test_builds_side_by_side_return_their_seconds(fake_podman: Path) -> None:
    (fake_podman / "podman").write_text(BUILD.format(status=0), encoding="utf-8")
    builds = [partial(podman_build.podman_build, label, fake_podman, []) for label in ("one", "other")]
    assert [list(spent) for spent in podman_build.side_by_side(*builds)] == [["jq"], ["jq"]]


def test_digest_of_a_folder_is_of_names_contents_and_executable_bits(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x", encoding="utf-8")
    digests = [podman_build.folder_digest(tmp_path)]
    (tmp_path / "a").write_text("y", encoding="utf-8")
    digests.append(podman_build.folder_digest(tmp_path))
    (tmp_path / "a").chmod(0o755)
    digests.append(podman_build.folder_digest(tmp_path))
    (tmp_path / "a").rename(tmp_path / "b")
    digests.append(podman_build.folder_digest(tmp_path))
    assert len(set(digests)) == len(digests)
    (tmp_path / "b").chmod(0o775)
    os.utime(tmp_path / "b", (0, 0))
    assert podman_build.folder_digest(tmp_path) == digests[-1]


def test_second_build_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.builder.podman_build.BUILD_DIRECTORY", tmp_path)
    with podman_build.exclusive(), pytest.raises(PodmanError, match="another build"), podman_build.exclusive():
        pass


@pytest.mark.parametrize(
    ("said", "pins"),
    [("make: *** no rule", "Package: jq\n"), ("E: Unable to satisfy dependencies", "")],
    ids=["not apt's", "without a lock"],
)
def test_failure_that_is_not_of_the_lock_is_final(fake_podman: Path, said: str, pins: str) -> None:
    program = BUILD.format(status=1).replace("make: *** no rule", said).replace("exit", 'echo >>"$0.runs"\nexit')
    (fake_podman / "podman").write_text(program, encoding="utf-8")
    with pytest.raises(PodmanError, match=re.escape(said)):
        podman_build.podman_build("image", fake_podman, [], pins)
    assert (fake_podman / "podman.runs").read_text(encoding="utf-8") == "\n"


def test_log_has_no_password(fake_podman: Path) -> None:
    keep("a-password-of-a-mirror")
    (fake_podman / "podman").write_text("#!/bin/sh\necho get https://me:a-password-of-a-mirror@mirror\n", "utf-8")
    podman_build.podman_build("image", fake_podman, [])
    log = (fake_podman / "logs" / "image.log").read_text(encoding="utf-8")
    assert "@mirror" in log
    assert "a-password-of-a-mirror" not in log


@pytest.mark.parametrize("fails", ["", "create", "cp"])
def test_file_of_an_image_is_copied_out_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    calls: list[tuple[str, ...]] = []

    def podman(*words: str) -> str:
        calls.append(words)
        if words[0] == "cp":
            Path(words[-1]).write_text("new", encoding="utf-8")
        if words[0] == fails:  # podman may have made the container by then
            raise PodmanError("no space", "free some")
        return ""

    monkeypatch.setattr(podman_build, "podman", podman)
    place = tmp_path / "new" / "folder" / "helm"
    for _ in range(2):
        with pytest.raises(PodmanError) if fails else nullcontext():
            podman_build.export("localhost/x", "/usr/bin/helm", place)
    assert place.is_file() != bool(fails)
    removals = [words for words in calls if words[0] == "rm"]
    assert [words for words in calls if words[0] == "create"] == [
        ("create", f"--name={container}", "localhost/x", "/usr/bin/helm") for *_, container in removals
    ]
    assert {words[:-1] for words in removals} == {("rm", "--force", "--ignore", "--volumes")}
