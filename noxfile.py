# /// script
# dependencies = ["nox[uv]>=2025.10"]
# ///
"""The sessions of the project: a bare `nox` does the main job, each session can be run alone.

Words after `--` go to what the session runs, for example `nox -s build -- --prebuilt k9s=/path/to/k9s`.
"""

from __future__ import annotations

import atexit
import os
import sys
import uuid
from pathlib import Path

import nox
from nox.command import CommandFailed

nox.needs_version = ">=2025.10"
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["build", "image", "rebuild", "live", "verdict"]
nox.options.stop_on_first_error = True
nox.options.error_on_missing_interpreters = True  # a session that is skipped has verified nothing

LOCK = "requirements.lock"
WORKERS = "2"
SIDE_BY_SIDE = ("-n", WORKERS, "--dist=loadgroup", "--max-worker-restart=0")
TWIN = {"CONFORMANCE_BUILD": ".build/twin"}
"""Keeps what is built and found on the twin of upstream's base apart."""
TWIN_STEPS = ("build", "image", "deployment")
RENDERED = ".build/Dockerfile"
RENDERED_ROOT = ".build/rootfs"
DOCKERFILES = tuple(str(path) for path in sorted(Path("docker").glob("**/Dockerfile")))
SHELL_SCRIPTS = (
    ".ci/part",
    ".ci/run",
    "docker/cluster-node/import-images.sh",
    "docker/cluster-node/rootfs/usr/local/bin/create-kubelet-cgroup",
    "docker/cluster-node/rootfs/usr/local/bin/entrypoint",
    "docker/code-server-base/code-server.sh",
    "docker/code-server-base/entrypoint.sh",
    "docker/code-server-base/record-trimmed.sh",
    "docker/code-server-base/trim-code-server.sh",
    "docker/code-server-base/trim-debian.sh",
    *(str(path) for path in sorted(Path("docker/code-server-dev/rootfs/usr/local/bin").glob("*"))),
    "docker/platform/code-server/20-workspace",
    "docker/upstream-twin/code-server",
    "docker/upstream-twin/entrypoint.sh",
    *(str(path) for path in sorted(Path("docker/platform").glob("*/start"))),
)
RENDERED_SCRIPTS = tuple(
    f"{RENDERED_ROOT}/{name}"
    for name in (
        "entrypoint.d/10-thinkube-home",
        "etc/thinkube/setup-thinkube-env.sh",
        "usr/local/libexec/entrypoint.d/run-start-scripts",
    )
)
"""Scripts of the image that are rendered with the inventory's settings."""
LINTERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ruff": (("ruff", "check", "."), ("ruff", "format", "--check", ".")),
    "mypy": (("mypy",),),
    "import-linter": (("lint-imports", "--no-logo"),),
    "repo-review": (("repo-review", "--show=err", "."),),
    "hadolint": (("python", "-m", "fixtures", "render", RENDERED), ("hadolint", RENDERED, *DOCKERFILES)),
    "shellcheck": (
        ("python", "-m", "fixtures", "render", RENDERED, "--rootfs", RENDERED_ROOT),
        ("shellcheck", *SHELL_SCRIPTS, *RENDERED_SCRIPTS),
    ),
}
"""Commands of each linter; `.pre-commit-config.yaml` has the same linters."""


CODES = (1, 2, 4, 3)
"""Exit codes of the suite, the worst first: a product failure, an error, wrong input, incomplete."""
ended: list[int] = []
"""Exit codes other than 0 of what the sessions ran."""
untold: list[int] = []
"""Exit codes of incomplete parts that no verdict of all parts has told yet."""
whole: list[str] = ["verdict"] * ("CONFORMANCE_RUN_ID" in os.environ)
"""What this call of nox runs of one run with the others: the verdict of a pipeline's run, and parts of the whole."""
os.environ.setdefault("CONFORMANCE_RUN_ID", uuid.uuid4().hex)
"""Binds the parts that one call of nox runs; a pipeline with several calls sets it."""


@atexit.register
def exit_with_the_worst_code() -> None:
    """End nox with the suite's own exit code: nox by itself makes each of them 1."""
    worst = [code for code in CODES if code in [*ended, *untold]]
    if worst:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(worst[0])


def run(session: nox.Session, *command: str, go_on: bool = False, env: dict[str, str] | None = None) -> None:
    """Run what holds containers or clusters: Ctrl-C gives it the time to remove them, where nox gives 0.5 s.

    With `go_on`, an incomplete part does not end the job: the verdict of all parts tells it.
    """
    whole.extend(command[3:4] if go_on else ())
    try:
        session.run(*command, env=env or {}, interrupt_timeout=90, terminate_timeout=30)
    except CommandFailed as failure:
        code = failure.return_code or 2
        if go_on and code == 3 and ends_with_verdict():
            session.warn("incomplete: the verdict of all parts will say so")
            untold.append(code)
            return
        ended.append(code if code in CODES else 2)
        raise


def ends_with_verdict() -> bool:
    """Tell whether the verdict of all parts may come after this session; where it does not, `untold` counts."""
    named = any(word.startswith(("-s", "--session", "-e", "-k", "-t", "--tags", "--keywords")) for word in sys.argv[1:])
    return not named or "verdict" in sys.argv[1:]


def install(session: nox.Session) -> None:
    """Put the locked environment into the session, hashes checked; that this fails is no failure of the product."""
    try:
        session.install("--quiet", "--no-deps", "--require-hashes", "-r", LOCK)
    except CommandFailed:
        ended.append(2)
        raise


@nox.session
def build(session: nox.Session) -> None:
    """Build the image; `-- base`, `-- tools` or `-- image` for one part, `-- --help` for the options."""
    install(session)
    run(session, "python", "-m", "fixtures", "build", "--allow-omissions", *session.posargs)


@nox.session
def inventory(session: nox.Session) -> None:
    """Check the inventory for mistakes and show what it says, in a second; `-- --inventory PATH` for another one."""
    install(session)
    run(session, "python", "-m", "fixtures", "inventory", *session.posargs)


@nox.session
def image(session: nox.Session) -> None:
    """Check the image that was built last; `-- --only-tools` for the tools of any image, `-- --rerun-failed`."""
    install(session)
    run(session, "python", "-m", "fixtures.verdict", "image", *SIDE_BY_SIDE, *session.posargs, go_on=True)


@nox.session
def rebuild(session: nox.Session) -> None:
    """Check that building again with nothing changed runs no stage; words after `--` go to pytest."""
    install(session)
    run(session, "python", "-m", "fixtures.verdict", "rebuild", *session.posargs, go_on=True)


@nox.session
def twin(session: nox.Session) -> None:
    """Build the image on a twin of upstream's base and check it and its deployment; `-- build image` for some steps."""
    steps = [word for word in TWIN_STEPS if word in session.posargs] or TWIN_STEPS
    options = [word for word in session.posargs if word not in TWIN_STEPS]
    install(session)
    if "build" in steps:
        run(session, "python", "-m", "fixtures.twin", *options, env=TWIN)
    for part in [word for word in steps if word != "build"]:
        words = () if "build" in steps else options
        run(session, "python", "-m", "fixtures.verdict", part, *SIDE_BY_SIDE, *words, env=TWIN)


@nox.session
def preflight(session: nox.Session) -> None:
    """Say in seconds what a run will lack, and which rows that blocks; `-- --kubeconfig FILE` for your cluster."""
    install(session)
    run(session, "python", "-m", "fixtures.preflight", *session.posargs)


@nox.session
def cluster(session: nox.Session) -> None:
    """Bring up the embedded Kubernetes; `-- --nodes 2` for two, `-- --keep` to take over a running one, `-- delete`."""
    install(session)
    run(session, "python", "-m", "fixtures.cluster", *session.posargs)


@nox.session
def live(session: nox.Session) -> None:
    """Deploy the image on a cluster and check it there; `-- --kubeconfig FILE --allow-writes` for one of yours."""
    install(session)
    run(session, "python", "-m", "fixtures.verdict", "live", *SIDE_BY_SIDE, *session.posargs, go_on=True)


@nox.session
def stability(session: nox.Session) -> None:
    """Run the live part many times, and say what was not the same each time; `-- --runs 5 --under cpu`."""
    install(session)
    at = session.posargs.index("--") if "--" in session.posargs else len(session.posargs)
    mine, pytest_words = session.posargs[:at], session.posargs[at + 1 :]
    run(session, "python", "-m", "fixtures.stability", *mine, "--", *SIDE_BY_SIDE, *pytest_words)


@nox.session
def smoke(session: nox.Session) -> None:
    """Look at a code-server that is deployed: `-- --kubeconfig FILE --deployment NAMESPACE/NAME`; `-- --prove` it."""
    install(session)
    if "--prove" in session.posargs:
        rest = [word for word in session.posargs if word != "--prove"]
        run(session, "python", "-m", "fixtures.verdict", "proof", *rest)
        return
    run(session, "python", "-m", "fixtures.smoke", *session.posargs)


@nox.session
def platform(session: nox.Session) -> None:
    """Bring up the services that a workspace talks to, and greet each; `-- --hold` leaves them up until Ctrl-C."""
    install(session)
    run(session, "python", "-m", "fixtures.verdict", "platform", *session.posargs)


@nox.session
def verdict(session: nox.Session) -> None:
    """Put the verdicts of image, rebuild and live together: all of the ledger; `-- --strict-verdict` for a gate."""
    install(session)
    # Alone, without a pipeline's id, it takes the parts that are there, if only they are of one run.
    of_run = ("--run", os.environ["CONFORMANCE_RUN_ID"]) if whole else ()
    run(session, "python", "-m", "fixtures", "verdict", *of_run, *session.posargs)
    untold.clear()


@nox.session
def report(session: nox.Session) -> None:
    """Write the page and the exports of the newest run anew; `-- FOLDER` for another one, `-- --compare OLD`."""
    install(session)
    run(session, "python", "-m", "fixtures", "report", *session.posargs)


@nox.session
def promote(session: nox.Session) -> None:
    """Move the published tag of your registry to the image of the verdict, refused without one; `-- --tag NAME`."""
    install(session)
    run(session, "python", "-m", "fixtures", "promote", *session.posargs)


@nox.session
def attest(session: nox.Session) -> None:
    """Attach a signed statement on the verdict to its image in your registry; `-- --verify REF --key PUB` reads one."""
    install(session)
    run(session, "python", "-m", "fixtures.attestation", *session.posargs)


@nox.session
def publish(session: nox.Session) -> None:
    """Say on the commit and the pull request how a part ended, in a job of Actions: `-- begin`, `end`, `report`."""
    install(session)
    run(session, "python", "-m", "fixtures.gate", *session.posargs)


@nox.session
def gate(session: nox.Session) -> None:
    """Prove the workflows on a Gitea and a runner of this machine: green, red, red, died; `-- --only broken-tool`."""
    install(session)
    run(session, "python", "-m", "fixtures.gate.proof", *session.posargs)


@nox.session
def checks(session: nox.Session) -> None:
    """Write the list of all checks anew, tests/checks.txt; `-- --inventory PATH` for one beside that inventory."""
    install(session)
    folders = ("tests/image", "tests/rebuild", "tests/platform", "tests/smoke", "tests/proof")
    given = " ".join(session.posargs).replace("--inventory=", "--inventory ").split()
    other = Path(given[given.index("--inventory") + 1]) if "--inventory" in given[:-1] else None
    place = other.with_suffix(".checks.txt") if other else "tests/checks.txt"
    collect = ("pytest", "--collect-only", "--quiet", f"--write-checks={place}")
    session.run(*collect, *session.posargs, *folders, silent=True)


@nox.session
def selftest(session: nox.Session) -> None:
    """Run the suite's own tests, with the coverage of fixtures/ and its floor; `-- -k word` for some, without floor."""
    install(session)
    # A part of the self-tests covers less than all of them; `fail_under` in pyproject.toml is for all.
    floor = ("--cov-fail-under=0",) if session.posargs else ()
    session.run("pytest", "tests/suite", "-n", WORKERS, "--cov", "--cov-report=", *floor, *session.posargs)


@nox.session
def mutation(session: nox.Session) -> None:
    """Break the suite's code in small ways and see its self-tests fail; `-- FILE` for one module, `-- --sample 20`."""
    install(session)
    run(session, "python", "-m", "fixtures.mutation", *session.posargs)


@nox.session
def matrix(session: nox.Session) -> None:
    """Drop each tool in turn, add one of each kind of source, and see that checks, self-tests and lint hold."""
    install(session)
    run(session, "python", "-m", "fixtures.matrix", *session.posargs)


@nox.session
def sabotage(session: nox.Session) -> None:
    """Break image, build and suite, one way at a time, and see the right check fail; `-- --only ID`, `-- --changed`."""
    install(session)
    run(session, "python", "-m", "fixtures.sabotage", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Run the linters: ruff, mypy, import-linter, repo-review, hadolint and shellcheck; `-- mypy` for one of them."""
    if unknown := sorted(set(session.posargs) - set(LINTERS)):
        session.error(f"lint: unknown linter {unknown[0]!r}: name some of {', '.join(LINTERS)}")
    install(session)
    for name in session.posargs or LINTERS:
        for command in LINTERS[name]:
            session.run(*command)


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
    """Resolve the locked inputs anew and print what changed; `-- debian` for one of them, `-- --new` keeps the rest."""
    install(session)
    session.install("--quiet", "uv")
    run(session, "python", "-m", "fixtures", "lock", *session.posargs)


@nox.session
def clean(session: nox.Session) -> None:
    """Remove the images of this checkout, and what is in .build/ but programs that were handed in."""
    install(session)
    run(session, "python", "-m", "fixtures", "clean")
