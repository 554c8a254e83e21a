"""The build as a whole: its commit, and when nothing has to be built."""

from __future__ import annotations

import os
import subprocess
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures.builder import product
from fixtures.builder.base import Base, BaseSource
from fixtures.builder.product import INPUTS_LABEL
from fixtures.errors import UsageError
from fixtures.inventory import Inventory, load

BASE = Base("localhost/base", "", "stand-in", "no registry answers")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with one commit, in the place of this checkout."""
    monkeypatch.setattr("fixtures.builder.product.ROOT", tmp_path)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    author = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "first"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True, env={**os.environ, "HOME": str(tmp_path)})
    return tmp_path


def test_revision_is_the_commit_and_says_whether_files_differ(checkout: Path) -> None:
    clean = product.revision()
    assert len(clean) == 40
    (checkout / "file").write_text("y", encoding="utf-8")
    assert product.revision() == f"{clean}-dirty"


def test_revision_is_unknown_without_git_or_a_repository(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.builder.product.ROOT", checkout / "elsewhere")
    assert product.revision() == "unknown"
    monkeypatch.setenv("PATH", "")
    assert product.revision() == "unknown"


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """An image with the inputs `abc`, and the id that the manifest records."""
    facts = SimpleNamespace(exists=True, recorded="1", labels={INPUTS_LABEL: "abc"})
    (tmp_path / "manifest.json").touch()
    monkeypatch.setattr("fixtures.builder.product.MANIFEST", tmp_path / "manifest.json")
    monkeypatch.setattr("fixtures.builder.product.image_exists", lambda _: facts.exists)
    monkeypatch.setattr("fixtures.builder.product.inspect", lambda _: {"Id": "1", "Config": {"Labels": facts.labels}})
    monkeypatch.setattr(
        "fixtures.builder.manifest.read", lambda _: SimpleNamespace(image=SimpleNamespace(id=facts.recorded))
    )
    return facts


def test_inputs_of_the_recorded_image_are_known(built: SimpleNamespace) -> None:
    assert product.built_from("x") == "abc"
    built.labels = None
    assert product.built_from("x") is None


def test_image_that_is_not_the_recorded_one_has_no_inputs(built: SimpleNamespace) -> None:
    built.recorded = "2"
    assert product.built_from("x") is None


def test_image_or_manifest_that_is_gone_has_no_inputs(built: SimpleNamespace, tmp_path: Path) -> None:
    built.exists = False
    assert product.built_from("x") is None
    built.exists = True
    (tmp_path / "manifest.json").unlink()
    assert product.built_from("x") is None


@pytest.fixture
def inputs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
    """What an image is made from: each may be changed."""
    facts = SimpleNamespace(folder=tmp_path, base="1", debian="2", host="3")
    monkeypatch.setattr("fixtures.builder.product.IMAGE_DIRECTORY", tmp_path)
    monkeypatch.setattr("fixtures.builder.product.debian_image", lambda: "debian")
    monkeypatch.setattr("fixtures.builder.product.host_inputs", lambda: facts.host)
    monkeypatch.setattr(
        "fixtures.builder.product.inspect", lambda name: {"Id": facts.debian if name == "debian" else facts.base}
    )
    return facts


@pytest.mark.parametrize("changed", ["dockerfile", "label", "lock", "base", "debian", "host"])
def test_each_input_changes_the_digest_over_all(changed: str, inputs: SimpleNamespace) -> None:
    before = product.inputs_digest("one", BASE, ["--label", "a=b"])
    assert before == product.inputs_digest("one", BASE, ["--label", "a=b"])
    if changed == "lock":
        (inputs.folder / "amd64.lock").write_text("[debian]\n", encoding="utf-8")
    setattr(inputs, changed, "another")
    text, label = ("two" if changed == "dockerfile" else "one"), ("b=c" if changed == "label" else "a=b")
    assert product.inputs_digest(text, BASE, ["--label", label]) != before


def test_time_of_the_sources_that_is_none_is_refused_before_anything_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr("fixtures.builder.product.ensure", lambda: begun.append("podman"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(UsageError, match=r"^SOURCE_DATE_EPOCH is 'yesterday': no number of seconds since 1970"):
        product.build(load(), name="x")
    assert begun == []


def test_labels_have_the_base_s_own_digest_and_what_is_omitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product, "inspect", lambda name: {"Digest": f"sha256:of-{name}"})
    found = list(product.labels(load(), BASE, {"k9s": "refused"}))
    assert "org.opencontainers.image.base.digest=sha256:of-localhost/base" in found
    assert 'conformance.omitted={"k9s": "refused"}' in found
    pinned = replace(BASE, digest="sha256:pinned")
    assert "org.opencontainers.image.base.digest=sha256:pinned" in list(product.labels(load(), pinned, {}))


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The arguments of the image's own `podman build`, which is not run; all that leads to it is there already."""
    given: list[str] = []
    nothing: dict[str, object] = {
        "ensure": None, "image_exists": True, "choose_base": BASE, "debian_image": "debian", "prepare_debian": "debian",
        "build_base": {}, "is_to_be_built": False, "refusals": {}, "render": "FROM x\n", "labels": [],
        "inputs_digest": "abc", "built_from": None, "context": nullcontext(tmp_path), "pins": "",
        "choose": SimpleNamespace(omitted={}, handed_in=frozenset(), unused=[]),
    }  # fmt: skip
    for name, answer in nothing.items():
        monkeypatch.setattr(product, name, lambda *_, answer=answer, **__: answer)

    def build(_label: str, _directory: Path, words: list[str], _pins: str) -> dict[str, float]:
        given.extend(words)
        return {}

    monkeypatch.setattr(product, "podman_build", build)
    return given


def test_build_without_a_cache_and_a_second_build_are_asked_for(arguments: list[str]) -> None:
    product.build(load(), name="x")
    assert not [word for word in arguments if word == "--no-cache" or word.startswith("AGAIN=")]
    product.build(load(), name="x", no_cache=True, again="word")
    assert {"--no-cache", "AGAIN=word"} <= set(arguments)


@pytest.mark.parametrize(("there", "no_cache", "asked"), [(True, False, 1), (False, True, 1), (False, False, 2)])
def test_tools_are_compiled_beside_a_base_that_is_missing(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, *, there: bool, no_cache: bool, asked: int
) -> None:
    monkeypatch.setattr(product, "is_to_be_built", lambda _base: not there)
    product.build(load(), name="x", no_cache=no_cache)
    assert arguments.count("DEBIAN_IMAGE=debian") == asked
    assert arguments.count("tools") == asked - 1


@pytest.mark.parametrize(
    ("made_from", "no_cache", "built"),
    [("abc", False, False), ("abc", True, True), ("another", False, True), (None, False, True)],
)
def test_image_of_the_same_inputs_is_not_built_again_unless_without_a_cache(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, made_from: str | None, *, no_cache: bool, built: bool
) -> None:
    monkeypatch.setattr(product, "built_from", lambda _: made_from)
    product.build(load(), name="localhost/x", no_cache=no_cache)
    assert ("localhost/x" in arguments) == built


@pytest.mark.parametrize(
    ("stages", "tools", "final"),
    [({"yq": 2.0, "helm": 1.5, "image": 3.0}, 3.5, 3.0), ({"yq": 2.0}, 2.0, 0.0), ({}, 0.0, 0.0)],
    ids=["all", "tools alone", "cached"],
)
@pytest.mark.usefixtures("arguments")
def test_seconds_are_told_by_part(
    monkeypatch: pytest.MonkeyPatch, stages: dict[str, float], tools: float, final: float
) -> None:
    monkeypatch.setattr(product, "podman_build", lambda *_: stages)
    done = product.build(load(), name="x")
    assert (done.seconds["tools"], done.seconds["final"], done.stages) == (tools, final, stages)
    assert done.cached == (not stages)
    assert 0 <= done.seconds["base"] <= done.seconds["total"] < 60


@pytest.mark.parametrize(("upto", "built"), [("base", []), ("tools", ["tools"])])
def test_build_ends_with_the_stage_that_is_asked_for(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, upto: product.Stage, built: list[str]
) -> None:
    monkeypatch.setattr(product, "build_base", lambda *_, **__: {"final": 7.0})
    done = product.build(load(), name="localhost/x", upto=upto)
    assert [word for word in arguments if word in {"tools", "localhost/x"}] == built
    assert done.stages == ({} if built else {"final": 7.0})


@pytest.mark.usefixtures("arguments")
def test_tools_of_an_inventory_that_compiles_none_cannot_be_built() -> None:
    document = load().model_dump()
    document["tools"] = [one for one in document["tools"] if one["source"]["kind"] == "debian"]
    inventory = Inventory.model_validate(document)
    assert product.build(inventory, name="x").image == "x"
    with pytest.raises(UsageError, match=r"^the stage `tools`: no tool of the inventory is compiled: build the image"):
        product.build(inventory, name="x", upto="tools")


@pytest.mark.parametrize(
    ("no_cache", "upto", "anew"), [(True, "image", True), (True, "tools", False), (False, "image", False)]
)
@pytest.mark.usefixtures("arguments")
def test_debian_is_made_anew_without_a_cache_but_not_for_the_tools_alone(
    monkeypatch: pytest.MonkeyPatch, upto: product.Stage, *, no_cache: bool, anew: bool
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(product, "prepare_debian", lambda *, no_cache: asked.append(no_cache))
    product.build(load(), name="x", upto=upto, no_cache=no_cache)
    assert asked == [anew]


@pytest.mark.usefixtures("arguments")
def test_room_on_the_disk_is_asked_for_before_the_first_build_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(product, "require_free_disk", asked.append)
    product.build(load(), name="x")
    assert asked == []
    monkeypatch.setattr(product, "image_exists", lambda _: False)
    product.build(load(), name="x")
    assert asked == [load().image.size_limit]


@pytest.mark.parametrize(("given", "source"), [(None, "auto"), ("stand-in", "stand-in")])
@pytest.mark.usefixtures("arguments")
def test_source_of_the_base_that_is_given_comes_before_the_inventory_s(
    monkeypatch: pytest.MonkeyPatch, given: BaseSource | None, source: BaseSource
) -> None:
    monkeypatch.setattr(product, "choose_base", lambda _, source: replace(BASE, reason=source))
    assert product.build(load(), name="x", base_source=given).base.reason == source


@pytest.mark.usefixtures("arguments")
def test_what_is_not_as_usual_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    product.build(load(), name="x")
    usual = "base: stand-in, localhost/base (no registry answers)\n"
    assert capsys.readouterr().out == usual
    upstream = Base("h/base@sha256:1", "sha256:1", "upstream", "its registry answered")
    choice = SimpleNamespace(omitted={}, handed_in=frozenset(), unused=["k9s"])
    monkeypatch.setattr(product, "choose_base", lambda *_: upstream)
    monkeypatch.setattr(product, "choose", lambda *_, **__: choice)
    product.build(load(), name="x")
    told = capsys.readouterr().out
    assert f"base: its layers are made one and trimmed, {upstream.image}\n" in told
    assert "k9s: compiled from its module; the program that was handed in is not used\n" in told


@pytest.mark.usefixtures("arguments")
def test_tools_are_left_out_only_where_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        product,
        "choose",
        lambda *_, allowed: SimpleNamespace(omitted={"k9s": str(allowed)}, handed_in=frozenset({"helm"}), unused=[]),
    )
    builds = [product.build(load(), name="x"), product.build(load(), name="x", allow_omissions=True)]
    assert [one.omissions["k9s"] for one in builds] == ["False", "True"]
    assert {one.handed_in for one in builds} == {frozenset({"helm"})}
