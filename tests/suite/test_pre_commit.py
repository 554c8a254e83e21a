"""The hooks of pre-commit are the linters of `nox -s lint`, at the versions of the lock."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

import noxfile
from fixtures.paths import ROOT

CONFIGURATION = ".pre-commit-config.yaml"
SHEBANG = re.compile(r"#!.*\b(?:ba|da)?sh\b")


def hooks() -> dict[str, dict[str, Any]]:
    document = yaml.safe_load((ROOT / CONFIGURATION).read_text(encoding="utf-8"))
    return {hook["id"]: hook for repository in document["repos"] for hook in repository["hooks"]}


def locked() -> dict[str, str]:
    lock = (ROOT / noxfile.LOCK).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", lock, re.MULTILINE))


def files() -> list[str]:
    """All files below docker/ and .ci/, as git names them."""
    found = [path for folder in ("docker", ".ci") for path in (ROOT / folder).rglob("*") if path.is_file()]
    return sorted(str(path.relative_to(ROOT)) for path in found)


@pytest.mark.parametrize("name", hooks())
def test_hook_is_frozen_to_the_lock(name: str) -> None:
    versions = locked()
    pins = hooks()[name]["additional_dependencies"]
    packages = [re.split(r"[^a-z0-9-]", pin)[0] for pin in pins]
    expected = [f"{package}=={versions.get(package, 'a version that requirements.lock lacks')}" for package in packages]
    seen = [re.sub(r"\[.*\]", "", pin) for pin in pins]
    assert seen == expected, f"{CONFIGURATION}: {name} installs {seen}, requirements.lock has {expected}: write these"


def test_hooks_come_from_the_package_index_alone() -> None:
    document = yaml.safe_load((ROOT / CONFIGURATION).read_text(encoding="utf-8"))
    sources = {repository["repo"] for repository in document["repos"]}
    languages = {hook["language"] for hook in hooks().values()}
    assert (sources, languages) == ({"local"}, {"python"}), (
        f"{CONFIGURATION}: hooks are from {sources} in {languages}, not local ones in python: write them so"
    )


@pytest.mark.parametrize("linter", noxfile.LINTERS)
def test_linter_of_nox_is_a_hook(linter: str) -> None:
    assert any(name.startswith(linter) for name in hooks()), f"{CONFIGURATION}: no hook runs {linter}: add one"


@pytest.mark.parametrize("name, expected", [("hadolint", noxfile.DOCKERFILES), ("shellcheck", noxfile.SHELL_SCRIPTS)])
def test_hook_takes_the_files_that_nox_takes(name: str, expected: tuple[str, ...]) -> None:
    hook = hooks()[name]
    taken = {file for file in files() if re.search(hook["files"], file)}
    taken -= {file for file in taken if re.search(hook.get("exclude", "^$"), file)}
    differing = sorted(taken ^ set(expected))
    assert not differing, f"{name}: noxfile.py and {CONFIGURATION} differ in {differing}: give both the same files"


def test_every_shell_script_is_checked() -> None:
    texts = [file for file in files() if not file.endswith(".toml")]
    scripts = {file for file in texts if SHEBANG.match((ROOT / file).read_bytes()[:80].decode(errors="replace"))}
    rendered = {file for file in scripts if file.endswith(".j2")}
    missing = sorted(scripts - rendered - set(noxfile.SHELL_SCRIPTS))
    assert not missing, f"noxfile.py: SHELL_SCRIPTS lacks {missing}: add them"
    places = {file.partition("/rootfs/")[2].removesuffix(".j2") for file in rendered}
    unseen = sorted(place for place in places if not any(one.endswith(place) for one in noxfile.RENDERED_SCRIPTS))
    assert not unseen, f"noxfile.py: RENDERED_SCRIPTS lacks {unseen}: add them"
