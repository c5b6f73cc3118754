"""Codes of authenticator apps and recovery codes, against the RFC and against another implementation."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faded_skies.domains.identity.service import recovery_codes, totp

RFC_SECRET = b"12345678901234567890"

# RFC 6238 appendix B, SHA-1: Unix seconds and the code of eight digits, whose last six are the code of six.
RFC_6238 = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]
# RFC 4226 appendix D: the codes of counters 0 to 9.
RFC_4226 = [
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
]

SECRETS = st.binary(min_size=20, max_size=20)
STEPS = st.integers(min_value=1, max_value=2**40)


@pytest.mark.parametrize(("seconds", "code"), RFC_6238)
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    step = totp.step_of(datetime.fromtimestamp(seconds, UTC))
    assert totp.code_of(RFC_SECRET, step) == code[-6:]


@pytest.mark.parametrize(("counter", "code"), list(enumerate(RFC_4226)))
def test_the_vectors_of_rfc_4226(counter: int, code: str) -> None:
    assert totp.code_of(RFC_SECRET, counter) == code


@given(secret=SECRETS, moment=st.datetimes(datetime(1970, 1, 2), datetime(2500, 1, 1)))  # noqa: DTZ001 - made UTC below
def test_another_implementation_says_the_same(secret: bytes, moment: datetime) -> None:
    at = moment.replace(tzinfo=UTC)
    assert totp.code_of(secret, totp.step_of(at)) == pyotp.TOTP(totp.written(secret)).at(at)


@given(secret=SECRETS, step=STEPS, off=st.integers(-50, 50))
def test_a_code_is_good_one_step_before_and_after_its_own(secret: bytes, step: int, off: int) -> None:
    code = totp.code_of(secret, step + 50)
    found = totp.matching_step(secret, code, now=step + 50 + off)
    if abs(off) <= 1:
        assert found is not None
        assert totp.code_of(secret, found) == code
    elif found is not None:
        # One in a million: another step has the same code by chance.
        assert found != step + 50


@pytest.mark.parametrize(
    ("seconds", "good"),
    [(-31, False), (-30, True), (-1, True), (0, True), (29, True), (59, True), (60, False)],
)
def test_to_the_second(seconds: int, good: bool) -> None:
    begins = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    code = totp.code_of(RFC_SECRET, totp.step_of(begins))
    now = totp.step_of(begins + timedelta(seconds=seconds))
    assert (totp.matching_step(RFC_SECRET, code, now=now) is not None) is good


@given(typed=st.text(max_size=8))
def test_any_text_is_compared_without_failing(typed: str) -> None:
    if typed not in {totp.code_of(RFC_SECRET, step) for step in (0, 1, 2)}:
        assert totp.matching_step(RFC_SECRET, typed, now=1) is None


def test_the_url_is_what_apps_read() -> None:
    url = totp.setup_url(RFC_SECRET, email="maya+shop@example.com")
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Faded Skies:maya+shop@example.com"
    assert {name: value for name, (value,) in parse_qs(parts.query).items()} == {
        "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "issuer": "Faded Skies",
        "algorithm": "SHA1",
        "digits": "6",
        "period": "30",
    }
    parsed = pyotp.parse_uri(url)
    assert isinstance(parsed, pyotp.TOTP)
    assert (parsed.name, parsed.issuer) == ("maya+shop@example.com", "Faded Skies")
    assert parsed.at(59) == "287082"


def test_recovery_codes_are_many_long_and_different() -> None:
    codes = recovery_codes.new_codes()
    assert len(set(codes)) == len(codes) == 10
    for code in codes:
        assert re.fullmatch(r"[a-z2-7]{4}(-[a-z2-7]{4}){5}", code)
    assert not set(codes) & set(recovery_codes.new_codes())


@given(code=st.builds(lambda: recovery_codes.new_codes()[0]), filler=st.sampled_from([" ", "-", "  ", "\t"]))
def test_blanks_dashes_and_capitals_of_a_recovery_code_do_not_matter(code: str, filler: str) -> None:
    plain = code.replace("-", "")
    assert recovery_codes.bare(code.upper().replace("-", filler)) == plain
    assert recovery_codes.is_recovery_code(plain)
    assert not recovery_codes.is_time_code(plain)


@pytest.mark.parametrize("typed", ["١٢٣٤٥٦", "12345", "1234567", "12345a", "", "123456\u0000"])
def test_other_forms_are_no_codes(typed: str) -> None:
    assert not recovery_codes.is_time_code(recovery_codes.bare(typed))
    assert not recovery_codes.is_recovery_code(recovery_codes.bare(typed))
