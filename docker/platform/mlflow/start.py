"""Makes the users at the first start, then becomes the server."""

import json
from pathlib import Path

from mlflow.cli import cli
from mlflow.server.auth import bootstrap_admin_user, store

bootstrap_admin_user()
users = json.loads(Path("/etc/mlflow/credentials/users.json").read_text(encoding="utf-8"))
for user, password in users.items():
    if not store.has_user(user):
        store.create_user(user, password)

cli(
    [
        "server",
        "--app-name=basic-auth",
        "--workers=1",
        "--host=0.0.0.0",
        "--port=8443",
        "--allowed-hosts=mlflow.mlflow.svc,mlflow.mlflow.svc.cluster.local,localhost:*",
        "--uvicorn-opts=--ssl-certfile=/etc/mlflow/tls/tls.crt --ssl-keyfile=/etc/mlflow/tls/tls.key",
    ]
)
