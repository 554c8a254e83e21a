"""A mistake on any of the suite's command lines is one line with its fix and exit code 4."""

from __future__ import annotations

import errno
import importlib
import re
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures import __main__ as suite
from fixtures.builder.manifest import Manifest
from fixtures.command_line import CommandLine, at_least
from fixtures.errors import ExitCode
from tests.suite.builder.test_manifest import document
from tests.suite.small_inventory import SMALL

MODULES = (
    "fixtures.__main__",
    "fixtures.bench.container",
    "fixtures.bench.pod",
    "fixtures.cluster.__main__",
    "fixtures.cluster.node_image",
    "fixtures.registry.__main__",
    "fixtures.attestation.__main__",
    "fixtures.preflight.__main__",
)


def mistake(capsys: pytest.CaptureFixture[str], module: str, *arguments: str) -> str:
    """Run a command line that is refused; return what it says, without the newline at its end."""
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(module).main(arguments)
    assert ended.value.code == ExitCode.USAGE
    output = capsys.readouterr()
    assert output.out == ""
    line, end, more = output.err.partition("\n")
    assert (end, more) == ("\n", "")
    return line


@pytest.mark.parametrize("module", MODULES)
def test_every_command_line_refuses_an_unknown_option(capsys: pytest.CaptureFixture[str], module: str) -> None:
    command = "clean" if module == "fixtures.__main__" else ""
    line = mistake(capsys, module, *command.split(), "--qqq")
    program = module.removesuffix(".__main__")
    assert line == f"error: unrecognized arguments: --qqq: give what `python -m {program} --help` lists"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        pytest.param(
            ["biuld"],
            r"argument COMMAND: invalid choice: 'biuld' \(choose from .*\): did you mean build\?",
            id="command",
        ),
        pytest.param(
            [],
            "the following arguments are required: COMMAND: give what `python -m fixtures --help` lists",
            id="no-command",
        ),
        pytest.param(
            ["build", "imgae"],
            r"argument stage: invalid choice: 'imgae' \(choose from .*\): did you mean image\?",
            id="build-stage",
        ),
        pytest.param(
            ["build", "--registy=x"],
            r"unrecognized arguments: --registy=x: did you mean --registry\?",
            id="build-option",
        ),
        pytest.param(
            ["build", "--base=standin"],
            r"argument --base: invalid choice: 'standin' \(choose from .*\): did you mean stand-in\?",
            id="build-base",
        ),
        pytest.param(
            ["build", "--registry"],
            "argument --registry: expected one argument: give what `python -m fixtures build --help` lists",
            id="build-option-without-value",
        ),
        pytest.param(
            ["render"],
            "the following arguments are required: file: give what `python -m fixtures render --help` lists",
            id="render",
        ),
        pytest.param(
            ["verdict", "--stirct-verdict"],
            r"unrecognized arguments: --stirct-verdict: did you mean --strict-verdict\?",
            id="verdict",
        ),
        pytest.param(
            ["promote", "--tga=x"],
            r"unrecognized arguments: --tga=x: did you mean --tag\?",
            id="promote",
        ),
        pytest.param(
            ["clean", "two\nlines"],
            "unrecognized arguments: two lines: give what `python -m fixtures --help` lists",
            id="clean",
        ),
    ],
)
def test_subcommand_says_the_mistake_and_its_fix(
    capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    assert re.fullmatch(f"error: {line}", mistake(capsys, "fixtures.__main__", *arguments))


@pytest.mark.parametrize(
    ("module", "arguments", "complaint"),
    [
        pytest.param("fixtures.bench.container", ["--rounds", "2"], "'2' is not a whole number from 3 up", id="rounds"),
        pytest.param("fixtures.bench.container", ["--commands=0"], "'0' is not a whole number from 1 up", id="none"),
        pytest.param("fixtures.bench.pod", ["--commands=-5"], "'-5' is not a whole number from 1 up", id="negative"),
        pytest.param("fixtures.bench.pod", ["--rounds", "x"], "'x' is not a whole number from 3 up", id="no-number"),
        pytest.param("fixtures.cluster.__main__", ["--nodes", "x"], "invalid int value: 'x'", id="cluster-nodes"),
        pytest.param("fixtures.cluster.__main__", ["delte"], "did you mean delete?", id="cluster-action"),
    ],
)
def test_wrong_value_is_refused(
    capsys: pytest.CaptureFixture[str], module: str, arguments: list[str], complaint: str
) -> None:
    assert complaint in mistake(capsys, module, *arguments)


def test_right_values_are_read() -> None:
    parser = CommandLine(prog="x")
    parser.add_argument("--rounds", type=at_least(3))
    assert parser.parse_args(["--rounds", "3"]).rounds == 3


def test_help_still_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        suite.main(["build", "--help"])
    assert ended.value.code == ExitCode.VERIFIED
    assert "usage: python -m fixtures build" in capsys.readouterr().out


@pytest.mark.parametrize("value", ["k9s", "=path", "k9s="])
def test_prebuilt_wants_name_and_path(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert suite.main(["build", "--prebuilt", value]) == ExitCode.USAGE
    assert "not NAME=PATH" in capsys.readouterr().err


def test_unknown_tool_is_one_line_and_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert suite.main(["build", "--prebuilt", "k9z=/bin/true"]) == ExitCode.USAGE
    assert capsys.readouterr().err == "error: tools.toml: unknown tool 'k9z', did you mean 'k9s'?\n"


def test_render_writes_the_dockerfile(tmp_path: Path) -> None:
    assert suite.main(["render", str(tmp_path / "new" / "Dockerfile")]) == ExitCode.VERIFIED
    assert " AS kubectl\n" in (tmp_path / "new" / "Dockerfile").read_text(encoding="utf-8")


def test_file_that_cannot_be_written_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert suite.main(["render", str(tmp_path)]) == ExitCode.USAGE
    assert capsys.readouterr().err == f"error: {tmp_path}: cannot be written (Is a directory): give another file\n"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "x"), "error: x: No space left on device: free some space\n"),
        (
            PermissionError(errno.EACCES, "Permission denied", "x"),
            "error: x: Permission denied: look at its rights, and ",
        ),
    ],
)
def test_disk_that_is_full_is_one_line_and_an_error(
    error: OSError, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(suite, "build", fail)
    monkeypatch.setattr(suite, "exclusive", nullcontext)
    assert suite.main(["build"]) == ExitCode.SUITE_ERROR
    assert capsys.readouterr().err.startswith(line)


def test_unknown_kind_of_lock_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean debian?" in mistake(capsys, "fixtures.__main__", "lock", "debain")


def test_build_fails_where_a_version_is_not_the_inventory_s(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = Manifest.model_validate(document())
    sizes = SimpleNamespace(render=lambda: "sizes", findings=list)
    monkeypatch.setattr(suite, "build", lambda *_arguments, **_options: None)
    monkeypatch.setattr(suite, "record", lambda *_arguments: (manifest, sizes))
    monkeypatch.setattr(suite, "exclusive", nullcontext)
    monkeypatch.setattr(suite, "drift", lambda *_arguments, **_options: ["curl is 2, locked is 1"])
    assert suite.main(["build"]) == ExitCode.PRODUCT_FAILURE
    told = capsys.readouterr()
    assert re.search(r"^ *1 +kubectl +3\.17\.3 NOT 1\.30\.0 ", told.out, re.MULTILINE)
    assert "\nlock   1 not as locked: curl is 2, locked is 1: run `nox -s lock -- debian base`" in told.out
    wrong = "helm is 3.17.3, not 3.22.0; kubectl is 3.17.3, not 1.30.0"
    fix = "change `version` in tools.toml, or the lock of its source"
    assert told.err == f"error: 2 not of the inventory's version: {wrong}: {fix}\n"


def test_inventory_shows_each_tool_and_what_is_not_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert suite.main(["inventory", f"--inventory={SMALL}"]) == ExitCode.VERIFIED
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[7] == ["7", "jq", "1.7", "Debian", "jq", "1.7", "1", "n/a", "1"]
    assert lines[-2][:4] == ["-", "tea", "-", "not"]


def test_mistake_in_an_inventory_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tools.toml").write_text("[image]\nbase = 1\n", encoding="utf-8")
    assert suite.main(["inventory", f"--inventory={tmp_path / 'tools.toml'}"]) == ExitCode.USAGE
    assert re.fullmatch(r"error: tools\.toml: image.repository: is missing \(and \d more\)\n", capsys.readouterr().err)
