"""Keys: made once, readable by their owner alone, never printed; what is none is refused."""

from __future__ import annotations

import shlex
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fixtures.attestation import __main__ as command_line
from fixtures.attestation import keys
from fixtures.attestation.envelope import AttestationError, opened, sealed
from fixtures.errors import ExitCode, UsageError

PEM = serialization.Encoding.PEM


def test_key_pair_is_made_once_and_the_private_one_is_the_owner_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    private = keys.default_key()
    assert command_line.main(["--make-key"]) == ExitCode.VERIFIED
    secret = private.read_text(encoding="ascii").splitlines()[1]
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(private.parent.stat().st_mode) == 0o700
    assert command_line.main(["--make-key"]) == ExitCode.USAGE
    told = capsys.readouterr()
    assert "is there already: use it, or name another file" in told.err
    assert secret not in told.out + told.err
    assert private.read_text(encoding="ascii").splitlines()[1] == secret


@pytest.mark.parametrize("there", ["a.key", "a.key.pub"])
def test_one_file_of_a_pair_is_never_overwritten(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine", encoding="ascii")
    with pytest.raises(UsageError, match=f"/{there}: is there already: use it, or name another file"):
        keys.make(tmp_path / "a.key")
    assert [(path.name, path.read_text(encoding="ascii")) for path in tmp_path.iterdir()] == [(there, "mine")]


def test_missing_key_is_told_with_the_command_that_makes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert command_line.main([]) == ExitCode.USAGE
    said = f"error: {keys.default_key()}: no such file: there is no key: nox -s attest -- --make-key\n"
    assert capsys.readouterr().err == said


def test_private_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    keys.make(tmp_path / "a.key")
    (tmp_path / "a.key").chmod(0o640)
    with pytest.raises(UsageError, match=r"others than its owner may read this private key: run: chmod 600 /"):
        keys.signer(tmp_path / "a.key")


def test_repair_of_a_key_s_mode_works_where_its_path_has_blanks(tmp_path: Path) -> None:
    path = tmp_path / "two words.key"
    keys.make(path)
    path.chmod(0o640)
    with pytest.raises(UsageError) as refused:
        keys.signer(path)
    assert shlex.split(refused.value.repair) == ["run:", "chmod", "600", str(path)]


def test_ecdsa_key_of_somebody_else_signs_too(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "a.key").write_bytes(private)
    (tmp_path / "a.key").chmod(0o600)
    public = key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "a.pub").write_bytes(public)
    envelope = sealed(b"{}", keys.signer(tmp_path / "a.key"))
    with pytest.raises(AttestationError, match="_type: is missing"):  # so the signature was accepted
        opened(envelope, keys.public_key(tmp_path / "a.pub"), "x")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("x", "is no public key of Ed25519, ECDSA P-256 or RSA in PEM: name", id="no PEM"),
        pytest.param("-----BEGIN PRIVATE KEY-----", "is a private key, which verifies nothing", id="private"),
        pytest.param(None, "no such file: name the public key of whoever signs, as PEM", id="none"),
    ],
)
def test_what_is_no_public_key_is_refused(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "a.pub").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        keys.public_key(tmp_path / "a.pub")


def test_encrypted_or_broken_private_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    key, password = ec.generate_private_key(ec.SECP256R1()), serialization.BestAvailableEncryption(b"x")
    for content, said in (
        (key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, password), "is encrypted with a password: give"),
        (b"x", "is no private key of Ed25519, ECDSA P-256 or RSA in PEM: name one, or make one: nox"),
    ):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(UsageError, match=said):
            keys.signer(path)
