"""An order's life: the table of moves, points, estimates."""

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faded_skies.domains.orders.errors import IllegalMove
from faded_skies.domains.orders.rules import (
    MESSAGES,
    MOVES,
    Status,
    check_move,
    difference,
    minutes_until,
    points_earned,
    resettle,
)

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


CENTS = st.integers(0, 100_000)


@given(before=CENTS, after=CENTS, coins=CENTS, is_paid=st.booleans(), back=CENTS, coins_back=CENTS)
def test_a_change_of_the_total_gives_back_just_what_it_is_less(
    *, before: int, after: int, coins: int, is_paid: bool, back: int, coins_back: int
) -> None:
    coins = min(coins, before)
    due = before - coins
    paid = due if is_paid else 0
    money_left, coins_left = max(0, paid - back), max(0, coins - coins_back)
    settled = resettle(
        total_before=before,
        total_after=after,
        coins_used=coins,
        coins_left=coins_left,
        paid_cents=paid,
        money_left=money_left,
    )
    if settled is None:
        assert coins_left < coins  # only where coins went back before, as a favour
        return
    assert settled.amount_due_cents == after - settled.coins_used >= 0
    assert settled.coins_used == coins - settled.coins_back
    assert 0 <= settled.money_back_cents <= money_left
    assert 0 <= settled.coins_back <= coins_left
    less = max(0, before - after)
    given = settled.money_back_cents + settled.coins_back
    assert given <= less
    if paid:
        assert given == min(less, money_left + coins_left)
        assert settled.coins_back == 0 or settled.money_back_cents == money_left  # money first
        assert after > before or paid >= settled.amount_due_cents
    if coins_left == coins and money_left == paid and not is_paid:
        assert settled.coins_back == max(0, coins - after)


COUNTS = st.dictionaries(st.integers(1, 5).map(lambda number: UUID(int=number)), st.integers(1, 9))


@given(before=COUNTS, after=COUNTS)
def test_the_difference_of_two_lists_leads_from_one_to_the_other(
    before: dict[UUID, int], after: dict[UUID, int]
) -> None:
    more, fewer = difference(before, after)
    assert not more.keys() & fewer.keys()
    assert all(count > 0 for count in (*more.values(), *fewer.values()))
    for one in before.keys() | after.keys():
        assert before.get(one, 0) + more.get(one, 0) - fewer.get(one, 0) == after.get(one, 0)
