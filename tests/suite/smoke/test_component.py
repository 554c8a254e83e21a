"""The component of the smoke run: its pods, its account, its lock, its image."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures.paths import ROOT
from fixtures.smoke import image
from fixtures.smoke.workload import rights

PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def manifests(name: str) -> list[Any]:
    """The documents of one of its files."""
    return list(yaml.safe_load_all((image.FOLDER / name).read_text(encoding="utf-8")))


def test_hooks_and_cronjob_run_one_pod() -> None:
    (pod,), (failed,), (job,) = (
        manifests(name) for name in ("hook/pod.yaml", "hook/failed.yaml", "cronjob/cronjob.yaml")
    )
    assert failed["spec"] == pod["spec"]
    assert job["spec"]["jobTemplate"]["spec"]["template"]["spec"] == pod["spec"]


def test_role_has_what_a_run_asks_for_and_no_more() -> None:
    role = next(one for one in manifests("account.yaml") if one["kind"] == "Role")
    given = {
        (verb, resource, group, name)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }
    assert given == {(one.verb, one.resource, one.group, one.name) for one in rights("any", "code-server")}


def test_packages_are_those_of_the_suite_s_own_lock() -> None:
    own, theirs = (
        dict(PIN.findall(path.read_text(encoding="utf-8")))
        for path in (image.FOLDER / "requirements.lock", ROOT / "requirements.lock")
    )
    assert own
    assert {name: theirs.get(name) for name in own} == own


IMPORTS = """
import importlib, importlib.metadata, re, sys
names, module = sys.argv[1].split(), sys.argv[2]
of = {top: {re.sub("[-_.]+", "-", one).lower() for one in some}
      for top, some in importlib.metadata.packages_distributions().items()}
class Absent:
    def find_spec(self, name, path=None, target=None):
        if path is None and name in of and not of[name] & {*names}:
            raise ModuleNotFoundError(f"No module named {name!r}")
sys.meta_path.insert(0, Absent())
importlib.import_module(module)
"""
"""Imports a module as if no packages but some were installed."""


@pytest.mark.parametrize("module", ["fixtures.smoke.__main__", "fixtures.smoke.plugin", "tests.smoke.test_smoke"])
def test_image_has_the_packages_that_a_run_imports(module: str) -> None:
    names = " ".join(name for name, _ in PIN.findall((image.FOLDER / "requirements.lock").read_text(encoding="utf-8")))
    command = [sys.executable, "-c", IMPORTS, names, module]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr.splitlines()[-1]


def test_image_has_what_a_run_reads() -> None:
    assert [name for name in image.CODE if not (ROOT / name).exists()] == []
    copied = re.findall(r"^COPY ([^-\s]\S*) ", (image.FOLDER / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(copied) == {"requirements.lock", "suite"}


def test_image_is_named_after_all_that_it_is_made_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Dockerfile", "requirements.lock"):
        (tmp_path / name).write_text("as it was", encoding="utf-8")
    monkeypatch.setattr(image, "FOLDER", tmp_path)
    monkeypatch.setattr(image, "CODE", ("pytest.ini",))
    monkeypatch.setattr(image, "image_exists", lambda _: True)
    names = [image.build(), image.build()]
    for name in ("Dockerfile", "requirements.lock"):
        (tmp_path / name).write_text("changed", encoding="utf-8")
        names.append(image.build())
    monkeypatch.setattr(image, "CODE", ("pytest.ini", "tests/checks.txt"))
    names.append(image.build())
    monkeypatch.setattr(image, "debian_image", lambda: "a Debian with other packages")
    names.append(image.build())
    assert names[0] == names[1]
    assert len(set(names)) == 5
