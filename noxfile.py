"""The doors of the project: a bare `nox` does the main job, each session can be run alone.

Words after `--` go to what the session runs, for example `nox -s build -- --prebuilt k9s=/path/to/k9s`.
"""

from __future__ import annotations

from pathlib import Path

import nox

nox.needs_version = ">=2025.10"
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["build", "image", "rebuild", "live", "verdict"]
nox.options.stop_on_first_error = True

LOCK = "requirements.lock"
WORKERS = "2"
SIDE_BY_SIDE = ("-n", WORKERS, "--dist=loadgroup", "--max-worker-restart=0")
DOCKERFILES = tuple(str(path) for path in sorted(Path("docker").glob("**/Dockerfile")))
SHELL_SCRIPTS = (
    ".ci/run",
    "docker/cluster-node/import-images.sh",
    "docker/cluster-node/rootfs/usr/local/bin/create-kubelet-cgroup",
    "docker/cluster-node/rootfs/usr/local/bin/entrypoint",
    "docker/code-server-base/code-server.sh",
    "docker/code-server-base/entrypoint.sh",
    "docker/code-server-base/trim-code-server.sh",
    "docker/code-server-dev/rootfs/entrypoint.d/10-thinkube-home",
    "docker/code-server-dev/rootfs/etc/thinkube/setup-thinkube-env.sh",
    "docker/platform/code-server/20-workspace",
    *(str(path) for path in sorted(Path("docker/platform").glob("*/start"))),
)


def run(session: nox.Session, *command: str) -> None:
    """Run what holds containers or clusters: Ctrl-C gives it the time to remove them, where nox gives 0.5 s."""
    session.run(*command, interrupt_timeout=90, terminate_timeout=30)


def install(session: nox.Session) -> None:
    """Put the locked environment into the session, hashes checked."""
    session.install("--quiet", "--no-deps", "--require-hashes", "-r", LOCK)


@nox.session
def build(session: nox.Session) -> None:
    """Build the image; `-- base`, `-- tools` or `-- image` for one part, `-- --help` for the options."""
    install(session)
    run(session, "python", "-m", "fixtures", "build", "--allow-omissions", *session.posargs)


@nox.session
def image(session: nox.Session) -> None:
    """Check the image that was built last, in every profile; words after `--` go to pytest."""
    install(session)
    report = "--verdict-json=.build/verdict-image.json"
    run(session, "pytest", "tests/image", *SIDE_BY_SIDE, report, *session.posargs)


@nox.session
def rebuild(session: nox.Session) -> None:
    """Check that building again with nothing changed runs no stage; words after `--` go to pytest."""
    install(session)
    run(session, "pytest", "tests/rebuild", "--verdict-json=.build/verdict-rebuild.json", *session.posargs)


@nox.session
def cluster(session: nox.Session) -> None:
    """Bring up the embedded Kubernetes; `-- --nodes 2` for two, `-- --keep` to take over a running one, `-- delete`."""
    install(session)
    run(session, "python", "-m", "fixtures.cluster", *session.posargs)


@nox.session
def live(session: nox.Session) -> None:
    """Deploy the image on a cluster and check it there; `-- --kubeconfig FILE --allow-writes` for one of yours."""
    install(session)
    report = "--verdict-json=.build/verdict-live.json"
    run(session, "pytest", "tests/platform", *SIDE_BY_SIDE, report, *session.posargs)


@nox.session
def platform(session: nox.Session) -> None:
    """Bring up the services that a workspace talks to, and greet each; `-- --hold` leaves them up until Ctrl-C."""
    install(session)
    report = "--verdict-json=.build/verdict-platform.json"
    run(session, "pytest", "tests/platform/services/test_every_service.py", report, *session.posargs)


@nox.session
def verdict(session: nox.Session) -> None:
    """Put the verdicts of image, rebuild and live together: all of the ledger; `-- --strict-verdict` for a gate."""
    install(session)
    session.run("python", "-m", "fixtures", "verdict", *session.posargs)


@nox.session
def selftest(session: nox.Session) -> None:
    """Run the suite's own tests: no image, no cluster, seconds."""
    install(session)
    session.run("pytest", "tests/suite", "-n", WORKERS, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the code: ruff, mypy --strict, import-linter, hadolint on the Dockerfiles, shellcheck on the scripts."""
    install(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports", "--no-logo")
    session.run("python", "-m", "fixtures", "render", ".build/Dockerfile")
    # Debian's versions are recorded after the build; the stages that are thrown away stay root and keep their lists.
    ignored = ("--ignore=DL3002", "--ignore=DL3008", "--ignore=DL3009", "--ignore=DL3066")
    session.run("hadolint", *ignored, ".build/Dockerfile", *DOCKERFILES)
    session.run("shellcheck", *SHELL_SCRIPTS)


@nox.session
def bench(session: nox.Session) -> None:
    """Set the open shell beside a bare loop, testinfra's stock backends and goss; `-- pod` for one in a cluster."""
    install(session)
    module, options = "fixtures.bench.container", list(session.posargs)
    if options[:1] == ["pod"]:
        module, options = "fixtures.bench.pod", options[1:]
    run(session, "python", "-m", module, *options)


@nox.session
def lock(session: nox.Session) -> None:
    """Resolve the locked Python inputs anew: the suite's own and those of the image."""
    session.install("uv")
    resolve = ("uv", "pip", "compile", "--quiet", "--upgrade", "--generate-hashes", "--no-header")
    session.run(*resolve, "--universal", "--group=dev", "-o", LOCK, "pyproject.toml")
    image_options = (
        "--python-version=3.13",
        "--python-platform=x86_64-manylinux_2_36",
        "--only-binary=:all:",
    )
    folders: dict[str, tuple[str, ...]] = {
        "docker/code-server-dev/python": (),
        "docker/code-server-dev/toolchain": (),
        "docker/code-server-dev/node": (),
        "docker/code-server-dev/ansible": ("--no-deps",),
        "docker/platform/devpi": (),
        "docker/platform/mlflow": ("--override", "docker/platform/mlflow/overrides.txt"),
    }
    for folder, extra in folders.items():
        session.run(*resolve, *image_options, *extra, "-o", f"{folder}/{LOCK}", f"{folder}/requirements.in")


@nox.session
def clean(session: nox.Session) -> None:
    """Remove the images of this project, and what is in .build/ but programs that were handed in."""
    install(session)
    session.run("python", "-m", "fixtures", "clean")
