"""Drivers and orders as dispatch sees them: what the law of each town lets a driver carry, and when what may go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Law, RuleBook, TripFacts
from faded_skies.domains.delivery.models.dispatch import Terms
from faded_skies.domains.delivery.models.road import Position
from faded_skies.domains.delivery.queries.dispatch import OnShift, OpenOrder
from faded_skies.domains.delivery.rules.dispatch import Bounds, Courier, FoundBy, Goods
from faded_skies.domains.delivery.service.fleet import as_law_asks
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.geo import distance_m

_ALONE = 1


@dataclass(frozen=True, slots=True)
class Rulings:
    """The rules of one moment: the state's under an empty name, a town's under its own; and who answers for which."""

    now: datetime
    law: Law
    books: Mapping[str, tuple[RuleBook, frozenset[str]]]
    hours: Mapping[str, tuple[datetime, datetime]]

    def goods(self, order: OpenOrder) -> Goods:
        """Return an order as the law of its town sees it."""
        town = self.law.of_town(self.now, order.city).town or ""
        opens_at, closes_at = self.hours[town]
        return Goods(
            order_id=order.id,
            latitude=order.latitude,
            longitude=order.longitude,
            value_cents=order.value_cents,
            weight_mg=order.weight_mg,
            is_prepaid=order.is_prepaid,
            town=town,
            opens_at=opens_at,
            closes_at=closes_at,
            due_at=order.due_at,
            not_to=order.not_to,
            offered_to=order.driver_id if order.is_offer else None,
        )

    def courier(
        self,
        one: OnShift,
        carried: Sequence[OpenOrder],
        terms: Terms,
        *,
        shop: tuple[float, float],
        live: Position | None,
    ) -> Courier:
        """Return a driver with what stays theirs; `live` is where they are now, if that is known."""
        place, found_by = _placed(one, live, shop)
        return Courier(
            driver_id=one.driver_id,
            place=place,
            metres=distance_m(*place, *shop),
            found_by=found_by,
            is_out=one.is_out or any(order.is_on_the_road for order in carried),
            most_orders=one.max_orders or terms.most_orders,
            bounds={
                town: bounds_of(book, known, one, now=self.now) for town, (book, known) in self.books.items()
            },
            ends_at=one.planned_end_at,
            holds=tuple(self.goods(order) for order in carried),
        )


async def rulings(source: Database | Tx, law: Law, *, now: datetime) -> Rulings:
    """Read which rules count at a moment, everywhere that some do."""
    books = {book.town or "": book for book in (law.at(now), *law.towns_at(now).values())}
    return Rulings(
        now,
        law,
        {town: (book, await compliance.acknowledged(source, book)) for town, book in books.items()},
        {town: compliance.handover_hours(book, now=now) for town, book in books.items()},
    )


def bounds_of(book: RuleBook, acknowledged: frozenset[str], one: OnShift, *, now: datetime) -> Bounds:
    """Return what a book lets a driver carry, alone on board: what it would answer at their departure.

    The departure also asks for what only it knows: who is on board, where each order goes, and what the papers lack.
    """
    empty = TripFacts(
        now=now,
        driver_born_on=one.born_on,
        driver_papers=as_law_asks(one.driver_papers),
        vehicle_enclosed=one.is_enclosed,
        vehicle_papers=as_law_asks(one.vehicle_papers),
        people=_ALONE,
        value_cents=0,
        weight_mg=0,
        prepaid_cents=0,
        places=(),
    )
    against = compliance.refused(compliance.judge_departure(book, empty, acknowledged))
    values = [most for most in (_cap(book, "value_cents", one), _most_alone(book)) if most is not None]
    return Bounds(
        value_cents=min(values, default=None),
        weight_mg=_cap(book, "weight_mg", one),
        prepaid_share=book.trips.prepaid_share_min,
        barred=against[0].reason.rstrip(".") if against else None,
    )


def _cap(book: RuleBook, measure: Literal["value_cents", "weight_mg"], one: OnShift) -> int | None:
    kinds = {"any"} if one.is_enclosed is None else {"any", "enclosed" if one.is_enclosed else "open"}
    return min(
        (cap.most for cap in book.trips.caps if cap.measure == measure and cap.vehicle in kinds), default=None
    )


def _most_alone(book: RuleBook) -> int | None:
    """Return up to which value one person on board is enough."""
    most = None
    for cents, people in book.trips.staff:
        if people > _ALONE:
            return most
        most = cents
    return None


def _placed(
    one: OnShift, live: Position | None, shop: tuple[float, float]
) -> tuple[tuple[float, float], FoundBy]:
    if live is not None:
        return (live.lat, live.lng), "live position"
    if one.latitude is not None and one.longitude is not None:
        return (one.latitude, one.longitude), "last position"
    return shop, "shop"


def carried_by(orders: Sequence[OpenOrder]) -> dict[UUID, list[OpenOrder]]:
    """Return orders by who has them, each driver's in their order."""
    found: dict[UUID, list[OpenOrder]] = {}
    for order in orders:
        if order.driver_id is not None:
            found.setdefault(order.driver_id, []).append(order)
    return found
