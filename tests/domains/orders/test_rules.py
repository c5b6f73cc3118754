"""An order's life: the table of moves, points, estimates."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faded_skies.domains.orders.errors import IllegalMove
from faded_skies.domains.orders.rules import MESSAGES, MOVES, Status, check_move, minutes_until, points_earned

CONTRACT = {
    ("pending", "confirmed"),
    ("pending", "payment_failed"),
    ("pending", "cancelled"),
    ("payment_failed", "confirmed"),
    ("payment_failed", "cancelled"),
    ("confirmed", "preparing"),
    ("confirmed", "cancelled"),
    ("preparing", "out_for_delivery"),
    ("preparing", "cancelled"),
    ("out_for_delivery", "delivered"),
    ("out_for_delivery", "returned"),
}


def test_the_moves_are_those_of_the_contract_and_no_others() -> None:
    assert {(now.value, to.value) for now, targets in MOVES.items() for to in targets} == CONTRACT


@pytest.mark.parametrize(("now", "to"), list(product(Status, Status)))
def test_a_refused_move_says_where_the_order_stands(now: Status, to: Status) -> None:
    if (now.value, to.value) in CONTRACT:
        check_move(now, to)
        return
    with pytest.raises(
        IllegalMove, match=r"^This order is .+, so it cannot become .+\. From here it can become: "
    ):
        check_move(now, to)


def test_every_state_has_its_sentence() -> None:
    assert set(MESSAGES) == set(Status)


@given(st.integers(0, 10_000_000), st.integers(0, 100_000))
def test_points_are_whole_dollars_of_money_without_the_tip(due: int, tip: int) -> None:
    points = points_earned(money_cents=due, tip_cents=tip)
    assert points == max(0, due - tip) // 100
    assert points * 100 <= due


def test_minutes_are_rounded_up_and_never_negative() -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert minutes_until(None, now=now) is None
    assert minutes_until(now + timedelta(seconds=61), now=now) == 2
    assert minutes_until(now - timedelta(hours=1), now=now) == 0
