"""The driver's list, assignment, money before departure, and arrivals."""

from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

from faded_skies.domains.delivery.errors import (
    DriverNotFound,
    NotOutForDelivery,
)
from faded_skies.domains.delivery.events import (
    DriverArrived,
    DriverChanged,
    OrderOffered,
)
from faded_skies.domains.delivery.models.road import Stop
from faded_skies.domains.delivery.queries import dispatch, trips
from faded_skies.domains.delivery.queries import road as queries
from faded_skies.domains.delivery.service.answers import withdraw
from faded_skies.domains.delivery.service.trips import Leaving, hand_on, list_planned_orders
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.errors import OrderNotFound
from faded_skies.domains.orders.service import Order, Status
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.ports import Gateways
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database, Row, Tx


async def list_stops(db: Database, driver_id: UUID) -> list[Stop]:
    """Return the orders that the driver has to bring, first assigned first."""
    return await queries.list_stops(db, driver_id)


async def assign(tx: Tx, *, order_id: UUID, driver_id: UUID, actor_id: UUID, leaving: Leaving) -> Order:
    """Give the order to a driver, in place of another one if need be; the same driver keeps their place.

    Two at once come one after the other, and the second one's driver has it. Raises OrderNotFound,
    DriverNotFound, IllegalMove.
    """
    order = await orders.lock_order(tx, order_id)
    if not await queries.lock_driver(tx, driver_id):
        raise DriverNotFound
    if order.status is Status.OUT_FOR_DELIVERY and order.driver_id != driver_id:
        await hand_on(tx, order, to=driver_id, leaving=leaving)
    assigned = await orders.assign(tx, order, driver_id=driver_id, actor_id=actor_id)
    if order.driver_id != driver_id:
        await queries.put_stop(tx, order_id=order_id, driver_id=driver_id, assigned_by=actor_id)
        tx.emit(
            OrderOffered(
                order_id=order_id,
                order_number=order.order_number,
                driver_id=driver_id,
                expected_at=None,
                at=clock.now(),
            )
        )
        if order.driver_id is not None:
            withdraw(tx, order, driver_id=order.driver_id, cause="moved")
        if order.status is Status.OUT_FOR_DELIVERY and order.driver_id is not None:
            tx.emit(DriverChanged(order_id=order_id, was=order.driver_id, now=driver_id))
    return assigned


async def take_money(db: Database, gateways: Gateways, *, actor: Actor, order_id: UUID) -> None:
    """Take the money that the order's bank has authorised, before the order leaves; safe to repeat.

    Call it outside of any transaction. Raises OrderNotFound, GatewayUnavailable; whether the money came is for
    the departure to see.
    """
    order = await orders.get_order_for(db, actor, order_id)
    if order.status is not Status.PREPARING or order.payment_status != "authorized":
        return
    intent = await payments.find_open_intent(db, order_id)
    if intent is None:
        return
    result = await payments.capture(gateways, intent)
    async with db.transaction() as tx:
        await orders.settle(tx, intent_id=intent.id, result=result)


async def take_money_of_trip(db: Database, gateways: Gateways, *, actor: Actor, trip_id: UUID) -> None:
    """Take the authorised money of every order of a planned trip that is still the driver's; safe to repeat.

    Call it outside of any transaction. Raises TripNotFound, GatewayUnavailable.
    """
    for order_id in await list_planned_orders(db, trip_id, driver_id=actor.id):
        with suppress(OrderNotFound):  # given to another driver: the departure says so
            await take_money(db, gateways, actor=actor, order_id=order_id)


async def arrive(tx: Tx, *, actor: Actor, order_id: UUID) -> Order:
    """Tell the customer that the driver is at the door; once. Raises OrderNotFound, NotOutForDelivery."""
    order = await lock_on_the_road(tx, actor, order_id)
    if await queries.mark_arrived(tx, order_id):
        await orders.note(tx, order, message="Your driver is at the door. Please bring your ID.")
        trip_id = await trips.find_trip_of(tx, order_id, actor.id)
        await trips.log(tx, driver_id=actor.id, kind="arrived", trip_id=trip_id, order_id=order_id)
        tx.emit(
            DriverArrived(
                order_id=order_id,
                order_number=order.order_number,
                user_id=order.user_id,
                driver_id=actor.id,
                at=clock.now(),
            )
        )
    return order


async def lock_on_the_road(tx: Tx, actor: Actor, order_id: UUID) -> Order:
    """Hold an order that the driver has with them. Raises OrderNotFound, NotOutForDelivery."""
    order = await orders.lock_order_for(tx, actor, order_id)
    if order.status is not Status.OUT_FOR_DELIVERY:
        raise NotOutForDelivery
    return order


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return what delivery holds on a person: how orders were handed to them, and what they did as a driver."""
    return queries.held_on(tx, user_id)


async def is_on_duty(tx: Tx, driver_id: UUID) -> bool:
    """Tell whether a driver is on a shift, or has orders to bring."""
    return await queries.is_on_duty(tx, driver_id)


async def lock_duty(tx: Tx, driver_id: UUID) -> bool:
    """Tell whether a driver has orders to bring. The caller holds the person, so none is given before the commit."""
    await dispatch.lock_shift(tx, driver_id)
    return await queries.has_orders(tx, driver_id)
