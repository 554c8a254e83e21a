"""The plan's tools: the one place that names them all, beside the ledger itself."""

from __future__ import annotations

from fixtures.builder.base import STOOD_IN_FOR
from fixtures.inventory import load
from fixtures.verdict import requirements

PLAN = (
    "kubectl",
    "helm",
    "k9s",
    "stern",
    "kubectx",
    "podman",
    "buildah",
    "skopeo",
    "podman-compose",
    "ansible-core",
    "ansible-galaxy",
    "argo",
    "argocd",
    "gh",
    "tea",
    "nats",
    "jq",
    "yq",
    "ripgrep",
    "fd-find",
    "bat",
    "httpie",
    "psql",
    "redis-tools",
    "mlflow",
    "devpi-client",
    "copier",
    "ansible-lint",
    "vim",
    "nano",
    "gettext-base",
)
"""In the plan's numbering."""


def test_ledger_has_the_plan_s_tools() -> None:
    differing = sorted(set(PLAN) ^ set(requirements.plan()))
    assert requirements.plan() == PLAN, (
        f"requirements.toml: its `plan` differs from the plan in {differing or 'their order'}: restore it; a tool that "
        "the image goes without belongs into [[not_shipped]] of tools.toml, one beyond the plan into [[tools]] alone"
    )


def test_budgets_fit_the_limit() -> None:
    inventory = load()
    total, limit = sum(tool.budget for tool in inventory.tools), inventory.image.size_limit
    assert total < limit, f"tools.toml: the budgets are {total:,} bytes, the limit is {limit:,}: lower one of them"


def test_stand_in_is_for_the_base_of_the_plan() -> None:
    settings = load().image
    assert (settings.base, settings.base_source) == (STOOD_IN_FOR, "auto")
