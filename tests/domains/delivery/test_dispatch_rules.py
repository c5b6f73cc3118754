"""Which driver an order goes to, and why; without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faded_skies.domains.delivery.rules.dispatch import Bounds, Courier, Goods, obstacle
from faded_skies.domains.delivery.rules.estimates import AT_THE_DOOR
from faded_skies.domains.delivery.rules.routes import (
    AHEAD,
    Choice,
    Question,
    Route,
    arrivals,
    decide,
    overdue,
    walked,
    wants_batches,
)

NOW = datetime(2026, 11, 28, 18, tzinfo=UTC)
NEAR, FAR, OTHER = [UUID(int=number) for number in (1, 2, 3)]
SHOP = (30.2, -97.7)
ORDER = Goods(
    UUID(int=100), 30.21, -97.7, 2450, 7000, True, "", NOW, NOW + timedelta(hours=6), NOW + timedelta(hours=1)
)
LAWFUL = {"": Bounds(), "Denver": Bounds()}


def courier(driver_id: UUID = NEAR, **changes: Any) -> Courier:
    standing = Courier(driver_id, (30.2, -97.7), 1609.344, "live position", False, 8, LAWFUL)
    return replace(standing, **changes)


def order(number: int = 0, **changes: Any) -> Goods:
    return replace(ORDER, order_id=UUID(int=100 + number), **changes)


def question(goods: list[Goods], couriers: list[Courier]) -> Question:
    return Question(UUID(int=1), NOW, SHOP, 7.0, goods, couriers)


def nearest(goods: list[Goods], couriers: list[Courier]) -> list[Choice]:
    return list(decide(question(goods, couriers), []).choices)


def drivers(choices: list[Choice]) -> list[UUID | None]:
    return [choice.driver_id for choice in choices]


def load(count: int) -> tuple[Goods, ...]:
    return tuple(order(1000 + number) for number in range(count))


def test_the_nearest_at_rest_gets_it_and_the_reason_says_so() -> None:
    [choice] = nearest([ORDER], [courier(FAR, metres=5000), courier(NEAR)])
    assert (choice.order_id, choice.driver_id, choice.stop) == (ORDER.order_id, NEAR, 1)
    assert choice.why == (
        "Nearest of 2 at rest with room: 1.0 mi from the shop by their live position; has 0 of at most 8 orders."
    )
    drive = (1609.344 + 1111.95) / 7
    assert choice.expected_at is not None
    assert abs((choice.expected_at - NOW).total_seconds() - drive) < 1


def test_who_stands_at_the_shop_without_a_position_is_there() -> None:
    [choice] = nearest([ORDER], [courier(metres=0, found_by="shop")])
    assert "position unknown, taken to be at the shop" in choice.why


def test_equally_near_drivers_get_equally_many_and_who_has_nothing_comes_first() -> None:
    waiting = [order(number) for number in range(4)]
    chosen = nearest(waiting, [courier(NEAR, metres=10), courier(FAR, metres=90)])
    assert drivers(chosen) == [NEAR, FAR, NEAR, FAR]
    chosen = nearest(waiting[:3], [courier(NEAR), courier(FAR, metres=9000)])
    assert drivers(chosen) == [NEAR, FAR, NEAR]


def test_a_full_driver_passes_it_on_to_the_next() -> None:
    chosen = nearest(
        [order(number) for number in range(3)],
        [courier(NEAR, most_orders=1), courier(FAR, metres=5000, most_orders=1)],
    )
    assert drivers(chosen) == [NEAR, FAR, None]
    assert chosen[2].why == "None of 2 on a shift can take it: 2 full."


def test_what_one_driver_cannot_do_in_time_another_does() -> None:
    ends = NOW + timedelta(minutes=5)
    assert drivers(nearest([ORDER], [courier(ends_at=ends), courier(FAR, metres=9000)])) == [FAR]


NOT_PAID = {"": Bounds(prepaid_share=Decimal("0.30"))}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"is_out": True}, "on the road"),
        ({"holds": load(8)}, "full"),
        ({"bounds": {"": Bounds(value_cents=2449)}}, "at the legal limit of value"),
        ({"bounds": {"": Bounds(value_cents=4899)}, "holds": load(1)}, "at the legal limit of value"),
        ({"bounds": {"": Bounds(weight_mg=6999)}}, "at the legal limit of weight"),
        ({"bounds": {"": Bounds(barred="No vehicle")}}, "may not leave (No vehicle)"),
        ({"ends_at": NOW + timedelta(minutes=5)}, "not back before their shift ends"),
    ],
)
def test_what_keeps_a_driver_from_it_is_named(changes: dict[str, Any], reason: str) -> None:
    [choice] = nearest([ORDER], [courier(**changes)])
    assert choice.driver_id is None
    assert choice.why == f"None of 1 on a shift can take it: 1 {reason}."


@pytest.mark.parametrize(
    "changes",
    [
        {"closes_at": NOW + timedelta(minutes=5)},
        {"opens_at": NOW + AHEAD, "closes_at": NOW + 2 * AHEAD},
        {"latitude": 31.5},
    ],
)
def test_what_cannot_be_handed_over_within_the_hours_waits(changes: dict[str, Any]) -> None:
    [choice] = nearest([order(**changes)], [courier()])
    assert choice.why == "None of 1 on a shift can take it: 1 not at the door within the hours of delivery."


def test_goods_that_are_not_paid_go_beside_goods_that_are() -> None:
    cash = order(1, is_prepaid=False)
    assert obstacle(cash, courier(bounds=NOT_PAID)) == "at the legal limit of goods that are not paid yet"
    assert obstacle(cash, courier(bounds=NOT_PAID, holds=load(1))) is None


def test_every_town_on_board_judges_the_whole_load() -> None:
    bounds = {"": Bounds(), "Denver": Bounds(value_cents=4000)}
    driver = courier(bounds=bounds, holds=(order(1, town="Denver"),))
    assert obstacle(ORDER, driver) == "at the legal limit of value"
    assert obstacle(order(2, town="Denver"), courier(bounds=bounds, holds=load(1))) is not None
    assert obstacle(ORDER, courier(bounds=bounds, holds=load(1))) is None


def test_limits_are_reached_but_not_passed() -> None:
    at_the_limit = {"": Bounds(value_cents=8 * 2450, weight_mg=8 * 7000)}
    [choice] = nearest([ORDER], [courier(holds=load(7), bounds=at_the_limit)])
    assert (choice.driver_id, choice.stop) == (NEAR, 8)


def test_who_gave_it_back_is_not_asked_again() -> None:
    refused = order(1, not_to=frozenset({NEAR}))
    assert drivers(nearest([refused], [courier(NEAR), courier(FAR, metres=9000)])) == [FAR]
    [choice] = nearest([refused], [courier(NEAR)])
    assert choice.why == "None of 1 on a shift can take it: 1 gave it back or did not answer."


def test_without_drivers_orders_wait() -> None:
    assert nearest([ORDER], []) == [Choice(ORDER.order_id, None, "No driver is on a shift.")]


def test_an_offer_stays_unless_its_driver_cannot_keep_it() -> None:
    offered = order(1, offered_to=FAR)
    [choice] = nearest([offered], [courier(NEAR), courier(FAR, metres=9000)])
    assert choice.driver_id == FAR
    assert choice.changes_nothing
    [choice] = nearest([offered], [courier(NEAR), courier(FAR, is_out=True)])
    assert (choice.driver_id, choice.was, choice.changes_nothing) == (NEAR, FAR, False)


def test_a_route_is_driven_in_its_order_and_explained() -> None:
    first, second, third = order(1, latitude=30.23), order(2, latitude=30.22), order(3)
    asked = question([first, second, third], [courier(NEAR), courier(FAR, is_out=True)])
    chosen = decide(asked, [Route(NEAR, [third.order_id, second.order_id, first.order_id])]).choices
    assert [one.stop for one in chosen] == [3, 2, 1]
    assert chosen[0].why == (
        "On a way that was planned for 3 orders together, so that promises are kept with the least driving; 1 of 2 on "
        "a shift could have taken it (1 on the road)."
    )
    times = [one.expected_at for one in chosen]
    assert times == sorted(times, key=lambda at: at or NOW, reverse=True)


def test_a_route_that_breaks_rules_is_taken_apart() -> None:
    known, unknown = order(1), UUID(int=7)
    asked = question([known, order(2, not_to=frozenset({NEAR}))], [courier(NEAR), courier(FAR)])
    ids = [one.order_id for one in asked.goods]
    wrong = [
        Route(NEAR, [unknown, ids[0], ids[0], ids[1]]),
        Route(NEAR, [ids[1]]),
        Route(unknown, ids),
        Route(FAR, [ids[0]]),
    ]
    decided = decide(asked, wrong)
    assert drivers(list(decided.choices)) == [NEAR, FAR]
    assert [len(decided.couriers[one].holds) for one in (NEAR, FAR)] == [1, 1]


def test_what_a_later_order_makes_lawful_is_given_out_too() -> None:
    half = Bounds(prepaid_share=Decimal("0.3"))
    unpaid, paid = order(1, is_prepaid=False), order(2, is_prepaid=True)
    driver = courier(bounds={"": half, "Denver": half}, most_orders=2)
    decided = decide(question([unpaid, paid], [driver]), [])
    assert [choice.driver_id for choice in decided.choices] == [driver.driver_id] * 2


def test_what_is_held_stays_wherever_a_route_puts_it() -> None:
    held, fresh = order(1), order(2)
    driver = courier(holds=(held,), most_orders=2)
    free = {fresh.order_id: fresh}
    assert walked(question([fresh], [driver]), driver, [fresh.order_id], free).holds == (fresh, held)
    assert walked(question([fresh], [driver]), driver, [held.order_id, fresh.order_id], free).holds == (
        held,
        fresh,
    )
    full = replace(driver, most_orders=1)
    assert walked(question([fresh], [full]), full, [fresh.order_id], free).holds == (held,)


def test_nothing_leaves_before_it_may_be_handed_over() -> None:
    opens = NOW + timedelta(hours=1)
    at, _ = arrivals(question([], []), courier(), [order(1), order(2, opens_at=opens)])
    assert at[0] >= opens


def test_batches_are_asked_for_where_they_can_help() -> None:
    away = order(2, latitude=30.4)
    two = [courier(NEAR), courier(FAR)]
    assert not wants_batches(question([ORDER], two))
    assert not wants_batches(question([ORDER, away], two))
    assert wants_batches(question([ORDER, order(1)], two))
    assert wants_batches(question([ORDER, away], two[:1]))
    assert not wants_batches(question([ORDER], [courier(is_out=True)]))
    offers = [order(1, offered_to=NEAR), order(2, offered_to=NEAR)]
    assert not wants_batches(question(offers, two[:1]))
    assert wants_batches(question(offers, two))
    assert wants_batches(question(offers, [courier(NEAR, is_out=True), courier(FAR)]))


_MINUTES = st.integers(10, 300).map(lambda minutes: NOW + timedelta(minutes=minutes))
_BOUNDS = st.builds(
    Bounds,
    st.none() | st.integers(0, 9000),
    st.none() | st.integers(0, 30_000),
    st.sampled_from([Decimal(0), Decimal("0.3")]),
    st.sampled_from([None, None, None, "A paper is missing"]),
)
_GOODS = st.builds(
    order,
    st.integers(0, 50),
    latitude=st.floats(30.1, 30.4),
    value_cents=st.integers(0, 3000),
    weight_mg=st.integers(0, 9000),
    is_prepaid=st.booleans(),
    town=st.sampled_from(["", "Denver"]),
    opens_at=st.integers(-60, 30).map(lambda minutes: NOW + timedelta(minutes=minutes)),
    closes_at=_MINUTES,
    not_to=st.frozensets(st.sampled_from([NEAR, FAR])),
    offered_to=st.sampled_from([None, None, NEAR, OTHER, UUID(int=9)]),
)
_COURIERS = st.lists(
    st.builds(
        courier,
        st.sampled_from([NEAR, FAR, OTHER]),
        metres=st.integers(0, 5000).map(float),
        is_out=st.booleans(),
        most_orders=st.integers(1, 4),
        bounds=st.fixed_dictionaries({"": _BOUNDS, "Denver": _BOUNDS}),
        ends_at=st.none() | _MINUTES,
        holds=st.integers(0, 3).map(load),
    ),
    unique_by=lambda one: one.driver_id,
)
_LOT = st.lists(_GOODS, unique_by=lambda one: one.order_id, max_size=8)
_ROUTES = st.lists(
    st.builds(
        Route,
        st.sampled_from([NEAR, FAR, OTHER, UUID(int=9)]),
        st.lists(st.integers(100, 150).map(lambda number: UUID(int=number)), max_size=12),
    ),
    max_size=5,
)


@settings(max_examples=50)
@given(_LOT, _COURIERS, _ROUTES)
def test_whatever_a_solver_says_no_rule_is_broken_and_no_order_lost(
    goods: list[Goods], couriers: list[Courier], routes: list[Route]
) -> None:
    asked = question(goods, couriers)
    decided = decide(asked, routes)
    assert [choice.order_id for choice in decided.choices] == [one.order_id for one in goods]
    before = {one.driver_id: one for one in couriers}
    on_ways = [one.order_id for each in decided.couriers.values() for one in each.holds]
    for driver_id, after in decided.couriers.items():
        was = before[driver_id]
        assert {one.order_id for one in was.holds} <= {one.order_id for one in after.holds}
        fresh = [one for one in after.holds if one not in was.holds]
        if not fresh:
            continue
        assert not was.is_out
        assert len(after.holds) <= was.most_orders
        assert all(driver_id not in one.not_to for one in fresh)
        found, back_at = arrivals(asked, was, after.holds)
        for one, at in zip(after.holds, found, strict=True):
            assert one.opens_at <= at <= min(one.closes_at, NOW + AHEAD) - AT_THE_DOOR
        assert was.ends_at is None or back_at <= was.ends_at
        value = sum(one.value_cents for one in after.holds)
        for town in {one.town for one in after.holds}:
            law = was.bounds[town]
            assert law.barred is None
            assert law.value_cents is None or value <= law.value_cents
            assert law.weight_mg is None or sum(one.weight_mg for one in after.holds) <= law.weight_mg
            assert sum(one.value_cents for one in after.holds if one.is_prepaid) >= value * law.prepaid_share
    for one, choice in zip(goods, decided.choices, strict=True):
        assert on_ways.count(one.order_id) == (choice.driver_id is not None)
        assert len(choice.why) <= 500
        if choice.driver_id is None:
            for each in decided.couriers.values():
                assert obstacle(one, each) or overdue(asked, each, (*each.holds, one))
