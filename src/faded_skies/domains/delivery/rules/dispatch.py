"""Which driver an order goes to, and why. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from faded_skies.platform.geo import METRES_PER_MILE

FoundBy = Literal["live position", "last position", "shop"]

NEAR_M = 100
"""Drivers whose distances differ by less stand equally near: the one with fewer orders goes first."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order without a driver, the goods in cents and mg, and drivers that it is not offered to."""

    order_id: UUID
    latitude: float
    longitude: float
    value_cents: int
    weight_mg: int
    not_to: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Courier:
    """A driver on a shift: where they are in degrees, how far from the shop in metres, and what more they may take.

    `value_left_cents` and `weight_left_mg` are None where the law sets no limit; `found_by` tells how the distance is
    known.
    """

    driver_id: UUID
    place: tuple[float, float]
    metres: float
    found_by: FoundBy
    is_out: bool
    orders: int
    most_orders: int
    value_left_cents: int | None
    weight_left_mg: int | None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which driver an order goes to, None for nobody yet; and why, in a sentence for staff."""

    order_id: UUID
    driver_id: UUID | None
    why: str


def nearest(waiting: Iterable[Waiting], couriers: Iterable[Courier]) -> list[Choice]:
    """Give each order, in the order they come, to the nearest driver at rest who has room for it.

    The goods lie in the shop, so it is the way there that counts. Who is on the road takes nothing more.
    """
    standing = {courier.driver_id: courier for courier in couriers}
    chosen = []
    for order in waiting:
        able = [one for one in standing.values() if obstacle(order, one) is None]
        if not able:
            chosen.append(Choice(order.order_id, None, why_nobody(order, list(standing.values()))))
            continue
        best = min(able, key=lambda one: (one.metres // NEAR_M, one.orders, one.metres, one.driver_id))
        standing[best.driver_id] = loaded(best, order)
        chosen.append(Choice(order.order_id, best.driver_id, why_nearest(best, among=len(able))))
    return chosen


def obstacle(order: Waiting, courier: Courier) -> str | None:
    """Return what keeps the driver from taking the order, None when nothing does."""
    if courier.driver_id in order.not_to:
        return "gave it back or did not answer"
    if courier.is_out:
        return "on the road"
    if courier.orders >= courier.most_orders:
        return "full"
    if courier.value_left_cents is not None and order.value_cents > courier.value_left_cents:
        return "at the legal limit of value"
    if courier.weight_left_mg is not None and order.weight_mg > courier.weight_left_mg:
        return "at the legal limit of weight"
    return None


def loaded(courier: Courier, order: Waiting) -> Courier:
    """Return the driver with one order more."""
    value, weight = courier.value_left_cents, courier.weight_left_mg
    return replace(
        courier,
        orders=courier.orders + 1,
        value_left_cents=None if value is None else value - order.value_cents,
        weight_left_mg=None if weight is None else weight - order.weight_mg,
    )


def why_nearest(courier: Courier, *, among: int) -> str:
    """Say why this driver, as they stood before they got the order."""
    where = (
        "position unknown, taken to be at the shop"
        if courier.found_by == "shop"
        else f"{courier.metres / METRES_PER_MILE:.1f} mi from the shop by their {courier.found_by}"
    )
    return (
        f"Nearest of {among} at rest with room: {where}; has {courier.orders} of at most {courier.most_orders} "
        "orders."
    )


def why_nobody(order: Waiting, couriers: Sequence[Courier]) -> str:
    """Say what keeps every driver from taking the order."""
    if not couriers:
        return "No driver is on a shift."
    counted: dict[str, int] = {}
    for courier in couriers:
        reason = obstacle(order, courier)
        if reason is not None:
            counted[reason] = counted.get(reason, 0) + 1
    told = ", ".join(f"{count} {reason}" for reason, count in sorted(counted.items()))
    return f"None of {len(couriers)} on a shift can take it: {told}."
