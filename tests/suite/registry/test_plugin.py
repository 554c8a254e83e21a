"""The image in the registry, as checks get it: by a tag of the run, and the registry is left as it was found."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fixtures.errors import ExitCode
from tests.suite.registry.conftest import Opened
from tests.suite.registry.fakes.registry import FakeRegistry

HERE = "library/x"
PLUGINS = ("verdict", "workers", "cluster", "registry")
CONFTEST = """
from types import SimpleNamespace

import pytest

from fixtures.registry.settings import RegistrySettings


def pytest_addoption(parser):
    parser.addoption("--deployment")


@pytest.fixture(scope="session")
def run_id():
    return "1a2b3c4d"


@pytest.fixture(scope="session")
def registry_settings():
    return RegistrySettings.required()


@pytest.fixture(scope="session")
def image():
    return SimpleNamespace(name="h/library/x:latest", document={"Id": "a" * 64})
"""
CHECK = """
import pytest


@pytest.mark.requirement("BLD-2")
def test_pushed(registry_client, pushed):
    assert registry_client.digest(pushed.repository, pushed.tag) == pushed.digest
    registry_client.api.put("library/x", "CHANGED", registry_client.api.manifest(pushed.repository, pushed.tag))
"""


@pytest.fixture
def document(
    pytester: pytest.Pytester, fake: FakeRegistry, client: Opened, environment: None, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Runs the check, which puts the image at another tag too; returns the verdict's document."""
    del client, environment
    fake.give(HERE, "latest", "before")
    pytester.makeini(
        "[pytest]\nstrict = true\nfilterwarnings = error\naddopts = -p no:pytest-kubernetes "
        + " ".join(f"-p fixtures.{name}.plugin" for name in PLUGINS)
    )
    pytester.makeconftest(CONFTEST)
    monkeypatch.setattr("fixtures.registry.client.BUILD_DIRECTORY", pytester.path)

    def run(changed: str) -> Any:
        pytester.makepyfile(test_registry=CHECK.replace("CHANGED", changed))
        result = pytester.runpytest_inprocess("--verdict-json=v.json")
        found = json.loads((pytester.path / "v.json").read_text(encoding="utf-8"))
        return found | {"output": str(result.stdout)}

    return run


def test_run_s_tag_is_removed_and_the_digest_recorded(document: Any, fake: FakeRegistry) -> None:
    found = document("run-1a2b3c4d")
    assert list(fake.tags) == [(HERE, "latest")]
    host, digest = fake.settings.push_host, found["context"]["pushed"]["digest"]
    assert found["context"]["pushed"]["reference"] == f"{host}/{HERE}@{digest}"
    assert (found["broken"], found["checks"][0]["outcome"]) == ([], "passed")


def test_image_that_was_there_without_a_tag_stays(document: Any, fake: FakeRegistry) -> None:
    fake.blobs.add(f"sha256:{'a' * 64}")
    found = document("run-1a2b3c4d")
    assert list(fake.tags) == [(HERE, "latest")]
    assert found["context"]["pushed"]["digest"] in fake.manifests


def test_tag_that_the_run_moved_is_an_error_of_the_run(document: Any) -> None:
    found = document("latest")
    (line,) = found["broken"]
    assert line.startswith("the registry 127.0.0.1:")
    assert "is not as it was: gone: tag library/x:latest (sha256:" in line
    assert (found["exit_code"], found["checks"][0]["outcome"]) == (ExitCode.SUITE_ERROR, "passed")


def test_what_had_to_be_left_is_told_and_no_error(document: Any, fake: FakeRegistry) -> None:
    fake.deletable = set()
    found = document("run-1a2b3c4d")
    assert found["context"]["left in the registry"].keys() == {f"{HERE}:run-1a2b3c4d"}
    assert f"left are {HERE}:run-1a2b3c4d: remove them there by hand" in found["output"]
    assert found["broken"] == []


def test_wrong_registry_is_told_before_any_check(
    document: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONFORMANCE_REGISTRY", "https://harbor.example.com/library")
    with pytest.raises(FileNotFoundError):  # no verdict is written
        document("run-1a2b3c4d")
    out, err = capfd.readouterr()
    assert "CONFORMANCE_REGISTRY=https://harbor.example.com/library: not a host name" in out + err
    assert "collected" not in out
