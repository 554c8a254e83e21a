"""Files written in one step, and archives in memory."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from fixtures.files import tar_of, write_in_one_step


def members(archive: bytes) -> dict[str, tuple[str, int, int, int]]:
    """Mode, owner, group and size of what is in an archive."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        return {one.name: (oct(one.mode), one.uid, one.gid, one.size) for one in tar}


def content(archive: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        stream = tar.extractfile(name)
        assert stream is not None
        return stream.read()


def test_archive_holds_text_and_bytes_of_root_s() -> None:
    archive = tar_of({"a.txt": "zwölf\n", "deep/b.bin": b"\0\xff"})
    assert members(archive) == {"a.txt": ("0o644", 0, 0, 7), "deep/b.bin": ("0o644", 0, 0, 2)}
    assert content(archive, "a.txt") == "zwölf\n".encode()
    assert content(archive, "deep/b.bin") == b"\0\xff"


def test_archive_holds_whole_folders_that_everybody_may_read(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir(mode=0o700)
    (tmp_path / "sub" / "file").write_text("x", encoding="utf-8")
    (tmp_path / "sub" / "file").chmod(0o600)
    if os.geteuid() == 0:
        os.chown(tmp_path / "sub" / "file", 1234, 1234)
    found = members(tar_of({"overlay/more": "y"}, folders={"base": tmp_path}))
    assert found == {
        "base": ("0o755", 0, 0, 0),
        "base/sub": ("0o755", 0, 0, 0),
        "base/sub/file": ("0o644", 0, 0, 1),
        "overlay/more": ("0o644", 0, 0, 1),
    }


def test_archive_of_nothing_is_an_archive() -> None:
    assert members(tar_of({})) == {}


def test_written_file_replaces_the_old_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_in_one_step(path, "old")
    write_in_one_step(path, "neu\n")
    assert path.read_text(encoding="utf-8") == "neu\n"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), SystemExit(143)])
def test_write_that_fails_or_is_interrupted_keeps_the_old_file_and_leaves_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    path = tmp_path / "file"
    write_in_one_step(path, "old")

    def ended(_: int) -> None:
        raise error

    monkeypatch.setattr("os.fsync", ended)
    with pytest.raises(type(error)) as raised:
        write_in_one_step(path, "new")
    assert raised.value is error
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_reader_never_sees_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_in_one_step(path, "old")
    seen: list[str] = []
    monkeypatch.setattr("os.fsync", lambda _: seen.append(path.read_text(encoding="utf-8")))
    write_in_one_step(path, "new")
    assert seen == ["old"]
