"""MLflow: mlflow in the pod against the tracking server, seen from outside by the server's API."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote

import pytest
import urllib3

from fixtures.advice import REBUILD, last_line
from fixtures.builder.root_files import PYTHON_HOME
from fixtures.deployment.tools import json_of, refused, status_code, succeeded, word
from fixtures.services import http
from fixtures.services.catalogue.mlflow import API, Mlflow, MlflowCli, artifacts_of, connected
from fixtures.services.model import Account, Endpoint
from fixtures.services.tenants import TenantPair

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
STORE = "give its artifact store, and its /tmp, more room, and read its log"
BASIC_AUTH = "run the server with --app-name=basic-auth"
LARGE = 32 << 20
"""Bytes of a small model."""
ELSEWHERE = {
    "another host": {"Host": "elsewhere.invalid"},
    "a page of another host": {"Origin": "https://elsewhere.invalid", "Sec-Fetch-Site": "cross-site"},
}
"""Headers by which a browser tells that it was led to the server by somebody else's name, or by his page."""
NO_PERMISSIONS = "set default_permission = NO_PERMISSIONS in the server's basic-auth settings"


@pytest.fixture
def outside(mlflow: Endpoint) -> Iterator[Mlflow]:
    """The server's API on this machine, as the workspace's user."""
    with connected(mlflow) as server:
        yield server


@pytest.fixture
def experiment(outside: Mlflow, name: str) -> Iterator[str]:
    """The name of an experiment of the workspace's user that is not there yet, and is deleted at the end."""
    yield name
    outside.delete(name)


@contextmanager
def run_of(owner: Account, endpoint: Endpoint, name: str) -> Iterator[tuple[str, str]]:
    """Have a run with an artifact in an experiment of a user's for a while; give the ids of experiment and run."""
    with connected(endpoint, owner) as server:
        identity = server.create(name)
        try:
            yield identity, server.log_run(identity, word())
        finally:
            server.delete(name)


def answers_to(user: Account, endpoint: Endpoint, experiment: str, run: str) -> dict[str, int]:
    """Return the server's statuses for what a user may want of a run in an experiment (by their ids)."""
    with connected(endpoint, user) as server:
        return {
            "read": server.http.ask("GET", f"{API}/runs/get?run_id={run}").status,
            "read artifact": server.http.ask("GET", f"{artifacts_of(experiment, run)}/word.json").status,
            "write": server.http.ask("POST", f"{API}/runs/create", {"experiment_id": experiment}).status,
            "write artifact": server.http.ask("PUT", f"{artifacts_of(experiment, run)}/x", "x").status,
        }


# ---- connects


@pytest.mark.requirement("TOOL-mlflow-connects", "ENV-2")
def test_mlflow_finds_the_experiment_that_the_server_has(
    mlflow_cli: MlflowCli, outside: Mlflow, experiment: str
) -> None:
    identity = outside.create(experiment)
    told = succeeded(mlflow_cli(LISTING), "mlflow", "no experiments from the pod")
    lines = [line.split()[:2] for line in told.splitlines() if experiment in line]
    expected = [[identity, experiment]]
    assert lines == expected, f"mlflow: lists {lines}, the server has {expected}: set MLFLOW_TRACKING_URI"


@pytest.mark.requirement("TOOL-mlflow-connects")
def test_mlflow_refuses_a_server_of_another_authority(mlflow_cli: MlflowCli, foreign_certificate: bytes) -> None:
    script = f"cat >foreign.crt; REQUESTS_CA_BUNDLE=$PWD/foreign.crt {LISTING}"
    done = mlflow_cli(script, stdin=foreign_certificate)
    what, fix = "a server of another authority", "unset MLFLOW_TRACKING_INSECURE_TLS"
    refused(done, "mlflow", "certificate verify failed", what=what, repair=fix)


# ---- operates


@pytest.mark.requirement("TOOL-mlflow-operates", "FLOW-mlflow")
def test_mlflow_logs_a_run_that_the_server_has(mlflow_cli: MlflowCli, outside: Mlflow, experiment: str) -> None:
    said = word()
    done = mlflow_cli(PYTHON, variables={"EXPERIMENT": experiment, "WORD": said}, stdin=LOG_RUN.encode())
    logged = last_line(succeeded(done, "mlflow", "cannot log a run with an artifact"))
    made = outside.experiment(experiment) or {}
    (run,) = outside.runs(made["experiment_id"])
    data, identity = run["data"], run["info"]["run_id"]
    seen = {one["key"]: one["value"] for one in [*data["params"], *data["metrics"]]} | {"state": run["info"]["status"]}
    expected = {"word": said, "loss": 0.25, "state": "FINISHED"}
    assert seen == expected, f"mlflow: the server has {seen}, logged was {expected}: set MLFLOW_TRACKING_URI"
    assert identity == logged, f"mlflow: logged run {logged}, the server has {identity}: set MLFLOW_TRACKING_URI"
    kept = outside.http.ask("GET", f"{artifacts_of(made['experiment_id'], identity)}/notes/word.txt")
    assert (kept.status, kept.text) == (200, said), (
        f"mlflow: the server answers {kept.status}, {kept.text!r} for the artifact {said!r}: "
        "run it with --serve-artifacts, and check its artifact store"
    )


@pytest.mark.requirement("TOOL-mlflow-operates", "FLOW-mlflow")
def test_mlflow_reads_a_run_back(mlflow_cli: MlflowCli, outside: Mlflow, experiment: str) -> None:
    said = word()
    home = outside.create(experiment)
    identity = outside.log_run(home, said)
    metric = {"run_id": identity, "key": "loss", "value": 0.125, "step": 1, "timestamp": 1}
    outside.http.must("POST", f"{API}/runs/log-metric", metric)
    kept = {one["key"]: one["value"] for run in outside.runs(home) for one in run["data"].get("metrics", ())}
    assert kept.get("loss") == 0.125, (
        f"mlflow: the server took the metric 0.125 of a run, and has {kept}: see its log and its database"
    )
    done = mlflow_cli(
        f"mlflow runs describe --run-id {identity} >run.json"
        f" && mlflow artifacts download --run-id {identity} --artifact-path word.json --dst-path . >/dev/null"
        " && cat run.json word.json"
    )
    described, _, artifact = succeeded(done, "mlflow", "cannot read a run").rstrip().rpartition("\n")
    run = json_of(described, "mlflow", "describes the run as")
    metrics = run.get("data", {}).get("metrics", {})
    seen, expected = (metrics.get("loss"), json_of(artifact, "mlflow", "downloads")), (0.125, said)
    assert seen == expected, f"mlflow: reads metric and artifact {seen}, the server has {expected}: {REBUILD}"


@pytest.mark.requirement("TOOL-mlflow-operates", "FLOW-mlflow")
def test_mlflow_makes_and_deletes_an_experiment(mlflow_cli: MlflowCli, outside: Mlflow, experiment: str) -> None:
    done = mlflow_cli(f"mlflow experiments create --experiment-name {experiment}")
    told = succeeded(done, "mlflow", "cannot make an experiment").strip()
    made = outside.experiment(experiment)
    assert made is not None, f"mlflow: says {told!r}, the server has no {experiment}: set MLFLOW_TRACKING_URI"
    done = mlflow_cli(f"mlflow experiments delete --experiment-id {made['experiment_id']}")
    stage = (outside.experiment(experiment) or {}).get("lifecycle_stage")
    assert stage == "deleted", (
        f"mlflow: {experiment} is {stage} after its removal, not deleted ({last_line(done.stderr)}): "
        "read the tracking server's log"
    )


@pytest.mark.requirement("TOOL-mlflow-operates", "FLOW-mlflow")
def test_server_keeps_a_model(mlflow_cli: MlflowCli, outside: Mlflow, experiment: str) -> None:
    identity = outside.create(experiment)
    run = outside.log_run(identity, word())
    script = f"""head -c {LARGE} /dev/urandom >model
        mlflow artifacts log-artifact --run-id {run} --local-file model >/dev/null
        mlflow artifacts download --run-id {run} --artifact-path model --dst-path back >/dev/null
        cmp model back/model && echo same"""
    try:
        told = succeeded(mlflow_cli(script), "mlflow", f"keeps no artifact of {LARGE >> 20} MB", repair=STORE)
    finally:
        # An experiment that is deleted goes into the trash, with all that it has.
        removed = outside.http.ask("DELETE", f"{artifacts_of(identity, run)}/model")
    assert last_line(told) == "same", f"mlflow: an artifact of {LARGE >> 20} MB comes back as another: {STORE}"
    assert removed.status == 200, f"mlflow: answers {removed.status} where an artifact is deleted: {STORE}"


# ---- refuses


@pytest.mark.requirement("SVC-mlflow-auth")
@pytest.mark.parametrize("headers", ELSEWHERE.values(), ids=ELSEWHERE)
def test_server_answers_to_its_own_name_alone(mlflow: Endpoint, headers: dict[str, str]) -> None:
    """A page of somebody else's would work with the log-in that a developer's browser has for the server."""
    login = urllib3.util.make_headers(basic_auth=f"{mlflow.account.user}:{mlflow.account.password}")
    with http.opened(mlflow, login) as server:
        seen = server.ask("POST", f"{API}/experiments/search", {"max_results": 1}, headers=headers).status
    assert 400 <= seen < 500, (
        f"mlflow: answers {seen} to {headers}, not 403: set --allowed-hosts, and no --cors-allowed-origins"
    )


@pytest.mark.requirement("SVC-mlflow-auth")
@pytest.mark.parametrize("password", ["wrong", ""], ids=["wrong password", "no password"])
def test_nobody_is_let_in_without_the_password(mlflow_cli: MlflowCli, mlflow: Endpoint, password: str) -> None:
    wrong, what = replace(mlflow.account, password=password), "a wrong password" if password else "no password"
    refused(mlflow_cli(LISTING, wrong), "mlflow", status_code(401), what=what, repair=BASIC_AUTH)
    with connected(mlflow, wrong) as stranger:
        seen = stranger.http.ask("GET", f"{API}/experiments/search?max_results=1").status
    assert seen == 401, f"mlflow: answers {seen} to {wrong.user} with {what}, not 401: {BASIC_AUTH}"


@pytest.mark.requirement("SVC-mlflow-auth")
@pytest.mark.parametrize("password", ["password1234", "password", "admin"])
def test_administrator_has_no_password_of_the_manual(mlflow: Endpoint, password: str) -> None:
    with connected(mlflow, Account("admin", password, "")) as administrator:
        seen = administrator.http.ask("GET", f"{API}/experiments/search?max_results=1").status
    assert seen == 401, (
        f"mlflow: answers {seen} to admin with the password {password}, not 401: set admin_password in basic_auth.ini"
    )


@pytest.mark.requirement("TOOL-mlflow-operates")
def test_unknown_run_is_refused(mlflow_cli: MlflowCli) -> None:
    name = secrets.token_hex(16)
    done = mlflow_cli(f"mlflow runs describe --run-id {name}")
    what, fix = f"a run {name} that nobody made", "set MLFLOW_TRACKING_URI to the server that was deployed"
    # A server that lets each user see his own alone does not tell what is another's from what is not there.
    refused(done, "mlflow", "not found|Permission denied", what=what, repair=fix)


@pytest.mark.requirement("SVC-mlflow-tenancy")
@pytest.mark.uses("mlflow")
def test_users_do_not_see_each_others_experiments(
    mlflow_cli: MlflowCli, mlflow: Endpoint, pair: TenantPair, name: str
) -> None:
    stranger, owner = pair(mlflow)
    with run_of(owner, mlflow, name) as (experiment, run):
        listed = succeeded(mlflow_cli(LISTING, stranger), "mlflow", f"{stranger.user} cannot search")
        assert name not in listed, f"mlflow: {stranger.user} sees {name} of {owner.user}: {NO_PERMISSIONS}"
        done = mlflow_cli(f"mlflow artifacts download --run-id {run} --artifact-path word.json", stranger)
        what = f"{stranger.user}'s download of an artifact of {owner.user}'s"
        refused(done, "mlflow", status_code(403), what=what, repair=NO_PERMISSIONS)
        answers = answers_to(stranger, mlflow, experiment, run)
        wrong = {what: status for what, status in answers.items() if status != 403}
        assert not wrong, f"mlflow: answers {wrong} to {stranger.user} for {owner.user}'s, not 403: {NO_PERMISSIONS}"


@pytest.mark.requirement("SVC-mlflow-tenancy")
def test_user_is_no_administrator(outside: Mlflow, mlflow: Endpoint) -> None:
    user, other = mlflow.account.user, mlflow.neighbour.user
    seen = outside.http.ask("GET", f"{API}/users/get?username={quote(other)}").status
    assert seen == 403, (
        f"mlflow: answers {seen} where {user} reads {other}'s rights, not 403: set is_admin of {user} to false"
    )
