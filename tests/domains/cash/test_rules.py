"""What is decided about a drawer, without anything around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faded_skies.domains.cash.rules import check_note, difference, read_count
from faded_skies.domains.ledger.rules import Account, spread
from faded_skies.platform.errors import Refused

CENTS = st.integers(min_value=0, max_value=200_000_000)


@given(expected=CENTS, received=CENTS)
def test_what_is_received_is_what_was_expected_and_the_difference(expected: int, received: int) -> None:
    too_much = difference(expected=expected, received=received)
    assert expected + too_much == received
    assert (too_much > 0, too_much < 0) == (received > expected, received < expected)


@given(expected=CENTS, received=CENTS)
def test_emptying_a_drawer_takes_out_all_of_it_and_puts_in_what_came(expected: int, received: int) -> None:
    too_much = difference(expected=expected, received=received)
    transfers = spread(
        [(Account.SAFE, received), (Account.CASH_OVER_SHORT, max(0, -too_much))],
        [(Account.DRAWER, expected), (Account.CASH_OVER_SHORT, max(0, too_much))],
    )
    assert sum(one.amount_cents for one in transfers if one.debit is Account.SAFE) == received
    assert sum(one.amount_cents for one in transfers if one.credit is Account.DRAWER) == expected
    assert all(one.debit is not one.credit for one in transfers)


@given(said=CENTS, expected=CENTS)
def test_what_is_said_is_the_count_whatever_should_be_there(said: int, expected: int) -> None:
    assert read_count(said, expected=expected) == said


@given(expected=CENTS.filter(bool))
def test_a_drawer_with_money_in_it_must_be_counted(expected: int) -> None:
    with pytest.raises(Refused) as refused:
        read_count(None, expected=expected)
    assert refused.value.facts["details"] == [
        {"field": "closingCash", "message": "Count the cash in your drawer and send what you counted."}
    ]


def test_an_empty_drawer_needs_no_count() -> None:
    assert read_count(None, expected=0) == 0


@given(cents=CENTS)
def test_what_agrees_needs_no_note(cents: int) -> None:
    check_note(None, expected=cents, counted=cents, received=cents)


@given(expected=CENTS, counted=CENTS, received=CENTS)
def test_a_note_covers_any_difference_and_without_it_none_passes(
    expected: int, counted: int, received: int
) -> None:
    check_note("A customer got too much change.", expected=expected, counted=counted, received=received)
    if len({expected, counted, received}) > 1:
        with pytest.raises(Refused):
            check_note(None, expected=expected, counted=counted, received=received)
