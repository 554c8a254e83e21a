"""What belongs to a tool in the image, and what the manifest records of it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.builder import record as records
from fixtures.builder.base import Base
from fixtures.builder.manifest import Manifest, Times
from fixtures.builder.manifest import Tool as ToolRecord
from fixtures.builder.product import Build
from fixtures.builder.record import footprint, packages_of, shared_footprint, tool_record, with_digest
from fixtures.errors import ProductError, UsageError
from fixtures.inventory import Tool, load
from fixtures.layers.packages import ToolFootprint
from fixtures.layers.size_table import LayerRow, SizeRow, SizeTable
from fixtures.sbom import packages
from fixtures.sbom.contents import Contents
from fixtures.sbom.go_programs import GoProgram, Module
from fixtures.sbom.python_tools import PythonTools
from fixtures.shell.shell import Shell
from fixtures.shell.transport import ProcessTransport


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("helm", ToolFootprint("helm", paths=("/usr/local/bin/helm",)), id="go"),
        pytest.param("k9s", ToolFootprint("k9s", paths=("/usr/local/bin/k9s",)), id="prebuilt"),
        pytest.param("jq", ToolFootprint("jq", debian=("jq",)), id="debian"),
        pytest.param("httpie", ToolFootprint("httpie", python=("httpie",)), id="python"),
        pytest.param(
            "ansible-galaxy",
            ToolFootprint("ansible-galaxy", paths=("/usr/share/ansible/collections",)),
            id="collections",
        ),
    ],
)
def test_footprint_follows_the_source(name: str, expected: ToolFootprint) -> None:
    tool = load().tool(name)
    assert footprint(tool) == dataclasses.replace(expected, budget=tool.budget)


def test_what_a_plain_base_gets_belongs_to_no_tool() -> None:
    small = load()
    plain = small.model_copy(update={"image": small.image.model_copy(update={"plain_base": True})})
    added = set(shared_footprint(plain).debian) - set(shared_footprint(small).debian)
    assert {"git", "sudo", "zsh", "dumb-init", "passwd"} <= added


def test_program_behind_a_script_is_what_a_wrapped_tool_costs() -> None:
    helm = load().tool("helm")
    wrapped = helm.model_copy(update={"source": helm.source.model_copy(update={"wrapped": True})})
    assert footprint(wrapped) == ToolFootprint("helm", paths=("/usr/local/libexec/helm",), budget=helm.budget)


@pytest.mark.parametrize("source", [{}, {"kind": "prebuilt", "why": "no registry has it"}], ids=["go", "prebuilt"])
def test_first_command_of_a_tool_is_its_program(source: dict[str, str]) -> None:
    document = load().tool("helm").model_dump()
    document |= {"commands": ["helm", "helm2"], "source": source or document["source"]}
    assert footprint(Tool.model_validate(document)).paths == ("/usr/local/bin/helm",)


def test_tool_without_a_version_is_the_product_s_fault(tmp_path: Path) -> None:
    fake = tmp_path / "yq"
    fake.write_text("#!/bin/sh\necho nothing\n", encoding="utf-8")
    fake.chmod(0o755)
    opened = Shell(lambda: ProcessTransport(["env", f"PATH={tmp_path}:/usr/bin:/bin", "sh"]), name="test")
    fix = r"rebuild the image, or correct its probe in tests/suite/inventory/tools\.toml$"
    with opened as shell, pytest.raises(ProductError, match=rf"^yq reports no version: nothing matches .*: {fix}"):
        tool_record(shell, 1, load().tool("yq"), 1)


class Digests:
    """Digests of Python tools by their launcher, and the folders that were named."""

    def digest(self, launcher: str, folders: tuple[str, ...]) -> str:
        return f"{launcher} {' '.join(folders)}".rstrip()


def tool_record_of(name: str, sha256: str) -> ToolRecord:
    """The record of a tool, with a word as its digest."""
    rest = {"number": 1, "version": "1", "pin": "any", "source_kind": "go", "source": "x", "bytes": 1}
    return ToolRecord.model_construct(None, name=name, sha256=sha256, **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("helm", "of the command", id="go"),
        pytest.param("jq", "of the command", id="debian"),
        pytest.param("httpie", "/opt/tools/python/bin/http", id="python"),
        pytest.param(
            "ansible-galaxy", "/opt/tools/python/bin/ansible-galaxy /usr/share/ansible/collections", id="collections"
        ),
    ],
)
def test_digest_of_a_python_tool_is_that_of_what_it_runs(name: str, expected: str) -> None:
    recorded = tool_record_of(name, "of the command")
    assert with_digest(recorded, load().tool(name), cast(PythonTools, Digests())).sha256 == expected


def test_packages_of_an_image_are_recorded_by_their_kind() -> None:
    found = (
        packages.python("httpie", "3.2.4", ""),
        packages.npm("npm", "11.0.0", ""),
        packages.npm("npm", "12.0.0", ""),
    )
    program = GoProgram("/bin/x", "go1.26", "a.io/x", Module("a.io/x", "v1.0.0"))
    told = packages_of(Contents("debian-13", found, (program,)))
    assert (told.python, told.npm) == ({"httpie": ("3.2.4",)}, {"npm": ("11.0.0", "12.0.0")})
    assert (told.go, told.collections) == ({"a.io/x": ("v1.0.0",), "stdlib": ("1.26",)}, {})


@pytest.mark.parametrize(
    ("given", "kind", "source"), [({}, "go", ""), ({"handed_in": True}, "prebuilt", "handed in, 4.40.5")]
)
def test_record_has_the_reported_version_and_the_digest_of_the_command(
    tmp_path: Path, given: dict[str, bool], kind: str, source: str
) -> None:
    program = "#!/bin/sh\necho yq version v4.40.5\n"
    (tmp_path / "yq").write_text(program, encoding="utf-8")
    (tmp_path / "yq").chmod(0o755)
    with Shell(lambda: ProcessTransport(["env", f"PATH={tmp_path}:/usr/bin:/bin", "sh"]), name="test") as shell:
        recorded = tool_record(shell, 18, load().tool("yq"), 7, **given)
    assert (recorded.version, recorded.bytes, recorded.source_kind) == ("4.40.5", 7, kind)
    assert recorded.source == (source or load().tool("yq").source.origin("4.40.5"))
    assert recorded.sha256 == hashlib.sha256(program.encode()).hexdigest()


DIGEST, OTHER = "sha256:" + "0" * 64, "sha256:" + "f" * 64
DOCUMENT: dict[str, Any] = {
    "schema_version": 2,
    "image": {"name": "x", "digest": DIGEST, "id": "1" * 64, "created": "2026-01-02T12:00:00Z"},
    "base": {"name": "b", "digest": DIGEST, "kind": "stand-in", "reason": "asked for"},
    "revision": {"commit": "abc", "dirty": False},
    "tools": [],
    "times": {"base": 1, "tools": 1, "final": 1, "total": 3},
    "cached": False,
    "size": {"total": 1, "layers": [{"digest": one, "bytes": 1} for one in (OTHER, OTHER, DIGEST)]},
    "debian": {},
}
THIS_BUILD = {"base": 0.0, "tools": 0.0, "final": 0.0, "total": 9.0}


def build(**changed: Any) -> Build:
    """A build that took nine seconds and found everything in the cache."""
    base = Base("b", "", "stand-in", "asked for")
    return replace(Build("x", base, seconds=THIS_BUILD, cached=True), **changed)


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """An image, with the manifest and the bill of materials of the build that made it.

    `anew` has the seconds in all of each manifest that is made anew, `bills` how many bills were.
    """
    facts = SimpleNamespace(id="1" * 64, top_layer=DIGEST, anew=[], bills=0)
    for name, file in (("MANIFEST", "manifest"), ("BILL", "bill"), ("SIZES", "sizes"), ("HISTORY", "history")):
        monkeypatch.setattr(records, name, tmp_path / file)
    (tmp_path / "manifest").write_text(json.dumps(DOCUMENT), encoding="utf-8")
    (tmp_path / "bill").touch()

    def describe(_done: Build, _inventory: object, _table: SizeTable, times: Times, *_: object) -> Manifest:
        facts.anew.append(times.total)
        return Manifest.model_validate(DOCUMENT | {"times": times.model_dump()})

    def bill() -> SimpleNamespace:
        if not facts.top_layer:
            raise UsageError("sbom.cdx.json: is no bill of materials", "build the image again")
        return SimpleNamespace(top_layer=facts.top_layer)

    monkeypatch.setattr("fixtures.builder.bill_of_materials.read", bill)
    monkeypatch.setattr(records, "describe", describe)
    monkeypatch.setattr(records, "write_bill", lambda *_: vars(facts).update(bills=facts.bills + 1))
    monkeypatch.setattr(records, "size_table", lambda *_: SizeTable((), 1, 2))
    monkeypatch.setattr(records, "image_layers", lambda _: nullcontext([]))
    monkeypatch.setattr(records, "PythonTools", lambda *_: None)
    monkeypatch.setattr(records, "inspect", lambda _: {"Id": facts.id})
    monkeypatch.setattr("fixtures.sbom.contents.read", lambda *_: None)
    return facts


def test_record_of_a_cached_image_stays_as_it_is(image: SimpleNamespace, tmp_path: Path) -> None:
    manifest, _ = records.record(build(), load())
    assert (image.anew, image.bills, manifest.times.total, manifest.cached) == ([], 0, 9, True)
    assert json.loads((tmp_path / "manifest").read_text(encoding="utf-8")) == DOCUMENT
    line = json.loads((tmp_path / "history").read_text(encoding="utf-8"))
    assert (line["id"], line["cached"], line["total"]) == (image.id, True, 9)
    assert (tmp_path / "sizes").read_text(encoding="utf-8").endswith("\n")


@pytest.mark.parametrize(
    "lacking",
    [
        pytest.param({"manifest": json.dumps(DOCUMENT | {"schema_version": 1})}, id="manifest of another schema"),
        pytest.param({"gone": "bill"}, id="no bill"),
        pytest.param({"top_layer": OTHER}, id="bill of another image"),
        pytest.param({"top_layer": ""}, id="bill that is none"),
    ],
)
def test_what_a_cached_image_s_record_lacks_is_written_with_the_times_of_its_build(
    image: SimpleNamespace, tmp_path: Path, lacking: dict[str, Any]
) -> None:
    vars(image).update(lacking)
    if "manifest" in lacking:
        (tmp_path / "manifest").write_text(lacking["manifest"], encoding="utf-8")
    (tmp_path / lacking.get("gone", "none")).unlink(missing_ok=True)
    records.record(build(), load())
    assert (image.anew, image.bills) == ([3], 1)


@pytest.mark.parametrize(
    ("changed", "done"),
    [({"id": "2" * 64}, build()), ({"gone": "manifest"}, build()), ({}, build(cached=False))],
    ids=["another image", "no manifest", "built"],
)
def test_image_that_the_manifest_does_not_record_is_recorded_with_the_times_of_this_build(
    image: SimpleNamespace, tmp_path: Path, changed: dict[str, str], done: Build
) -> None:
    vars(image).update(changed)
    (tmp_path / changed.get("gone", "none")).unlink(missing_ok=True)
    records.record(done, load())
    assert (image.anew, image.bills) == ([9], 1)
    assert json.loads((tmp_path / "manifest").read_text(encoding="utf-8"))["times"]["total"] == 9


def test_tools_with_another_version_than_the_locked_one_are_told() -> None:
    versions = {"jq": "1.7.1", "psql": "18.1", "helm": "3.22.0", "yq": "4.40.50"}
    tools = [tool_record_of(name, "0" * 64).model_copy(update={"version": one}) for name, one in versions.items()]
    manifest = Manifest.model_validate(DOCUMENT).model_copy(update={"tools": tuple(tools)})
    assert records.drifted(manifest, load()) == {"psql": "17", "yq": "4.40.5"}


def test_manifest_has_the_tools_by_their_numbers_in_the_inventory(monkeypatch: pytest.MonkeyPatch) -> None:
    inventory = load()
    document = {"Id": "1" * 64, "Digest": DIGEST, "Created": "2026-01-02T12:00:00.5+02:00", "Architecture": "arm64"}
    shell = SimpleNamespace(run=lambda _: SimpleNamespace(stdout=b"bat 0.25.0-2\n"))

    def recorded(_: object, number: int, tool: Tool, size: int, *, handed_in: bool) -> ToolRecord:
        kind = "prebuilt" if handed_in else tool.source.kind
        return tool_record_of(tool.name, "of the command").model_copy(
            update={"number": number, "bytes": size, "source_kind": kind}
        )

    monkeypatch.setattr(records, "inspect", lambda _: document | {"RootFS": {"Layers": [OTHER, DIGEST]}})
    monkeypatch.setattr(records, "revision", lambda: "abc-dirty")
    monkeypatch.setattr(records, "probing_shell", lambda _: nullcontext(shell))
    monkeypatch.setattr(records, "tool_record", recorded)
    rows = tuple(SizeRow(tool.name, size, size, None) for size, tool in enumerate(inventory.tools, start=100))
    table = SizeTable(rows, 5, 6, layers=(LayerRow(0, DIGEST, 4, {}),))
    done = build(omissions={"kubectl": "refused"}, handed_in=frozenset({"k9s"}))
    found = records.describe(
        done, inventory, table, Times(**THIS_BUILD), Contents("debian-13", (), ()), cast(PythonTools, Digests())
    )
    told = [(tool.number, tool.name, tool.bytes, tool.source_kind) for tool in found.tools]
    assert told[:3] == [(2, "helm", 101, "go"), (3, "k9s", 102, "prebuilt"), (4, "kubectx", 103, "debian")]
    assert [(one.name, one.reason) for one in found.omissions] == [("kubectl", "refused")]
    assert [(layer.digest, layer.bytes) for layer in found.size.layers] == [(OTHER, 0), (DIGEST, 4)]
    assert (found.revision.commit, found.revision.dirty, found.debian) == ("abc", True, {"bat": "0.25.0-2"})


def test_size_is_of_the_tools_that_are_there_upon_the_base(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def attribute(_entries: object, tools: list[ToolFootprint], **settings: Any) -> SizeTable:
        given.update(settings, tools=[one.name for one in tools])
        return SizeTable((), 1, 2)

    layers = {"x": [OTHER, DIGEST], "b": [OTHER]}
    monkeypatch.setattr(records, "inspect", lambda name: {"Size": 7, "RootFS": {"Layers": layers[name]}})
    monkeypatch.setattr(records, "image_layers", lambda _: nullcontext([]))
    monkeypatch.setattr(records, "attribute_bytes", attribute)
    records.size_table("x", "b", load(), ["k9s"])
    assert (given["total"], given["base_layers"], given["limit"]) == (7, 1, load().image.size_limit)
    assert given["tools"] == [tool.name for tool in load().tools if tool.name != "k9s"]


def test_tools_are_asked_in_a_container_without_a_network_that_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(records, "podman", lambda *words: calls.append(words))
    monkeypatch.setattr(records, "podman_shell", lambda _: ["sh"])
    with records.probing_shell("localhost/x") as shell:
        assert shell.run("echo works").stdout == b"works\n"
    (begun, *ended) = calls
    name = next(word.removeprefix("--name=") for word in begun if word.startswith("--name="))
    assert (begun[0], {"--network=none", "localhost/x"} < {*begun}) == ("run", True)
    assert ended == [("rm", "--force", "--ignore", "--volumes", "--time=0", name)]


def test_container_whose_start_is_interrupted_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, ...]] = []

    def podman(*words: str) -> None:
        calls.append(words)
        if words[0] == "run":  # podman may have made the container by then
            raise KeyboardInterrupt

    monkeypatch.setattr(records, "podman", podman)
    with pytest.raises(KeyboardInterrupt), records.probing_shell("localhost/x"):
        pass
    (begun, ended) = calls
    assert f"--name={ended[-1]}" in begun
    assert ended[:-1] == ("rm", "--force", "--ignore", "--volumes", "--time=0")


@pytest.mark.parametrize("labels", [{"a": "b"}, None])
def test_bill_of_materials_is_written_with_the_image_s_labels(
    monkeypatch: pytest.MonkeyPatch, labels: dict[str, str] | None
) -> None:
    written: list[object] = []
    monkeypatch.setattr(records, "inspect", lambda _: {"Config": {"Labels": labels}})
    monkeypatch.setattr("fixtures.builder.cyclonedx_document.document", lambda *given: given[-1])
    monkeypatch.setattr("fixtures.builder.cyclonedx_document.write", lambda _, text: written.append(text))
    records.write_bill(Manifest.model_validate(DOCUMENT), load(), Contents("debian-13", (), ()))
    assert written == [labels or {}]
