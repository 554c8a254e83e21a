"""Certificates that a run makes."""

from __future__ import annotations

from typing import Any

from cryptography import x509

from fixtures.certificates import Authority


def test_authority_issues_what_it_vouches_for() -> None:
    authority = Authority("test")
    issued = x509.load_pem_x509_certificate(authority.issue(["registry.registry.svc", "127.0.0.1"]).certificate)
    issued.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))
    names: Any = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["registry.registry.svc"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
