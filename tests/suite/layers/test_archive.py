"""Layers of an OCI image layout, in every form in which podman saves one."""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.errors import SuiteError, UsageError
from fixtures.layers.archive import layout_layers
from tests.suite.layers.images import Item, folder, save, tar


def as_archive(path: Path) -> Path:
    """Pack a layout into an archive beside it."""
    target = path.with_suffix(".tar")
    with tarfile.open(target, "w") as archive:
        for name in sorted(path.rglob("*")):
            archive.add(name, name.relative_to(path), recursive=False)
    return target


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("form", [Path, as_archive], ids=["directory", "archive"])
def test_layout_is_read_in_every_form(
    tmp_path: Path, pack: Callable[[bytes], bytes], form: Callable[[Path], Path]
) -> None:
    first = [folder("./"), Item("opt/volume", type=b"V"), folder("./opt")]
    first += [Item("opt/a", b"one", mode=0o4711, uid=3, gid=4)]
    second = [Item("opt/.wh.gone"), Item("opt/b", b"two"), Item("opt/c", link="opt/b", type=tarfile.LNKTYPE)]
    with layout_layers(form(save(tmp_path / "image", first, second, pack=pack))) as entries:
        found = {entry.path: entry for entry in entries}
        assert list(found) == ["/opt", "/opt/a", "/opt/gone", "/opt/b", "/opt/c"]
        assert (found["/opt"].type, found["/opt"].size, found["/opt/gone"].type) == ("dir", 0, "whiteout")
        a, c = found["/opt/a"], found["/opt/c"]
        assert (a.mode, a.uid, a.gid, a.size, a.read(), a.layer_index) == (0o4711, 3, 4, 3, b"one", 0)
        assert (c.linkname, c.size, c.read(), c.layer_index) == ("/opt/b", 3, b"two", 1)
        assert a.layer_digest == "sha256:" + hashlib.sha256(tar(first)).hexdigest()


def damage(path: Path, how: str) -> Path:
    """Break a layout; return the path to read."""
    if how == "absent":
        return path / "none"
    if how == "not an archive":
        (path.parent / "file").write_bytes(b"no tar" * 200)
        return path.parent / "file"
    for blob in (path / "blobs" / "sha256").iterdir():
        document = json.loads(blob.read_bytes()) if blob.read_bytes().startswith(b"{") else {}
        if how == "no blob" and not document:
            blob.unlink()
        elif how == "zstd" and not document:
            blob.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(2000))
        elif how == "platforms" and "layers" in document:
            blob.write_text('{"manifests": []}', encoding="utf-8")
        elif how == "no digests" and "rootfs" in document:
            blob.write_text('{"rootfs": {"diff_ids": []}}', encoding="utf-8")
    if how == "no JSON":
        (path / "index.json").write_text("{", encoding="utf-8")
    if how == "two images":
        index = json.loads((path / "index.json").read_text(encoding="utf-8"))
        (path / "index.json").write_text(json.dumps({"manifests": index["manifests"] * 2}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("how", "message"),
    [
        pytest.param("absent", "^none: no such image", id="absent"),
        pytest.param("not an archive", "^file: not a tar archive", id="no-archive"),
        pytest.param("no blob", "^image: blobs/.* is missing: save the image", id="no-blob"),
        pytest.param("zstd", "^image: .* neither tar nor gzip", id="zstd"),
        pytest.param("platforms", "^image holds an index of platforms", id="platforms"),
        pytest.param("no JSON", "^image: index.json is not JSON", id="no-json"),
        pytest.param("two images", "^image holds 2 images", id="two-images"),
    ],
)
def test_broken_layout_is_refused_by_its_name(tmp_path: Path, how: str, message: str) -> None:
    path = damage(save(tmp_path / "image", [Item("a", b"1")]), how)
    with pytest.raises(UsageError, match=message), layout_layers(path):
        pytest.fail("a broken image was read")


def test_image_with_more_layers_than_digests_is_refused(tmp_path: Path) -> None:
    path = damage(save(tmp_path / "image", [Item("a", b"1")]), "no digests")
    with (
        pytest.raises(UsageError, match=r"^image has 1 layers and 0 digests of them: save it again"),
        layout_layers(path),
    ):
        pytest.fail("a broken image was read")


def test_hard_link_out_of_its_layer_is_an_error(tmp_path: Path) -> None:
    path = save(tmp_path / "image", [Item("a", link="elsewhere", type=tarfile.LNKTYPE)])
    with pytest.raises(SuiteError, match="hard link to /elsewhere"), layout_layers(path):
        pytest.fail("a broken layer was read")
