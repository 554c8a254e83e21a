"""Mutants of the platform as data: read, and what is wrong with one is named."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from fixtures import inventory as inventories
from fixtures.errors import UsageError
from fixtures.host.process import run
from fixtures.paths import ROOT
from fixtures.sabotage import platform_operators
from fixtures.sabotage.platform_mutants import PlatformMutant, Step, services_without, shipped, written

ONE = """
[[mutants]]
id = "service-leads-nowhere"
rows = ["DEP-1"]
breaks = "the Service leads to no pod"
steps = [{ object = "Service {workspace}/code-server", patch = "{spec: {selector: {app: other}}}" }]
says = "Service"
checks = ["deployment/test_deployment.py::test_service*"]
"""


def read(tmp_path: Path, text: str) -> tuple[PlatformMutant, ...]:
    """Return the mutants of a file."""
    path = tmp_path / "platform.toml"
    path.write_text(text, encoding="utf-8")
    return written(path)


def test_a_step_gets_the_names_of_the_run(tmp_path: Path) -> None:
    (mutant,) = read(tmp_path, ONE)
    (step,) = mutant.steps
    filled = step.filled({"workspace": "code-server-1"})
    assert (filled.kind, filled.place) == ("Service", ("code-server-1", "code-server"))
    assert Step(object="ClusterRole x", delete=True).place == (None, "x")


def test_a_step_of_a_database_is_sql_in_its_pod() -> None:
    step = Step(database="gitea", run="UPDATE a SET b = 'c'", undo="UPDATE a SET b = 'd'")
    assert (step.kind, step.place) == ("StatefulSet", ("postgresql", "postgresql"))
    assert "--dbname=gitea <<'END'\nUPDATE a SET b = 'c'\nEND\n" in step.run
    assert "\nUPDATE a SET b = 'd'\n" in step.undo


def test_checks_that_it_names_come_first(tmp_path: Path) -> None:
    (mutant,) = read(tmp_path, ONE)
    first = mutant.order("tests/platform/deployment/test_deployment.py::test_service_leads_there")
    assert first < mutant.order("tests/platform/deployment/test_deployment.py::test_home")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('says = "Service"', 'says = "("', "says is no pattern"),
        ('"DEP-1"', '"DEP-99"', "mutant service-leads-nowhere: no requirement is named DEP-99"),
        ('object = "Service', 'object = "Srvice', "write `Kind name` or `Kind namespace/name`"),
        ('patch = "{spec: {selector: {app: other}}}"', 'patch = "{"', "is no YAML"),
        ('patch = "{spec: {selector: {app: other}}}"', 'key = "a"', "give one of patch, old and new"),
        ('patch = "{spec: {selector: {app: other}}}"', 'old = "a", new = "b"', "need the key of the text"),
        ('patch = "{spec: {selector: {app: other}}}"', 'run = "true"', "run needs undo"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(tmp_path, ONE.replace(old, new))


def test_an_id_stands_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="mutant service-leads-nowhere: stands there twice"):
        read(tmp_path, ONE + ONE)


def test_a_service_without_a_mutant_is_named(tmp_path: Path) -> None:
    mutants = read(tmp_path, ONE.replace("{workspace}/code-server", "valkey/valkey"))
    assert services_without(mutants, [("valkey", "valkey"), ("nats", "nats")]) == ["nats"]


def test_each_line_of_the_manifests_brings_a_mutant() -> None:
    ids = [one.id for one in platform_operators.all_of()]
    assert len(set(ids)) == len(ids)
    rules = (platform_operators.CODE_SERVER / "rbac.yaml").read_text(encoding="utf-8").count("- apiGroups")
    assert sum(one.startswith("op-rule-") for one in ids) == rules
    flips = platform_operators.PROXY_SETTINGS.read_text(encoding="utf-8").count(" = true\n")
    assert sum(one.startswith("op-flip-") for one in ids) >= flips
    assert {"op-probe-readinessprobe", "op-mount-home", "op-variable-ssl-cert-file", "op-limit-memory"} <= set(ids)


def test_right_that_is_given_everywhere_is_no_mutant_of_a_role() -> None:
    ids = {one.id for one in platform_operators.of_rights()}
    assert "op-verb-code-server-workspace-5-create" in ids, "jobs are made in the workspace alone"
    assert "op-verb-code-server-workspace-5-list" not in ids, "and are listed everywhere"
    assert "op-verb-code-server-workspace-0-list" in ids, "Secrets are among what is listed in the workspace alone"


def test_each_row_of_a_tool_that_the_pod_s_checks_look_at_brings_a_mutant() -> None:
    listed = {
        "tests/platform/tools/test_a.py::test_b": ("TOOL-helm-operates", "TOOL-gh-connects"),
        "tests/image/test_c.py::test_d": ("TOOL-jq-runs",),
    }
    (found,) = platform_operators.of_tools(inventories.load().tools, listed, ["TOOL-gh-connects"])
    assert (found.id, found.rows) == ("op-idle-helm-operates", ("TOOL-helm-operates",))
    assert "mountPath: /usr/local/bin/helm\n" in found.steps[1].patch
    assert re.search(found.says, "helm: `helm list` gives nothing")


def test_mutant_is_left_out_with_all_checks_that_it_names(tmp_path: Path) -> None:
    mutants = read(tmp_path, ONE)
    assert shipped(mutants, ["tests/platform/deployment/test_deployment.py::test_service_leads"]) == list(mutants)
    assert shipped(mutants, ["tests/platform/deployment/test_deployment.py::test_home"]) == []


def test_plugins_are_left_for_pytest_to_import() -> None:
    """Of one that is imported before, pytest warns that it cannot rewrite its assertions; a warning ends the run."""
    names = re.findall(r'"(fixtures[\w.]+)"', (ROOT / "conftest.py").read_text(encoding="utf-8"))
    program = f"import sys, fixtures.sabotage.__main__; print([one for one in {names} if one in sys.modules])"
    done = run([sys.executable, "-c", program], timeout=60)
    assert names
    assert done.stdout == "[]\n", done.stdout + done.stderr
