"""What drivers say to orders they were given: they take them, give them back, or say nothing for too long."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from faded_skies.domains.delivery.errors import AnswerTooLate, OnPlannedTrip
from faded_skies.domains.delivery.events import OfferWithdrawn, OrderGivenBack, Withdrawal
from faded_skies.domains.delivery.models.dispatch import Answer, Assignment, Refusal, RefusalKind, Terms
from faded_skies.domains.delivery.queries import answers as queries
from faded_skies.domains.delivery.queries import dispatch
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.errors import OrderNotFound
from faded_skies.domains.orders.service import BEFORE_DEPARTURE, Order, Status
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database, Tx


async def accept(tx: Tx, *, actor: Actor, order_id: UUID) -> Answer:
    """Have the driver take the order; a second time, and once it is on the road, it is so already.

    Raises OrderNotFound for another driver's, AnswerTooLate for one that is over.
    """
    order = await orders.lock_order_for(tx, actor, order_id)
    if order.status not in BEFORE_DEPARTURE | {Status.OUT_FOR_DELIVERY}:
        raise AnswerTooLate("This order is over. Refresh your list.")
    await take(tx, [order_id], driver_id=actor.id)
    return await queries.get_acceptance(tx, order_id, actor.id)


async def take(tx: Tx, order_ids: Sequence[UUID], *, driver_id: UUID) -> None:
    """Note that the driver takes these of their orders, by whatever they do; the caller holds them."""
    for order_id in await queries.accept(tx, order_ids, driver_id):
        tx.audit("order.accepted", object_type="order", object_id=order_id, actor_id=driver_id)


async def decline(tx: Tx, *, actor: Actor, order_id: UUID, reason: str) -> Answer:
    """Have the driver give the order back before departure; it is nobody's then. A second time it is so already.

    Raises OrderNotFound for another driver's that they never gave back, AnswerTooLate, OnPlannedTrip.
    """
    try:
        order = await orders.lock_order_for(tx, actor, order_id)
    except OrderNotFound:
        declined = await queries.find_decline(tx, order_id, actor.id)
        if declined is None:
            raise
        return declined
    if order.status not in BEFORE_DEPARTURE:
        raise AnswerTooLate
    if await queries.is_planned(tx, order_id, actor.id):
        raise OnPlannedTrip
    await _refuse(tx, order, kind="declined", reason=reason, actor_id=actor.id)
    declined = await queries.find_decline(tx, order_id, actor.id)
    assert declined is not None  # noqa: S101 - it was written just now
    return declined


async def take_back_unanswered(db: Database, *, within: timedelta) -> int:
    """Take orders back from drivers who have not answered for so long; return how many. Each in its own transaction."""
    taken = 0
    for order_id in await queries.list_unanswered(db, within):
        async with db.transaction() as tx:
            order = await orders.lock_order(tx, order_id)
            if await queries.is_unanswered(tx, order_id, within):
                await _refuse(tx, order, kind="unanswered", reason=None, actor_id=None)
                taken += 1
    return taken


async def take_back_left_behind(db: Database) -> int:
    """Take back what dispatch gave to drivers who have ended their shift since; return how many."""
    taken = 0
    for order_id in await dispatch.list_left_behind(db):
        async with db.transaction() as tx:
            order = await orders.lock_order(tx, order_id)
            if await dispatch.is_left_behind(tx, order_id):
                await _free(tx, order, reason="The driver ended their shift.", actor_id=None)
                taken += 1
    return taken


async def _refuse(
    tx: Tx, order: Order, *, kind: RefusalKind, reason: str | None, actor_id: UUID | None
) -> None:
    assert order.driver_id is not None  # noqa: S101 - as the caller saw
    if kind == "unanswered":
        withdraw(tx, order, driver_id=order.driver_id, cause="unanswered")
    await queries.put_refusal(tx, order_id=order.id, driver_id=order.driver_id, kind=kind, reason=reason)
    await _free(tx, order, reason=reason or "The driver did not answer in time.", actor_id=actor_id)


def withdraw(tx: Tx, order: Order, *, driver_id: UUID, cause: Withdrawal) -> None:
    """State that the driver has the order no more."""
    tx.emit(
        OfferWithdrawn(
            order_id=order.id,
            order_number=order.order_number,
            driver_id=driver_id,
            cause=cause,
            at=clock.now(),
        )
    )


async def withdraw_cancelled(tx: Tx, order_id: UUID) -> None:
    """State that a cancelled order is no more for the driver who had it, if somebody had."""
    order = await orders.lock_order(tx, order_id)
    if order.driver_id is not None:
        withdraw(tx, order, driver_id=order.driver_id, cause="cancelled")


async def is_offered(db: Database, order_id: UUID, driver_id: UUID) -> bool:
    """Tell whether the order still waits for this driver's answer."""
    assignment = (await queries.list_assignments(db, [order_id])).get(order_id)
    return assignment is not None and assignment.driver_id == driver_id and assignment.accepted_at is None


async def answer_by(db: Database, terms: Terms, *, offered_at: datetime) -> datetime | None:
    """Return until when a driver has to answer; None while the shop gives nothing out by itself."""
    return None if await dispatch.find_automatic_shop(db) is None else offered_at + terms.answer_within


async def _free(tx: Tx, order: Order, *, reason: str, actor_id: UUID | None) -> None:
    """Make the order nobody's. The caller holds it, and it has a driver."""
    assert order.driver_id is not None  # noqa: S101 - as the caller saw
    await queries.drop_stop(tx, order.id)
    await orders.unassign(tx, order, actor_id=actor_id, reason=reason)
    tx.emit(OrderGivenBack(order_id=order.id, driver_id=order.driver_id, at=clock.now()))


async def list_assignments(db: Database, order_ids: Sequence[UUID]) -> dict[UUID, Assignment]:
    """Return whose these orders are, of those that have a driver."""
    return await queries.list_assignments(db, order_ids)


async def list_refusals(db: Database, order_ids: Sequence[UUID]) -> dict[UUID, list[Refusal]]:
    """Return who gave each of these orders back or did not answer, the earliest first."""
    return await queries.list_refusals(db, order_ids)
