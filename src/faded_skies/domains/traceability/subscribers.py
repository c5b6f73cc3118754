"""What follows from facts about trips, sales and lots: they are queued to be told."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from faded_skies.domains.compliance.service import Law
from faded_skies.domains.delivery.events import (
    DriverChanged,
    StopDelivered,
    StopReturned,
    TripDeparted,
    TripEnded,
    TripGivenUp,
    TripLoaded,
)
from faded_skies.domains.inventory.events import LotAdjusted, LotReceived
from faded_skies.domains.orders.events import SaleChanged
from faded_skies.domains.traceability import service
from faded_skies.domains.traceability.events import ReportOverdue, ReportRejected
from faded_skies.platform import clock
from faded_skies.platform.db import Database
from faded_skies.platform.events import Subscription
from faded_skies.platform.ports import Ports


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    """Return who hears of trips, sales and lots."""
    return [*_departures(ports), *_stops_and_sales(ports), *_lots(ports)]


def _trip_reporter(ports: Ports) -> Callable[[UUID], Awaitable[None]]:
    db = ports.db
    law: Law = ports.get(Law)

    async def report(trip_id: UUID) -> None:
        async with db.transaction() as tx:
            await service.report_trip(tx, law, trip_id, now=clock.now())

    return report


def _departures(ports: Ports) -> Sequence[Subscription]:
    db = ports.db
    law: Law = ports.get(Law)
    report = _trip_reporter(ports)

    async def departed(event: TripDeparted) -> None:
        await report(event.trip_id)

    async def loaded(event: TripLoaded) -> None:
        await report(event.trip_id)

    async def changed_driver(event: DriverChanged) -> None:
        for trip_id in await service.list_trips_of(db, event.order_id):
            await report(trip_id)

    async def given_up(event: TripGivenUp) -> None:
        async with db.transaction() as tx:
            await service.withdraw_trip(tx, law, event.trip_id, at=event.at, now=clock.now())

    return [
        Subscription("traceability.trip_departed", TripDeparted, departed),
        Subscription("traceability.trip_loaded", TripLoaded, loaded),
        Subscription("traceability.driver_changed", DriverChanged, changed_driver),
        Subscription("traceability.trip_given_up", TripGivenUp, given_up),
    ]


def _stops_and_sales(ports: Ports) -> Sequence[Subscription]:
    db = ports.db
    law: Law = ports.get(Law)
    report = _trip_reporter(ports)

    async def delivered(event: StopDelivered) -> None:
        if event.trip_id is not None:
            await report(event.trip_id)
            return
        async with db.transaction() as tx:
            await service.report_sale(tx, law, event.order_id, now=clock.now())

    async def returned(event: StopReturned) -> None:
        if event.trip_id is not None:
            await report(event.trip_id)

    async def ended(event: TripEnded) -> None:
        await report(event.trip_id)

    async def changed(event: SaleChanged) -> None:
        async with db.transaction() as tx:
            await service.report_sale_change(tx, law, event.order_id, at=event.at, now=clock.now())

    return [
        Subscription("traceability.stop_delivered", StopDelivered, delivered),
        Subscription("traceability.stop_returned", StopReturned, returned),
        Subscription("traceability.trip_ended", TripEnded, ended),
        Subscription("traceability.sale_changed", SaleChanged, changed),
    ]


def _lots(ports: Ports) -> Sequence[Subscription]:
    db = ports.db
    law: Law = ports.get(Law)

    async def received(event: LotReceived) -> None:
        async with db.transaction() as tx:
            await service.report_arrival(
                tx,
                law,
                lot_id=event.lot_id,
                tag=event.tag,
                quantity=event.quantity,
                at=event.at,
                now=clock.now(),
            )

    async def adjusted(event: LotAdjusted) -> None:
        async with db.transaction() as tx:
            await service.report_adjustment(
                tx,
                law,
                lot_id=event.lot_id,
                tag=event.tag,
                change=event.change,
                destroyed=event.reason == "destroyed",
                note=event.note,
                at=event.at,
                now=clock.now(),
            )

    return [
        Subscription("traceability.lot_received", LotReceived, received),
        Subscription("traceability.lot_adjusted", LotAdjusted, adjusted),
        *_alarms(db),
    ]


def _alarms(db: Database) -> list[Subscription]:
    async def overdue(event: ReportOverdue) -> None:
        async with db.transaction() as tx:
            await service.alarm_overdue(
                tx,
                report_id=event.report_id,
                due_at=event.due_at,
                count=event.count,
                missed=event.missed,
            )

    async def rejected(event: ReportRejected) -> None:
        async with db.transaction() as tx:
            await service.alarm_rejected(tx, report_id=event.report_id)

    return [
        Subscription("traceability.alarm_overdue", ReportOverdue, overdue),
        Subscription("traceability.alarm_rejected", ReportRejected, rejected),
    ]
