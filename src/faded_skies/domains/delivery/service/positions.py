"""Where drivers are: taken from their phones, told to watchers, kept by days (docs/adr/0009, 0029)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
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
from faded_skies.domains.delivery.queries.live import Noted, Row, Told
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

APART_SECONDS = 0.1
"""How often positions are taken together: nobody sees a tenth of a second in a car's place."""

DAYS_AHEAD = 2

_TOO_OFTEN = "These are too many positions. Send them in lists of up to 100, once a second."

_OVER = (Status.DELIVERED, Status.RETURNED)

_Orders = Mapping[tuple[UUID, UUID | None], Destination]
"""The orders that were named, by driver and order."""


@dataclass(frozen=True, slots=True)
class _Call:
    driver_id: UUID
    positions: Sequence[Position]
    named: Collection[tuple[UUID, UUID]]
    """The driver with each order that the positions name."""


class PositionDesk:
    """Takes positions: those that drivers tell this process at the same time share the visits to the engines."""

    def __init__(self, valkey: Valkey, db: Database, realtime: Realtime, law: Callable[[], Law]) -> None:
        self._valkey = valkey
        self._db = db
        self._realtime = realtime
        self._law = law
        self._batches: Batcher[_Call, None] = Batcher(self._work, apart=APART_SECONDS)

    async def take(self, *, driver_id: UUID, positions: Sequence[Position]) -> None:
        """Keep where the driver was, and tell the watchers of the order that the newest position names.

        Those of the order that was named before are told that the driver is theirs to see no longer.

        The positions reach the database within seconds (jobs.PositionFlusher). What is older than what we know, or
        cannot be true, is kept, but not told; after a minute without any that can, the next one is believed. The
        estimate is the stored one; once a minute the flusher asks for it anew. Of several positions, those that name an
        order which was delivered or given to another driver meanwhile are kept and not told, the latter without its
        name. Raises OrderNotFound, NotOutForDelivery when no position names anything else; Limited.
        """
        named = {(driver_id, one.order_id) for one in positions if one.order_id is not None}
        await self._batches.ask(_Call(driver_id, positions, named))

    async def _work(self, calls: Sequence[_Call]) -> list[Situation | None]:
        now = clock.now()
        entered = await live.enter(self._valkey, [one.driver_id for one in calls], most=MOST_CALLS, now=now)
        named = {pair for call, (may, _) in zip(calls, entered, strict=True) if may for pair in call.named}
        destinations = await queries.list_destinations(self._db, named) if named else {}
        judged = [
            _allow(call, destinations) if may else Limited(_TOO_OFTEN, retryAfter=_rest_of_minute(now))
            for call, (may, _) in zip(calls, entered, strict=True)
        ]
        last = {call.driver_id: fix for call, (_, fix) in zip(calls, entered, strict=True) if fix is not None}
        told = _judge([one for one in judged if isinstance(one, _Call)], last)
        if told:
            await self._keep(told, destinations, now)
        return [one if isinstance(one, Situation) else None for one in judged]

    async def _keep(self, told: Sequence[Told], destinations: _Orders, now: datetime) -> None:
        noted = await live.push(self._valkey, told)
        left = {(one.driver_id, one.left) for one in noted if one.left is not None}
        if left:
            destinations = {**destinations, **await queries.list_destinations(self._db, left)}
        messages = []
        for one in noted:
            was, door = (
                destinations.get((one.driver_id, order)) for order in (one.left, one.position.order_id)
            )
            if was is not None and _is_on_the_road(was):
                messages.append(_hidden(one, was, self._rooms_of(one, was, now)))
            if door is not None and _is_on_the_road(door) and door.shows(one.position):
                messages.append(_shown(one, door, self._rooms_of(one, door, now), now))
        await self._realtime.tell_all(messages)

    def _rooms_of(self, noted: Noted, order: Destination, now: datetime) -> Sequence[str]:
        return watchers_of(order.order_id, noted.driver_id, self._law().of_town(now, order.city))


def _rest_of_minute(now: datetime) -> int:
    return 60 - int(now.timestamp()) % 60


def _hidden(noted: Noted, was: Destination, rooms: Sequence[str]) -> Message:
    """Return what the watchers of an order are told when its driver goes elsewhere first."""
    return Message("driver-hidden", {"orderId": was.order_id, "timestamp": noted.position.timestamp}, rooms)


def _shown(noted: Noted, door: Destination, rooms: Sequence[str], now: datetime) -> Message:
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
        rooms,
    )


def _is_on_the_road(order: Destination) -> bool:
    return order.status == Status.OUT_FOR_DELIVERY


def _allow(call: _Call, destinations: _Orders) -> _Call | Situation:
    """Return what of a call may be kept, or what stands against it: orders not the driver's, or not on the road."""
    theirs = {order_id: destinations.get((driver_id, order_id)) for driver_id, order_id in call.named}
    if all(order is not None and _is_on_the_road(order) for order in theirs.values()):
        return call
    if not any(one.order_id is None or _may_name(theirs[one.order_id], call) for one in call.positions):
        return OrderNotFound() if None in theirs.values() else NotOutForDelivery()
    return replace(
        call,
        positions=[
            one if one.order_id is None or theirs[one.order_id] is not None else replace(one, order_id=None)
            for one in call.positions
        ],
    )


def _may_name(order: Destination | None, call: _Call) -> bool:
    """Tell whether one of a call's positions may name an order: a backlog still knows those that are over."""
    if order is None:
        return False
    return _is_on_the_road(order) or (len(call.positions) > 1 and order.status in _OVER)


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
    if position is None or position.order_id != order.id:
        return None
    named = (order.driver_id, order.id)
    door = (await queries.list_destinations(db, [named])).get(named)
    return position if door is not None and door.shows(position) else None


async def store_positions(db: Database, valkey: Valkey, rows: Sequence[Row]) -> None:
    """Store what entries of the stream hold, and once a minute ask when the orders they name arrive.

    A second time stores nothing. If the process dies in between, the estimate is asked for a minute later.
    """
    on_the_way = {driver_id for driver_id, _, order_id, *_, is_suspect in rows if order_id and not is_suspect}
    begun = await live.begin_minutes(valkey, on_the_way) if on_the_way else []
    async with db.transaction() as tx:
        await queries.store_positions(tx, rows)
        for driver_id in begun:
            tx.emit(DriverMoved(driver_id=UUID(driver_id)))


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
