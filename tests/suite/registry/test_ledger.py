"""What a run pushes is gone at its end, and nothing else of a registry has changed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from fixtures.cluster.leaks import LeakError
from fixtures.registry.client import Registry
from fixtures.registry.settings import RegistryError
from tests.suite.registry.conftest import Opened
from tests.suite.registry.fakes.registry import FakeRegistry, digest_of, manifest

HERE = "library/x"
RUN = "run-1a2b3c4d"
KINDS = {
    "OCI 1.1": {"digest", "tag"},
    "Harbor, and Docker's": {"digest"},
    "a tag's image is not deleted": {"tag"},
}
"""What registries delete: by a digest, or a tag alone."""


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def deleting(request: pytest.FixtureRequest, fake: FakeRegistry) -> FakeRegistry:
    """A registry that deletes."""
    fake.deletable = request.param
    return fake


def push(registry: Registry, image: str = "a", **options: Any) -> None:
    """Push an image for a moment."""
    tag = options.pop("tag", registry.tag())
    with registry.push(image, tag, repository=HERE, **options) as pushed:
        assert registry.digest(HERE, tag) == pushed.digest


def test_tag_is_one_of_the_run_and_is_removed(deleting: FakeRegistry, client: Opened) -> None:
    latest = deleting.give(HERE, "latest", "before")
    registry = client()
    with registry.push("a", registry.tag(), repository=HERE) as pushed, registry.push(
        "b", registry.tag("next"), repository=HERE
    ):  # fmt: skip
        assert registry.api.tagged(HERE).keys() == {"latest", RUN, f"{RUN}-next"}
    assert registry.api.tagged(HERE) == {"latest": latest}
    assert (pushed.digest in deleting.manifests) == ("digest" not in deleting.deletable)
    registry.ledger.require_as_before()
    assert registry.ledger.left_line() == ""


def test_image_that_has_another_tag_keeps_it(deleting: FakeRegistry, client: Opened) -> None:
    latest = deleting.give(HERE, "latest", "a")
    registry = client()
    push(registry)
    assert deleting.tags == {(HERE, "latest"): latest}
    assert list(deleting.manifests) == [latest]
    registry.ledger.require_as_before()


def test_image_that_may_have_been_there_without_a_tag_stays(deleting: FakeRegistry, client: Opened) -> None:
    pinned = deleting.give(HERE, "latest", "a")
    deleting.give(HERE, "latest", "newer")
    registry = client()
    push(registry, image_id=digest_of(b"a").removeprefix("sha256:"))
    assert pinned in deleting.manifests
    assert (HERE, RUN) not in deleting.tags
    registry.ledger.require_as_before()


def test_tag_goes_too_where_the_push_fails(fake: FakeRegistry, client: Opened) -> None:
    registry = client()
    with pytest.raises(RuntimeError), registry.push("a", registry.tag(), repository=HERE):
        raise RuntimeError
    assert not fake.tags


@pytest.mark.parametrize("latest", ["a", "other"], ids=["the image has another tag", "it has none"])
def test_registry_that_forbids_deletion_is_told_in_one_line(fake: FakeRegistry, client: Opened, latest: str) -> None:
    fake.give(HERE, "latest", latest)
    fake.deletable = set()
    registry = client()
    push(registry)
    push(registry, "b", tag=registry.tag("next"))
    assert registry.digest(HERE, RUN) == digest_of(manifest("a"))
    assert registry.ledger.left_line() == (
        "the registry registry.example.com does not let tags be removed (405 UNSUPPORTED The operation is "
        f"unsupported.), left are {HERE}:{RUN}, {HERE}:{RUN}-next: remove them there by hand"
    )
    registry.ledger.require_as_before()
    puts = [line for line in fake.sent if line.startswith("PUT")]
    assert len(puts) == 2, f"the registry was written to for nothing: {puts}"


def test_tag_that_cannot_be_moved_away_is_put_back(
    fake: FakeRegistry, client: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.give(HERE, "latest", "a")
    fake.deletable = {"digest"}
    registry, answers = client(), iter(["405 no tag", "", "412 immutable"])
    monkeypatch.setattr(registry.api, "delete", lambda *_: next(answers))
    push(registry)
    assert registry.digest(HERE, RUN) == digest_of(manifest("a"))
    assert registry.ledger.left == {f"{HERE}:{RUN}": "412 immutable"}


def test_registry_that_only_says_that_it_deletes_is_not_believed(
    fake: FakeRegistry, client: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = client()
    monkeypatch.setattr(registry.api, "delete", lambda *_: "")
    push(registry)
    assert (HERE, RUN) in fake.tags
    assert registry.ledger.left == {f"{HERE}:{RUN}": "it is still there"}


CHANGES: dict[str, tuple[str, str]] = {
    "moved": ("b", "gone: tag library/x:latest ({a}); left behind: tag library/x:latest ({b})"),
    "removed": ("", "gone: tag library/x:latest ({a})"),
}


@pytest.mark.parametrize(("word", "said"), CHANGES.values(), ids=CHANGES)
def test_other_tag_that_differs_is_an_error_that_names_it(
    fake: FakeRegistry, client: Opened, word: str, said: str
) -> None:
    a, b = fake.give(HERE, "latest", "before"), digest_of(manifest("b"))
    registry = client()
    push(registry)
    del fake.tags[HERE, "latest"]
    if word:
        fake.give(HERE, "latest", word)
    wanted = re.escape(
        f"the registry registry.example.com is not as it was: {said.format(a=a, b=b)}: remove or restore"
    )
    with pytest.raises(LeakError, match=f"^{wanted}"):
        registry.ledger.require_as_before()


def test_tag_that_is_new_is_an_error_and_one_that_moved_on_purpose_is_none(fake: FakeRegistry, client: Opened) -> None:
    registry = client()
    push(registry)
    fake.give(HERE, "latest", "b")
    registry.ledger.require_as_before(f"{HERE}:latest")
    with pytest.raises(LeakError, match="left behind: tag library/x:latest"):
        registry.ledger.require_as_before()


def test_workers_of_one_run_pass_over_each_other_s_tags(fake: FakeRegistry, client: Opened) -> None:
    fake.give(HERE, RUN, "a")
    registry = client()
    push(registry, "b", tag=registry.tag("next"))
    fake.tags.clear()
    fake.give(HERE, f"{RUN}-other", "c")
    registry.ledger.require_as_before()
    fake.give(HERE, "run-5e6f7a8b", "of another run")
    with pytest.raises(LeakError, match="left behind: tag library/x:run-5e6f7a8b"):
        registry.ledger.require_as_before()


def test_registry_that_is_down_at_the_end_is_an_error_that_names_the_tags(fake: FakeRegistry, client: Opened) -> None:
    registry = client()
    with registry.push("a", registry.tag(), repository=HERE):
        fake.unavailable = {"HEAD"}
    with pytest.raises(RegistryError, match=rf"; it may still have {HERE}:{RUN}: 500$"):
        registry.ledger.require_as_before()


def test_repository_s_default_is_the_image_s_name_without_its_host(fake: FakeRegistry, client: Opened) -> None:
    registry = client()
    with registry.push("1a2b3c4d.localhost/library/x:latest", registry.tag()):
        assert list(fake.tags) == [(HERE, RUN)]
    assert client("0" * 8).tag() == "run-00000000"
