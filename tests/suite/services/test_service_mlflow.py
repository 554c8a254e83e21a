"""MLflow's server and the client in the image are of one version: the image's lock decides which."""

from __future__ import annotations

import re
from pathlib import Path

from fixtures.paths import IMAGE_DIRECTORY
from fixtures.services.images import PLATFORM


def pinned(lock: Path, project: str) -> str:
    (version,) = re.findall(rf"^{project}==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return str(version)


def test_server_has_the_version_of_the_client() -> None:
    server = pinned(PLATFORM / "mlflow" / "requirements.lock", "mlflow")
    client = pinned(IMAGE_DIRECTORY / "python" / "requirements.lock", "mlflow-skinny")
    assert server == client, (
        f"mlflow: the server's lock has {server}, the image's {client}: "
        f"pin mlflow[auth]=={client} in docker/platform/mlflow/requirements.in, then `nox -s lock`"
    )
