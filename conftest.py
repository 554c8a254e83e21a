"""Registers the suite's plugins, and does nothing else."""

pytest_plugins = (
    "fixtures.verdict",
    "fixtures.workers",
    "fixtures.image",
    "fixtures.platform",
    "fixtures.pod_tools",
    "fixtures.browser",
    "fixtures.service_platform",
    "fixtures.login",
    "fixtures.journey",
    "pytester",
)
