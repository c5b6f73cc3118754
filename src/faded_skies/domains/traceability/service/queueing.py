"""Queues what happened, each fact once, in the order in which it has to be told.

Whatever was heard of a trip, all that happened to it so far is queued: events may come late, twice and in any order.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.inventory.service import Package
from faded_skies.domains.traceability import rules
from faded_skies.domains.traceability.models import StopFacts, TripFacts
from faded_skies.domains.traceability.queries import lanes as queries
from faded_skies.domains.traceability.rules import UNIT, Step
from faded_skies.domains.traceability.service.lanes import Lane, open_lane
from faded_skies.platform.db import Database, Row, Tx


async def report_trip(tx: Tx, law: Law, trip_id: UUID, *, now: datetime, joining: UUID | None = None) -> None:
    """Queue all that happened to a trip so far and is not queued yet, as the law of its departure wants it.

    An order that is `joining` it counts as on board; where it does not come after all, the next call takes it off.
    """
    trip = await queries.find_trip(tx, trip_id)
    if trip is None or trip.departed_at is None:
        return
    book = law.at(trip.departed_at)
    if book.reporting.system == "none":
        return
    if book.reporting.flow == "receipts":
        for stop in await queries.list_stops(tx, trip_id):
            if stop.outcome == "delivered":
                await report_sale(tx, law, stop.order_id, now=now)
        return
    lane = await open_lane(tx, book, trip_id, trip_id=trip_id, now=now)
    stops = await queries.list_stops(tx, trip_id)
    if joining is not None:
        stops = _joined(stops, joining)
    goods = await _goods(tx, [stop.order_id for stop in stops])
    if book.reporting.flow == "retailer_delivery":
        await _report_ledger(lane, trip, stops, goods, departs_at=trip.departed_at)
    else:
        await _report_deliveries(lane, trip, stops, goods, departs_at=trip.departed_at)


def _joined(stops: Sequence[StopFacts], order_id: UUID) -> list[StopFacts]:
    others = [stop for stop in stops if stop.order_id != order_id]
    place = max((stop.place for stop in others), default=0) + 1
    return [*others, StopFacts(order_id, place, outcome=None, ended_at=None, code=None)]


async def list_trips_of(db: Database, order_id: UUID) -> list[UUID]:
    """Return the trips that left and that the order is or was on, where it went last at the end."""
    return await queries.list_trips_of(db, order_id)


async def prepare_departure(
    tx: Tx, law: Law, trip_id: UUID, *, now: datetime, joining: UUID | None = None
) -> None:
    """Queue what has to be told before this planned trip may leave, or before an order joins it once it has left."""
    trip = await queries.find_trip(tx, trip_id)
    book = law.at(now)
    if trip is None or trip.ended_at is not None:
        return
    if trip.departed_at is not None:
        if joining is not None:
            await report_trip(tx, law, trip_id, now=now, joining=joining)
        return
    if book.reporting.system == "none" or book.reporting.flow == "receipts":
        return
    lane = await open_lane(tx, book, trip_id, trip_id=trip_id, now=now)
    stops = await queries.list_stops(tx, trip_id)
    goods = await _goods(tx, [stop.order_id for stop in stops])
    vehicle = trip.vehicle_id or await queries.find_vehicle_of_shift(tx, trip.driver_id)
    if book.reporting.flow == "retailer_delivery":
        if goods.all_lines():
            await _open_ledger(lane, trip, goods, at=now, vehicle_id=vehicle)
        return
    for stop in stops:
        await _create_delivery(lane, trip, stop, goods, at=now, vehicle_id=vehicle)


async def report_sale(tx: Tx, law: Law, order_id: UUID, *, now: datetime) -> None:
    """Queue the receipt of an order that was handed over outside of what trips tell."""
    at = await queries.get_delivered_at(tx, order_id)
    if at is None:
        return
    book = law.at(at)
    if book.reporting.system == "none":
        return
    lane = await open_lane(tx, book, order_id, trip_id=None, now=now)
    goods = await _goods(tx, [order_id])
    lines = goods.lines(order_id)
    if lines:
        number = rules.external_number(Step.RECEIPT, order_id.hex)
        payload = {"at": _text(at), "goods": lines}
        await lane.add(Step.RECEIPT, number, payload, at=at, order_id=order_id)


async def report_adjustment(
    tx: Tx,
    law: Law,
    *,
    lot_id: UUID,
    tag: str,
    change: int,
    destroyed: bool,
    note: str,
    at: datetime,
    now: datetime,
) -> None:
    """Queue that units of a lot were found, lost or destroyed at a moment."""
    book = law.at(at)
    if book.reporting.system == "none":
        return
    lane = await open_lane(tx, book, lot_id, trip_id=None, now=now)
    payload = {
        "goods": [{"name": tag, "tag": tag, "quantity": str(change), "unit": UNIT, "price_cents": 0}],
        "destroyed": destroyed,
        "reason": None,
        "note": note,
        "on": compliance.business_day(book, at).isoformat(),
    }
    told = uuid5(lot_id, f"{at.isoformat()} {change} {destroyed}")
    number = rules.external_number(Step.PACKAGE_ADJUST, told.hex)
    await lane.add(Step.PACKAGE_ADJUST, number, payload, at=at, lot_id=lot_id)


async def report_arrival(
    tx: Tx, law: Law, *, lot_id: UUID, tag: str, quantity: int, at: datetime, now: datetime
) -> None:
    """Queue that a package arrived with so many units, for the system to agree."""
    book = law.at(at)
    if book.reporting.system == "none":
        return
    lane = await open_lane(tx, book, lot_id, trip_id=None, now=now)
    goods = [{"name": tag, "tag": tag, "quantity": str(quantity), "unit": UNIT, "price_cents": 0}]
    number = rules.external_number(Step.PACKAGE_RECEIVE, lot_id.hex)
    await lane.add(Step.PACKAGE_RECEIVE, number, {"at": _text(at), "goods": goods}, at=at, lot_id=lot_id)


# The ledger of a vehicle


async def _report_ledger(
    lane: Lane, trip: TripFacts, stops: Sequence[StopFacts], goods: "_Goods", *, departs_at: datetime
) -> None:
    if not goods.all_lines():
        return
    await _open_ledger(lane, trip, goods, at=departs_at, vehicle_id=trip.vehicle_id)
    await lane.add(
        Step.LEDGER_DEPART,
        rules.external_number(Step.LEDGER_DEPART, trip.id.hex),
        {"at": _text(departs_at)},
        at=departs_at,
    )
    for order_id in sorted(lane.on_ledger().keys() - {stop.order_id for stop in stops}):
        # The ledger was made before the trip was planned anew without it, or it was to join and did not.
        came_later = lane.restocks(order_id)[0] > 0
        await _take_off(lane, trip, order_id, at=lane.now if came_later else departs_at)
    for stop in stops:
        was_taken_off = lane.restocks(stop.order_id)[1] > 0
        is_handed_on = stop.outcome == "handed_on" and stop.ended_at is not None
        if stop.order_id not in lane.on_ledger() and not (is_handed_on and was_taken_off):
            await _restock(lane, trip, stop.order_id, added=goods.lines(stop.order_id), at=lane.now)
        if is_handed_on and stop.order_id in lane.on_ledger():
            await _take_off(lane, trip, stop.order_id, at=stop.ended_at or lane.now)
    for stop in _by_end(stops, "delivered"):
        await _sell(lane, stop, goods, departs_at=departs_at)
    if trip.ended_at is not None:
        back = [line for stop in _by_end(stops, "returned") for line in goods.lines(stop.order_id)]
        await lane.add(
            Step.LEDGER_END,
            rules.external_number(Step.LEDGER_END, trip.id.hex),
            {"at": _text(trip.ended_at), "returned": back},
            at=trip.ended_at,
        )


async def _open_ledger(
    lane: Lane, trip: TripFacts, goods: "_Goods", *, at: datetime, vehicle_id: UUID | None
) -> None:
    payload = {
        "at": _text(at),
        "vehicle_id": None if vehicle_id is None else str(vehicle_id),
        "orders": [str(order_id) for order_id in goods.order_ids],
        "goods": goods.all_lines(),
    }
    await lane.add(Step.LEDGER_OPEN, rules.external_number(Step.LEDGER_OPEN, trip.id.hex), payload, at=at)


async def _take_off(lane: Lane, trip: TripFacts, order_id: UUID, *, at: datetime) -> None:
    await _restock(lane, trip, order_id, removed=lane.on_ledger()[order_id], at=at)


async def _restock(
    lane: Lane,
    trip: TripFacts,
    order_id: UUID,
    *,
    at: datetime,
    added: Sequence[dict[str, Any]] = (),
    removed: Sequence[dict[str, Any]] = (),
) -> None:
    number = rules.external_number(Step.LEDGER_RESTOCK, _pair(trip.id, order_id))
    put_on, taken_off = lane.restocks(order_id)
    payload = {
        # One restock is told from another by its millisecond.
        "at": _text(at + timedelta(milliseconds=len(lane.there))),
        "orders": [str(order_id)] if added else [],
        "goods": list(added),
        "removed": list(removed),
    }
    if added or removed:
        number = _again(f"{number}-X", taken_off) if removed else _again(number, put_on)
        await lane.add(Step.LEDGER_RESTOCK, number, payload, at=at, order_id=order_id)


async def _sell(lane: Lane, stop: StopFacts, goods: "_Goods", *, departs_at: datetime) -> None:
    lines = goods.lines(stop.order_id)
    if not lines or stop.ended_at is None:
        return
    payload = {
        "at": _text(stop.ended_at),
        "departed_at": _text(departs_at),
        "place": goods.place(stop.order_id),
        "goods": lines,
    }
    await lane.add(
        Step.LEDGER_SALE,
        rules.external_number(Step.LEDGER_SALE, stop.order_id.hex),
        payload,
        at=stop.ended_at,
        order_id=stop.order_id,
    )


# Single deliveries


async def _report_deliveries(
    lane: Lane, trip: TripFacts, stops: Sequence[StopFacts], goods: "_Goods", *, departs_at: datetime
) -> None:
    for stop in stops:
        if stop.ended_at is None or lane.delivery_of(stop.order_id).ended_at != stop.ended_at:
            await _create_delivery(lane, trip, stop, goods, at=departs_at, vehicle_id=trip.vehicle_id)
    for report in lane.there:
        if report.step is Step.DELIVERY_CREATE and report.order_id not in {stop.order_id for stop in stops}:
            await lane.withdraw(report, at=departs_at)
    for stop in sorted((one for one in stops if one.ended_at), key=lambda one: (one.ended_at, one.place)):
        lines = goods.lines(stop.order_id)
        told = lane.delivery_of(stop.order_id)
        if not lines or stop.ended_at is None or told.ended_at == stop.ended_at:
            continue
        sold = stop.outcome == "delivered"
        payload = {
            "at": _text(stop.ended_at),
            "goods": lines if sold else [],
            "returned": [] if sold else lines,
            "reason": None,
        }
        number = rules.external_number(Step.DELIVERY_COMPLETE, _pair(trip.id, stop.order_id))
        number = _again(number, told.completed)
        await lane.add(Step.DELIVERY_COMPLETE, number, payload, at=stop.ended_at, order_id=stop.order_id)


async def _create_delivery(
    lane: Lane,
    trip: TripFacts,
    stop: StopFacts,
    goods: "_Goods",
    *,
    at: datetime,
    vehicle_id: UUID | None,
) -> None:
    lines, told = goods.lines(stop.order_id), lane.delivery_of(stop.order_id)
    if not lines or told.open:
        return
    payload = {
        "at": _text(at),
        "vehicle_id": None if vehicle_id is None else str(vehicle_id),
        "place": goods.place(stop.order_id),
        "goods": lines,
    }
    number = rules.external_number(Step.DELIVERY_CREATE, _pair(trip.id, stop.order_id))
    number = _again(number, told.created)
    await lane.add(Step.DELIVERY_CREATE, number, payload, at=at, order_id=stop.order_id)


# Goods


class _Goods:
    """What orders hold of which packages, as lines of payloads; what is not cannabis is nobody's business."""

    def __init__(self, order_ids: Sequence[UUID], lines: Iterable[Row], packages: Iterable[Package]) -> None:
        self._lines: dict[UUID, list[dict[str, Any]]] = {order_id: [] for order_id in order_ids}
        self._places: dict[UUID, dict[str, str]] = {}
        packed: dict[tuple[UUID, UUID], list[tuple[str | None, int]]] = {}
        for package in packages:
            packed.setdefault((package.order_id, package.product_id), []).append(
                (package.tag, package.quantity)
            )
        for line in lines:
            order_id = line["order_id"]
            self._places[order_id] = {name: line[name] for name in ("city", "state", "zip")}
            if compliance.untracked(line["product_class"]) is None:
                self._lines[order_id] += _split(line, packed.get((order_id, line["product_id"]), []))

    @property
    def order_ids(self) -> Collection[UUID]:
        return self._lines.keys()

    def lines(self, order_id: UUID) -> list[dict[str, Any]]:
        return self._lines[order_id]

    def all_lines(self) -> list[dict[str, Any]]:
        return [line for lines in self._lines.values() for line in lines]

    def place(self, order_id: UUID) -> dict[str, str] | None:
        return self._places.get(order_id)


async def _goods(tx: Tx, order_ids: Sequence[UUID]) -> _Goods:
    lines = await queries.list_lines(tx, order_ids)
    return _Goods(order_ids, lines, await inventory.list_packages(tx, *order_ids))


def _split(line: Row, packed: Sequence[tuple[str | None, int]]) -> list[dict[str, Any]]:
    """Return a line of an order by the packages it came from, and what of it came from none."""
    loose = line["quantity"] - sum(units for _, units in packed)
    parts = [*packed, (None, loose)] if loose > 0 else packed
    return [_line(line, tag, units) for tag, units in parts]


def _line(line: Row, tag: str | None, units: int) -> dict[str, Any]:
    return {
        "order_id": str(line["order_id"]),
        "product_id": str(line["product_id"]),
        "name": line["name"],
        "tag": tag,
        "quantity": str(units),
        "unit": UNIT,
        "price_cents": line["unit_price_cents"] * units,
    }


def _again(number: str, before: int) -> str:
    """Return the number of a fact that was told so many times of an order on its trip before."""
    return f"{number}-{before + 1}" if before else number


def _by_end(stops: Sequence[StopFacts], outcome: str) -> list[StopFacts]:
    found = [stop for stop in stops if stop.outcome == outcome and stop.ended_at is not None]
    return sorted(found, key=lambda stop: (stop.ended_at, stop.place))


def _pair(trip_id: UUID, order_id: UUID) -> str:
    """Return what stands for an order on a trip: the ends of both ids, which are chance."""
    return trip_id.hex[-14:] + order_id.hex[-14:]


def _text(moment: datetime) -> str:
    return moment.isoformat()
