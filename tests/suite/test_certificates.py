"""Certificates that a run makes."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from fixtures.certificates import DAYS, Authority


def verify(server: bytes, authority: bytes, name: str, *, at: datetime | None = None) -> None:
    """Verify a server's certificate as a strict client does, which takes no authority's certificate for a server's."""
    trusted = Store([x509.load_pem_x509_certificate(authority)])
    host = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    client = PolicyBuilder().store(trusted).time(at or datetime.now(UTC)).build_server_verifier(host)
    client.verify(x509.load_pem_x509_certificate(server), [])


def test_authority_issues_what_it_vouches_for() -> None:
    authority = Authority("test")
    issued = x509.load_pem_x509_certificate(authority.issue(["registry.registry.svc", "127.0.0.1"]).certificate)
    issued.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))
    names: Any = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["registry.registry.svc"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


@pytest.mark.parametrize("name", ["registry.registry.svc", "127.0.0.1"])
def test_strict_client_takes_the_certificate_for_a_server_s(name: str) -> None:
    authority = Authority("test")
    verify(authority.issue(["registry.registry.svc", "127.0.0.1"]).certificate, authority.certificate, name)


def test_each_certificate_has_a_serial_number_of_its_own() -> None:
    authority = Authority("test")
    made = [authority.certificate, *(authority.issue([name]).certificate for name in ("a.local", "b.local", "b.local"))]
    assert len({x509.load_pem_x509_certificate(one).serial_number for one in made}) == len(made)


def test_worker_that_is_handed_the_authority_issues_in_its_name() -> None:
    authority = Authority("test")
    other: Authority = pickle.loads(pickle.dumps(authority))  # noqa: S301  # its own
    verify(other.issue(["gitea.local"]).certificate, authority.certificate, "gitea.local")


def test_certificate_is_worthless_after_its_days() -> None:
    authority = Authority("test")
    issued = authority.issue(["gitea.local"]).certificate
    with pytest.raises(VerificationError, match="not valid at"):
        verify(issued, authority.certificate, "gitea.local", at=datetime.now(UTC) + timedelta(days=DAYS, hours=1))
