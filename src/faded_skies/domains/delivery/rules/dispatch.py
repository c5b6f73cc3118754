"""Which drivers an order may go to, and why not to the others. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

FoundBy = Literal["live position", "last position", "shop"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the law of a state or a town lets one driver carry, alone on board: cents and mg, None without a limit.

    `prepaid_share` is of the value on board, 0 to 1. `barred` is why they may not leave at all, None when they may.
    """

    value_cents: int | None = None
    weight_mg: int | None = None
    prepaid_share: Decimal = Decimal(0)
    barred: str | None = None


@dataclass(frozen=True, slots=True)
class Goods:
    """An order before its departure: where it goes, what it is in cents and mg, and when it may be handed over.

    `town` names the rules that judge it, a key of `Courier.bounds`. It is promised for `due_at`. `offered_to` has it
    and has not answered yet; drivers in `not_to` are not offered it.
    """

    order_id: UUID
    latitude: float
    longitude: float
    value_cents: int
    weight_mg: int
    is_prepaid: bool
    town: str
    opens_at: datetime
    closes_at: datetime
    due_at: datetime
    not_to: frozenset[UUID] = frozenset()
    offered_to: UUID | None = None


@dataclass(frozen=True, slots=True)
class Courier:
    """A driver on a shift: where they are in degrees, how far from the shop in metres, and what they have already.

    `found_by` tells how the distance is known, `bounds` what each town's law lets them carry, `holds` what stays
    theirs, in the order of their way. The shift is planned to end at `ends_at`, None when they did not say.
    """

    driver_id: UUID
    place: tuple[float, float]
    metres: float
    found_by: FoundBy
    is_out: bool
    most_orders: int
    bounds: Mapping[str, Bounds]
    ends_at: datetime | None = None
    holds: tuple[Goods, ...] = ()


def obstacle(order: Goods, courier: Courier) -> str | None:
    """Return what keeps the driver from taking the order, whatever the time; None when nothing does."""
    if courier.driver_id in order.not_to:
        return "gave it back or did not answer"
    if courier.is_out:
        return "on the road"
    if len(courier.holds) >= courier.most_orders:
        return "full"
    return _unlawful((*courier.holds, order), courier.bounds)


def _unlawful(load: Sequence[Goods], bounds: Mapping[str, Bounds]) -> str | None:
    """Return what the towns of a load say against it: each judges the whole of it."""
    value = sum(one.value_cents for one in load)
    weight = sum(one.weight_mg for one in load)
    prepaid = sum(one.value_cents for one in load if one.is_prepaid)
    for town in {one.town: None for one in load}:
        law = bounds[town]
        if law.barred is not None:
            return f"may not leave ({law.barred})"
        if law.value_cents is not None and value > law.value_cents:
            return "at the legal limit of value"
        if law.weight_mg is not None and weight > law.weight_mg:
            return "at the legal limit of weight"
        if prepaid < value * law.prepaid_share:
            return "at the legal limit of goods that are not paid yet"
    return None


def loaded(courier: Courier, order: Goods) -> Courier:
    """Return the driver with one order more, at the end of their way."""
    return replace(courier, holds=(*courier.holds, order))


def told(reasons: Iterable[str]) -> str:
    """Return how many drivers are kept by which reason."""
    counted: dict[str, int] = {}
    for reason in reasons:
        counted[reason] = counted.get(reason, 0) + 1
    return ", ".join(f"{count} {reason}" for reason, count in sorted(counted.items()))


def why_nobody(reasons: Sequence[str]) -> str:
    """Say what keeps every driver on a shift from taking an order, a reason each."""
    if not reasons:
        return "No driver is on a shift."
    return f"None of {len(reasons)} on a shift can take it: {told(reasons)}."
