"""The bytes of an image, counted as podman counts them, by tool and by layer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fixtures.errors import SuiteError
from fixtures.layers.entries import LayerEntry
from fixtures.layers.packages import ToolFootprint
from fixtures.layers.size_table import (
    BASE,
    HIDDEN,
    OTHER,
    OVERHEAD,
    SHARED_DEBIAN,
    SHARED_PATHS,
    SHARED_PYTHON,
    LayerRow,
    Part,
    SizeRow,
    SizeTable,
)
from fixtures.layers.sizes import attribute_bytes, tar_bytes
from fixtures.layers.storage import folder_layers

TOTAL = 10_000_000
HEADER = 512
VENV = "/opt/tools/python"
SITE = f"{VENV}/lib/python3.13/site-packages"

Files = dict[str, str | int]
"""A layer's files by path: their text, or their size in bytes."""


def read(tmp_path: Path, *layers: Files) -> list[LayerEntry]:
    folders = []
    for index, files in enumerate(layers):
        for path, content in files.items():
            target = tmp_path / str(index) / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(bytes(content) if isinstance(content, int) else content.encode())
        folders.append(str(tmp_path / str(index)))
    return folder_layers(folders, [f"sha256:{index}" for index in range(len(layers))])


def table(entries: list[LayerEntry], *tools: ToolFootprint, **settings: int) -> SizeTable:
    return attribute_bytes(entries, tools, **{"total": TOTAL, "limit": TOTAL * 2, **settings})  # type: ignore[arg-type]


def sizes(found: SizeTable) -> Mapping[str, int]:
    assert sum(row.size for row in found.rows) == found.total
    return {row.name: row.size for row in found.rows}


def debian(*packages: str, files: Files) -> Files:
    """A layer of dpkg's database, of packages as `name: dependencies`, and each package's one file in /opt."""
    status, found = "", {}
    for package in packages:
        name, _, depends = package.partition(":")
        status += f"Package: {name}\nStatus: install ok installed\nVersion: 1\n{depends.strip()}\n"
        status = status.rstrip("\n") + "\nDescription: one\n of more lines\n\n"
        found[f"/var/lib/dpkg/info/{name}.list"] = f"/.\n/opt\n/opt/{name}\n"
    return {**found, "/var/lib/dpkg/status": status, **files}


def distribution(name: str, *requires: str, size: int = 0) -> Files:
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
    metadata += "".join(f"Requires-Dist: {line}\n" for line in requires)
    folder = f"{name}-1.dist-info"
    record = f"{name}.py,,\n{folder}/METADATA,,\n{folder}/RECORD,,\n../../../bin/{name},,\n"
    return {
        f"{SITE}/{folder}/METADATA": metadata,
        f"{SITE}/{folder}/RECORD": record,
        f"{SITE}/{name}.py": size,
        f"{SITE}/__pycache__/{name}.cpython-313.pyc": size,
        f"{VENV}/bin/{name}": 1,
    }


def of(files: Files, entries: list[LayerEntry]) -> int:
    return sum(tar_bytes(entry) for entry in entries if entry.path in files)


def test_file_costs_its_header_and_whole_blocks(tmp_path: Path) -> None:
    found = {entry.path: tar_bytes(entry) for entry in read(tmp_path, {"/a": 0, "/b": 1, "/c": 512, "/d/e": 513})}
    assert found == {"/a": 512, "/b": 1024, "/c": 1024, "/d": 512, "/d/e": 1536}


def test_further_hard_link_costs_a_header(tmp_path: Path) -> None:
    read(tmp_path, {"/a": 5000})
    (tmp_path / "0" / "b").hardlink_to(tmp_path / "0" / "a")
    assert sorted(tar_bytes(entry) for entry in folder_layers([str(tmp_path / "0")], ["sha256:0"])) == [512, 5632]


def test_paths_belong_to_their_tool_and_the_rest_is_named(tmp_path: Path) -> None:
    entries = read(tmp_path, {"/base": 512}, {"/opt/helm": 1024, "/opt/set/a": 512, "/x": 512, "/y": 512})
    (tmp_path / "1" / "link").symlink_to("opt/helm")
    entries = read(tmp_path, {}, {})
    found = sizes(
        table(entries, ToolFootprint("helm", ("/link",)), ToolFootprint("set", ("/opt/set/",)), base_layers=1)
    )
    assert found["helm"] == HEADER + 1536
    assert found["set"] == HEADER + 1024
    assert found[BASE] == 1024
    assert found[OTHER] == 2 * 1024 + HEADER
    assert found[OVERHEAD] == TOTAL - sum(tar_bytes(entry) for entry in entries)


def test_what_a_claimed_link_leads_to_belongs_to_the_tool(tmp_path: Path) -> None:
    read(tmp_path, {"/opt/deep/er/other": 1, "/opt/deep/program": 5000, "/opt/program": 9000})
    (tmp_path / "0" / "opt" / "deep" / "er" / "first").symlink_to("../program")
    (tmp_path / "0" / "link").symlink_to("opt/deep/er/first")
    found = sizes(table(read(tmp_path, {}), ToolFootprint("tool", ("/link",))))
    assert found["tool"] == HEADER * 2 + HEADER + 5120


def test_a_loop_of_claimed_links_ends(tmp_path: Path) -> None:
    read(tmp_path, {"/a": 1})
    (tmp_path / "0" / "link").symlink_to("link")
    assert sizes(table(read(tmp_path, {}), ToolFootprint("tool", ("/link",))))["tool"] == HEADER


def test_path_of_two_tools_is_shared(tmp_path: Path) -> None:
    entries = read(tmp_path, {"/opt/a": 512})
    found = sizes(table(entries, ToolFootprint("one", ("/opt/a",)), ToolFootprint("two", ("/opt/a",))))
    assert (found[SHARED_PATHS], found["one"], found["two"]) == (1024, 0, 0)


def test_what_later_layers_hide_still_costs(tmp_path: Path) -> None:
    entries = read(tmp_path, {"/a": 512, "/b": 512}, {"/.wh.a": 0, "/b": 1024})
    found = sizes(table(entries, ToolFootprint("b", ("/b",))))
    assert found[HIDDEN] == 1024 + 1024 + HEADER
    assert found["b"] == 1536


def test_debian_packages_belong_to_the_tool_that_names_or_alone_needs_them(tmp_path: Path) -> None:
    files: Files = {f"/opt/{name}": 10_000 for name in ("podman", "buildah", "libone", "libboth", "stray", "virtual-a")}
    entries = read(
        tmp_path,
        debian(
            "podman: Depends: libone (>= 1) | other, buildah, libboth",
            "buildah: Pre-Depends: libboth:any\nRecommends: virtual, absent",
            "libone",
            "libboth",
            "virtual-a: Provides: virtual (= 1)",
            "stray",
            files=files,
        ),
    )
    found = table(entries, ToolFootprint("podman", (), ("podman",)), ToolFootprint("buildah", (), ("buildah",)))
    rows = {part.name: part.row for part in found.parts}
    assert rows == {
        "podman": "podman",
        "libone": "podman",
        "buildah": "buildah",
        "libboth": SHARED_DEBIAN,
        "virtual-a": SHARED_DEBIAN,
        "stray": OTHER,
    }
    assert sizes(found)["buildah"] == sum(part.size for part in found.parts if part.row == "buildah") > 10_000


def test_of_alternatives_only_the_installed_one_is_needed(tmp_path: Path) -> None:
    entries = read(tmp_path, debian("tool: Depends: absent | first | second", "first", "second", files={}))
    rows = {part.name: part.row for part in table(entries, ToolFootprint("tool", (), ("tool",))).parts}
    assert rows == {"tool": "tool", "first": "tool", "second": OTHER}


def test_packages_of_the_base_belong_to_it(tmp_path: Path) -> None:
    entries = read(
        tmp_path,
        debian("libc", files={"/opt/libc": 512}),
        debian("libc", "jq: Depends: libc, libjq", "libjq", "python", files={"/opt/jq": 512, "/opt/libc": 1024}),
    )
    found = attribute_bytes(
        entries,
        [ToolFootprint("jq", (), ("jq",))],
        total=TOTAL,
        limit=TOTAL * 2,
        base_layers=1,
        base=ToolFootprint(BASE, debian=("python",)),
    )
    assert SHARED_DEBIAN not in sizes(found)  # /opt, which base and tool list, is the base's
    (jq,) = (row for row in found.rows if row.name == "jq")
    assert jq.alone == jq.size  # nor does it cost anything more with jq
    assert {part.name: part.row for part in found.parts} == {"libc": BASE, "jq": "jq", "libjq": "jq", "python": BASE}


def test_the_topmost_database_of_the_base_tells_its_packages(tmp_path: Path) -> None:
    first, second = debian("old", files={}), debian("old", "libc", files={"/opt/libc": 512})
    entries = read(tmp_path, first, second, debian("old", "libc", "jq: Depends: libc", files={"/opt/jq": 512}))
    found = table(entries, ToolFootprint("jq", debian=("jq",)), base_layers=2)
    assert {part.name: part.row for part in found.parts} == {"old": BASE, "libc": BASE, "jq": "jq"}


@pytest.mark.parametrize(
    "status",
    [
        pytest.param("deinstall ok config-files", id="removed"),
        pytest.param("install ok half-installed", id="half-installed"),
    ],
)
def test_removed_or_half_installed_package_is_missing(tmp_path: Path, status: str) -> None:
    files = debian("jq", files={})
    files["/var/lib/dpkg/status"] = f"Package: jq\nStatus: {status}\n"
    found = table(read(tmp_path, files), ToolFootprint("jq", (), ("jq",)))
    assert found.missing == ("jq: Debian package jq is not installed",)


def test_package_costs_its_files_and_its_records(tmp_path: Path) -> None:
    entries = read(tmp_path, debian("jq", files={"/opt/jq": 5000, "/var/lib/dpkg/info/jq.postinst": 600}))
    found = sizes(table(entries, ToolFootprint("jq", (), ("jq",))))
    of_opt, of_file, of_list, of_script = HEADER, HEADER + 5120, HEADER + 512, HEADER + 1024
    assert found["jq"] == of_opt + of_file + of_list + of_script


def test_records_of_a_removed_package_are_nobody_s(tmp_path: Path) -> None:
    entries = read(tmp_path, debian("jq", files={"/opt/jq": 512, "/var/lib/dpkg/info/gone.list": "/opt/gone\n"}))
    in_order = sorted(entries, key=lambda entry: entry.path)
    found = table(in_order, ToolFootprint("jq", debian=("jq",)))
    assert [(part.name, part.size) for part in found.parts] == [("jq", HEADER + 2 * (HEADER + 512))]


def test_claimed_link_does_not_claim_what_a_package_brings(tmp_path: Path) -> None:
    read(tmp_path, debian("python", files={"/opt/python": 5000}))
    (tmp_path / "0" / "link").symlink_to("opt/python")
    found = sizes(table(read(tmp_path, {}), ToolFootprint("tool", ("/link",))))
    assert found["tool"] == HEADER


def test_claimed_link_claims_nothing_beyond_a_link_of_a_package(tmp_path: Path) -> None:
    read(tmp_path, debian("python", files={"/opt/more": 1, "/srv/python": 5000}))
    (tmp_path / "0" / "opt" / "python").symlink_to("../srv/python")
    (tmp_path / "0" / "link").symlink_to("opt/python")
    found = sizes(table(read(tmp_path, {}), ToolFootprint("tool", ("/link",))))
    assert found["tool"] == HEADER


def test_folder_of_packages_of_two_tools_is_shared(tmp_path: Path) -> None:
    entries = read(tmp_path, debian("jq", "yq", files={"/opt/jq": 512, "/opt/yq": 512}))
    found = sizes(table(entries, *(ToolFootprint(name, debian=(name,)) for name in ("jq", "yq"))))
    assert found[SHARED_DEBIAN] == HEADER


def test_paths_before_the_usr_merge_are_found(tmp_path: Path) -> None:
    files = debian("tool", files={"/usr/bin/tool": 5000})
    files["/var/lib/dpkg/info/tool.list"] = "/.\n/bin\n/bin/tool\n"
    read(tmp_path, files)
    (tmp_path / "0" / "bin").symlink_to("usr/bin")
    found = table(read(tmp_path, {}), ToolFootprint("tool", (), ("tool",)))
    assert sizes(found)["tool"] > 5000


def test_python_distributions_with_extras_markers_and_byte_code(tmp_path: Path) -> None:
    httpie = distribution("httpie", "shared>=1", 'requests[socks]; python_version >= "3.13"', size=2048)
    parts: tuple[Files, ...] = (
        httpie,
        distribution("requests", "socks; extra == 'socks'", "dev; extra == 'dev'", 'old; python_version < "3.12"'),
        *(distribution(name) for name in ("socks", "dev", "old", "shared")),
        distribution("copier", "Shared"),
    )
    entries = read(tmp_path, {path: content for files in parts for path, content in files.items()})
    found = table(entries, ToolFootprint("httpie", (), (), ("HTTPie",)), ToolFootprint("copier", (), (), ("copier",)))
    rows = {part.name: part.row for part in found.parts}
    assert rows == {
        "httpie": "httpie",
        "requests": "httpie",
        "socks": "httpie",
        "shared": SHARED_PYTHON,
        "dev": SHARED_PYTHON,
        "old": SHARED_PYTHON,
        "copier": "copier",
    }
    expected = sum(of(files, entries) for files in (httpie, distribution("requests"), distribution("socks")))
    assert sizes(found)["httpie"] == expected


def test_distributions_that_need_each_other_belong_to_the_tool_of_one(tmp_path: Path) -> None:
    entries = read(tmp_path, {**distribution("one", "two[more]"), **distribution("two", "one")})
    found = table(entries, ToolFootprint("tool", (), (), ("one",)))
    assert {part.name: part.row for part in found.parts} == {"one": "tool", "two": "tool"}


def test_rest_of_the_environment_is_shared(tmp_path: Path) -> None:
    found = sizes(table(read(tmp_path, {f"{VENV}/pyvenv.cfg": 10, "/opt/tools/x": 10})))
    assert found[SHARED_PYTHON] == 1024
    assert found[OTHER] == 1024 + 2 * HEADER + HEADER


def test_footprint_that_the_image_lacks_is_a_finding(tmp_path: Path) -> None:
    found = table(read(tmp_path, {"/a": 1}), ToolFootprint("helm", ("/opt/helm",), ("helm",), ("helm",)))
    assert found.rows[0] == SizeRow("helm", size=0, alone=0, budget=None)
    assert found.findings() == [
        f"helm: {what}: correct its entry in tools.toml, or rebuild the image"
        for what in (
            "the image has no /opt/helm",
            "Debian package helm is not installed",
            "Python distribution helm is not installed",
        )
    ]


def test_over_budget_and_over_limit_are_findings(tmp_path: Path) -> None:
    entries = read(tmp_path, debian("jq: Depends: libjq", "libjq", files={"/opt/jq": 512, "/opt/libjq": 9000}))
    budgeted = ToolFootprint("jq", ("/opt/jq",), ("jq",), budget=1000)
    found = table(entries, budgeted, ToolFootprint("fits", ("/opt",), budget=10_000_000), limit=TOTAL)
    over, limit = found.findings()
    assert over.startswith("jq: ")
    assert "over its budget of 1,000: trim (libjq " in over
    assert limit.startswith("image: 10,000,000 bytes, 0 over 10,000,000: trim (layer overhead ")


@pytest.mark.parametrize("others", [1, 0], ids=["shared", "alone"])
def test_budget_is_held_against_what_a_tool_needs_whoever_shares_it(tmp_path: Path, others: int) -> None:
    entries = read(tmp_path, debian("jq: Depends: libjq", "yq: Depends: libjq", "libjq", files={"/opt/libjq": 9000}))
    tools = [ToolFootprint("jq", debian=("jq",), budget=9000), ToolFootprint("yq", debian=("yq",))][: 1 + others]
    (found,) = table(entries, *tools).findings()
    assert found.startswith("jq: 12,288 bytes, 3,288 over its budget of 9,000: trim (libjq 10,752, jq 1,024)")


def test_exactly_the_budget_is_within_it(tmp_path: Path) -> None:
    entries = read(tmp_path, {"/a": 512})
    assert table(entries, ToolFootprint("a", ("/a",), budget=1024)).findings() == []
    assert len(table(entries, ToolFootprint("a", ("/a",), budget=1023)).findings()) == 1


@pytest.mark.parametrize("less", [1, 512])
def test_total_of_another_image_is_an_error(tmp_path: Path, less: int) -> None:
    entries = read(tmp_path, {"/a": 512})
    assert sizes(table(entries, total=1024))[OVERHEAD] == 0
    message = f"^the layers hold {less} bytes more than podman's total of .*: run again while nobody rebuilds"
    with pytest.raises(SuiteError, match=message):
        table(entries, total=1024 - less)


def test_table_is_printed_by_size_with_budgets_and_layers(tmp_path: Path) -> None:
    entries = read(tmp_path, {"/small": 200_000}, {"/large": 900_000})
    tools = (ToolFootprint("small", ("/small",), budget=100_000), ToolFootprint("large", ("/large",)))
    lines = table(entries, *tools, total=1_200_000, limit=1_000_000).render().splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["large", "small", "layer", "base", "total", "layer", "layer"]
    assert lines[2].split() == ["small", "0.2", "0.2", "0.1", "OVER", "BUDGET"]
    assert lines[-3].split() == ["total", "1.2", "1.0", "OVER", "LIMIT"]
    assert lines[-1].split() == ["layer", "1", "sha256:1", "0.9", "large", "0.9"]


def test_findings_name_the_three_largest() -> None:
    tools = frozenset({"jq"})
    found = SizeTable(
        rows=tuple(SizeRow(name, size, 0, None) for name, size in (("a", 1), ("b", 2), ("c", 4), ("jq", 3))),
        total=10,
        limit=9,
        parts=(*(Part("jq", "debian", f"lib{n}", n, tools) for n in range(4)), Part("a", "debian", "liba", 9)),
    )
    assert found.findings() == ["image: 10 bytes, 1 over 9: trim (c 4, jq 3, b 2)"]
    (line,) = SizeTable((SizeRow("jq", 3, 7, 5),), 10, 11, parts=found.parts).findings()
    assert (
        line == "jq: 7 bytes, 2 over its budget of 5: trim (lib3 3, lib2 2, lib1 1) or raise its budget in tools.toml"
    )


def test_columns_of_numbers_end_at_the_same_place() -> None:
    rows = (SizeRow("b", 1_500_000, 0, None), SizeRow("jq", 12_345_678, 23_456_789, 9_000_000))
    layers = (LayerRow(3, f"sha256:{'5' * 64}", 1_500_000, {"a": 1, "jq": 1_200_000, "b": 300_000, "c": 100_000}),)
    found = SizeTable((*rows, SizeRow("a", 1_500_000, 0, None)), 15_345_678, 15_345_678, layers)
    assert found.render().splitlines() == [
        "         MB  alone  budget",
        "jq     12.3   23.5     9.0  OVER BUDGET",
        "a       1.5",
        "b       1.5",
        "total  15.3           15.3  OVER LIMIT",
        "layer  3 sha256:555555555555       1.5  jq 1.2, b 0.3, c 0.1",
    ]
