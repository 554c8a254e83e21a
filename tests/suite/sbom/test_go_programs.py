"""What a Go program says of itself. Real programs were compared with `go version -m` when this was written."""

from __future__ import annotations

import pytest

from fixtures.sbom.go_programs import GoProgram, Module, read
from tests.suite.sbom.go_program import MAGIC, block, program, string


def test_program_tells_its_go_its_module_and_those_in_it() -> None:
    found = read(program(block()), "/bin/kubectl")
    assert found == GoProgram(
        "/bin/kubectl",
        "go1.26.6",
        "k8s.io/kubernetes/cmd/kubectl",
        Module("k8s.io/kubernetes", "v1.30.0", "h1:own="),
        (
            Module("golang.org/x/text", "v0.14.0", "h1:text="),
            Module("k8s.io/api", "v0.30.0", "h1:api=", replaces="k8s.io/api"),
        ),
    )


def test_program_of_many_modules_is_read_to_its_end() -> None:
    many = "".join(f"dep\texample.com/m{number}\tv1.0.{number}\th1:x=\n" for number in range(2000))
    found = read(program(block(text=f"path\tx\n{many}")), "p")
    assert found is not None
    assert len(found.modules) == 2000
    assert found.modules[-1] == Module("example.com/m1999", "v1.0.1999", "h1:x=")


def test_program_built_without_modules_tells_its_command_alone() -> None:
    assert read(program(block(text="path\tcode.gitea.io/tea\nbuild\tx=y\n")), "p") == GoProgram(
        "p", "go1.26.6", "code.gitea.io/tea"
    )


def test_version_of_go_goes_without_its_experiments() -> None:
    found = read(program(block(version="go1.27.3 X:nodwarf5")), "p")
    assert found is not None
    assert found.go == "go1.27.3"


def test_magic_word_in_a_text_is_passed_over() -> None:
    decoys = (MAGIC + b"\x08\x02").ljust(32, b"\0") + string(b"no version") + string(b"x")
    found = read(program(b"?" + MAGIC.ljust(31, b"\xff") + decoys.ljust(160, b"\0") + block()), "p")
    assert found is not None
    assert found.main == Module("k8s.io/kubernetes", "v1.30.0", "h1:own=")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"#!/bin/sh\n" + block(), id="script"),
        pytest.param(program(b"nothing of Go"), id="no-go"),
        pytest.param(program(block()[:-200]), id="cut-off"),
        pytest.param(program(MAGIC + b"\x08"), id="cut-off-head"),
        pytest.param(program((MAGIC + b"\x08\x00").ljust(32, b"\0") + string(b"go1.17")), id="before-1.18"),
        pytest.param(program(block(version="\ud800".encode("utf-8", "surrogatepass").decode("latin-1"))), id="bytes"),
        pytest.param(program(block(text="=>\tx\tv1\n")), id="replaces-nothing"),
        pytest.param(b"", id="empty"),
    ],
)
def test_what_is_no_readable_go_program_is_none(content: bytes) -> None:
    assert read(content, "p") is None
