"""An attestation counts where the right key signed it, for this image and not too long ago; else it is refused."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.attestation import __main__ as command_line
from fixtures.attestation import keys
from fixtures.attestation.attesting import LARGEST, read_envelope
from fixtures.attestation.envelope import ENVELOPE_TYPE, AttestationError, sealed
from fixtures.attestation.statement import Digests
from fixtures.errors import ExitCode
from fixtures.registry.api import Manifest, RegistryApi
from fixtures.registry.referrers import MANIFEST_TYPE, Artifact, attach, attached, detach
from fixtures.registry.settings import RegistrySettings
from fixtures.verdict import merge
from tests.suite.attestation.conftest import DIGEST, HERE, REFERENCE, Attest, finished, verdict
from tests.suite.registry.fakes.registry import FakeRegistry

Output = pytest.CaptureFixture[str]
Change = Callable[[Any], None]


@pytest.fixture
def attested(run: Attest, capsys: Output) -> Attest:
    """Verifies the image, which is attested."""
    assert run(document=verdict()) == ExitCode.VERIFIED
    capsys.readouterr()
    return run


def put_instead(api: RegistryApi, change: Callable[[bytes], bytes], subject: str = DIGEST) -> None:
    """Attach a changed envelope in the place of the one that is there, as somebody with the right to push can."""
    (digest,) = attached(api, HERE, DIGEST, ENVELOPE_TYPE)
    content = change(read_envelope(api, HERE, DIGEST, digest))
    detach(api, HERE, DIGEST, digest)
    attach(api, HERE, subject, Artifact(ENVELOPE_TYPE, content, {}))


def envelope_with(change: Change) -> Callable[[bytes], bytes]:
    """Change the document of an envelope."""

    def changed(content: bytes) -> bytes:
        document = json.loads(content)
        change(document)
        return json.dumps(document).encode()

    return changed


def statement_with(change: Change) -> Change:
    """Change the statement in an envelope, and leave its signature."""

    def changed(document: Any) -> None:
        statement = json.loads(base64.b64decode(document["payload"]))
        change(statement)
        document["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()

    return changed


def refused(run: Attest, capsys: Output, code: ExitCode, *options: str) -> str:
    """Verify the image, which must be refused with a code and in one line; return the line."""
    assert run("--verify", REFERENCE, *options) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert re.fullmatch(r"error: .*\n", told.err)
    return told.err


@pytest.mark.parametrize("reference", [REFERENCE, f"registry.example.com/{HERE}:latest"], ids=["digest", "tag"])
def test_attested_image_is_verified_with_the_public_key(
    attested: Attest, key: Path, capsys: Output, reference: str
) -> None:
    assert attested("--verify", reference, "--key", f"{key}.pub", f"--verdict={merge.WHOLE}") == ExitCode.VERIFIED
    assert re.match(rf"{REFERENCE} is attested: passed, 2 requirements verified on \d{{4}}-", capsys.readouterr().out)


def test_image_without_attestation_is_unproven(run: Attest, capsys: Output) -> None:
    said = refused(run, capsys, ExitCode.INCOMPLETE)
    assert said == f"error: {REFERENCE}: has no attestation: attest it: nox -s attest\n"


def test_other_key_is_refused(attested: Attest, tmp_path: Path, capsys: Output) -> None:
    other = tmp_path / "other.key"
    keys.make(other)
    said = refused(attested, capsys, ExitCode.PRODUCT_FAILURE, f"--key={other}.pub")
    assert re.search(r"is signed by key \w{12}, not by \w{12}: name the public key of whoever signs", said)


def add_signature(document: Any) -> None:
    document["signatures"] *= 2


EDITED: dict[str, tuple[Change, str]] = {
    "requirement added": (statement_with(lambda one: one["predicate"]["passedTests"].append("DEP-1")), "was edited"),
    "newer": (statement_with(lambda one: one["predicate"]["conformance"].update(finished="2100-01-01")), "was edited"),
    "same words laid out anew": (statement_with(lambda _: None), "was edited"),
    "signature": (lambda one: one["signatures"][0].update(sig="QUJD"), "was edited"),
    "type": (lambda one: one.update(payloadType="text/plain"), "holds 'text/plain'"),
    "key id": (lambda one: one["signatures"][0].update(keyid="0" * 64), "is signed by key 000000000000"),
    "field added": (lambda one: one.update(more=1), "unknown key 'more'"),
    "no signature": (lambda one: one.update(signatures=[]), "is no envelope as it is signed here"),
    "two signatures": (add_signature, "is no envelope as it is signed here"),
    "other base64 of the same": (
        lambda one: one["signatures"][0].update(sig=f"{one['signatures'][0]['sig'][:-3]}/=="),
        "is no envelope as it is signed here",
    ),
    "no base64": (lambda one: one.update(payload="%"), "is no envelope as it is signed here"),
}


@pytest.mark.parametrize(("change", "said"), EDITED.values(), ids=EDITED)
def test_edited_envelope_is_refused(
    attested: Attest, api: RegistryApi, capsys: Output, change: Change, said: str
) -> None:
    put_instead(api, envelope_with(change))
    assert said in refused(attested, capsys, ExitCode.PRODUCT_FAILURE)


def test_envelope_that_is_no_document_is_refused(attested: Attest, api: RegistryApi, capsys: Output) -> None:
    put_instead(api, lambda _: b"x")
    assert "is no JSON object: attest the image again" in refused(attested, capsys, ExitCode.PRODUCT_FAILURE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda layers: layers[0].update(mediaType="application/json"), r"layer is no envelope \(application/json, "),
        (lambda layers: layers[0].update(size=LARGEST + 1), r"its layer is no envelope \(.*, 4000001 bytes\)"),
        (lambda layers: layers[0].update(size="1"), "its layer is no envelope"),
        (lambda layers: layers.append(layers[0]), "is no manifest of one envelope"),
        (lambda layers: layers.clear(), "is no manifest of one envelope"),
    ],
    ids=["another type", "too large", "size is no number", "two", "none"],
)
def test_manifest_of_no_single_envelope_is_refused(
    attested: Attest, api: RegistryApi, change: Change, said: str
) -> None:
    assert attested("--verify", REFERENCE) == ExitCode.VERIFIED
    (digest,) = attached(api, HERE, DIGEST, ENVELOPE_TYPE)
    document = json.loads(api.manifest(HERE, digest).content)
    change(document["layers"])
    other = Manifest(json.dumps(document).encode(), MANIFEST_TYPE)
    api.put(HERE, other.digest, other)
    with pytest.raises(AttestationError, match=said):
        read_envelope(api, HERE, DIGEST, other.digest)


def test_envelope_that_was_edited_in_the_registry_s_store_is_an_error(
    attested: Attest, registry: FakeRegistry, capsys: Output
) -> None:
    (digest,) = [one for one, content in registry.contents.items() if b"payloadType" in content]
    registry.contents[digest] += b" "
    assert f"for {digest}: check its disk" in refused(attested, capsys, ExitCode.SUITE_ERROR)


def test_statement_on_another_image_is_refused(
    attested: Attest, registry: FakeRegistry, api: RegistryApi, capsys: Output
) -> None:
    (digest,) = attached(api, HERE, DIGEST, ENVELOPE_TYPE)
    content = read_envelope(api, HERE, DIGEST, digest)
    other = registry.give(HERE, "latest", "another image")
    attach(api, HERE, other, Artifact(ENVELOPE_TYPE, content, {}))
    assert attested("--verify", f"registry.example.com/{HERE}:latest") == ExitCode.PRODUCT_FAILURE
    assert f"is a statement on {DIGEST}, not on {other}" in capsys.readouterr().err


@pytest.mark.parametrize("registry", [False], indirect=True, ids=["tag schema"])
def test_attestation_whose_subject_is_another_image_is_refused(
    attested: Attest, registry: FakeRegistry, capsys: Output
) -> None:
    other = registry.give(HERE, "other", "another image")
    registry.tags[HERE, other.replace(":", "-")] = registry.tags[HERE, DIGEST.replace(":", "-")]
    assert attested("--verify", f"registry.example.com/{HERE}:other") == ExitCode.PRODUCT_FAILURE
    assert f"is attached to {DIGEST}, not to {other}" in capsys.readouterr().err


def signed_with(api: RegistryApi, key: Path, change: Change) -> None:
    """Have the right key sign a changed statement."""

    def sign(content: bytes) -> bytes:
        statement = json.loads(base64.b64decode(json.loads(content)["payload"]))
        change(statement)
        return sealed(json.dumps(statement).encode(), keys.signer(key))

    put_instead(api, sign)


SIGNED: dict[str, tuple[Change, str]] = {
    "failed": (lambda one: one["predicate"].update(result="FAILED", failedTests=["DEP-1"]), "says FAILED (DEP-1), not"),
    "says failed": (lambda one: one["predicate"].update(result="FAILED"), "says FAILED (2 requirements verified), not"),
    "a failed row": (lambda one: one["predicate"].update(failedTests=["DEP-1"]), "says WARNED (DEP-1), not passed"),
    "nothing": (lambda one: one["predicate"].update(passedTests=[]), "(0 requirements verified), not passed"),
    "another image too": (
        lambda one: one["subject"].append({"digest": {"sha256": "b" * 64}}),
        f"is a statement on {DIGEST}, sha256:{'b' * 64}, not on {DIGEST}",
    ),
    "other build": (lambda one: one["predicate"]["conformance"].update(imageId="b" * 64), "is on build bbbbbbbbbbbb"),
    "other predicate": (lambda one: one.update(predicateType="https://x"), "predicateType: must be 'https://in-toto"),
    "no facts": (lambda one: one["predicate"].pop("conformance"), "predicate.conformance: is missing"),
    "tomorrow": (lambda one: one["predicate"]["conformance"].update(finished="2100-01-01T00:00:00Z"), "cannot be"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "said"), SIGNED.values(), ids=SIGNED)
def test_signed_statement_that_is_no_pass_is_refused(
    attested: Attest, api: RegistryApi, key: Path, capsys: Output, change: Change, said: str
) -> None:
    signed_with(api, key, change)
    assert said in refused(attested, capsys, ExitCode.PRODUCT_FAILURE)


@pytest.mark.parametrize("kind", ["application/vnd.in-toto", "application/json", "text/plain"])
def test_signed_payload_of_another_type_is_refused(
    attested: Attest, api: RegistryApi, key: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    with monkeypatch.context() as signing:
        signing.setattr("fixtures.attestation.envelope.PAYLOAD_TYPE", kind)
        signed_with(api, key, lambda _: None)
    said = refused(attested, capsys, ExitCode.PRODUCT_FAILURE)
    assert f"holds '{kind}', not application/vnd.in-toto+json: attest the image again" in said


def test_older_verdict_than_allowed_is_unproven(run: Attest, capsys: Output) -> None:
    assert run(document=verdict(**finished(5))) == ExitCode.VERIFIED
    capsys.readouterr()
    assert run("--verify", REFERENCE, "--max-age=6") == ExitCode.VERIFIED
    capsys.readouterr()
    said = refused(run, capsys, ExitCode.INCOMPLETE, "--max-age=4")
    assert " UTC, older than 4 h: run: nox, promote and attest; or allow it: --max-age HOURS" in said


@pytest.mark.parametrize(
    ("minutes", "code"), [(1, ExitCode.VERIFIED), (3, ExitCode.PRODUCT_FAILURE)], ids=["another clock", "the future"]
)
def test_statement_may_be_ahead_by_as_much_as_clocks_differ(
    attested: Attest, api: RegistryApi, key: Path, capsys: Output, minutes: int, code: ExitCode
) -> None:
    signed_with(api, key, lambda one: one["predicate"]["conformance"].update(finished(-minutes / 60)))
    assert attested("--verify", REFERENCE) == code
    assert ("UTC, which cannot be: set the clock" in capsys.readouterr().err) == bool(code)


def test_other_verdict_than_the_named_one_is_refused(attested: Attest, tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "verdict.json").write_text("{}", encoding="utf-8")
    said = refused(attested, capsys, ExitCode.PRODUCT_FAILURE, f"--verdict={tmp_path / 'verdict.json'}")
    assert re.search(r"is on verdict \w{12}, not on 44136fa355b3", said)


def test_two_attestations_are_refused(attested: Attest, api: RegistryApi, capsys: Output) -> None:
    (digest,) = attached(api, HERE, DIGEST, ENVELOPE_TYPE)
    content = read_envelope(api, HERE, DIGEST, digest)
    attach(api, HERE, DIGEST, Artifact(ENVELOPE_TYPE, content + b" ", {}))
    assert "has 2 attestations (" in refused(attested, capsys, ExitCode.PRODUCT_FAILURE)


def test_what_else_is_attached_does_not_count(attested: Attest, api: RegistryApi) -> None:
    attach(api, HERE, DIGEST, Artifact("application/spdx+json", b"{}", {}))
    assert attested("--verify", REFERENCE) == ExitCode.VERIFIED


@pytest.mark.parametrize(
    "reference",
    [
        "latest",
        "library/x",
        f"{HERE}:",
        "h/x@sha256:1",
        f"h/x@{DIGEST[:-1]}",
        f"h/x@{DIGEST}0",
        "H/X:1",
        "https://h/x:1",
    ],
)
def test_what_is_no_image_in_a_registry_is_refused(run: Attest, capsys: Output, reference: str) -> None:
    assert run("--verify", reference) == ExitCode.USAGE
    assert capsys.readouterr().err == (
        f"error: {reference}: is no image in a registry: give HOST/NAME:TAG or HOST/NAME@sha256:...\n"
    )


def test_image_that_is_not_there_is_an_error(run: Attest, capsys: Output) -> None:
    assert run("--verify", f"registry.example.com/{HERE}:gone") == ExitCode.SUITE_ERROR
    assert capsys.readouterr().err.startswith(f"error: registry registry.example.com has no {HERE}:gone: check")


def test_digest_of_a_subject_is_its_whole_sha256() -> None:
    with pytest.raises(ValueError, match="should match pattern"):
        Digests(sha256="a" * 63)


def test_tag_that_leads_elsewhere_than_the_digest_is_refused(
    attested: Attest, registry: FakeRegistry, capsys: Output
) -> None:
    named = REFERENCE.replace("@", ":latest@")
    assert attested("--verify", named) == ExitCode.VERIFIED
    other = registry.give(HERE, "latest", "another image")
    assert attested("--verify", named) == ExitCode.USAGE
    assert f":latest is {other}, not {DIGEST}: give the tag or the digest" in capsys.readouterr().err


@pytest.mark.usefixtures("environment")
def test_another_registry_gets_neither_password_nor_authority(fake: FakeRegistry) -> None:
    mine = command_line._registry(fake.settings.push_host)
    assert (mine.username, mine.password, mine.ca_file) == ("robot", "s3cret", fake.settings.ca_file)
    assert command_line._registry("other.example.com") == RegistrySettings("other.example.com")
