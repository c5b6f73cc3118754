"""What is decided at the door and on the road."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faded_skies.domains.delivery import rules
from faded_skies.domains.delivery.errors import CashMissing
from faded_skies.domains.delivery.rules import Fix
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


START = Fix(30.28, -97.75, NOW)


@pytest.mark.parametrize(
    ("metres_north", "seconds", "is_jump"),
    [
        (490, 1, False),
        (510, 1, True),
        (510, 0, True),
        (690, 10, False),
        (710, 10, True),
        (710, -10, True),
        (4_000, 59, False),
        (4_200, 59, True),
        (400_000, 60, False),
    ],
)
def test_a_position_that_no_car_can_have_come_to(metres_north: float, seconds: float, is_jump: bool) -> None:
    fix = Fix(START.lat + metres_north / 111_195, START.lng, NOW + int(seconds * 1000))
    assert rules.find_jumps([fix], last=START) == ({0} if is_jump else set())
    assert rules.find_jumps([fix], last=None) == set()


def test_what_follows_a_jump_is_held_against_what_was_believed() -> None:
    fixes = [
        Fix(30.2804, -97.75, NOW + 3000),
        Fix(31.0, -97.75, NOW + 1000),
        Fix(30.2802, -97.75, NOW + 2000),
        Fix(31.0, -97.75, NOW + 4000),
    ]
    assert rules.find_jumps(fixes, last=START) == {1, 3}


def test_a_wrong_first_position_is_believed_for_a_minute() -> None:
    fixes = [Fix(31.0, -97.75, NOW)] + [Fix(30.28, -97.75, NOW + 1000 * n) for n in (1, 59, 60, 61)]
    assert rules.find_jumps(fixes, last=None) == {1, 2}


def test_arrivals_are_the_drives_and_the_stops_before() -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    at = rules.arrivals([600, 300, 60], [None, None, None], now=now)
    assert [(one - now).total_seconds() / 60 for one in at] == [10, 19, 24]


def test_who_stands_at_a_door_has_what_is_left_of_the_stop() -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    for minutes, then in ((1, 8), (4, 5), (60, 5)):
        at = rules.arrivals([120, 300], [now - timedelta(minutes=minutes), None], now=now)
        assert [(one - now).total_seconds() / 60 for one in at] == [0, then]


def test_speed_is_learned_from_enough_drives_and_stays_believable() -> None:
    assert rules.believable_speed(None, 0) == rules.believable_speed(3.0, 19) == rules.SPEED_M_S
    assert rules.believable_speed(3.0, 20) == 3.0
    assert rules.believable_speed(0.001, 20) == 1.0
    assert rules.believable_speed(900.0, 20) == 40.0


def test_minutes_to_the_door() -> None:
    # 0.1 degree of latitude is 11,119.5 m: x 1.3 / 11.176 m/s = 1,293.5 s = 21.6 min.
    assert rules.eta_minutes(30.0, -97.0, to_lat=30.1, to_lng=-97.0) == 22
    assert rules.eta_minutes(30.0, -97.0, to_lat=30.0, to_lng=-97.0) == 0
