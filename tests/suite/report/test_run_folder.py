"""Each run has one folder, whose parts come one after another; the newest is `latest`, and the last are kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.builder.bill_of_materials import TOP_LAYER
from fixtures.errors import ExitCode, UsageError
from fixtures.paths import ROOT
from fixtures.redaction import keep, keep_environment
from fixtures.report import __main__ as command
from fixtures.report import run_files, run_folder
from fixtures.verdict import publishing
from tests.suite.report.sample_runs import (
    DIGEST,
    TROUBLE,
    document,
    everything,
    manifest,
    starts,
    whole_run,
    write,
)

FOLDER = "20300101-113000-01234567"


def folders(build: Path) -> list[str]:
    """The names below `runs`."""
    return sorted(path.name for path in (build / "runs").iterdir())


def test_folder_has_all_of_a_run(tmp_path: Path) -> None:
    page = run_folder.publish(everything(tmp_path, *TROUBLE))
    assert folders(tmp_path) == [FOLDER, "latest"]
    assert page.resolve() == tmp_path / "runs" / FOLDER / "report.html"
    assert sorted(path.name for path in page.parent.iterdir()) == [
        "ctrf.json", "junit.xml", "manifest.json", "report.html", "screenshots", "sizes.txt", "starts.json",
        "verdict-image.json", "verdict-live.json", "verdict-rebuild.json", "verdict.json",
    ]  # fmt: skip
    assert page.read_text(encoding="utf-8").count("<svg") == 4


def bill(folder: Path, layer: str) -> None:
    """Write the manifest and the bill of materials of an image, which has this last layer."""
    size = {"total": 1_000_000_000, "layers": [{"digest": f"sha256:{'a' * 64}", "bytes": 1}]}
    (folder / "manifest.json").write_text(json.dumps({**manifest(), "size": size}), encoding="utf-8")
    component = {"properties": [{"name": TOP_LAYER, "value": f"sha256:{layer * 64}"}]}
    document = {"components": [], "dependencies": [], "metadata": {"component": component}}
    (folder / "sbom.cdx.json").write_text(json.dumps(document), encoding="utf-8")


def test_bill_of_materials_of_the_image_is_in_the_folder(tmp_path: Path) -> None:
    everything(tmp_path)
    bill(tmp_path, "a")
    page = run_folder.publish(tmp_path)
    assert (page.parent / "sbom.cdx.json").is_file()
    assert "sbom.cdx.json (the image's software bill of materials)" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("broken", [False, True])
def test_bill_of_materials_of_another_image_is_left_out(tmp_path: Path, *, broken: bool) -> None:
    everything(tmp_path)
    bill(tmp_path, "b")
    if broken:
        (tmp_path / "sbom.cdx.json").write_text("{", encoding="utf-8")
    page = run_folder.publish(tmp_path)
    assert not (page.parent / "sbom.cdx.json").exists()
    assert "sbom.cdx.json" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("part", "digest", "shown"),
    [("live", DIGEST, True), ("live", "sha256:other", False), ("image", DIGEST, False)],
    ids=["pushed", "another image", "none was pushed"],
)
def test_starts_are_shown_of_the_image_that_was_pushed(tmp_path: Path, part: str, digest: str, *, shown: bool) -> None:
    write(tmp_path, document(part))
    measured = starts(2.0, 3.0) | {"image": f"registry/x@{digest}"}
    (tmp_path / "starts.json").write_text(json.dumps(measured), encoding="utf-8")
    assert (run_files.load(tmp_path).starts is not None) is shown


def test_parts_of_one_run_share_its_folder(tmp_path: Path) -> None:
    run_folder.publish(write(tmp_path, document("image")))
    page = run_folder.publish(write(tmp_path, document("rebuild")))
    assert folders(tmp_path) == [FOLDER, "latest"]
    assert "This is the run of image and rebuild alone" in page.read_text(encoding="utf-8")


def test_verdict_that_is_gone_leaves_the_folder_too(tmp_path: Path) -> None:
    run_folder.publish(whole_run(tmp_path))
    (tmp_path / "verdict.json").unlink()
    assert not (run_folder.publish(tmp_path).parent / "verdict.json").exists()


def test_part_of_another_run_is_left_out(tmp_path: Path) -> None:
    earlier = document("image", run="of a pipeline", finished="2029-12-31T00:00:00+00:00")
    write(tmp_path, earlier | {"finished": "2029-12-31T00:00:00+00:00"}, document("live"))
    page = run_folder.publish(tmp_path)
    assert "This is the run of live alone" in page.read_text(encoding="utf-8")
    assert not (page.parent / "verdict-image.json").exists()


def test_last_twenty_are_kept_and_nothing_else_is_removed(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / "runs" / f"202901{number + 1:02}-000000-89abcdef").mkdir(parents=True)
    (tmp_path / "runs" / "mine").mkdir()
    run_folder.publish(write(tmp_path, document("image")))
    kept = folders(tmp_path)
    assert len(kept) == run_folder.KEPT + 2
    assert kept[0] == "20290112-000000-89abcdef"
    assert kept[-3:] == [FOLDER, "latest", "mine"]


def test_copies_have_no_secret(tmp_path: Path) -> None:
    keep("cannot be read and run")
    folder = run_folder.publish(everything(tmp_path, *TROUBLE)).parent
    texts = [path.read_text(encoding="utf-8") for path in folder.iterdir() if path.suffix != "" and path.is_file()]
    assert not any("cannot be read and run" in text for text in texts)
    assert sum("***" in text for text in texts) == 5


def test_secrets_of_the_environment_are_kept_out(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("/usr/local\n", encoding="utf-8")
    keep_environment(
        {
            "GH_TOKEN": "by everybody",
            "X_PASSWORD_FILE": str(tmp_path / "password"),
            "API_KEY": "mode",
            "A": "tools.toml",
        }
    )
    text = run_folder.publish(whole_run(tmp_path, *TROUBLE)).read_text(encoding="utf-8")
    assert "by everybody" not in text
    assert "helm: ***/bin/helm" in text
    assert "install it in tools.toml with mode 0755" in text


def test_failed_write_leaves_the_page_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = run_folder.publish(write(tmp_path, document("image"))).read_text(encoding="utf-8")
    monkeypatch.setattr(run_folder, "write", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        run_folder.publish(write(tmp_path, document("rebuild")))
    assert (tmp_path / "runs" / "latest" / "report.html").read_text(encoding="utf-8") == before
    assert folders(tmp_path) == [FOLDER, "latest"]


def test_folder_without_a_verdict_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no verdict: run nox, or name the folder of a run"):
        run_folder.write(tmp_path)


def test_command_writes_into_the_folder_that_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([str(whole_run(tmp_path))]) == ExitCode.VERIFIED
    assert capsys.readouterr().out == f"page: {tmp_path / 'report.html'}\n"
    assert command.main([str(tmp_path / "elsewhere")]) == ExitCode.USAGE


def test_command_writes_the_newest_run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folder, "publish", lambda **_: ROOT / ".build" / "runs" / "latest" / "x")
    assert command.main([]) == ExitCode.VERIFIED
    assert capsys.readouterr().out == "page: .build/runs/latest/x\n"


def test_module_runs_by_itself(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", publishing.MODULE, str(whole_run(tmp_path))], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"page: {tmp_path / 'report.html'}\n"
    assert json.loads((tmp_path / "ctrf.json").read_text(encoding="utf-8"))["reportFormat"] == "CTRF"


def test_bundles_have_no_secret_whatever_their_files_are_called(tmp_path: Path) -> None:
    keep("s3cret-word")
    failed = document("live", ["TOOL-helm-runs"])
    bundle = write(tmp_path, failed) / "bundles" / failed["run"][:8] / "check" / "a.folder"
    bundle.mkdir(parents=True)
    for name in ("log", "events.txt"):
        (bundle / name).write_text("x s3cret-word", encoding="utf-8")
    folder = run_folder.publish(tmp_path).parent / "bundles" / "check" / "a.folder"
    assert {path.name: path.read_text("utf-8") for path in folder.iterdir()} == {"log": "x ***", "events.txt": "x ***"}
