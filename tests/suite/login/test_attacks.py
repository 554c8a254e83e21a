"""What the attacks on the log-in are made of."""

from __future__ import annotations

import base64
import json
import time

import pytest

from fixtures.login.attacks import callback, challenge, claims, destination, open_ports, parameter, unsigned

BASE = "https://own.example"
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000
   1: 00000000:1054 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000
   2: 0A00F40A:0050 0B00F40A:C350 01 00000000:00000000 00:00000000 00000000  1000
"""
TCP6 = """\
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000001000000:1F91 00000000000000000000000000000000:0000 0A
   1: 0000000000000000FFFF00000100007F:1F92 00000000000000000000000000000000:0000 0A
   2: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A
"""


def token(**said: object) -> str:
    parts = ({"alg": "RS256"}, said)
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts), "x"])


@pytest.mark.parametrize(
    ("location", "host"),
    [
        pytest.param("/", "own.example", id="own-path"),
        pytest.param("", "own.example", id="nothing"),
        pytest.param("page", "own.example", id="relative"),
        pytest.param("//evil.example", "evil.example", id="two-slashes"),
        pytest.param("////evil.example", "evil.example", id="four-slashes"),
        pytest.param("/\\evil.example", "evil.example", id="backslash"),
        pytest.param("/\t/evil.example", "evil.example", id="tab"),
        pytest.param(" //evil.example", "evil.example", id="space-before"),
        pytest.param("https://evil.example\\@own.example", "evil.example", id="own-host-after-a-backslash"),
        pytest.param("https://own.example:444/", "own.example:444", id="another-port"),
        pytest.param("/%2f/evil.example", "own.example", id="encoded-slash"),
    ],
)
def test_destination_is_where_a_browser_goes(location: str, host: str) -> None:
    assert destination(location, BASE) == host


def test_callback_has_the_changed_parameters() -> None:
    url = f"{BASE}/oauth2/callback?state=a%3Ab&code=c"
    assert callback(url, code=None, error="<x>") == f"{BASE}/oauth2/callback?state=a%3Ab&error=%3Cx%3E"
    assert parameter(url, "state") == "a:b"


def test_unsigned_token_says_the_same_for_longer() -> None:
    forged = unsigned(token(sub="user", exp=1))
    head, _, signature = forged.split(".")
    assert json.loads(base64.urlsafe_b64decode(head + "=="))["alg"] == "none"
    assert signature == ""
    assert claims(forged)["sub"] == "user"
    assert claims(forged)["exp"] > time.time() + 3000


def test_challenge_is_that_of_the_standard() -> None:
    # RFC 7636, appendix B.
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_open_ports_are_those_beyond_the_loopback() -> None:
    assert open_ports(TCP + TCP6) == {4180, 22}
