"""Registers the suite's plugins, and does nothing else.

A module of the catalogue comes before whatever imports it: pytest rewrites the assertions of a plugin on import.
"""

pytest_plugins = (
    "fixtures.verdict.plugin",
    "fixtures.workers.plugin",
    "fixtures.run",
    "fixtures.services.catalogue.postgresql",
    "fixtures.services.catalogue.valkey",
    "fixtures.services.catalogue.nats",
    "fixtures.services.catalogue.mlflow",
    "fixtures.services.catalogue.gitea",
    "fixtures.services.catalogue.argo",
    "fixtures.services.catalogue.argocd",
    "fixtures.services.catalogue.devpi",
    "fixtures.services.catalogue.github",
    "fixtures.image.plugin",
    "fixtures.cluster.plugin",
    "fixtures.registry.plugin",
    "fixtures.deployment.plugin",
    "fixtures.browser.plugin",
    "fixtures.services.plugin",
    "fixtures.login.plugin",
    "fixtures.journey",
    "fixtures.bundles.plugin",
    "fixtures.proof.plugin",
    "fixtures.stability.plugin",
    "pytester",
)
