"""Findings as one line, and the list of paths that a person has reviewed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.layers import rights
from fixtures.layers.reviewed import Finding, Reviewed, ReviewedPaths, ReviewedRight, unreviewed
from fixtures.paths import IMAGE_DIRECTORY
from tests.suite.layers.images import Item, image

REVIEWED = IMAGE_DIRECTORY / "reviewed.toml"


def test_finding_is_one_line_with_layer_and_repair(tmp_path: Path) -> None:
    with image(tmp_path, [Item("usr/bin/bash", mode=0o4755)]) as entries:
        (finding,) = rights.setuid_files(entries)
    assert str(finding).startswith(f"/usr/bin/bash (layer 0, {finding.layer_digest[:19]}): setuid, mode 4755")
    assert str(finding).endswith(": remove the bit where it is installed, or add it to reviewed.toml with a reason")


def test_finding_of_an_undecodable_name_can_be_printed() -> None:
    name = os.fsdecode(b"/opt/\xff/id_rsa")
    line = str(Finding("secret", name, 0, "sha256:0", None, "holds", "build without"))
    assert line.encode("utf-8").startswith(b"/opt/\\udcff/id_rsa")


def test_findings_are_in_the_order_of_paths_and_layers() -> None:
    places = [("/b", 1), ("/b", 0), ("/a", 2), ("/b", 2), ("/a", 0)]
    found = unreviewed("secret", [Finding("secret", path, at, "", None, "", "") for path, at in places], [])
    assert [(finding.path, finding.layer_index) for finding in found] == sorted(places)


def test_reviewed_path_is_allowed_and_an_unused_one_is_found(tmp_path: Path) -> None:
    reviewed = [
        Reviewed(path="/usr/bin/s*", reason="may become root"),
        Reviewed(path="/usr/bin/gone", reason="was there once"),
        Reviewed(path="/usr/bin/maybe", reason="on some bases", optional=True),
    ]
    items = [Item("usr/bin/sudo", mode=0o4755), Item("usr/bin/bash", mode=0o4755)]
    with image(tmp_path, items) as entries:
        found = [str(finding) for finding in rights.setuid_files(entries, reviewed)]
    assert [line.split(" ")[0] for line in found] == ["/usr/bin/bash", "/usr/bin/gone:"]
    assert found[1] == (
        "/usr/bin/gone: reviewed as setuid, but the image has no such path: "
        "remove it from reviewed.toml, or mark it optional"
    )


@pytest.mark.parametrize(
    ("mode", "uid", "seen"),
    [
        pytest.param(0o4755, 0, None, id="as-reviewed"),
        pytest.param(0o6755, 0, "setuid and setgid, mode 6755, owner root:root", id="mode"),
        pytest.param(0o4755, 7, "setuid, mode 4755, owner lp:root", id="owner"),
        pytest.param(0o4755, 8, "setuid, mode 4755, owner 8:root", id="no-account"),
    ],
)
def test_reviewed_right_is_that_right_alone(tmp_path: Path, mode: int, uid: int, seen: str | None) -> None:
    reviewed = [ReviewedRight(path="/usr/bin/sudo", right="4755 root:root", reason="may become root")]
    users = Item("etc/passwd", b"root:x:0:0:::\nlp:x:7:7:::\n")
    items = [users, Item("etc/group", b"root:x:0:\n"), Item("usr/bin/sudo", mode=mode, uid=uid)]
    with image(tmp_path, items) as entries:
        found = [str(finding) for finding in rights.setuid_files(entries, reviewed)]
    assert len(found) == (seen is not None)
    assert all(f"): {seen}, reviewed as 4755 root:root: remove the bit" in line for line in found)


def test_entry_for_one_base_counts_there_alone(tmp_path: Path) -> None:
    path = tmp_path / "reviewed.toml"
    path.write_text(entry("secret") + entry("secret", "/usr/bin/y") + 'base = "upstream"\n', encoding="utf-8")
    reviewed = ReviewedPaths.load(path)
    paths = {
        base: [(one.path, one.optional) for one in reviewed.on(base).secret]
        for base in ("upstream", "stand-in", "unknown")
    }
    everywhere = ("/usr/bin/x", False)
    assert paths == {
        "upstream": [everywhere, ("/usr/bin/y", False)],
        "stand-in": [everywhere],
        "unknown": [everywhere, ("/usr/bin/y", True)],
    }


def test_shipped_list_is_valid_and_names_no_path_twice() -> None:
    reviewed = ReviewedPaths.load(REVIEWED)
    assert "/usr/bin/passwd" in {entry.path for entry in reviewed.setuid}
    for table in (reviewed.setuid, reviewed.world_writable, reviewed.secret, reviewed.leftover, reviewed.owner):
        paths = [entry.path for entry in table]
        assert len(paths) == len(set(paths))


def entry(table: str, path: str = "/usr/bin/x", reason: str = "because it is") -> str:
    """Return the TOML of one entry."""
    return f'[[{table}]]\npath = "{path}"\nreason = "{reason}"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('[[leftover]]\npath = "/usr/bin/x"', "leftover number 1, reason: is missing", id="no-reason"),
        pytest.param(entry("setuid"), "setuid number 1, right: is missing", id="no-right"),
        pytest.param(entry("setuid") + 'right = "4755"', "setuid number 1, right: must match", id="no-owner"),
        pytest.param(entry("owner") + 'base = "mine"', "owner number 1, base: must be", id="unknown-base"),
        pytest.param(entry("owner", "bin/x"), "owner number 1, path: must match", id="relative"),
        pytest.param(entry("secret", "/opt/*"), "secret number 1, path: must match", id="too-wide"),
        pytest.param(
            entry("secret") + entry("secret", reason="ok"),
            "secret number 2, reason: must have 8 or more characters, not 'ok'",
            id="short-reason",
        ),
        pytest.param(entry("setgid"), "setgid: unknown key 'setgid', did you mean 'setuid'?", id="table"),
        pytest.param("[[setuid", "not TOML: ", id="syntax"),
    ],
)
def test_reviewed_list_errors_name_entry_and_field(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "reviewed.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        ReviewedPaths.load(path)
    assert str(error.value).startswith(f"reviewed.toml: {message}")


def test_missing_reviewed_list_is_said_with_the_repair(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^none.toml: cannot be read .*: restore it from version control$"):
        ReviewedPaths.load(tmp_path / "none.toml")
