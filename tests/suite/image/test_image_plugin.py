"""What is refused of an image before a run begins."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures import inventory as inventories
from fixtures.errors import UsageError
from fixtures.host.process import PodmanError
from fixtures.image import plugin
from fixtures.image.image import Image
from fixtures.verdict import rerun
from fixtures.verdict.verdict import SCHEMA_VERSION


@pytest.fixture
def session(tmp_path: Path) -> Any:
    """A session that completes a verdict on image `a`."""
    path = tmp_path / "rerun-image.json"
    context = {"image": {"id": "a", "digest": "d"}}
    document = {"schema": SCHEMA_VERSION, "part": "image", "context": context}
    path.write_text(json.dumps(document), encoding="utf-8")
    given = {rerun.OPTION: path, "--part": "image"}
    config = SimpleNamespace(
        option=SimpleNamespace(collectonly=False), getoption=lambda name, default=None: given.get(name, default)
    )
    return SimpleNamespace(config=config)


@pytest.mark.parametrize(
    ("there", "said"),
    [
        pytest.param({"Id": "b", "Digest": "e"}, r"the rerun is on another image \(b, at first a\)", id="another"),
        pytest.param({"Id": "a", "Digest": "e"}, r"the rerun is on another image digest \(e, at", id="digest"),
        pytest.param(None, "no image x: build it", id="none"),
    ],
)
def test_rerun_is_of_the_same_image(
    session: Any, monkeypatch: pytest.MonkeyPatch, there: dict[str, Any] | None, said: str
) -> None:
    def find(*_: object) -> Image:
        if there is None:
            raise PodmanError("no image x", "build it")
        return Image("x", inventories.load(), there)

    monkeypatch.setattr(plugin, "find", find)
    with pytest.raises(UsageError, match=f"^--rerun-failed: {said}"):
        plugin.pytest_sessionstart(session)


def test_rerun_of_the_same_image_begins(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "find", lambda *_: Image("x", inventories.load(), {"Id": "a", "Digest": "d"}))
    plugin.pytest_sessionstart(session)
