"""What follows from an opinion; when a vendor is asked again."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faded_skies.domains.verification import rules
from faded_skies.domains.verification.rules import Findings, Outcome, Ownership
from faded_skies.domains.verification.rules.matching import Validity
from faded_skies.domains.verification.rules.names import NameFit

FINDINGS = st.builds(
    Findings,
    birth_date_equal=st.booleans(),
    name=st.sampled_from(NameFit),
    validity=st.sampled_from(Validity),
    of_age=st.booleans(),
    american=st.booleans(),
    reasons=st.lists(st.text(min_size=1), max_size=3).map(tuple),
)


@given(
    passed=st.booleans(),
    refused=st.booleans(),
    waiting=st.booleans(),
    findings=st.none() | FINDINGS,
    owner=st.builds(Ownership, another=st.booleans(), blocked=st.booleans()),
)
def test_a_machine_approves_only_what_is_beyond_doubt(
    passed: bool, refused: bool, waiting: bool, findings: Findings | None, owner: Ownership
) -> None:
    outcome = rules.outcome(passed=passed, refused=refused, waiting=waiting, findings=findings, owner=owner)
    if outcome is Outcome.APPROVE:
        assert passed
        assert not refused
        assert not waiting
        assert findings is not None
        assert findings.reasons == ()
        assert owner == Ownership()
    if owner.blocked:
        assert outcome is Outcome.REJECT


@given(st.integers(0, 1000))
def test_a_vendor_is_asked_ever_more_rarely(polls: int) -> None:
    assert (
        timedelta(seconds=40) <= rules.poll_delay(polls) <= rules.poll_delay(polls + 1) <= timedelta(hours=6)
    )


@pytest.mark.parametrize(
    ("verified", "expires_on", "wanted"),
    [
        (False, None, True),
        (False, date(2030, 1, 1), True),
        (True, None, False),
        (True, date(2026, 6, 1), False),
        (True, date(2026, 5, 31), True),
        (True, date(2026, 5, 1), True),
    ],
)
def test_papers_are_wanted_from_a_month_before_the_old_ones_expire(
    verified: bool, expires_on: date | None, wanted: bool
) -> None:
    assert rules.may_hand_in(verified=verified, expires_on=expires_on, today=date(2026, 5, 1)) is wanted


@given(st.text())
def test_a_number_is_the_same_however_it_is_written(number: str) -> None:
    plain = rules.plain_number(number)
    assert rules.plain_number(f" {number.lower()}- ") == rules.plain_number(number.lower())
    assert plain == "" or (plain.isalnum() and plain.isascii() and plain == plain.upper())
