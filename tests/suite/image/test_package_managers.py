"""What package managers print, read as package URLs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.errors import ProductError
from fixtures.image.containers import Container
from fixtures.image.package_managers import ansible_galaxy_says, dpkg_says, npm_says, pip_says


def saying(stdout: str, *, status: int = 0, stderr: str = "") -> Container:
    """A container in which every script prints a text and ends with a status."""
    done = SimpleNamespace(rc=status, stdout=stdout, stderr=stderr)
    return cast(Container, SimpleNamespace(run=lambda _script, **_: done))


def pip(*names: str) -> str:
    return json.dumps({"installed": [{"metadata": {"name": name, "version": "1"}} for name in names]}, indent=1)


def test_dpkg_s_installed_packages_count_alone() -> None:
    lines = "installed jq 1.7-6 amd64 debian-13\nconfig-files less 668-1 amd64 debian-13\n"
    assert dpkg_says(saying(lines)) == {"pkg:deb/debian/jq@1.7-6"}


def test_pip_s_reports_of_several_folders_are_one() -> None:
    assert pip_says(saying(f"{pip('Some_Name')}\n{pip('zipp', 'idna')}\n")) == {
        "pkg:pypi/some-name@1", "pkg:pypi/zipp@1", "pkg:pypi/idna@1",
    }  # fmt: skip


def test_npm_s_folder_without_a_name_is_no_package() -> None:
    first = [{"name": "app", "version": "1.0.0", "private": True}, {"name": "@s/a", "version": "2.0.0"}]
    second = [{"location": "", "path": "/usr/local/lib"}, {"name": "npm", "version": "11.0.0", "private": False}]
    assert npm_says(saying(f"{json.dumps(first)}\n{json.dumps(second)}")) == {
        "pkg:generic/app@1.0.0", "pkg:npm/%40s/a@2.0.0", "pkg:npm/npm@11.0.0",
    }  # fmt: skip


def test_collections_of_every_folder() -> None:
    told = json.dumps({"/a": {"ansible.posix": {"version": "2.2.2"}}, "/b": {"kubernetes.core": {"version": "6.6.0"}}})
    assert ansible_galaxy_says(saying(told)) == {
        "pkg:generic/ansible-galaxy/ansible.posix@2.2.2", "pkg:generic/ansible-galaxy/kubernetes.core@6.6.0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asks", "program", "half"),
    [
        (dpkg_says, "dpkg-query", "installed jq 1.7-6 amd64 debian-13\n"),
        (pip_says, "pip", pip("idna")),
        (npm_says, "npm", '[{"name": "a", "version": "1"}]'),
        (ansible_galaxy_says, "ansible-galaxy", '{"/a": {"ansible.posix": {"version": "2.2.2"}}}'),
    ],
)
def test_package_manager_that_fails_is_the_product_s_fault_whatever_it_has_printed(
    asks: Callable[[Container], Any], program: str, half: str
) -> None:
    said = rf"^{program}: does not say what is installed \(no such module\): rebuild"
    for printed in ("", half):
        with pytest.raises(ProductError, match=said):
            asks(saying(printed, status=1, stderr="Traceback\nno such module\n"))


@pytest.mark.parametrize("folders", ["sound broken", "broken sound"])
@pytest.mark.parametrize(
    ("asks", "program", "nothing"), [(pip_says, "pip", '{"installed": []}'), (npm_says, "npm", "[]")]
)
def test_package_manager_that_fails_in_one_of_its_folders_is_told(
    asks: Callable[[Container], Any], program: str, nothing: str, folders: str
) -> None:
    broken = "case \"$*\" in *broken*) echo 'no such module' >&2; return 1;; esac"
    fakes = (
        f"find() {{ printf '%s\\n' {folders}; }}; sort() {{ cat; }}; {program}() {{ echo '{nothing}'; {broken}; }}\n"
    )

    def run(script: str, **_: object) -> SimpleNamespace:
        done = subprocess.run(["sh", "-c", fakes + script], capture_output=True, text=True, check=False)
        return SimpleNamespace(rc=done.returncode, stdout=done.stdout, stderr=done.stderr)

    with pytest.raises(ProductError, match=rf"^{program}: does not say what is installed \(no such module\)"):
        asks(cast(Container, SimpleNamespace(run=run)))


def test_package_manager_that_prints_no_json_is_told() -> None:
    with pytest.raises(ProductError, match=r"^npm: prints no JSON \(Expecting value.*\): rebuild"):
        npm_says(saying('[{"name": "a", "version": "1"}] oh'))
