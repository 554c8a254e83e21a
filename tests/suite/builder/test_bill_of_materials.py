"""The bill of materials of an image, written as CycloneDX and read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.builder import bill_of_materials, cyclonedx_document
from fixtures.builder.cyclonedx_document import schema_error
from fixtures.builder.manifest import Manifest
from fixtures.errors import SuiteError, UsageError
from fixtures.inventory import Inventory, load
from fixtures.sbom import packages
from fixtures.sbom.contents import Contents
from fixtures.sbom.go_programs import GoProgram, Module
from fixtures.sbom.packages import Package

HELM = GoProgram(
    "/usr/local/bin/helm",
    "go1.26.6",
    "helm.sh/helm/v3/cmd/helm",
    Module("helm.sh/helm/v3", "v3.22.0", "h1:own="),
    (Module("golang.org/x/text", "v0.14.0", "h1:text="),),
)
JQ, LIBJQ = (
    packages.debian(name, "1.7.1-6", "amd64", "debian-13", "/var/lib/dpkg/status") for name in ("jq", "libjq1")
)
PACKAGES: tuple[Package, ...] = (
    JQ,
    LIBJQ,
    packages.python("httpie", "3.2.4", "/a/httpie-3.2.4.dist-info"),
    packages.python("zipp", "3.23.0", "/a/zipp-3.23.0.dist-info"),
    packages.python("zipp", "3.23.0", "/a/vendor/zipp-3.23.0.dist-info"),
    packages.npm("@coder/logger", "3.0.1", "/b/node_modules/@coder/logger"),
    packages.collection("kubernetes.core", "6.6.0", "/c/kubernetes/core"),
)
CONTENTS = Contents("debian-13", PACKAGES, (HELM,), {JQ.purl: frozenset({LIBJQ.purl})})
LABELS = {"org.opencontainers.image.created": "2026-01-02T12:00:00Z", "org.opencontainers.image.version": "1.2.3"}
DIGEST = "sha256:" + "0" * 64


def manifest(**changed: Any) -> Manifest:
    tools = {"helm": "3.22.0", "ansible-galaxy": "14.5.0", "jq": "1.7.1", "httpie": "3.2.4", "yq": "4.40.5"}
    return Manifest.model_validate(
        {
            "image": {
                "name": "host:5000/library/x:latest", "digest": DIGEST, "id": "1" * 64,
                "created": "2026-01-02T13:00:00Z",
            },
            "base": {"name": "host/base:1", "digest": DIGEST, "kind": "upstream", "reason": "the registry answers"},
            "revision": {"commit": "abc", "dirty": False},
            "tools": [
                {
                    "number": number, "name": name, "version": version, "pin": "any", "source_kind": "go",
                    "source": name, "sha256": "a" * 64, "bytes": 1,
                }
                for number, (name, version) in enumerate(tools.items(), start=1)
            ],
            "omissions": [{"name": "k9s", "reason": "refused"}],
            "times": {"base": 1, "tools": 1, "final": 1, "total": 3},
            "cached": False,
            "size": {"total": 1, "layers": [{"digest": DIGEST[:-1] + end, "bytes": 1} for end in "021"]},
            "debian": {},
            "architecture": "amd64",
        }
        | changed
    )  # fmt: skip


def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cyclonedx_document.document(manifest(), load(), CONTENTS, LABELS))
    return found


def component(ref: str) -> dict[str, Any]:
    (found,) = [one for one in document()["components"] if one["bom-ref"] == ref]
    assert isinstance(found, dict)
    return found


def test_document_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "sbom.cdx.json"
    cyclonedx_document.write(path, cyclonedx_document.document(manifest(), load(), CONTENTS, LABELS))
    found = bill_of_materials.read(path)
    assert found.packages == {packages.identity(one.purl) for one in CONTENTS.all_packages()}
    assert found.programs["/usr/local/bin/helm"] == {
        "pkg:golang/helm.sh/helm/v3@v3.22.0", "pkg:golang/golang.org/x/text@v0.14.0", "pkg:golang/stdlib@1.26.6",
    }  # fmt: skip
    assert found.tools == {tool.name: tool.version for tool in manifest().tools}
    assert found.top_layer == DIGEST[:-1] + "1"
    assert found.of_type("pkg:npm/") == {"pkg:npm/%40coder/logger@3.0.1"}


def test_same_image_has_the_same_document() -> None:
    # two places of one package, in either order
    backwards = Contents("debian-13", PACKAGES[::-1], (HELM,), CONTENTS.needs)
    texts = {
        cyclonedx_document.document(manifest(), load(), contents, LABELS)
        for contents in (CONTENTS, CONTENTS, backwards)
    }
    assert len(texts) == 1
    assert document()["metadata"]["timestamp"] == "2026-01-02T12:00:00+00:00"


def test_bills_of_two_images_of_one_name_are_told_apart() -> None:
    about = manifest().image
    other = manifest(image=about.model_dump() | {"digest": "sha256:" + "1" * 64})
    serials = {
        json.loads(cyclonedx_document.document(one, load(), CONTENTS, LABELS))["serialNumber"]
        for one in (manifest(), other)
    }
    assert len(serials) == 2


def test_every_component_has_a_package_url_and_is_reached_from_the_image() -> None:
    found = document()
    refs = {one["bom-ref"] for one in found["components"]}
    assert all(one["purl"].startswith("pkg:") for one in [*found["components"], found["metadata"]["component"]])
    needs = {one["ref"]: one.get("dependsOn", []) for one in found["dependencies"]}
    waiting, reached = [found["metadata"]["component"]["bom-ref"]], set[str]()
    while waiting:
        reached.add(ref := waiting.pop())
        waiting += set(needs.get(ref, ())) - reached
    assert refs <= reached


def test_image_and_base_are_named_by_their_digests() -> None:
    found = document()
    image, digest = found["metadata"]["component"], "sha256:" + "0" * 64
    assert image["purl"] == f"pkg:oci/x@{digest}?arch=amd64&repository_url=host:5000/library/x"
    assert component(f"pkg:oci/base@{digest}?repository_url=host/base")["type"] == "container"
    assert {"name": "conformance:omitted", "value": "k9s: refused"} in image["properties"]


def test_package_at_two_places_is_one_component() -> None:
    places = component("pkg:pypi/zipp@3.23.0")["evidence"]["occurrences"]
    assert {one["location"] for one in places} == {"/a/zipp-3.23.0.dist-info", "/a/vendor/zipp-3.23.0.dist-info"}


@pytest.mark.parametrize(
    ("ref", "mark"),
    [
        pytest.param("file:/usr/local/bin/helm", "helm@3.22.0", id="go"),
        pytest.param(JQ.purl, "jq@1.7.1", id="debian"),
        pytest.param("pkg:pypi/httpie@3.2.4", "httpie@3.2.4", id="python"),
        pytest.param("pkg:pypi/ansible@14.5.0", "ansible-galaxy@14.5.0", id="collections"),
        pytest.param("file:/usr/local/bin/yq", "yq@4.40.5", id="program-that-says-nothing"),
    ],
)
def test_tool_is_marked(ref: str, mark: str) -> None:
    assert component(ref)["properties"] == [{"name": "conformance:tool", "value": mark}]


def test_program_has_its_checksum_and_its_command() -> None:
    helm = component("file:/usr/local/bin/helm")
    assert helm["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert helm["purl"] == "pkg:golang/helm.sh/helm/v3@v3.22.0#cmd/helm"


@pytest.mark.parametrize(
    ("ref", "kind", "group", "name"),
    [
        pytest.param("pkg:golang/golang.org/x/text@v0.14.0", "library", None, "golang.org/x/text", id="go"),
        pytest.param("pkg:golang/stdlib@1.26.6", "library", None, "stdlib", id="go-without-a-domain"),
        pytest.param(JQ.purl, "library", None, "jq", id="debian"),
        pytest.param("pkg:pypi/zipp@3.23.0", "library", None, "zipp", id="python"),
        pytest.param("pkg:npm/%40coder/logger@3.0.1", "library", "@coder", "logger", id="npm-with-a-scope"),
        pytest.param(PACKAGES[-1].purl, "library", "ansible-galaxy", "kubernetes.core", id="collection"),
        pytest.param("pkg:pypi/ansible@14.5.0", "application", None, "ansible", id="tool-without-a-file"),
        pytest.param("file:/usr/local/bin/helm", "application", None, "helm", id="go-program"),
        pytest.param("file:/usr/local/bin/yq", "application", None, "yq", id="program-that-says-nothing"),
    ],
)
def test_component_is_named_as_its_users_name_it(ref: str, kind: str, group: str | None, name: str) -> None:
    found = component(ref)
    assert (found["type"], found.get("group"), found["name"]) == (kind, group, name)


def test_collections_belong_to_ansible() -> None:
    (needs,) = [one["dependsOn"] for one in document()["dependencies"] if one["ref"] == "pkg:pypi/ansible@14.5.0"]
    assert needs == [PACKAGES[-1].purl]


@pytest.mark.parametrize("labels", [LABELS, {}])
def test_image_has_the_version_that_its_label_names(labels: dict[str, str]) -> None:
    found = json.loads(cyclonedx_document.document(manifest(), load(), CONTENTS, labels))["metadata"]["component"]
    assert found.get("version") == labels.get("org.opencontainers.image.version")


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ({"wrapped": True}, "/usr/local/libexec/helm"),
        ({"kind": "prebuilt", "why": "no registry has it"}, "/usr/local/bin/helm"),
    ],
    ids=["behind a script", "handed in"],
)
def test_first_command_of_a_tool_is_its_component(source: dict[str, Any], place: str) -> None:
    inventory = load().model_dump()
    helm = inventory["tools"][1]
    helm |= {"commands": ["helm", "helm2"], "source": source if "kind" in source else helm["source"] | source}
    text = cyclonedx_document.document(manifest(), Inventory.model_validate(inventory), CONTENTS, LABELS)
    (found,) = [one for one in json.loads(text)["components"] if one["bom-ref"] == f"file:{place}"]
    assert found["properties"] == [{"name": "conformance:tool", "value": "helm@3.22.0"}]


def test_what_is_not_recorded_is_said() -> None:
    told = [one["value"] for one in document()["metadata"]["properties"] if one["name"].endswith(":not-recorded")]
    assert sorted(told) == sorted(cyclonedx_document.LEFT_OUT)


def test_document_that_the_schema_refuses_is_not_written(tmp_path: Path) -> None:
    broken = document()
    broken["components"][0]["type"] = "program"
    assert not schema_error(json.dumps(document()))
    said = r"^sbom.cdx.json: no CycloneDX 1.6 at components/0/type: 'program' is not one of"
    with pytest.raises(SuiteError, match=said):
        cyclonedx_document.write(tmp_path / "sbom.cdx.json", json.dumps(broken))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("{", "JSONDecodeError", id="half"),
        pytest.param("[]", "TypeError", id="list"),
        pytest.param('{"dependencies": [], "components": []}', "KeyError: 'metadata'", id="foreign"),
        pytest.param(
            '{"dependencies": [], "components": [], "metadata": {"component": {}}}', "StopIteration", id="no-layer"
        ),
    ],
)
def test_file_that_is_no_bill_of_this_suite_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "sbom.cdx.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=rf"^sbom.cdx.json: is no bill of materials .*{said}.*: build the image again"):
        bill_of_materials.read(path)


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^sbom.cdx.json: cannot be read \(No such file.*\): build the image again"):
        bill_of_materials.read(tmp_path / "sbom.cdx.json")
