"""Trips: planned, driven stop by stop, and ended; leaving.py lets them leave.

Locks: the orders in the order of their ids, the trip after them (docs/adr/0022).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from faded_skies.domains.compliance.service import (
    Law,
)
from faded_skies.domains.delivery.errors import (
    NotDeparted,
    NotPacked,
    StopsOpen,
    TripNotFound,
    TripOver,
    TripUnderWay,
)
from faded_skies.domains.delivery.events import TripEnded, TripGivenUp
from faded_skies.domains.delivery.models.trips import Trip, TripOverview, TripStop
from faded_skies.domains.delivery.queries import fleet
from faded_skies.domains.delivery.queries import trips as queries
from faded_skies.domains.delivery.service import answers, manifests
from faded_skies.domains.delivery.service.fleet import get_driver_papers
from faded_skies.domains.delivery.service.manifests import Load
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.service import Order, Status
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.keyring import Keyring


@dataclass(frozen=True, slots=True)
class Leaving:
    """What departures and later versions of manifests need beside the database."""

    law: Law
    keyring: Keyring
    now: datetime


async def plan(
    tx: Tx, *, actor: Actor, order_ids: Sequence[UUID], people: int
) -> tuple[Trip, list[TripStop]]:
    """Plan the driver's next trip with these orders, in this order, in place of another plan of theirs.

    Raises OrderNotFound, NotPacked naming the orders that are not ready, TripUnderWay.
    """
    # Held by their ids, as everywhere: who declines one of them, or takes it back, comes before this or after it.
    held = {order_id: await orders.lock_order_for(tx, actor, order_id) for order_id in sorted(set(order_ids))}
    waiting = [held[one].order_number for one in order_ids if held[one].status is not Status.PREPARING]
    if waiting:
        raise NotPacked(
            f"These orders are not ready to go: {', '.join(waiting)}. Plan the trip without them.",
            orderNumbers=waiting,
        )
    await answers.take(tx, sorted(held), driver_id=actor.id)
    trip, is_new = await queries.open_trip(tx, driver_id=actor.id, people=people, ends_itself=False)
    if trip.departed_at is not None:
        raise TripUnderWay
    same = (await queries.list_stop_ids(tx, trip.id), trip.people, trip.ends_itself)
    if is_new or same != (list(order_ids), people, False):
        await queries.set_plan(tx, trip.id, people=people)
        await queries.put_stops(tx, trip.id, order_ids)
        tx.audit(
            "trip.planned",
            object_type="trip",
            object_id=trip.id,
            actor_id=actor.id,
            orders=[str(order_id) for order_id in order_ids],
        )
    return await get_trip(tx, trip.id, driver_id=actor.id)


async def get_trip(
    source: Database | Tx, trip_id: UUID, *, driver_id: UUID | None
) -> tuple[Trip, list[TripStop]]:
    """Return a trip with its stops; a driver's own where one is named. Raises TripNotFound."""
    trip = await queries.find_trip(source, trip_id, driver_id=driver_id)
    if trip is None:
        raise TripNotFound if driver_id is not None else TripNotFound("There is no such trip.")
    return trip, await queries.list_trip_stops(source, trip)


async def get_overview(db: Database, trip_id: UUID) -> TripOverview:
    """Return a trip with its log, for staff. Raises TripNotFound."""
    trip, stops = await get_trip(db, trip_id, driver_id=None)
    name = await queries.get_driver_name(db, trip.driver_id)
    return TripOverview(trip, name, stops, await queries.list_log(db, trip_id))


async def list_trips(
    db: Database,
    *,
    driver_id: UUID | None,
    is_open: bool | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    offset: int,
) -> tuple[list[tuple[Trip, str]], int]:
    """Return a page of trips with their drivers' names, the latest first, and how many there are."""
    return await queries.list_trips(
        db, driver_id=driver_id, is_open=is_open, since=since, until=until, limit=limit, offset=offset
    )


async def list_planned_orders(db: Database, trip_id: UUID, *, driver_id: UUID) -> list[UUID]:
    """Return the orders of the driver's trip while it has not departed. Raises TripNotFound."""
    trip, stops = await get_trip(db, trip_id, driver_id=driver_id)
    return [stop.order_id for stop in stops] if trip.status == "planned" else []


async def close_stop(
    tx: Tx, order: Order, *, outcome: str, leaving: Leaving, code: str | None = None, note: str | None = None
) -> UUID | None:
    """Take an order off its driver's trip, with a new version of the manifest; returns the trip's id, if it had one.

    A trip that ends itself is over with its last stop. The caller holds the order.
    """
    assert order.driver_id is not None  # noqa: S101 - an order on the road has a driver
    trip_id = await queries.find_trip_of(tx, order.id, order.driver_id)
    await queries.log(
        tx,
        driver_id=order.driver_id,
        kind=outcome,
        trip_id=trip_id,
        order_id=order.id,
        code=code,
        note=note,
    )
    if trip_id is None:
        return None
    trip = await queries.lock_trip(tx, trip_id)
    await queries.close_stop(tx, trip_id, order.id, outcome=outcome, at=leaving.now)
    await _renew_manifest(tx, trip, leaving)
    if trip.ends_itself and await queries.count_open_stops(tx, trip_id) == 0:
        await finish(tx, trip, leaving.now)
    return trip_id


async def _renew_manifest(tx: Tx, trip: Trip, leaving: Leaving) -> None:
    driver = await get_driver_papers(tx, trip.driver_id)
    vehicle = None if trip.vehicle_id is None else await fleet.find_vehicle(tx, trip.vehicle_id)
    stops = await queries.list_trip_stops(tx, trip)
    lines = await queries.list_goods(tx, [stop.order_id for stop in stops])
    load = Load(driver, vehicle, stops, lines, manifests.open_license(leaving.keyring, driver))
    made = await manifests.draft(tx, trip, load, now=leaving.now)
    await manifests.freeze(tx, leaving.keyring, trip, made, leaving.law.at(leaving.now), now=leaving.now)


async def hand_on(tx: Tx, order: Order, *, to: UUID, leaving: Leaving) -> None:
    """Move an order that is on the road from its driver's trip to that of another one, if they are on one.

    Both trips get a new version of their manifest. The caller holds the order, which still has its old driver.
    """
    assert order.driver_id is not None  # noqa: S101 - an order on the road has a driver
    old = await queries.find_trip_of(tx, order.id, order.driver_id)
    new = await queries.find_open_of(tx, to)
    both = sorted({trip_id for trip_id in (old, new) if trip_id is not None})
    held = {trip_id: await queries.lock_trip(tx, trip_id) for trip_id in both}
    await queries.log(tx, driver_id=order.driver_id, kind="handed_on", trip_id=old, order_id=order.id)
    if old is not None:
        await queries.close_stop(tx, old, order.id, outcome="handed_on", at=leaving.now)
        await _renew_manifest(tx, held[old], leaving)
        if held[old].ends_itself and await queries.count_open_stops(tx, old) == 0:
            await finish(tx, held[old], leaving.now)
    if new is not None and held[new].ended_at is None:
        await queries.add_stops(tx, new, [order.id])
        await _renew_manifest(tx, held[new], leaving)


async def note_stop(tx: Tx, *, actor: Actor, trip_id: UUID, kind: str, note: str | None) -> None:
    """Write a stop that is no delivery into the log. Raises TripNotFound, NotDeparted, TripOver."""
    trip, _ = await get_trip(tx, trip_id, driver_id=actor.id)
    if trip.status != "departed":
        raise TripOver if trip.status == "ended" else NotDeparted
    await queries.log(tx, driver_id=actor.id, kind=kind, trip_id=trip_id, note=note)


async def end(tx: Tx, *, actor: Actor, trip_id: UUID, now: datetime) -> tuple[Trip, list[TripStop]]:
    """End the driver's trip, or give a planned one up; saying it again changes nothing.

    Raises TripNotFound, StopsOpen naming the orders that are still on board.
    """
    await get_trip(tx, trip_id, driver_id=actor.id)
    trip = await queries.lock_trip(tx, trip_id)
    if trip.ended_at is not None:
        return await get_trip(tx, trip_id, driver_id=actor.id)
    if trip.departed_at is not None:
        await queries.catch_up(tx, trip)
        stops = await queries.list_trip_stops(tx, trip)
        waiting = [stop.order_number for stop in stops if stop.outcome is None]
        if waiting:
            raise StopsOpen(
                f"These orders are still on board: {', '.join(waiting)}. Deliver or return them first.",
                orderNumbers=waiting,
            )
    await finish(tx, trip, now)
    return await get_trip(tx, trip_id, driver_id=actor.id)


async def finish(tx: Tx, trip: Trip, now: datetime, *, actor_id: UUID | None = None) -> None:
    """End a trip, or give up one that did not leave, as its driver or somebody else. The caller holds it."""
    await queries.set_ended(tx, trip.id, now)
    tx.audit("trip.ended", object_type="trip", object_id=trip.id, actor_id=actor_id or trip.driver_id)
    if trip.departed_at is None:
        tx.emit(TripGivenUp(trip_id=trip.id, at=now))
        return
    await queries.log(tx, driver_id=trip.driver_id, kind="ended", trip_id=trip.id)
    tx.emit(TripEnded(trip_id=trip.id, at=now))
