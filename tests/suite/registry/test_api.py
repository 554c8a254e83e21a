"""A registry's tags and manifests by its HTTP API: pages, passwords, tokens, and what a refusal is told as."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.redaction import redact
from fixtures.registry.api import Manifest, RegistryApi, proxy_for
from fixtures.registry.referrers import Artifact, attach, attached
from fixtures.registry.settings import RegistryError
from tests.suite.registry.fakes.registry import MEDIA_TYPE, FakeRegistry, digest_of, manifest

HERE = "library/x"


@pytest.fixture
def api(fake: FakeRegistry) -> RegistryApi:
    """The API of the fake registry."""
    return RegistryApi(fake.settings)


def test_tags_of_all_pages_are_listed_with_their_digests(fake: FakeRegistry, api: RegistryApi) -> None:
    fake.page = 2
    there = {f"tag-{number}": fake.give(HERE, f"tag-{number}", str(number)) for number in range(5)}
    fake.give("library/other", "latest", "other")
    assert api.tagged(HERE) == there


def test_what_is_attached_is_listed_on_all_pages(fake: FakeRegistry, api: RegistryApi) -> None:
    fake.page, fake.knows_referrers = 2, True
    image = fake.give(HERE, "latest", "a")
    there = {attach(api, HERE, image, Artifact("x/y", str(number).encode(), {})) for number in range(5)}
    assert set(attached(api, HERE, image, "x/y")) == there
    assert len(there) == 5


def test_repository_that_is_not_there_has_no_tags_and_no_image(api: RegistryApi) -> None:
    assert (api.tags(HERE), api.digest(HERE, "latest"), api.has_blob(HERE, "sha256:1")) == ([], "", False)


def test_tag_is_copied_byte_by_byte(fake: FakeRegistry, api: RegistryApi) -> None:
    digest = fake.give(HERE, "run-1", "a")
    api.put(HERE, "latest", api.manifest(HERE, digest))
    assert api.tagged(HERE) == {"latest": digest, "run-1": digest}
    assert api.has_blob(HERE, digest_of(b"a"))


def test_manifest_that_is_not_the_one_of_its_digest_is_an_error(fake: FakeRegistry, api: RegistryApi) -> None:
    digest = fake.give(HERE, "latest", "a")
    fake.manifests[digest] = manifest("b")
    with pytest.raises(RegistryError, match=rf"^registry registry.example.com gave .* for {digest}: check its disk$"):
        api.manifest(HERE, digest)


def test_token_is_got_for_the_password_and_again_where_it_has_expired(fake: FakeRegistry, api: RegistryApi) -> None:
    fake.bearer = "first"
    assert api.tags(HERE) == []
    fake.bearer = "second"
    assert api.tags(HERE) == []
    assert api._authorizations == {("GET", HERE): "Bearer second"}
    assert redact("Authorization: Bearer second") == "Authorization: Bearer ***"


def test_password_is_sent_to_no_token_service_without_tls(fake: FakeRegistry, api: RegistryApi) -> None:
    fake.bearer, fake.realm = "first", "http://registry.example.com/token"
    with pytest.raises(RegistryError, match=r"gives tokens at http://registry.example.com/token, not by https: set"):
        api.tags(HERE)


@pytest.mark.parametrize("bearer", ["", "t"], ids=["password", "token"])
def test_wrong_password_is_told(fake: FakeRegistry, bearer: str) -> None:
    fake.bearer = bearer
    with pytest.raises(RegistryError, match=r"refuses user robot \(to list the tags of library/x\): check its user"):
        RegistryApi(fake.stranger).tags(HERE)


def test_registry_of_another_authority_is_not_trusted(fake: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.registry.api.RETRIES", 0)
    with pytest.raises(RegistryError, match="has a certificate that is not trusted here"):
        RegistryApi(replace(fake.settings, ca_file=None)).tags(HERE)


def test_registry_that_is_down_is_told(fake: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.registry.api.RETRIES", 0)
    with pytest.raises(RegistryError, match=r"^registry 127.0.0.1:1 does not answer \(to look up library/x:latest\)"):
        RegistryApi(replace(fake.settings, reached_at="127.0.0.1:1")).digest(HERE, "latest")


def test_file_that_is_no_certificate_is_told(fake: FakeRegistry) -> None:
    assert fake.settings.ca_file is not None
    fake.settings.ca_file.write_text("x", encoding="utf-8")
    with pytest.raises(RegistryError, match=r"^registry-ca.crt is no certificate of an authority"):
        RegistryApi(fake.settings).tags(HERE)


def test_refusal_of_a_deletion_is_returned_and_a_fault_is_raised(fake: FakeRegistry, api: RegistryApi) -> None:
    digest = fake.give(HERE, "latest", "a")
    fake.deletable = {"digest"}
    assert api.delete(HERE, "latest") == "405 UNSUPPORTED The operation is unsupported."
    assert api.delete(HERE, digest) == api.delete(HERE, digest) == ""
    fake.unavailable = {"DELETE"}
    with pytest.raises(RegistryError, match=rf"cannot delete library/x@{digest}: 500 UNKNOWN unknown error"):
        api.delete(HERE, digest)


def test_write_that_is_refused_is_an_error(fake: FakeRegistry, api: RegistryApi) -> None:
    fake.unavailable = {"PUT"}
    with pytest.raises(RegistryError, match=r"^registry 127.0.0.1:\d+: cannot write library/x:latest: 500"):
        api.put(HERE, "latest", Manifest(manifest("a"), MEDIA_TYPE))


def test_proxy_of_the_environment_is_used_but_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"https_proxy": "http://proxy:3128", "no_proxy": "harbor.example.com"}.items():
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.setenv(name, value)
    hosts = ("127.0.0.1:5000", "localhost:5000", "harbor.example.com", "harbor.example.com:8443", "ghcr.io")
    assert [proxy_for(host) for host in hosts] == ["", "", "", "", "http://proxy:3128"]
