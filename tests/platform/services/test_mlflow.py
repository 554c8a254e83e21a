"""MLflow from the pod by mlflow, seen from outside through the server's API, and what it must refuse."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest

from fixtures.advice import last_line, repair
from fixtures.builder.dockerfile import PYTHON_HOME
from fixtures.certificates import Authority
from fixtures.deployment.tools import word
from fixtures.services.catalogue.mlflow import API, Mlflow, MlflowCli, artifacts_of, connected
from fixtures.services.model import Account, Endpoint

TENANT_PAIRS = ("the workspace", "its neighbour")
LISTING = "mlflow experiments search"
PYTHON = f"{PYTHON_HOME}/bin/python -"
LOG_RUN = """
import os
import mlflow
mlflow.set_experiment(os.environ["EXPERIMENT"])
with mlflow.start_run() as run:
    mlflow.log_param("word", os.environ["WORD"])
    for step, loss in enumerate((0.5, 0.25)):
        mlflow.log_metric("loss", loss, step=step)
    mlflow.log_text(os.environ["WORD"], "notes/word.txt")
print(run.info.run_id)
"""


@pytest.fixture
def outside(mlflow: Endpoint) -> Iterator[Mlflow]:
    """The workspace's user on this machine."""
    with connected(mlflow) as server:
        yield server


@pytest.fixture
def name(run_id: str) -> str:
    """A name of the check's own."""
    return f"check-{run_id}-{secrets.token_hex(4)}"


@pytest.fixture
def experiment(outside: Mlflow, name: str) -> Iterator[str]:
    """The name of an experiment of the workspace's that is not there yet, and is deleted in the end."""
    yield name
    outside.delete(name)


@pytest.fixture(params=TENANT_PAIRS)
def pair(request: pytest.FixtureRequest, mlflow: Endpoint) -> tuple[Account, Account]:
    """Two users, of whom the first wants what is the second's."""
    if request.param == TENANT_PAIRS[0]:
        return mlflow.account, mlflow.neighbour
    return mlflow.neighbour, mlflow.account


# ---- connects


@pytest.mark.requirement("TOOL-mlflow-connects", "ENV-2")
def test_mlflow_finds_the_experiment_that_the_server_has(
    mlflow_cli: MlflowCli, outside: Mlflow, experiment: str
) -> None:
    identity = outside.create(experiment)
    done = mlflow_cli(LISTING)
    said = last_line(done.stderr)
    assert done.rc == 0, f"mlflow: no experiments from the pod: {said}: {repair(said)}"
    lines = [line.split() for line in done.stdout.splitlines() if experiment in line]
    assert [line[:2] for line in lines] == [[identity, experiment]], (
        f"mlflow: lists {lines} of an experiment {experiment} with the id {identity}: see MLFLOW_TRACKING_URI"
    )


@pytest.mark.requirement("TOOL-mlflow-connects")
def test_mlflow_refuses_a_server_of_another_authority(mlflow_cli: MlflowCli) -> None:
    foreign = Authority("somebody else").certificate
    done = mlflow_cli(f"cat >foreign.crt; REQUESTS_CA_BUNDLE=$PWD/foreign.crt {LISTING}", stdin=foreign)
    assert done.rc != 0, f"mlflow: trusts anybody ({done.stdout.strip()!r}): take MLFLOW_TRACKING_INSECURE_TLS away"
    assert "certificate verify failed" in done.stderr, f"mlflow: {last_line(done.stderr)}: see the server's certificate"


# ---- operates


@pytest.mark.requirement("TOOL-mlflow-operates", "FLOW-mlflow")
def test_mlflow_logs_a_run_that_the_server_has(mlflow_cli: MlflowCli, outside: Mlflow, experiment: str) -> None:
    said = word()
    done = mlflow_cli(PYTHON, variables={"EXPERIMENT": experiment, "WORD": said}, stdin=LOG_RUN.encode())
    last = last_line(done.stderr)
    assert done.rc == 0, f"mlflow: cannot log a run with an artifact: {last}: see the server's --serve-artifacts"
    made = outside.experiment(experiment) or {}
    (run,) = outside.runs(made["experiment_id"])
    data, identity = run["data"], run["info"]["run_id"]
    seen = {one["key"]: one["value"] for one in [*data["params"], *data["metrics"]]} | {"state": run["info"]["status"]}
    wanted = {"word": said, "loss": 0.25, "state": "FINISHED"}
    assert seen == wanted, f"mlflow: the server has {seen}, logged was {wanted}: see MLFLOW_TRACKING_URI"
    assert identity == last_line(done.stdout), f"mlflow: logged run {last_line(done.stdout)}, the server has {identity}"
    kept = outside.http.ask("GET", f"{artifacts_of(made['experiment_id'], identity)}/notes/word.txt")
    assert (kept.status, kept.text) == (200, said), (
        f"mlflow: the server gives {kept.text!r} ({kept.status}) for the artifact, logged was {said}: see its store"
    )


@pytest.mark.requirement("TOOL-mlflow-operates", "FLOW-mlflow")
def test_mlflow_reads_a_run_back(mlflow_cli: MlflowCli, outside: Mlflow, experiment: str) -> None:
    said = word()
    identity = outside.log_run(outside.create(experiment), said)
    metric = {"run_id": identity, "key": "loss", "value": 0.125, "step": 1, "timestamp": 1}
    outside.http.must("POST", f"{API}/runs/log-metric", metric)
    done = mlflow_cli(
        f"mlflow runs describe --run-id {identity} >run.json"
        f" && mlflow artifacts download --run-id {identity} --artifact-path word.json --dst-path . >/dev/null"
        " && cat run.json word.json"
    )
    last = last_line(done.stderr)
    assert done.rc == 0, f"mlflow: cannot read a run: {last}: {repair(last)}"
    described, _, artifact = done.stdout.rstrip().rpartition("\n")
    seen = json.loads(described)["data"]["metrics"].get("loss"), json.loads(artifact)
    assert seen == (0.125, said), f"mlflow: reads metric and artifact {seen}, the server has {(0.125, said)}: see it"


@pytest.mark.requirement("TOOL-mlflow-operates", "FLOW-mlflow")
def test_mlflow_makes_and_deletes_an_experiment(mlflow_cli: MlflowCli, outside: Mlflow, experiment: str) -> None:
    done = mlflow_cli(f"mlflow experiments create --experiment-name {experiment}")
    last = last_line(done.stderr)
    assert done.rc == 0, f"mlflow: cannot make an experiment: {last}: {repair(last)}"
    made = outside.experiment(experiment)
    assert made is not None, f"mlflow: says {done.stdout.strip()!r}, the server has no {experiment}: see its address"
    done = mlflow_cli(f"mlflow experiments delete --experiment-id {made['experiment_id']}")
    stage = (outside.experiment(experiment) or {}).get("lifecycle_stage")
    assert stage == "deleted", f"mlflow: {experiment} is {stage} after its removal: {last_line(done.stderr)}: see it"


# ---- refuses


@pytest.mark.requirement("TOOL-mlflow-operates", "FLOW-mlflow")
@pytest.mark.parametrize("password", ["wrong", ""], ids=["wrong password", "no password"])
def test_nobody_is_let_in_without_the_password(mlflow_cli: MlflowCli, mlflow: Endpoint, password: str) -> None:
    wrong, how = replace(mlflow.account, password=password), "a wrong password" if password else "no password"
    done = mlflow_cli(LISTING, wrong)
    assert done.rc != 0, f"mlflow: lets {wrong.user} in with {how}: run it with its basic-auth app"
    assert "401" in done.stderr, f"mlflow: {last_line(done.stderr)}: who has no password is answered with 401"
    with connected(mlflow, wrong) as stranger:
        seen = stranger.http.ask("GET", f"{API}/experiments/search?max_results=1").status
    assert seen == 401, f"mlflow: answers {seen} to {wrong.user} with {how}: see its log-in"


@pytest.mark.requirement("TOOL-mlflow-operates")
def test_unknown_run_is_refused(mlflow_cli: MlflowCli) -> None:
    name = secrets.token_hex(16)
    done = mlflow_cli(f"mlflow runs describe --run-id {name}")
    assert done.rc != 0, f"mlflow: describes a run {name} that nobody made: {done.stdout!r}: see the server"
    # A server that lets each user see what is his own does not tell what is another's from what is not there.
    said = last_line(done.stderr)
    assert re.search("not found|Permission denied", said), f"mlflow: {said} for an unknown run: see the server's log"


@pytest.mark.requirement("FLOW-mlflow")
def test_users_do_not_see_each_others_experiments(
    mlflow_cli: MlflowCli, mlflow: Endpoint, pair: tuple[Account, Account], name: str
) -> None:
    stranger, owner = pair
    with connected(mlflow, owner) as mine:
        experiment = mine.create(name)
        try:
            run = mine.log_run(experiment, word())
            done = mlflow_cli(LISTING, stranger)
            last = last_line(done.stderr)
            assert done.rc == 0, f"mlflow: {stranger.user} cannot search: {last}: {repair(last)}"
            assert name not in done.stdout, (
                f"mlflow: {stranger.user} sees {name}: set default_permission=NO_PERMISSIONS"
            )
            done = mlflow_cli(f"mlflow artifacts download --run-id {run} --artifact-path word.json", stranger)
            assert done.rc != 0, (
                f"mlflow: {stranger.user} downloads an artifact of {owner.user}'s: see default_permission"
            )
            assert "403" in done.stderr, f"mlflow: {last_line(done.stderr)}: what is another's is answered with 403"
            with connected(mlflow, stranger) as other:
                asked = {
                    "read": other.http.ask("GET", f"{API}/runs/get?run_id={run}").status,
                    "read artifact": other.http.ask("GET", f"{artifacts_of(experiment, run)}/word.json").status,
                    "write": other.http.ask("POST", f"{API}/runs/create", {"experiment_id": experiment}).status,
                    "write artifact": other.http.ask("PUT", f"{artifacts_of(experiment, run)}/x", "x").status,
                }
            let_through = {what: status for what, status in asked.items() if status != 403}
            assert not let_through, (
                f"mlflow: {stranger.user} may {let_through} of {owner.user}'s: see default_permission"
            )
        finally:
            mine.delete(name)


@pytest.mark.requirement("FLOW-mlflow")
def test_user_is_no_administrator(outside: Mlflow, mlflow: Endpoint) -> None:
    other = mlflow.neighbour.user
    seen = outside.http.ask("GET", f"{API}/users/get?username={quote(other)}").status
    assert seen == 403, f"mlflow: answers {seen} where {mlflow.account.user} reads {other}'s rights: take its own away"
