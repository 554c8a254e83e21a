"""The image under test: a label that is no table is its own fault, and a name that moves breaks the run."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures import inventory
from fixtures.deployment.tools import json_of
from fixtures.errors import ProductError, SuiteError
from fixtures.image import image as module
from fixtures.image.image import OMITTED_LABEL, Image
from fixtures.verdict.evidence import Blocked


def labelled(omitted: str) -> Image:
    """An image with a label of the tools that it lacks."""
    document: dict[str, Any] = {"Id": "a" * 64, "Config": {"Labels": {OMITTED_LABEL: omitted}}}
    return Image("localhost/code-server-dev:latest", inventory.load(), document)


@pytest.mark.parametrize("omitted", ["{", "[]", "k9s", "null"])
def test_label_that_is_no_table_is_the_products_failure(omitted: str) -> None:
    with pytest.raises(ProductError, match=f"label {OMITTED_LABEL} is no JSON table: rebuild the image"):
        _ = labelled(omitted).omitted


def test_label_names_what_was_left_out() -> None:
    assert labelled('{"k9s": "no source"}').omitted == {"k9s": "no source"}
    assert labelled("").omitted == {}


def test_label_blocks_no_tool_that_the_build_has_the_source_of() -> None:
    image = labelled('{"jq": "no source", "k9s": "no source"}')
    told = []
    for name in ("jq", "k9s"):
        try:
            image.require(image.inventory.tool(name))
        except Blocked as block:
            told.append(str(block))
    assert told == ["k9s omitted from the image"]


@pytest.mark.parametrize(("there", "identity"), [(True, "b" * 64), (False, "a" * 64)], ids=["moved", "removed"])
def test_name_that_moves_during_a_run_is_an_error(
    monkeypatch: pytest.MonkeyPatch, identity: str, *, there: bool
) -> None:
    monkeypatch.setattr(module, "image_exists", lambda _: there, raising=False)
    monkeypatch.setattr(module, "inspect", lambda _: {"Id": identity}, raising=False)
    with pytest.raises(SuiteError, match="latest became another image during the run: build none meanwhile"):
        labelled("").refuse_moved()


def test_name_that_stays_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "image_exists", lambda _: True, raising=False)
    monkeypatch.setattr(module, "inspect", lambda _: {"Id": "a" * 64}, raising=False)
    labelled("").refuse_moved()


def test_output_that_is_no_json_is_the_tools_failure() -> None:
    assert json_of("[1]", "nats", "tells") == [1]
    with pytest.raises(AssertionError, match="nats: tells 'panic: nil', no JSON: rebuild the image"):
        json_of("panic: nil", "nats", "tells")
