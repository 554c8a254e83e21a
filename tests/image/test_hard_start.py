"""The image starts as a cluster with strict rules runs it: several restrictions together, and over IPv6."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fixtures.host.podman import podman
from fixtures.host.process import PodmanError
from fixtures.image.containers import as_root
from fixtures.image.image import Image
from fixtures.image_settings import OTHER_UID
from fixtures.paths import BUILD_DIRECTORY
from fixtures.patience import patient
from fixtures.verdict.evidence import blocked

pytestmark = [pytest.mark.requirement("IMG-2", "IMG-4"), pytest.mark.feature("editor")]

Start = Callable[..., str]
READ_ONLY = ("--read-only", "--read-only-tmpfs=false")
"""Kubernetes puts no file system in memory over /tmp and /run, as podman does by itself."""
NO_RIGHTS = ("--cap-drop=all", "--security-opt=no-new-privileges")
LOOPBACK = "127.0.0.1"
ANSWERS = "the editor answers"
ANY_UID = (f"--user={OTHER_UID}:0", "--passwd=false")
"""Podman would make an account for the user, which a pod has not."""
RULES = {
    "a read-only root": READ_ONLY,
    "a read-only root and no capabilities": (*READ_ONLY, *NO_RIGHTS),
    "any UID": ANY_UID,
    "any UID, a read-only root and no capabilities": (*ANY_UID, *READ_ONLY, *NO_RIGHTS),
}
ASK = (
    "curl --silent --show-error --fail --retry {seconds:.0f} --retry-connrefused --retry-delay 1 "
    "--retry-max-time {seconds:.0f} --globoff http://{host}:{port}{path}"
)


@pytest.fixture
def start(image: Image) -> Iterator[Start]:
    """Starts the editor under some rules, with an empty home, and returns what it answers or its log."""
    settings = image.inventory.image
    with ExitStack() as undo:

        def started(*rules: str, address: str = LOOPBACK, host: str = LOOPBACK) -> str:
            name = f"conformance-start-{uuid.uuid4().hex[:8]}"
            home = BUILD_DIRECTORY / "homes" / name
            home.mkdir(parents=True)
            home.chmod(0o777)
            undo.callback(as_root, "rm", "-r", str(home))
            undo.callback(podman, "rm", "--force", "--ignore", "--volumes", "--time=0", name)
            command = f"exec 2>&1; cd && exec {settings.start.replace(LOOPBACK, address)}"
            podman("run", "--detach", "--pull=never", f"--name={name}", "--network=none", *rules,
                   f"--volume={home}:{settings.home}:z",
                   f"--env=HOME={settings.home}", "--entrypoint=sh", image.name, "-c", command)  # fmt: skip
            ask = ASK.format(seconds=patient(60), host=host, port=settings.port, path=settings.ready_path)
            try:
                return podman("exec", name, "sh", "-c", f"{ask} && echo {ANSWERS}", timeout=patient(90))
            except PodmanError:
                return podman("logs", name)[-1000:]

        yield started


@pytest.mark.parametrize("rules", RULES)
def test_image_starts_under(rules: str, start: Start) -> None:
    said = start(*RULES[rules])
    assert ANSWERS in said, f"start with {rules}: no editor answers: see its log below\n{said}"


def test_image_serves_over_both_protocols_where_it_is_told_to(start: Start) -> None:
    if not Path("/proc/net/if_inet6").exists():
        blocked("this kernel has no IPv6", "boot it without ipv6.disable=1")
    for host in (LOOPBACK, "[::1]"):
        said = start(address="[::]", host=host)
        assert ANSWERS in said, f"start with --bind-addr=[::]: no editor answers at {host}: see its log\n{said}"
