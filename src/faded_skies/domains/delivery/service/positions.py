"""Where drivers are: taken from their phones, told to watchers, kept by days (docs/adr/0009, 0029)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from faded_skies.domains.compliance.service import Law, RuleBook
from faded_skies.domains.delivery import rules
from faded_skies.domains.delivery.errors import NotOutForDelivery
from faded_skies.domains.delivery.events import DriverMoved
from faded_skies.domains.delivery.models.road import Destination, Position
from faded_skies.domains.delivery.queries import live
from faded_skies.domains.delivery.queries import positions as queries
from faded_skies.domains.delivery.queries.live import Noted, Told
from faded_skies.domains.delivery.rules import Fix
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.errors import OrderNotFound
from faded_skies.domains.orders.service import Order, Status
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor
from faded_skies.platform.batching import Batcher
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import Limited, Situation
from faded_skies.platform.rooms import Message, Realtime
from faded_skies.platform.valkey import Valkey

log = structlog.get_logger()

MOST_CALLS = 600
"""How many times a minute a driver may tell where they are; each time up to 100 positions."""

DAYS_AHEAD = 2

_TOO_OFTEN = "These are too many positions. Send them in lists of up to 100, once a second."

_Orders = Mapping[tuple[UUID, UUID | None], Destination]
"""The orders that were named, by driver and order."""


@dataclass(frozen=True, slots=True)
class _Call:
    driver_id: UUID
    positions: Sequence[Position]

    def named(self) -> set[tuple[UUID, UUID]]:
        return {(self.driver_id, one.order_id) for one in self.positions if one.order_id is not None}


class PositionDesk:
    """Takes positions: those that drivers tell this process at the same time share the visits to the engines."""

    def __init__(self, valkey: Valkey, db: Database, realtime: Realtime, law: Callable[[], Law]) -> None:
        self._valkey = valkey
        self._db = db
        self._realtime = realtime
        self._law = law
        self._batches: Batcher[_Call, None] = Batcher(self._work)

    async def take(self, *, driver_id: UUID, positions: Sequence[Position]) -> None:
        """Keep where the driver was, and tell the watchers of the order that the newest position names.

        Those of the order that was named before are told that the driver is theirs to see no longer.

        The positions reach the database within seconds (jobs.PositionFlusher). What is older than what we know, or
        cannot be true, is kept, but not told; after a minute without any that can, the next one is believed. The
        estimate is the stored one; once a minute it is asked for anew. Raises OrderNotFound for an order that another
        driver has, NotOutForDelivery, Limited.
        """
        await self._batches.ask(_Call(driver_id, positions))

    async def _work(self, calls: Sequence[_Call]) -> list[Situation | None]:
        now = clock.now()
        entered = await live.enter(self._valkey, [one.driver_id for one in calls], most=MOST_CALLS, now=now)
        named = {pair for call, (may, _) in zip(calls, entered, strict=True) if may for pair in call.named()}
        destinations = await queries.list_destinations(self._db, named) if named else {}
        refusals = [
            _refusal(call, destinations) if may else Limited(_TOO_OFTEN, retryAfter=_rest_of_minute(now))
            for call, (may, _) in zip(calls, entered, strict=True)
        ]
        last = {call.driver_id: fix for call, (_, fix) in zip(calls, entered, strict=True) if fix is not None}
        told = _judge([call for call, no in zip(calls, refusals, strict=True) if no is None], last)
        if told:
            await self._keep(told, destinations, now)
        return refusals

    async def _keep(self, told: Sequence[Told], destinations: _Orders, now: datetime) -> None:
        noted = await live.push(self._valkey, told)
        if any(one.is_first_of_minute for one in noted):
            async with self._db.transaction() as tx:
                for one in noted:
                    if one.is_first_of_minute:
                        tx.emit(DriverMoved(driver_id=one.driver_id))
        left = {(one.driver_id, one.left) for one in noted if one.left is not None}
        if left:
            destinations = {**destinations, **await queries.list_destinations(self._db, left)}
        messages = []
        for one in noted:
            was, door = (
                destinations.get((one.driver_id, order)) for order in (one.left, one.position.order_id)
            )
            if was is not None and was.status == Status.OUT_FOR_DELIVERY:
                messages.append(self._hidden(one, was, now))
            if door is not None:
                messages.append(self._message(one, door, now))
        await self._realtime.tell_all(messages)

    def _hidden(self, noted: Noted, was: Destination, now: datetime) -> Message:
        """Return what the watchers of an order are told when its driver goes elsewhere first."""
        return Message(
            "driver-hidden",
            {"orderId": was.order_id, "timestamp": noted.position.timestamp},
            watchers_of(was.order_id, noted.driver_id, self._law().of_town(now, was.city)),
        )

    def _message(self, noted: Noted, door: Destination, now: datetime) -> Message:
        newest = noted.position
        eta = orders.minutes_until(door.eta_at, now=now) if door.eta_source else None
        if eta is None:  # it left a moment ago
            eta = rules.eta_minutes(newest.lat, newest.lng, to_lat=door.latitude, to_lng=door.longitude)
        return Message(
            "driver-location",
            {
                "lat": newest.lat,
                "lng": newest.lng,
                "heading": newest.heading,
                "speed": newest.speed,
                "timestamp": newest.timestamp,
                "eta": eta,
            },
            watchers_of(door.order_id, noted.driver_id, self._law().of_town(now, door.city)),
        )


def _rest_of_minute(now: datetime) -> int:
    return 60 - int(now.timestamp()) % 60


def _refusal(call: _Call, destinations: _Orders) -> Situation | None:
    """Return what stands against a call: an order that is not the driver's, or not on the road."""
    found = [destinations.get(pair) for pair in call.named()]
    if None in found:
        return OrderNotFound()
    if any(one is not None and one.status != Status.OUT_FOR_DELIVERY for one in found):
        return NotOutForDelivery()
    return None


def _judge(calls: Sequence[_Call], last: dict[UUID, Fix]) -> list[Told]:
    """Tell what cannot be true in each call, from the `last` that was believed of each driver and on."""
    told = []
    for call in calls:
        fixes = [Fix(one.lat, one.lng, one.timestamp) for one in call.positions]
        suspects = rules.find_jumps(fixes, last=last.get(call.driver_id))
        if suspects:
            log.warning("positions_suspect", positions=len(suspects))
        sound = [place for place in range(len(fixes)) if place not in suspects]
        latest = max(sound, key=lambda place: fixes[place].timestamp, default=None)
        told.append(
            Told(call.driver_id, call.positions, suspects, None if latest is None else call.positions[latest])
        )
        if latest is not None:
            last[call.driver_id] = max(
                last.get(call.driver_id, fixes[latest]), fixes[latest], key=lambda fix: fix.timestamp
            )
    return told


def watchers_of(order_id: UUID, driver_id: UUID, book: RuleBook) -> list[str]:
    """Return the rooms that are told where the driver is: the law may hide it from the customer."""
    hidden = set() if book.positions.live_to_customer else {orders.customers_room(order_id)}
    return [room for room in orders.rooms_of(order_id, driver_id) if room not in hidden]


async def find_driver_position(
    valkey: Valkey, db: Database, law: Law, actor: Actor, order: Order, *, now: datetime
) -> Position | None:
    """Return where the order's driver is; None unless the order is their next stop and the law lets the actor know.

    The order they name with their positions is the next stop, so the others' customers never see them.
    """
    if order.status is not Status.OUT_FOR_DELIVERY or order.driver_id is None:
        return None
    book = law.of_town(now, order.delivery_address["city"])
    if order.user_id == actor.id and not book.positions.live_to_customer:
        return None
    position = await live.find_live_position(valkey, order.driver_id)
    if position is None:
        position = await queries.find_stored_position(db, order.driver_id)
    return position if position is not None and position.order_id == order.id else None


async def store_positions(tx: Tx, positions: Sequence[tuple[UUID, Position, bool]]) -> None:
    """Store positions with their drivers' ids and whether they are suspect; a second time changes nothing."""
    await queries.store_positions(tx, positions)


async def renew_partitions(tx: Tx, law: Law, *, now: datetime) -> None:
    """Make the partitions of today and the days ahead (UTC), and drop those older than the law wants them.

    A day of which something lies in the default partition already stays there, until it is forgotten by age
    like the others.
    """
    today = now.date()
    await queries.lock_partitions(tx)
    for ahead in range(DAYS_AHEAD + 1):
        day = today + timedelta(days=ahead)
        if not await queries.make_partition(tx, day):
            log.warning("positions_stay_in_default_partition", day=str(day))
    dropped = await queries.drop_before(tx, today - timedelta(days=law.position_days(now)))
    if dropped:
        log.info("position_partitions_dropped", partitions=dropped)
