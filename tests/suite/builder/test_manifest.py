from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.builder import manifest as manifests
from fixtures.builder.manifest import Manifest
from fixtures.errors import UsageError

DIGEST = "sha256:" + "0" * 64


def document() -> dict[str, Any]:
    helm = {
        "number": 2,
        "name": "helm",
        "version": "3.17.3",
        "pin": "latest",
        "source_kind": "go",
        "source": "helm.sh/helm/v3@v3.17.3",
        "sha256": "a" * 64,
        "bytes": 59_412_642,
    }
    kubectl = {**helm, "number": 1, "name": "kubectl", "source": "k8s.io/kubernetes@v1.30.0", "sha256": "b" * 64}
    return {
        "schema_version": 2,
        "image": {"name": "localhost/x:latest", "digest": DIGEST, "id": "1" * 64, "created": "2026-01-02T03:04:05Z"},
        "base": {"name": "localhost/base", "digest": DIGEST, "kind": "stand-in", "reason": "no registry answers"},
        "revision": {"commit": "abc", "dirty": False},
        "tools": [helm, kubectl],
        "omissions": [{"name": "k9s", "reason": "no registry serves it"}],
        "times": {"base": 100.4, "tools": 700, "final": 60, "total": 860, "stages": {"helm": 110}},
        "cached": False,
        "size": {"total": 1_600_000_000, "layers": [{"digest": DIGEST, "bytes": 1_599_999_000}]},
        "debian": {"jq": "1.7.1-6"},
        "architecture": "amd64",
        "packages": {
            "python": {"httpie": ["3.2.4"]},
            "go": {"golang.org/x/text": ["v0.14.0", "v0.21.0"]},
            "npm": {"npm": ["11.17.0"]},
            "collections": {"kubernetes.core": ["6.6.0"]},
        },
    }


def of_schema_1() -> dict[str, Any]:
    old = document() | {"schema_version": 1}
    del old["architecture"], old["packages"]
    return old


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    changed = document()
    place: Any = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return changed


def write(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_written_manifest_is_read_back(tmp_path: Path) -> None:
    built = Manifest.model_validate(document())
    built.write(tmp_path / "new" / "manifest.json")
    assert manifests.read(tmp_path / "new" / "manifest.json") == built
    assert json.loads((tmp_path / "new" / "manifest.json").read_text("utf-8"))["image"]["digest"] == DIGEST
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["manifest.json"]


def test_failed_write_keeps_the_old_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "manifest.json"
    Manifest.model_validate(document()).write(path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        Manifest.model_validate(changed("cached", to=True)).write(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(
            changed("base", "kind", to="other"), "base.kind: must be 'upstream' or 'stand-in', not 'other'", id="choice"
        ),
        pytest.param(changed("image", "digest", to="latest"), "image.digest: must match ^sha256:", id="digest"),
        pytest.param(changed("image", "digest", to=DIGEST[:-1]), "image.digest: must match ^sha256:", id="digest cut"),
        pytest.param(
            changed("image", "created", to="2026-01-02T03:04:05"), "image.created: must have a time zone", id="zone"
        ),
        pytest.param(changed("tools", 0, "sha256", to="x"), "tool 'helm', sha256: must match ^", id="sha256"),
        pytest.param(changed("tools", 0, "sha256", to="a" * 63), "tool 'helm', sha256: must match ^", id="sha256 cut"),
        pytest.param(changed("tools", 1, "number", to=2), "manifest.json: tool number 2 is there twice", id="number"),
        pytest.param(changed("omissions", 0, "name", to="helm"), "tool name helm is there twice", id="name"),
        pytest.param(
            changed("omissions", 0, "reason", to=""),
            "omission 'k9s', reason: must have 1 or more characters, not ''",
            id="reason",
        ),
        pytest.param(changed("times", "total", to=-1), "times.total: must be 0 or more, not -1", id="seconds"),
        pytest.param(
            changed("size", "layers", 0, "bytes", to="many"),
            "size.layer number 1, bytes: must be a whole number, not 'many'",
            id="bytes",
        ),
        pytest.param(changed("size", "extra", to=1), "size.extra: unknown key 'extra': remove it", id="unknown-key"),
        pytest.param(
            changed("schema_version", to=3), "manifest.json: schema_version is 3, this suite reads 1 and 2", id="schema"
        ),
        pytest.param(
            changed("packages", "npm", "npm", to="1"),
            "packages.npm.npm: must be a list, written [...], not '1'",
            id="versions",
        ),
    ],
)
def test_reading_names_field_and_fix(tmp_path: Path, content: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as error:
        manifests.read(write(tmp_path / "manifest.json", content))
    assert said in str(error.value)
    assert str(error.value).startswith("manifest.json: ")
    assert str(error.value).endswith(": build the image again with `nox -s build`, which writes a new manifest")
    assert "\n" not in str(error.value)


def test_missing_and_broken_files_are_usage_errors(tmp_path: Path) -> None:
    absent = r"^manifest.json: no manifest can be read \(No such file .*\): build the image first: `nox -s build`$"
    with pytest.raises(UsageError, match=absent):
        manifests.read(tmp_path / "manifest.json")
    (tmp_path / "manifest.json").write_text('{"half": ', encoding="utf-8")
    with pytest.raises(UsageError, match="not JSON"):
        manifests.read(tmp_path / "manifest.json")
    (tmp_path / "manifest.json").write_text("[]", encoding="utf-8")
    with pytest.raises(UsageError, match="schema_version is None"):
        manifests.read(tmp_path / "manifest.json")


def test_manifest_of_schema_1_is_still_read(tmp_path: Path) -> None:
    found = manifests.read(write(tmp_path / "manifest.json", of_schema_1()))
    assert (found.schema_version, found.architecture, found.packages) == (1, "", None)
    assert manifests.differences(found, Manifest.model_validate(document())) == []


def test_json_schema_requires_what_the_ledger_asks_for() -> None:
    schema = manifests.json_schema()
    required = {"image", "base", "tools", "times", "size", "revision", "debian", "cached"}
    assert required <= set(schema["required"])
    assert set(schema["$defs"]["Tool"]["required"]) >= {"number", "name", "version", "source", "sha256", "bytes"}
    assert schema["additionalProperties"] is False


def test_times_and_ids_make_no_difference() -> None:
    again = document()
    again["image"] |= {"id": "2" * 64, "digest": "sha256:" + "3" * 64, "created": "2027-01-01T00:00:00Z"}
    again["times"] |= {"total": 1, "stages": {}}
    again |= {"cached": True, "tools": again["tools"][::-1]}
    again["size"] |= {"total": 1}
    assert manifests.differences(Manifest.model_validate(document()), Manifest.model_validate(again)) == []


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param(changed("tools", 0, "version", to="3.18.0"), "helm: version 3.17.3 and 3.18.0", id="version"),
        pytest.param(
            changed("tools", 0, "sha256", to="c" * 64), f"helm: sha256 {'a' * 64} and {'c' * 64}", id="sha256"
        ),
        pytest.param(
            changed("tools", 0, "source", to="x@v1"), "helm: source helm.sh/helm/v3@v3.17.3 and x@v1", id="source"
        ),
        pytest.param(
            changed("base", "digest", to="sha256:" + "9" * 64),
            f"base digest: {DIGEST} and sha256:{'9' * 64}",
            id="base",
        ),
        pytest.param(changed("omissions", to=[]), "omission k9s: no registry serves it and absent", id="omission"),
        pytest.param(changed("debian", "jq", to="2"), "Debian package jq: 1.7.1-6 and 2", id="debian"),
        pytest.param(changed("architecture", to="arm64"), "architecture of the image: amd64 and arm64", id="arch"),
        pytest.param(changed("packages", "python", to={}), "Python distribution httpie: 3.2.4 and absent", id="python"),
        pytest.param(
            changed("packages", "go", "golang.org/x/text", to=["v0.21.0"]),
            "Go module golang.org/x/text: v0.14.0, v0.21.0 and v0.21.0",
            id="go",
        ),
        pytest.param(changed("packages", "npm", "npm", to=["12"]), "npm package npm: 11.17.0 and 12", id="npm"),
        pytest.param(
            changed("packages", "collections", "kubernetes.core", to=["7"]),
            "Ansible collection kubernetes.core: 6.6.0 and 7",
            id="collection",
        ),
    ],
)
def test_differences_name_the_tool_and_both_values(content: dict[str, Any], line: str) -> None:
    found = manifests.differences(Manifest.model_validate(document()), Manifest.model_validate(content))
    assert found == [line]


def test_tool_of_one_build_only_is_a_difference() -> None:
    other = document()
    other["tools"][0]["name"] = "helm3"
    found = manifests.differences(Manifest.model_validate(document()), Manifest.model_validate(other))
    assert found == ["helm: only in the first", "helm3: only in the second"]


def test_inventory_table_has_every_tool_and_says_what_is_omitted() -> None:
    lines = manifests.inventory_table(Manifest.model_validate(document())).splitlines()
    assert lines[0].split() == ["#", "tool", "version", "source", "MB"]
    assert lines[1].split() == ["1", "kubectl", "3.17.3", "k8s.io/kubernetes@v1.30.0", "59.4"]
    assert lines[2].split()[:2] == ["2", "helm"]
    assert "OMITTED" in lines[3]
    assert lines[4] == "2 of 3 tools: k9s OMITTED, because no registry serves it"
    assert lines[6] == "base   localhost/base (stand-in: no registry answers)"
    assert lines[7] == "size   1,600,000,000 bytes, 400,000,000 below the limit of 2,000,000,000"
    assert lines[8] == "time   base 100 s, tools 700 s, final 60 s, total 860 s"


def test_inventory_table_says_what_was_built_upon_where_that_is_not_the_base_itself() -> None:
    trimmed = Manifest.model_validate(changed("base", "image", to="localhost/trimmed"))
    lines = manifests.inventory_table(trimmed).splitlines()
    assert lines[6:8] == [
        "base   localhost/base (stand-in: no registry answers)",
        "       its layers made one and trimmed: localhost/trimmed",
    ]
    itself = Manifest.model_validate(changed("base", "image", to="localhost/base"))
    assert manifests.inventory_table(itself) == manifests.inventory_table(Manifest.model_validate(document()))


def test_inventory_table_says_cached_and_over_limit() -> None:
    content = changed("size", "total", to=2_000_000_000) | {"cached": True, "omissions": []}
    text = manifests.inventory_table(Manifest.model_validate(content))
    assert "OVER LIMIT, 0 above the limit of 2,000,000,000" in text
    assert "total 860 s (all from cache)" in text
    assert "2 of 2 tools\n" in text
    assert "OMITTED" not in text
