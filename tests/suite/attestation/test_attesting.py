"""The statement on a verdict is signed and attached to its image, and to no other."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from fixtures.attestation.attesting import read_envelope
from fixtures.attestation.envelope import ENVELOPE_TYPE
from fixtures.attestation.statement import CONFIGURATION, sha256_of
from fixtures.errors import ExitCode
from fixtures.paths import ROOT
from fixtures.registry.api import RegistryApi
from fixtures.registry.referrers import Artifact, attach, attached
from fixtures.verdict import merge, waivers
from tests.suite.attestation.conftest import BUILD, DIGEST, HERE, REFERENCE, ROWS, SUITE, Attest, finished, row, verdict
from tests.suite.registry.fakes.registry import FakeRegistry

Output = pytest.CaptureFixture[str]


def statement_of(api: RegistryApi) -> Any:
    """The only statement on the image, unverified."""
    (digest,) = attached(api, HERE, DIGEST, ENVELOPE_TYPE)
    return json.loads(base64.b64decode(json.loads(read_envelope(api, HERE, DIGEST, digest))["payload"]))


def test_statement_says_what_is_verified_of_which_image(run: Attest, api: RegistryApi, capsys: Output) -> None:
    assert run(document=verdict()) == ExitCode.VERIFIED
    statement = statement_of(api)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["subject"] == [{"name": HERE, "digest": {"sha256": DIGEST.removeprefix("sha256:")}}]
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    predicate = statement["predicate"]
    assert (predicate["result"], predicate["passedTests"]) == ("WARNED", ["BLD-1", "DEP-4"])
    assert (predicate["conformance"]["imageId"], predicate["conformance"]["blocked"]) == (BUILD, ["FLOW-github"])
    assert predicate["killRate"] is None
    assert capsys.readouterr().out.startswith(f"{REFERENCE} is attested by sha256:")


@pytest.mark.parametrize(
    ("rows", "result"),
    [((), "PASSED"), ((row("DEP-5", "waived"),), "WARNED"), ((row("DEP-5", "blocked", expected="no"),), "WARNED")],
    ids=["all passed", "waived", "expectedly blocked"],
)
def test_statement_warns_of_what_was_not_verified(rows: Any, result: str, run: Attest, api: RegistryApi) -> None:
    assert run(document=verdict(requirements=[row("BLD-1", "passed"), *rows])) == ExitCode.VERIFIED
    predicate = statement_of(api)["predicate"]
    told = [*predicate["warnedTests"], *predicate["conformance"]["blocked"]]
    assert (predicate["result"], told) == (result, [one["id"] for one in rows])
    assert (predicate["passedTests"], predicate["failedTests"]) == (["BLD-1"], [])


def test_kill_rate_of_a_verdict_is_in_its_place(run: Attest, api: RegistryApi) -> None:
    assert run(document=verdict(kill_rate={"killed": 9, "of": 10})) == ExitCode.VERIFIED
    assert statement_of(api)["predicate"]["killRate"] == {"killed": 9, "of": 10, "low": 0.5958, "high": 0.9821}


def test_image_is_not_written(run: Attest, registry: FakeRegistry) -> None:
    before = registry.manifests[DIGEST]
    assert run(document=verdict()) == ExitCode.VERIFIED
    assert registry.tags[HERE, "latest"] == DIGEST
    assert registry.manifests[DIGEST] == before
    assert f"PUT /v2/{HERE}/manifests/latest" not in registry.sent


def test_same_verdict_is_attested_once(run: Attest, api: RegistryApi, capsys: Output) -> None:
    assert run(document=verdict()) == ExitCode.VERIFIED
    assert run() == ExitCode.VERIFIED
    assert "is attested already, by key " in capsys.readouterr().out
    assert len(attached(api, HERE, DIGEST, ENVELOPE_TYPE)) == 1


def test_later_verdict_takes_the_place_only_where_that_is_said(run: Attest, api: RegistryApi, capsys: Output) -> None:
    assert run(document=verdict(**finished(2))) == ExitCode.VERIFIED
    assert run(document=verdict(**finished(1))) == ExitCode.USAGE
    assert capsys.readouterr().err.endswith("): give --replace to put this one in its place\n")
    assert run("--replace") == ExitCode.VERIFIED
    assert statement_of(api)["predicate"]["conformance"]["finished"] == json.loads(_written())["finished"]


def _written() -> str:
    from fixtures.verdict import merge  # noqa: PLC0415  # where the test has moved it

    return merge.WHOLE.read_text(encoding="utf-8")


REFUSED = {
    "not passed": (verdict(verdict="failed", exit_code=1), "the verdict is 'failed' (exit code 1)"),
    "too old": (verdict(**finished(25)), ", older than 24 h: run: nox"),
    "of another commit": (verdict(suite={"commit": "d" * 40}), "is of another commit, or of other edits, than"),
    "a row failed": (verdict(requirements=[*ROWS, row("DEP-1", "failed")]), "says passed, and that DEP-1 is failed"),
    "a row is open": (verdict(requirements=[*ROWS, row("DEP-1", "partial")]), "says passed, and that DEP-1 is partial"),
    "a row was not run": (
        verdict(requirements=[*ROWS, row("DEP-1", "not run")]),
        "says passed, and that DEP-1 is not run",
    ),
    "a row broke": (verdict(requirements=[*ROWS, row("DEP-1", "error")]), "says passed, and that DEP-1 is error"),
    "an unknown word": (verdict(requirements=[*ROWS, row("DEP-1", "fine")]), "is malformed (ValueError: 'fine'"),
    "a block": (verdict(requirements=[*ROWS, row("DEP-1", "blocked")]), "says passed, and that DEP-1 is blocked"),
    "nothing": (verdict(requirements=[]), "says passed, and that no requirement is verified"),
    "no rows": (verdict(requirements=None), "is malformed (TypeError: "),
}


@pytest.mark.parametrize(("document", "said"), REFUSED.values(), ids=REFUSED)
def test_verdict_that_is_no_reason_is_refused_in_one_line(
    run: Attest, registry: FakeRegistry, capsys: Output, document: Any, said: str
) -> None:
    assert run(document=document) == ExitCode.USAGE
    error = capsys.readouterr().err
    assert error.startswith("error: verdict.json: ")
    assert said in error
    assert error.count("\n") == 1
    assert not registry.sent, "the registry was asked before the verdict was read"


def test_image_that_the_registry_does_not_have_is_refused(run: Attest, registry: FakeRegistry, capsys: Output) -> None:
    del registry.manifests[DIGEST]
    assert run(document=verdict()) == ExitCode.USAGE
    assert capsys.readouterr().err == (
        f"error: {REFERENCE}: is not in the registry: push it there first: nox -s promote\n"
    )


def test_digest_of_another_build_is_refused(run: Attest, capsys: Output) -> None:
    document = verdict()
    for part in document["context"].values():
        part["image"]["id"] = "b" * 64
    assert run(document=document) == ExitCode.USAGE
    assert f": is build {BUILD[:12]}, the verdict is on bbbbbbbbbbbb: run: nox" in capsys.readouterr().err


@pytest.mark.parametrize("step", ["POST", "PUT"])
def test_registry_that_refuses_is_an_error(run: Attest, registry: FakeRegistry, capsys: Output, step: str) -> None:
    registry.unavailable = {step}
    assert run(document=verdict()) == ExitCode.SUITE_ERROR
    assert capsys.readouterr().err.startswith("error: registry 127.0.0.1:")


def test_statement_has_all_that_binds_it(run: Attest, api: RegistryApi, monkeypatch: pytest.MonkeyPatch) -> None:
    edited = SUITE | {"dirty": True, "tree": "e" * 64}
    monkeypatch.setattr("fixtures.attestation.statement.binding.suite", lambda _: edited)
    given = verdict(suite=edited, requirements=[*ROWS, row("DEP-5", "waived")])
    assert run(document=given) == ExitCode.VERIFIED
    predicate = statement_of(api)["predicate"]
    checks = {"name": "tests/checks.txt", "digest": {"sha256": sha256_of(ROOT / "tests/checks.txt")}}
    assert (predicate["configuration"], predicate["warnedTests"]) == ([checks], ["DEP-5"])
    facts = predicate["conformance"]
    assert sha256_of(merge.WHOLE) == facts.pop("verdictSha256")
    assert facts == {
        "verdict": "passed", "started": given["started"], "finished": given["finished"], "run": "r" * 32,
        "imageId": BUILD, "commit": "c" * 40, "edits": "e" * 64, "blocked": ["FLOW-github"],
        "notApplicable": ["TOOL-jq-connects"], "notShipped": ["TOOL-tea-runs"],
    }  # fmt: skip


def test_files_by_which_a_verdict_is_judged_are_named() -> None:
    always, where_it_is = set(CONFIGURATION[:3]), CONFIGURATION[3:]
    assert always == {"tests/checks.txt", "fixtures/verdict/requirements.toml", "docker/code-server-dev/tools.toml"}
    assert where_it_is == (waivers.FILE,)
    assert [name for name in sorted(always) if not (ROOT / name).is_file()] == []


def test_one_of_two_that_says_the_same_is_not_enough(run: Attest, api: RegistryApi, capsys: Output) -> None:
    assert run(document=verdict()) == ExitCode.VERIFIED
    attach(api, HERE, DIGEST, Artifact(ENVELOPE_TYPE, b"x", {}))
    assert run() == ExitCode.USAGE
    assert "): give --replace to put this one in its place" in capsys.readouterr().err
    assert run("--replace") == ExitCode.VERIFIED
    assert len(attached(api, HERE, DIGEST, ENVELOPE_TYPE)) == 1


def test_attestation_stays_where_the_new_one_is_refused(run: Attest, registry: FakeRegistry, api: RegistryApi) -> None:
    assert run(document=verdict(**finished(2))) == ExitCode.VERIFIED
    before = attached(api, HERE, DIGEST, ENVELOPE_TYPE)
    registry.unavailable = {"POST"}
    assert run("--replace", document=verdict(**finished(1))) == ExitCode.SUITE_ERROR
    assert attached(api, HERE, DIGEST, ENVELOPE_TYPE) == before


def test_what_others_attached_stays(run: Attest, api: RegistryApi) -> None:
    other = attach(api, HERE, DIGEST, Artifact("application/spdx+json", b"{}", {}))
    assert run(document=verdict(**finished(2))) == ExitCode.VERIFIED
    assert run("--replace", document=verdict(**finished(1))) == ExitCode.VERIFIED
    assert attached(api, HERE, DIGEST, "application/spdx+json") == [other]
    assert len(attached(api, HERE, DIGEST, ENVELOPE_TYPE)) == 1
