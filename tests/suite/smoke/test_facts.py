"""The modules that are sent to the pod's Python, run by this machine's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import SuiteError
from fixtures.smoke import facts
from fixtures.smoke.inside import services
from fixtures.smoke.settings import ENVIRONMENT

WANTED = {
    "namespaces": ["mine"], "urls": [], "page": "", "addresses": [], "without": ["nats"], "script": ENVIRONMENT,
}  # fmt: skip


def look(home: Path, **variables: str) -> dict[str, Any]:
    """What is seen in an environment that has these variables alone."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", facts.LOADER, json.dumps(WANTED)],
        input=facts.sources(), capture_output=True, check=True, timeout=60,
        env={"HOME": str(home), "PATH": "/nowhere", **variables},
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_modules_need_the_standard_library_alone(tmp_path: Path) -> None:
    found = look(tmp_path, PGHOST="127.0.0.1", PGPORT="1")
    assert found["services"]["postgresql"] == {
        "where": "127.0.0.1:1", "variable": "PGHOST", "login": "", "error": "the connection is refused",
    }  # fmt: skip
    assert found["services"]["mlflow"]["error"] == "MLFLOW_TRACKING_URI is not set"
    assert "nats" not in found["services"]
    assert found["home"] | {"path": str(tmp_path), "writable": True} == found["home"]


def test_part_that_broke_is_an_error_of_its_own(tmp_path: Path) -> None:
    seen = facts.Seen(look(tmp_path, PGPORT="none"))
    with pytest.raises(SuiteError, match=r"^services: cannot be looked at from the pod \(ValueError"):
        seen.part("services")
    assert seen.part("kubeconfigs") == []


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"MLFLOW_TRACKING_URI": "https://m.example"}, ("m.example", 443, True)),
        ({"MLFLOW_TRACKING_URI": "http://m.example"}, ("m.example", 80, False)),
        ({"MLFLOW_TRACKING_URI": "http://m.example:5000/x"}, ("m.example", 5000, False)),
    ],
)
def test_address_is_that_of_the_variable(
    variables: dict[str, str], expected: tuple[str, int, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    assert services.address("mlflow")[:3] == expected


def test_password_goes_with_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALKEY_USER", "dev")
    assert services.credentials("valkey") == ("", "")
    monkeypatch.setenv("REDISCLI_AUTH", "word")
    assert services.credentials("valkey") == ("dev", "word")
