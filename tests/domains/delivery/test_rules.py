"""What is decided at the door and on the road."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faded_skies.domains.delivery import rules
from faded_skies.domains.delivery.errors import CashMissing
from faded_skies.platform.errors import Refused

NOW = 1_763_900_000_000
DAY = 24 * 60 * 60 * 1000


@pytest.mark.parametrize(
    ("due", "received", "change"), [(0, None, None), (0, 0, None), (2450, 2450, 0), (2450, 3000, 550)]
)
def test_change(due: int, received: int | None, change: int | None) -> None:
    assert rules.change_due(due, received) == change


@pytest.mark.parametrize("received", [None, 0, 2449])
def test_missing_cash_is_refused_with_what_is_due(received: int | None) -> None:
    with pytest.raises(CashMissing, match=r"Collect \$24\.50 in cash") as refused:
        rules.change_due(2450, received)
    assert refused.value.facts == {"amountDue": 24.5}


def test_cash_for_a_paid_order_is_refused() -> None:
    with pytest.raises(Refused, match="is paid"):
        rules.change_due(0, 1)


@given(due=st.integers(0, 10**8), received=st.none() | st.integers(0, 10**8))
def test_cash_covers_what_is_due_or_is_refused(due: int, received: int | None) -> None:
    try:
        change = rules.change_due(due, received)
    except (CashMissing, Refused):
        assert (received or 0) < due or due == 0
    else:
        assert (received or 0) - due == (change or 0)


@pytest.mark.parametrize("timestamp", [NOW + 60_000, NOW, NOW - DAY])
def test_a_time_that_is_near_enough(timestamp: int) -> None:
    rules.check_time("timestamp", timestamp, now=NOW)


@pytest.mark.parametrize(
    ("timestamp", "said"), [(NOW + 60_001, "future"), (NOW - DAY - 1, "older than 24 hours")]
)
def test_a_time_that_is_too_far(timestamp: int, said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        rules.check_time("positions.3.timestamp", timestamp, now=NOW)
    assert refused.value.facts["details"] == [
        {"field": "positions.3.timestamp", "message": refused.value.text}
    ]


def test_minutes_to_the_door() -> None:
    # 0.1 degree of latitude is 11,119.5 m: x 1.3 / 11.176 m/s = 1,293.5 s = 21.6 min.
    assert rules.eta_minutes(30.0, -97.0, to_lat=30.1, to_lng=-97.0) == 22
    assert rules.eta_minutes(30.0, -97.0, to_lat=30.0, to_lng=-97.0) == 0
