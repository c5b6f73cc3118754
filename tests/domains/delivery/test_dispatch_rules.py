"""Which driver an order goes to, and why; without a database."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faded_skies.domains.delivery.rules.dispatch import Choice, Courier, Waiting, loaded, nearest, obstacle

NEAR, FAR, OTHER = [UUID(int=number) for number in (1, 2, 3)]
ORDER = Waiting(UUID(int=100), 30.3, -97.7, 2450, 7000, frozenset())


def courier(driver_id: UUID = NEAR, **changes: Any) -> Courier:
    standing = Courier(driver_id, (30.2, -97.7), 1609.344, "live position", False, 0, 8, None, None)
    return replace(standing, **changes)


def order(number: int, **changes: Any) -> Waiting:
    return replace(ORDER, order_id=UUID(int=100 + number), **changes)


def drivers(choices: list[Choice]) -> list[UUID | None]:
    return [choice.driver_id for choice in choices]


def test_the_nearest_at_rest_gets_it_and_the_reason_says_so() -> None:
    [choice] = nearest([ORDER], [courier(FAR, metres=5000), courier(NEAR)])
    assert choice == Choice(
        ORDER.order_id,
        NEAR,
        "Nearest of 2 at rest with room: 1.0 mi from the shop by their live position; has 0 of at most 8 orders.",
    )


def test_who_stands_at_the_shop_without_a_position_is_there() -> None:
    [choice] = nearest([ORDER], [courier(metres=0, found_by="shop")])
    assert "position unknown, taken to be at the shop" in choice.why


def test_equally_near_drivers_get_equally_many() -> None:
    waiting = [order(number) for number in range(4)]
    chosen = nearest(waiting, [courier(NEAR, metres=10), courier(FAR, metres=90)])
    assert drivers(chosen) == [NEAR, FAR, NEAR, FAR]


def test_a_full_driver_passes_it_on_to_the_next() -> None:
    chosen = nearest(
        [order(number) for number in range(3)],
        [courier(NEAR, most_orders=1), courier(FAR, metres=5000, most_orders=1)],
    )
    assert drivers(chosen) == [NEAR, FAR, None]
    assert chosen[2].why == "None of 2 on a shift can take it: 2 full."


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"is_out": True}, "on the road"),
        ({"orders": 8}, "full"),
        ({"value_left_cents": 2449}, "at the legal limit of value"),
        ({"weight_left_mg": 6999}, "at the legal limit of weight"),
    ],
)
def test_what_keeps_a_driver_from_it_is_named(changes: dict[str, Any], reason: str) -> None:
    [choice] = nearest([ORDER], [courier(**changes)])
    assert choice.driver_id is None
    assert choice.why == f"None of 1 on a shift can take it: 1 {reason}."


def test_limits_are_reached_but_not_passed() -> None:
    [choice] = nearest([ORDER], [courier(orders=7, value_left_cents=2450, weight_left_mg=7000)])
    assert choice.driver_id == NEAR


def test_who_gave_it_back_is_not_asked_again() -> None:
    refused = order(1, not_to=frozenset({NEAR}))
    assert drivers(nearest([refused], [courier(NEAR), courier(FAR, metres=9000)])) == [FAR]
    [choice] = nearest([refused], [courier(NEAR)])
    assert choice.why == "None of 1 on a shift can take it: 1 gave it back or did not answer."


def test_without_drivers_orders_wait() -> None:
    assert nearest([ORDER], []) == [Choice(ORDER.order_id, None, "No driver is on a shift.")]


_COURIERS = st.lists(
    st.builds(
        courier,
        st.sampled_from([NEAR, FAR, OTHER]),
        metres=st.integers(0, 5000).map(float),
        is_out=st.booleans(),
        orders=st.integers(0, 3),
        most_orders=st.integers(1, 4),
        value_left_cents=st.none() | st.integers(0, 6000),
        weight_left_mg=st.none() | st.integers(0, 20_000),
    ),
    unique_by=lambda one: one.driver_id,
)
_WAITING = st.lists(
    st.builds(
        order,
        st.integers(0, 50),
        value_cents=st.integers(0, 3000),
        weight_mg=st.integers(0, 9000),
        not_to=st.frozensets(st.sampled_from([NEAR, FAR])),
    ),
    unique_by=lambda one: one.order_id,
)


@given(_WAITING, _COURIERS)
def test_nobody_gets_what_they_cannot_take_and_nothing_waits_that_could_go(
    waiting: list[Waiting], couriers: list[Courier]
) -> None:
    chosen = nearest(waiting, couriers)
    assert [choice.order_id for choice in chosen] == [one.order_id for one in waiting]
    standing = {one.driver_id: one for one in couriers}
    for one, choice in zip(waiting, chosen, strict=True):
        if choice.driver_id is None:
            assert all(obstacle(one, each) for each in standing.values())
        else:
            assert obstacle(one, standing[choice.driver_id]) is None
            standing[choice.driver_id] = loaded(standing[choice.driver_id], one)
