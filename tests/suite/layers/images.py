"""Small images for the tests of `fixtures.layers`, laid out as podman saves and as it stores them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fixtures.layers.archive import layout_layers
from fixtures.layers.entries import LayerEntry


@dataclass(frozen=True)
class Item:
    """One entry of a layer."""

    path: str
    data: bytes = b""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    type: bytes = tarfile.REGTYPE
    link: str = ""
    capability: bool = False


def folder(path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> Item:
    """Return the entry of a directory."""
    return Item(path, mode=mode, uid=uid, gid=gid, type=tarfile.DIRTYPE)


def tar(items: Sequence[Item]) -> bytes:
    """Return a layer's tar archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for item in items:
            member = tarfile.TarInfo(item.path)
            member.mode, member.uid, member.gid, member.type = item.mode, item.uid, item.gid, item.type
            member.linkname, member.size = item.link, len(item.data)
            if item.capability:
                member.pax_headers = {"SCHILY.xattr.security.capability": "\1"}
            archive.addfile(member, io.BytesIO(item.data))
    return stream.getvalue()


def save(path: Path, *contents: Sequence[Item], pack: Callable[[bytes], bytes] = bytes) -> Path:
    """Save an image of these layers as an OCI layout in a directory; `pack` compresses a layer. Return the path."""
    blobs = path / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(data: bytes) -> dict[str, str]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}"}

    tars = [tar(items) for items in contents]
    diff_ids = [f"sha256:{hashlib.sha256(data).hexdigest()}" for data in tars]
    config = put(json.dumps({"rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode())
    manifest = put(json.dumps({"config": config, "layers": [put(pack(data)) for data in tars]}).encode())
    (path / "index.json").write_text(json.dumps({"manifests": [manifest]}), encoding="utf-8")
    return path


@contextmanager
def image(tmp_path: Path, *contents: Sequence[Item]) -> Iterator[list[LayerEntry]]:
    """Save an image of these layers; yields their entries."""
    with layout_layers(save(tmp_path / "image", *contents)) as entries:
        yield entries


def overlay(root: Path, items: Sequence[Item]) -> str:
    """Make a directory of one layer in overlay's form; return its path."""
    for item in items:
        path = root / item.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.name == ".wh..wh..opq":
            try:
                os.setxattr(path.parent, "user.overlay.opaque", b"y")
            except OSError as error:
                pytest.skip(f"no user attributes on this file system: {error.strerror}")
        elif path.name.startswith(".wh."):
            os.mknod(path.with_name(path.name.removeprefix(".wh.")), stat.S_IFCHR, os.makedev(0, 0))
        elif item.type == tarfile.DIRTYPE:
            path.mkdir(exist_ok=True)
        elif item.type == tarfile.LNKTYPE:
            path.hardlink_to(root / item.link)
        else:
            path.write_bytes(item.data)
    return str(root)


def inspected(driver: str, *folders: Path) -> dict[str, Any]:
    """Return what `podman image inspect` says of an image whose layers are in these directories."""
    top, *lower = (str(folder) for folder in reversed(folders))
    data = {"UpperDir": top, "LowerDir": ":".join(lower)}
    return {"GraphDriver": {"Name": driver, "Data": data}, "RootFS": {"Layers": ["sha256:x"] * len(folders)}}
