"""What follows on the road from facts: estimates reckoned anew, a round of dispatch, and what drivers are told."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from faded_skies.domains.delivery import service
from faded_skies.domains.delivery.events import (
    DriverArrived,
    DriverChanged,
    DriverMoved,
    OfferWithdrawn,
    OrderGivenBack,
    OrderOffered,
    ShiftEnded,
    ShiftPlanned,
    ShiftStarted,
    StopDelivered,
    StopReturned,
    TripDeparted,
    TripEnded,
    TripLoaded,
)
from faded_skies.domains.delivery.ports import TravelTimes
from faded_skies.domains.delivery.service import Rounds, Terms
from faded_skies.domains.notifications import service as notifications
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.events import OrderMoved
from faded_skies.domains.orders.service import BEFORE_DEPARTURE, Status
from faded_skies.platform import clock
from faded_skies.platform.events import Event, Subscription
from faded_skies.platform.ports import Ports

_Reckon = Callable[[UUID], Awaitable[None]]


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    """Return who hears of departures, stops, changes of drivers, and drivers who move."""
    times: TravelTimes = ports.get(TravelTimes)

    async def reckon(driver_id: UUID) -> None:
        await service.reckon(
            ports.db, ports.valkey, ports.realtime, times, driver_id=driver_id, now=clock.now()
        )

    return [
        *_of_trips(ports, reckon),
        *_of_drivers(ports, reckon),
        *_of_dispatch(ports),
        *_of_offers(ports),
        *_of_doors(ports),
    ]


def _of_trips(ports: Ports, reckon: _Reckon) -> Sequence[Subscription]:
    db = ports.db

    async def departed(event: TripDeparted) -> None:
        await reckon(await service.get_driver_of_trip(db, event.trip_id))

    async def loaded(event: TripLoaded) -> None:
        await reckon(event.driver_id)

    async def joined(event: OrderMoved) -> None:
        driver_id = await service.find_driver_on_road(db, event.order_id)
        if driver_id is not None:
            await reckon(driver_id)

    async def stopped(event: StopDelivered | StopReturned) -> None:
        if event.trip_id is not None:
            await reckon(await service.get_driver_of_trip(db, event.trip_id))

    return [
        Subscription("delivery.reckon_at_departure", TripDeparted, departed),
        Subscription("delivery.reckon_for_loaded", TripLoaded, loaded),
        # What it was called before 0.1.0 is out; goes with 0.2.0.
        Subscription("delivery.reckon_for_joined", OrderMoved, joined, is_former=True),
        Subscription("delivery.reckon_after_delivery", StopDelivered, stopped),
        Subscription("delivery.reckon_after_return", StopReturned, stopped),
    ]


def _of_drivers(ports: Ports, reckon: _Reckon) -> Sequence[Subscription]:
    async def tell_changed(event: DriverChanged) -> None:
        rooms = await orders.list_rooms(ports.db, event.order_id)
        await ports.realtime.tell("driver-changed", {"orderId": event.order_id}, rooms=rooms)

    async def changed(event: DriverChanged) -> None:
        for driver_id in (event.was, event.now):
            await reckon(driver_id)

    async def moved(event: DriverMoved) -> None:
        await reckon(event.driver_id)

    return [
        Subscription("delivery.tell_driver_changed", DriverChanged, tell_changed, is_fleeting=True),
        Subscription("delivery.reckon_for_new_driver", DriverChanged, changed),
        Subscription("delivery.reckon_on_the_way", DriverMoved, moved),
    ]


def _of_dispatch(ports: Ports) -> Sequence[Subscription]:
    rounds: Rounds = ports.get(Rounds)

    async def after_move(event: OrderMoved) -> None:
        if event.status in BEFORE_DEPARTURE:
            await rounds.ask()

    async def after(_: Event) -> None:
        await rounds.ask()

    return [
        Subscription("delivery.dispatch_after_move", OrderMoved, after_move),
        Subscription("delivery.dispatch_after_start", ShiftStarted, after),
        Subscription("delivery.dispatch_after_plan", ShiftPlanned, after),
        Subscription("delivery.dispatch_after_end", ShiftEnded, after),
        Subscription("delivery.dispatch_after_refusal", OrderGivenBack, after),
        Subscription("delivery.dispatch_after_delivery", StopDelivered, after),
        Subscription("delivery.dispatch_after_return", StopReturned, after),
        Subscription("delivery.dispatch_after_trip", TripEnded, after),
    ]


def _of_offers(ports: Ports) -> Sequence[Subscription]:
    db, realtime = ports.db, ports.realtime
    terms: Terms = ports.get(Terms)

    async def tell_of_offer(event: OrderOffered) -> None:
        if not await service.is_offered(db, event.order_id, event.driver_id):
            return  # they have answered by now, or somebody else has it
        await realtime.tell(
            "order-offered",
            {
                "orderId": event.order_id,
                "orderNumber": event.order_number,
                "expectedAt": event.expected_at,
                "answerBy": await service.answer_by(db, terms, offered_at=event.at),
                "createdAt": event.at,
            },
            rooms=[f"user:{event.driver_id}"],
        )

    async def write_of_offer(event: OrderOffered) -> None:
        if not await service.is_offered(db, event.order_id, event.driver_id):
            return
        answer_by = await service.answer_by(db, terms, offered_at=event.at)
        async with db.transaction() as tx:
            await notifications.notify_offer(
                tx,
                driver_id=event.driver_id,
                order_id=event.order_id,
                order_number=event.order_number,
                at=event.at,
                answer_by=answer_by,
            )

    async def tell_of_withdrawal(event: OfferWithdrawn) -> None:
        await realtime.tell(
            "offer-withdrawn",
            {
                "orderId": event.order_id,
                "orderNumber": event.order_number,
                "reason": event.cause,
                "createdAt": event.at,
            },
            rooms=[f"user:{event.driver_id}"],
        )

    async def write_of_withdrawal(event: OfferWithdrawn) -> None:
        async with db.transaction() as tx:
            await notifications.notify_withdrawal(
                tx,
                driver_id=event.driver_id,
                order_id=event.order_id,
                order_number=event.order_number,
                reason=event.cause,
                at=event.at,
            )

    async def withdraw_cancelled(event: OrderMoved) -> None:
        if event.status == Status.CANCELLED:
            async with db.transaction() as tx:
                await service.withdraw_cancelled(tx, event.order_id)

    return [
        Subscription("delivery.tell_of_offer", OrderOffered, tell_of_offer, is_fleeting=True),
        Subscription("delivery.write_of_offer", OrderOffered, write_of_offer),
        Subscription("delivery.tell_of_withdrawal", OfferWithdrawn, tell_of_withdrawal, is_fleeting=True),
        Subscription("delivery.write_of_withdrawal", OfferWithdrawn, write_of_withdrawal),
        Subscription("delivery.withdraw_cancelled", OrderMoved, withdraw_cancelled),
    ]


def _of_doors(ports: Ports) -> Sequence[Subscription]:
    db = ports.db

    async def write_of_arrival(event: DriverArrived) -> None:
        if await service.find_driver_on_road(db, event.order_id) != event.driver_id:
            return  # it is handed over by now, or with somebody else
        async with db.transaction() as tx:
            await notifications.notify_arrival(
                tx,
                user_id=event.user_id,
                order_id=event.order_id,
                order_number=event.order_number,
                driver_id=event.driver_id,
                arrived_at=event.at,
            )

    return [Subscription("delivery.write_of_arrival", DriverArrived, write_of_arrival)]
