"""Files of the image: those of its parts alone, rendered with the inventory's settings, and a user's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures import inventory as inventories
from fixtures.builder import root_files as files
from fixtures.builder.dockerfile import image_environment, render
from fixtures.builder.root_files import RootFile, arrange, root_files
from fixtures.inventory import Inventory
from fixtures.paths import ROOT
from tests.suite.small_inventory import SMALL

EXAMPLE = ROOT / "docker" / "examples" / "three-tools" / "tools.toml"
Change = Callable[..., Inventory]


@pytest.fixture
def change() -> Change:
    """The small inventory with other settings of its image."""

    def make(**settings: object) -> Inventory:
        document = inventories.load(SMALL).model_dump(exclude_unset=True)
        document["image"] |= settings
        return Inventory.model_validate(document)

    return make


def without(*features: str) -> dict[str, object]:
    return {"without": [{"features": features, "reason": "nobody needs it here"}]}


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        ("editor", []),
        ("environment", ["etc/thinkube", "10-thinkube-home", "profile.d", "bash.bashrc", "zshrc"]),
        ("git", ["git config"]),
        ("node", ["AS npm", "/usr/local/bin/node", "npx-cli.js"]),
        ("npm", ["AS npm", "npx-cli.js"]),
        ("start-scripts", ["run-start-scripts", "10-thinkube-home", "ENTRYPOINTD"]),
        ("subordinate-ids", ["newuidmap", "/etc/subuid"]),
        ("sudo", ["sudoers"]),
        ("zsh", ["zshrc"]),
    ],
)
def test_what_the_image_goes_without_is_nowhere(change: Change, feature: str, words: list[str]) -> None:
    seen = [everything(one) for one in (change(), change(**without(feature)))]
    assert [[word in text for word in words] for text in seen] == [[True] * len(words), [False] * len(words)]


@pytest.mark.parametrize(("uid", "ranges"), [(1000, "1:999 1001:64535"), (1, "2:65534"), (59999, "1:59998 60000:5536")])
def test_ids_of_containers_are_all_but_root_s_and_the_user_s(change: Change, uid: int, ranges: str) -> None:
    inventory = change(uid=uid, gid=2)
    dockerfile = render(inventory, [])
    assert f"printf '{inventory.image.user}:%s\\n' {ranges} >/etc/subuid" in dockerfile
    assert f"printf '{inventory.image.user}:%s\\n' 1:1 3:65533 >/etc/subgid" in dockerfile


def everything(inventory: Inventory) -> str:
    """The Dockerfile, and the names of the image's files."""
    return "\n".join([render(inventory, []), *(one.place for one in root_files(inventory))])


def test_three_tools_on_a_plain_base_have_no_other_stage() -> None:
    inventory = inventories.load(EXAMPLE)
    dockerfile = render(inventory, [])
    assert dockerfile.count("FROM ") == 1
    assert root_files(inventory) == []
    for word in ("python", "npm", "podman", "subuid", "sudo", "thinkube", "code-server", "ENTRYPOINT", "coder", "1000"):
        assert word not in dockerfile, f"{word} is in the Dockerfile of an image that does without"
    for line in ("groupadd --gid 3000 devs", "--uid 2001 --gid 3000 --home-dir /work/dev", "\nUSER 2001\n"):
        assert line in dockerfile


def test_plain_base_gets_what_the_parts_need(change: Change) -> None:
    dockerfile = render(change(plain_base=True, base="debian:trixie", entrypoint=["/usr/bin/editor", "{port}"]), [])
    packages = next(line for line in dockerfile.splitlines() if "dumb-init" in line).split()
    assert {"git", "locales", "passwd", "sudo", "uidmap", "zsh"} <= set(packages)
    assert '\nEXPOSE 8080\nENTRYPOINT ["/usr/bin/editor", "8080"]\n' in dockerfile
    assert "locale-gen" in dockerfile


def test_script_has_the_inventory_s_place_variables_and_aliases(change: Change) -> None:
    environment = {"script": "/etc/own/env.sh", "variables": {"A": "$HOME/a"}, "aliases": {"k": "kubectl"}}
    inventory = change(environment=environment, start_scripts="/opt/start", home="/work/dev")
    files = {one.place: one.text(inventory).decode() for one in root_files(inventory)}
    assert 'export A="${A:-$HOME/a}"\n' in files["etc/own/env.sh"]
    assert "alias k='kubectl'\n" in files["etc/own/env.sh"]
    assert "ln -sfn /etc/own/env.sh" in files["opt/start/10-thinkube-home"]
    assert "${1:-/opt/start}" in files["usr/local/libexec/entrypoint.d/run-start-scripts"]
    assert image_environment(inventory)["PATH"].endswith(":/work/dev/.local/bin")


def test_inputs_beside_another_inventory_come_first(tmp_path: Path, change: Change) -> None:
    (tmp_path / "rootfs" / "etc").mkdir(parents=True)
    (tmp_path / "rootfs" / "etc" / "own").write_text("mine", encoding="utf-8")
    (tmp_path / "go" / "yq").mkdir(parents=True)
    (tmp_path / "go" / "yq" / "go.mod").write_text("mine", encoding="utf-8")
    inventories.use(tmp_path / "tools.toml")
    context = tmp_path / "context"
    (context / "rootfs").mkdir(parents=True)
    arrange(change(), context)
    assert (context / "go" / "yq" / "go.mod").read_text(encoding="utf-8") == "mine"
    assert (context / "rootfs" / "etc" / "own").read_text(encoding="utf-8") == "mine"


def test_file_that_is_no_template_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"{{ no template }}\xff")
    assert RootFile(tmp_path / "file", "etc/file").text(inventories.load()) == b"{{ no template }}\xff"


def test_template_keeps_the_end_of_its_last_line(tmp_path: Path) -> None:
    (tmp_path / "file.j2").write_text("user {{ image.user }}\n", encoding="utf-8")
    assert RootFile(tmp_path / "file.j2", "etc/file").text(inventories.load()) == b"user coder\n"


@pytest.fixture
def product_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The product's folder of files, an empty one."""
    monkeypatch.setattr(files, "IMAGE_DIRECTORY", tmp_path / "product")
    folder = tmp_path / "product" / "rootfs"
    (folder / "usr" / "local" / "bin").mkdir(parents=True)
    return folder


def test_script_before_a_program_is_in_the_image_where_the_program_is_wrapped(change: Change, product_s: Path) -> None:
    for name in ("helm", "helm2", "yq", "python3"):
        (product_s / "usr" / "local" / "bin" / name).touch()
    (product_s / "motd").touch()
    document = change().model_dump(exclude_unset=True)
    helm = next(tool for tool in document["tools"] if tool["name"] == "helm")
    helm["source"]["wrapped"] = True
    helm["commands"] = ["helm", "helm2"]
    seen = [{one.place for one in root_files(one)} for one in (change(), Inventory.model_validate(document))]
    assert seen[0] == {"motd", "usr/local/bin/python3"}
    assert seen[1] - seen[0] == {"usr/local/bin/helm"}


@pytest.mark.parametrize("there", [False, True])
def test_files_are_written_with_the_modes_of_their_sources(
    change: Change, product_s: Path, tmp_path: Path, *, there: bool
) -> None:
    modes = {"etc/one": 0o640, "etc/other": 0o755, "usr/local/bin/python3": 0o777}
    for name, mode in modes.items():
        (product_s / name).parent.mkdir(exist_ok=True)
        (product_s / name).touch()
        (product_s / name).chmod(mode)
    target = tmp_path / "new" / "rootfs"
    if there:
        target.mkdir(parents=True)
    files.write_root_files(change(), target)
    written = {name: oct((target / name).stat().st_mode & 0o7777) for name in modes}
    assert written == {"etc/one": "0o640", "etc/other": "0o755", "usr/local/bin/python3": "0o777"}
