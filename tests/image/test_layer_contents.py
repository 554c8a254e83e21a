"""What each of the image's layers holds: what one adds and a later one deletes is pulled all the same (IMG-5)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from fixtures.builder.brought import brought
from fixtures.builder.root_files import PYTHON_HOME
from fixtures.host import mirrors
from fixtures.host.podman import podman
from fixtures.image.containers import Container
from fixtures.image.image import Image
from fixtures.image_settings import CONTAINER_IDS
from fixtures.inventory import Inventory
from fixtures.layers import leftovers, rights, secrets
from fixtures.layers.accounts import account_problems
from fixtures.layers.dpkg_state import dpkg_problems
from fixtures.layers.entries import LayerEntry, visible
from fixtures.layers.planted import planted
from fixtures.layers.reviewed import Finding, ReviewedPaths
from fixtures.layers.rewritten import rewritten

NOBODY = 65534
"""The largest id of Debian's accounts, and of other distributions'."""
pytestmark = pytest.mark.xdist_group("layers")
"""One worker walks the layers, once."""


@pytest.mark.requirement("IMG-5")
@pytest.mark.parametrize(
    ("rule", "search"),
    [
        pytest.param("setuid", rights.setuid_files, id="setuid-files-are-reviewed"),
        pytest.param("world_writable", rights.world_writable, id="nothing-is-world-writable"),
        pytest.param("secret", secrets.secrets, id="no-secret"),
        pytest.param("leftover", leftovers.leftovers, id="no-cache-or-leftover"),
    ],
)
def test_layers_hold(
    rule: str, search: Callable[..., list[Finding]], entries: list[LayerEntry], reviewed: ReviewedPaths
) -> None:
    _none(search(entries, getattr(reviewed, rule)))


@pytest.mark.requirement("IMG-5")
def test_files_belong_to_the_right_user(entries: list[LayerEntry], image: Image, reviewed: ReviewedPaths) -> None:
    settings = image.inventory.image
    _none(rights.foreign_owners(entries, reviewed.owner, home=settings.home, owner=(settings.uid, settings.gid)))


@pytest.mark.requirement("IMG-5")
def test_modes_let_everybody_read_what_is_everybody_s(entries: list[LayerEntry]) -> None:
    _none(rights.wrong_modes(entries))


@pytest.mark.requirement("IMG-5")
def test_programs_can_be_run_by_everybody(entries: list[LayerEntry]) -> None:
    _none(rights.not_executable(entries))


@pytest.mark.requirement("IMG-1")
def test_accounts_are_the_user_s_and_those_that_nobody_logs_in_to(entries: list[LayerEntry], image: Image) -> None:
    settings = image.inventory.image
    wrong = account_problems(entries, user=settings.user, group=settings.group_name)
    assert not wrong, f"accounts: {'; '.join(wrong)}: leave the accounts in the base and Dockerfile.j2 as they were"


@pytest.mark.requirement("IMG-8")
def test_dpkg_has_nothing_to_do_later_that_no_package_asks_for(entries: list[LayerEntry]) -> None:
    wrong = dpkg_problems(entries)
    assert not wrong, (
        f"packages: {'; '.join(wrong)}: take the step that tells dpkg so out of the base and Dockerfile.j2"
    )


@pytest.mark.integrity
@pytest.mark.requirement("IMG-8")
def test_every_file_is_brought_by_somebody(
    entries: list[LayerEntry], image: Image, inventory: Inventory, reviewed: ReviewedPaths
) -> None:
    made, folders = brought(inventory, list(image.omitted))
    home = inventory.image.home
    _none(planted(entries, reviewed.planted, made=made, folders=folders, home=home, venv=PYTHON_HOME))


@pytest.mark.integrity
@pytest.mark.requirement("IMG-8")
def test_no_layer_changes_what_another_brought(
    entries: list[LayerEntry], image: Image, inventory: Inventory, reviewed: ReviewedPaths
) -> None:
    made, folders = brought(inventory, list(image.omitted))
    _none(rewritten(entries, reviewed.rewritten, made=made, whole=[*folders, PYTHON_HOME]))


@pytest.mark.requirement("IMG-5", "TOOL-podman-runs")
@pytest.mark.feature("subordinate-ids")
@pytest.mark.parametrize("name", ["newuidmap", "newgidmap"])
def test_mapping_of_users_needs_no_setuid_bit(name: str, entries: list[LayerEntry]) -> None:
    found = [entry for entry in visible(entries) if entry.path == f"/usr/bin/{name}"]
    assert found, f"podman: /usr/bin/{name} is missing: install Debian's uidmap in Dockerfile.j2"
    assert not found[0].mode & 0o6000, (
        f"podman: /usr/bin/{name} is setuid, which fails in a pod: chmod u-s it, then setcap, in Dockerfile.j2"
    )
    assert found[0].capabilities, f"podman: /usr/bin/{name} has no file capability: setcap it in Dockerfile.j2"


@pytest.mark.requirement("IMG-5", "TOOL-podman-runs")
@pytest.mark.feature("subordinate-ids")
@pytest.mark.parametrize(("name", "capability"), [("newuidmap", "cap_setuid=ep"), ("newgidmap", "cap_setgid=ep")])
def test_mapping_of_users_has_one_capability(name: str, capability: str, container: Container) -> None:
    seen = container.run(f"/usr/sbin/getcap /usr/bin/{name}").stdout.strip()
    assert seen.endswith(f" {capability}"), (
        f"podman: /usr/bin/{name} has the capabilities {seen.partition(' ')[2]!r}, not {capability!r} alone: setcap it "
        "in Dockerfile.j2"
    )


@pytest.mark.requirement("TOOL-podman-runs")
@pytest.mark.feature("subordinate-ids")
@pytest.mark.parametrize(("path", "kind"), [("/etc/subuid", "uid"), ("/etc/subgid", "gid")])
def test_mapped_ids_are_there_in_every_pod(path: str, kind: str, image: Image, container: Container) -> None:
    own: int = getattr(image.inventory.image, kind)
    ranges = re.findall(r"^[^:\n]+:(\d+):(\d+)$", container.run(f"cat {path}").stdout, re.MULTILINE)
    total = sum(int(number) for _, number in ranges)
    beyond = [f"{first}:{number}" for first, number in ranges if int(first) + int(number) > CONTAINER_IDS]
    assert total >= NOBODY, (
        f"podman: {path} gives {total} ids, and files of images belong to others, up to {NOBODY}: write ranges of all "
        "that there are, as Dockerfile.j2 does"
    )
    assert not beyond, (
        f"podman: {path} gives {', '.join(beyond)}, and a pod with a user namespace (hostUsers: false) has no id from "
        f"{CONTAINER_IDS} on: give ranges below, as Dockerfile.j2 does"
    )
    with_own = [f"{first}:{number}" for first, number in ranges if 0 <= own - int(first) < int(number)]
    assert not with_own, (
        f"podman: {path} gives {with_own[0]}, which has the user's own {kind} {own} in it: leave that out, as "
        "Dockerfile.j2 does"
    )


@pytest.mark.requirement("IMG-5")
def test_layers_are_all_there(entries: list[LayerEntry], image: Image) -> None:
    missing = set(image.document["RootFS"]["Layers"]) - {entry.layer_digest for entry in entries}
    assert not missing, f"layers: nothing was read of {len(missing)} of them: fix fixtures/layers/reader.py"
    assert any(entry.path == "/etc/os-release" for entry in entries), (
        "layers: no /etc/os-release in any of them: fix fixtures/layers/reader.py"
    )


@pytest.mark.requirement("IMG-5")
def test_no_address_in_history_or_configuration_has_a_password(image: Image) -> None:
    history = podman("history", "--no-trunc", "--format", "{{.CreatedBy}}", image.name)
    found = mirrors.addresses_with_credentials(f"{history}\n{json.dumps(image.document)}")
    assert not found, (
        f"history: {len(found)} addresses with a user or password, of {', '.join(found)}: build with the password in "
        "a file (fixtures/builder/client_files.py), and revoke it if the image was ever pushed"
    )


@pytest.mark.requirement("IMG-5")
def test_no_secret_in_history_or_configuration(image: Image) -> None:
    history = podman("history", "--no-trunc", "--format", "{{.CreatedBy}}", image.name)
    found = secrets.secrets_in_text(f"{history}\n{json.dumps(image.document)}")
    assert not found, (
        f"history: it, or a variable or label of the image, holds {', '.join(found)}: give it to a build as a secret "
        "('RUN --mount=type=secret'), and revoke it if the image was ever pushed"
    )


def _none(findings: list[Finding]) -> None:
    lines = "\n".join(str(finding) for finding in findings)
    first = f"{findings[0]}" + (f" (and {len(findings) - 1} more)" if len(findings) > 1 else "") if findings else ""
    assert not findings, f"{first}\n{lines}"
