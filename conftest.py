"""Registers the suite's plugins, and does nothing else."""

pytest_plugins = ("fixtures.verdict", "fixtures.image", "pytester")
