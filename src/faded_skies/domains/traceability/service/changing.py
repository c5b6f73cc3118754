"""Queues what becomes of sales after they were told, and takes back what was told of trips that never left.

Whatever was heard of an order, what its sale consists of by now is told where that differs from what was told last.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from faded_skies.domains.compliance.service import Law
from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.traceability import rules
from faded_skies.domains.traceability.models import Report
from faded_skies.domains.traceability.queries import lanes as queries
from faded_skies.domains.traceability.rules import BEFORE_DEPARTURE, CHANGES, Back, Step
from faded_skies.domains.traceability.service.lanes import Lane, open_lane
from faded_skies.domains.traceability.service.queueing import report_sale, report_trip
from faded_skies.domains.traceability.service.things import ARRIVES_AFTER
from faded_skies.platform.db import Tx


async def report_sale_change(tx: Tx, law: Law, order_id: UUID, *, at: datetime, now: datetime) -> None:
    """Queue what an order's sale consists of since units were given back; nothing where no sale is told."""
    sale = await _find_sale(tx, law, order_id, now=now)
    if sale is None:
        return
    lane = await open_lane(tx, law.at(at), sale.lane, trip_id=sale.trip_id, now=now)
    changes = [one for one in lane.there if one.order_id == order_id and one.step in CHANGES]
    goods = rules.remaining(sale.payload["goods"], await _back(tx, order_id))
    standing = _standing(order_id, goods)
    before = changes[-1].payload.get("standing") if changes else _standing(order_id, sale.payload["goods"])
    if standing == before:
        return
    step = _step(sale.step, is_void=not goods)
    number = rules.external_number(step, uuid5(UUID(standing), str(len(changes))).hex)
    payload = {"at": at.isoformat(), "goods": goods, "standing": standing, **_restated(lane, sale)}
    await lane.add(step, number, payload, at=at, order_id=order_id)


async def withdraw_trip(tx: Tx, law: Law, trip_id: UUID, *, at: datetime, now: datetime) -> None:
    """Take back what was told of a planned trip that was given up."""
    trip = await queries.find_trip(tx, trip_id)
    if trip is None or trip.departed_at is not None or trip.ended_at is None:
        return
    lane = await open_lane(tx, law.at(at), trip_id, trip_id=trip_id, now=now)
    for report in lane.there:
        if report.step in BEFORE_DEPARTURE:
            await lane.withdraw(report, at=at)


async def _find_sale(tx: Tx, law: Law, order_id: UUID, *, now: datetime) -> Report | None:
    found = await queries.find_sale(tx, order_id)
    if found is not None:
        return found
    # This was heard before the handover.
    trip_id = await queries.find_trip_of_sale(tx, order_id)
    if trip_id is None:
        await report_sale(tx, law, order_id, now=now)
    else:
        await report_trip(tx, law, trip_id, now=now)
    return await queries.find_sale(tx, order_id)


async def _back(tx: Tx, order_id: UUID) -> dict[str, Back]:
    by_tag: dict[UUID, dict[str, int]] = {}
    for package in await inventory.list_packages(tx, order_id):
        by_tag.setdefault(package.product_id, {})[package.tag] = package.returned
    return {
        str(row["product_id"]): Back(
            row["units"], by_tag.get(row["product_id"], {}), row["refunded_quantity"]
        )
        for row in await queries.list_back(tx, order_id)
    }


def _standing(order_id: UUID, goods: Iterable[Mapping[str, Any]]) -> str:
    """Return what stands for these goods, whatever staff puts right in a report of them."""
    lines = [(line["product_id"], line["tag"], line["quantity"], line["price_cents"]) for line in goods]
    return str(uuid5(order_id, repr(lines)))


def _step(of: Step, *, is_void: bool) -> Step:
    if of is Step.RECEIPT:
        return Step.RECEIPT_VOID if is_void else Step.RECEIPT_UPDATE
    return Step.DELIVERY_VOID if is_void else Step.DELIVERY_UPDATE


def _restated(lane: Lane, sale: Report) -> dict[str, Any]:
    """Return what an update of a sale says again as it was."""
    told = {"of": sale.external_number, "sold_at": sale.payload["at"]}
    if sale.step is Step.RECEIPT:
        return told
    ledger = next((one for one in lane.there if one.step is Step.LEDGER_OPEN), sale)
    arrived = datetime.fromisoformat(sale.payload["at"])
    if sale.step is Step.DELIVERY_CREATE:
        arrived += ARRIVES_AFTER
    return told | {
        "departed_at": sale.payload.get("departed_at", sale.payload["at"]),
        "arrived_at": arrived.isoformat(),
        "place": sale.payload["place"],
        "vehicle_id": ledger.payload["vehicle_id"],
    }
