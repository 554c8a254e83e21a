"""Names of images are taken apart as podman's tools take them."""

from __future__ import annotations

import pytest

from fixtures.builder.references import parse
from fixtures.errors import UsageError

DIGEST = "sha256:" + "0a" * 32
NAMES = {
    "docker.io/codercom/code-server:latest": ("docker.io", "codercom/code-server", "latest", ""),
    "debian": ("docker.io", "library/debian", "", ""),
    "codercom/code-server:4.1": ("docker.io", "codercom/code-server", "4.1", ""),
    "localhost:5000/a": ("localhost:5000", "a", "", ""),
    "localhost/a:1": ("localhost", "a", "1", ""),
    "h.example:5000/a/b-c/d__e.f:V1": ("h.example:5000", "a/b-c/d__e.f", "V1", ""),
    f"h.example:5000/a@{DIGEST}": ("h.example:5000", "a", "", DIGEST),
    f"h.example/a:1@{DIGEST}": ("h.example", "a", "1", DIGEST),
}


@pytest.mark.parametrize("text", NAMES)
def test_name_is_taken_apart(text: str) -> None:
    found = parse(text, "x")
    assert (found.host, found.path, found.tag, found.digest) == NAMES[text]


def test_name_is_put_together_by_digest_or_by_tag() -> None:
    assert str(parse("h:5/a", "x")) == "h:5/a:latest"
    assert str(parse(f"h:5/a:1@{DIGEST}", "x")) == str(parse("h:5/a:1", "x").at(DIGEST)) == f"h:5/a@{DIGEST}"


@pytest.mark.parametrize(
    "text",
    [
        "", "A/b", "h.example/", "a b", f"a@{DIGEST}@{DIGEST}", "docker://a/b", "h.example/A", "a:",
        "a@sha256:12", f"a@{DIGEST[:-1]}", f"a@{DIGEST}0", f"a@{DIGEST.upper()}",
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^base: '.*' is no name of an image: write it as HOST\[:PORT\]/REPOSITORY"):
        parse(text, "base")
