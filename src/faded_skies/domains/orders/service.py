"""An order's life after checkout: seeing it, moving it, settling its payment, ending it.

Locks are always taken in this order: person, order, stock, coins, payment intent.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.orders import queries, rules
from faded_skies.domains.orders.errors import IllegalMove, OrderNotFound
from faded_skies.domains.orders.events import OrderDied, OrderMoved
from faded_skies.domains.orders.models import Item, NewOrder, Order, TrackingLine
from faded_skies.domains.orders.rules import ASSIGNABLE, HOLD, UNPAID, Status
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.service import ChargeResult
from faded_skies.domains.rewards import service as rewards
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database, Row, Tx

__all__ = [
    "Item",
    "NewOrder",
    "Order",
    "Status",
    "TrackingLine",
    "assign",
    "cancel",
    "change_method",
    "complete",
    "erase",
    "get_order_for",
    "has_received",
    "held_on",
    "list_board",
    "list_bought_since",
    "list_items",
    "list_open",
    "list_tracking",
    "lock_order",
    "lock_order_by_cart",
    "lock_order_for",
    "move",
    "note",
    "note_refunds",
    "place",
    "receive_goods",
    "send_back",
    "set_eta",
    "settle",
]

FIRST_ESTIMATE = timedelta(minutes=60)


async def get_order_for(source: Database | Tx, actor: Actor, order_id: UUID) -> Order:
    """Return an order the actor may see. Raises OrderNotFound for all others."""
    order = await queries.find_order_for(source, actor, order_id)
    if order is None:
        raise OrderNotFound
    return order


async def lock_order_for(tx: Tx, actor: Actor, order_id: UUID) -> Order:
    """Hold the row of an order the actor may see. Raises OrderNotFound for all others."""
    order = await queries.lock_order_for(tx, actor, order_id)
    if order is None:
        raise OrderNotFound
    return order


async def lock_order(tx: Tx, order_id: UUID) -> Order:
    """Hold the row of an order, for the system itself. Raises OrderNotFound."""
    order = await queries.lock_order(tx, order_id)
    if order is None:
        raise OrderNotFound
    return order


async def lock_order_by_cart(tx: Tx, cart_id: UUID) -> Order | None:
    """Hold the live order that was made of a cart, if there is one."""
    return await queries.lock_order_by_cart(tx, cart_id)


async def list_board(
    db: Database,
    *,
    status: Status | None,
    driver_id: UUID | None,
    order_number: str | None,
    limit: int,
    offset: int,
) -> tuple[list[Order], int]:
    """Return one page of all orders for staff, newest first, and how many there are."""
    return await queries.list_board(
        db, status=status, driver_id=driver_id, order_number=order_number, limit=limit, offset=offset
    )


async def list_items(source: Database | Tx, order_ids: Sequence[UUID]) -> dict[UUID, list[Item]]:
    """Return the lines of each order."""
    return await queries.list_items(source, order_ids)


async def list_tracking(db: Database, order_id: UUID) -> list[TrackingLine]:
    """Return the order's story, oldest first."""
    return await queries.list_tracking(db, order_id)


async def list_bought_since(
    source: Database | Tx, user_id: UUID, since: datetime, *, cart_id: UUID | None
) -> list[Item]:
    """Return what a person bought since a moment and did not give back, for the daily limits.

    An unpaid order of the cart that is judged does not count: the next order of that cart replaces it.
    """
    return await queries.list_bought_since(source, user_id, since, cart_id=cart_id)


async def set_eta(source: Database | Tx, order_id: UUID, eta_at: datetime) -> None:
    """Set the estimate of an order on its way, unless it differs by less than two minutes."""
    await queries.set_eta(source, order_id, eta_at)


async def place(tx: Tx, order: NewOrder, *, settled: bool, now: datetime) -> Order:
    """Make an order and return it. `settled`: nothing is to be charged now, so it is confirmed at once.

    Otherwise it is pending and holds its stock and coins for 15 minutes.
    """
    status = Status.CONFIRMED if settled else Status.PENDING
    unpaid = "unpaid" if order.amount_due_cents else "paid"
    placed = await queries.insert_order(
        tx,
        order,
        status=status,
        payment_status=unpaid if settled else "processing",
        hold_expires_at=None if settled else now + HOLD,
        eta_at=now + FIRST_ESTIMATE,
        message=rules.MESSAGES[status],
    )
    _tell(tx, placed, status, rules.MESSAGES[status], placed.created_at, actor_id=order.user_id, was=None)
    return placed


async def move(
    tx: Tx,
    order: Order,
    *,
    to: Status,
    actor_id: UUID | None,
    message: str | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
    paid_cents: int | None = None,
    payment_status: str | None = None,
) -> Order:
    """Move an order whose row the caller holds. Raises IllegalMove unless the table of moves allows it.

    Writes the tracking line, the audit entry and the events in the same transaction.
    """
    rules.check_move(order.status, to)
    text = message or rules.MESSAGES[to]
    moved = await queries.move_order(
        tx,
        order.id,
        to=to,
        message=text,
        paid_cents=paid_cents,
        payment_status=payment_status,
        latitude=latitude,
        longitude=longitude,
    )
    _tell(tx, moved, to, text, moved.updated_at, actor_id=actor_id, was=order.status)
    return moved


def _tell(
    tx: Tx, order: Order, to: Status, text: str, at: datetime, *, actor_id: UUID | None, was: Status | None
) -> None:
    tx.audit(
        f"order.{to.value}",
        object_type="order",
        object_id=order.id,
        actor_id=actor_id,
        message=text,
        **({} if was is None else {"was": was.value}),
    )
    tx.emit(
        OrderMoved(
            order_id=order.id,
            user_id=order.user_id,
            order_number=order.order_number,
            status=to.value,
            message=text,
            moved_at=at,
        )
    )


async def note(
    tx: Tx, order: Order, *, message: str, latitude: float | None = None, longitude: float | None = None
) -> None:
    """Add a line to the order's story without moving it."""
    await queries.insert_note(tx, order.id, message=message, latitude=latitude, longitude=longitude)


async def settle(tx: Tx, *, intent_id: UUID, result: ChargeResult) -> Order:
    """Bring an answer of the gateway home to its order; late, repeated and reordered answers change nothing.

    A success for an order that is dead or already paid is refunded by itself (payments does that). Raises
    OrderNotFound when the intent belongs to no order.
    """
    order_id = await payments.find_order_id(tx, intent_id)
    if order_id is None:
        raise OrderNotFound
    order = await lock_order(tx, order_id)
    intent = await payments.apply_result(
        tx, intent_id=intent_id, result=result, wanted=order.status in UNPAID
    )
    if order.status not in UNPAID:
        return order
    if intent.status == "succeeded":
        return await move(
            tx,
            order,
            to=Status.CONFIRMED,
            actor_id=order.user_id,
            paid_cents=order.amount_due_cents,
            payment_status="paid",
        )
    if intent.status == "failed" and order.status is Status.PENDING:
        return await move(
            tx, order, to=Status.PAYMENT_FAILED, actor_id=order.user_id, payment_status="failed"
        )
    if intent.status in {"requires_action", "processing"} and order.payment_status != intent.status:
        await queries.set_payment_status(tx, order.id, intent.status)
        return await lock_order(tx, order.id)
    return order


async def change_method(tx: Tx, order: Order, *, method_id: UUID, tender: str) -> Order:
    """Let an unpaid order be paid another way."""
    await queries.set_method(tx, order.id, method_id=method_id, tender=tender)
    return await lock_order(tx, order.id)


async def cancel(tx: Tx, order: Order, *, actor_id: UUID | None, reason: str | None = None) -> Order:
    """End an order before it leaves: stock, coins and money go back. Raises IllegalMove later on."""
    rules.check_move(order.status, Status.CANCELLED)
    await inventory.release(tx, order_id=order.id)
    return await _end(tx, order, to=Status.CANCELLED, actor_id=actor_id, message=reason)


async def send_back(tx: Tx, order: Order, *, actor_id: UUID, reason: str) -> Order:
    """End a delivery that could not be handed over: money and coins go back, stock when staff has received it."""
    return await _end(
        tx,
        order,
        to=Status.RETURNED,
        actor_id=actor_id,
        message=f"{rules.MESSAGES[Status.RETURNED]} Reason: {reason}",
    )


async def _end(tx: Tx, order: Order, *, to: Status, actor_id: UUID | None, message: str | None) -> Order:
    await rewards.give_back(tx, order_id=order.id)
    to_refund = order.paid_cents - order.refunded_cents
    ended = await move(
        tx,
        order,
        to=to,
        actor_id=actor_id,
        message=message,
        payment_status="refund_pending" if to_refund else "cancelled",
    )
    if to_refund:
        await payments.refund_order(
            tx, order_id=order.id, amount_cents=to_refund, reason=f"order {to.value}", requested_by=actor_id
        )
    tx.emit(OrderDied(order_id=order.id))
    return ended


async def receive_goods(tx: Tx, order: Order, *, actor_id: UUID) -> None:
    """Take the goods of a returned order back into stock. Raises IllegalMove unless it was returned."""
    if order.status is not Status.RETURNED:
        raise IllegalMove("Only a returned order's goods can be received back.")
    await inventory.restock(tx, order_id=order.id, actor_id=actor_id)
    tx.audit("order.goods_received", object_type="order", object_id=order.id, actor_id=actor_id)


async def complete(tx: Tx, order: Order, *, actor_id: UUID, cash_received_cents: int | None) -> Order:
    """Hand an order over: cash counts as paid, and the coins it earned are credited.

    The caller has checked that the cash covers what is due.
    """
    paid = order.amount_due_cents if cash_received_cents is not None else order.paid_cents
    delivered = await move(
        tx, order, to=Status.DELIVERED, actor_id=actor_id, paid_cents=paid, payment_status="paid"
    )
    await rewards.credit(
        tx,
        user_id=order.user_id,
        order_id=order.id,
        points=rules.points_earned(amount_due_cents=order.amount_due_cents, tip_cents=order.tip_cents),
    )
    return delivered


async def assign(tx: Tx, order: Order, *, driver_id: UUID, actor_id: UUID) -> Order:
    """Give an order to a driver, also in place of another. Raises IllegalMove before payment and after the end."""
    if order.status not in ASSIGNABLE:
        raise IllegalMove(
            f"An order that is {order.status.value.replace('_', ' ')} cannot be given to a driver."
        )
    await queries.set_driver(tx, order.id, driver_id)
    tx.audit(
        "order.assigned",
        object_type="order",
        object_id=order.id,
        actor_id=actor_id,
        driver_id=driver_id,
        instead_of=order.driver_id,
    )
    return await lock_order(tx, order.id)


async def note_refunds(tx: Tx, order_id: UUID) -> None:
    """Bring what went back onto the order; hearing of a refund twice changes nothing."""
    await lock_order(tx, order_id)
    await queries.count_refunded(tx, order_id)


async def expire_holds(db: Database, *, now: datetime) -> int:
    """Cancel the orders whose 15 minutes are over, each in its own transaction; return how many."""
    expired = await queries.list_expired(db, now)
    for order_id in expired:
        async with db.transaction() as tx:
            order = await lock_order(tx, order_id)
            if order.hold_expires_at is not None and order.hold_expires_at < now:
                await cancel(
                    tx,
                    order,
                    actor_id=None,
                    reason="Cancelled: it was not paid within 15 minutes. Nothing was charged.",
                )
    return len(expired)


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return a person's orders, each with its lines and its story."""
    return {"orders": queries.stream_orders_of(tx, user_id)}


async def list_open(tx: Tx, user_id: UUID) -> list[str]:
    """Return the numbers of a person's orders that are not over, the oldest first."""
    return await queries.list_open(tx, user_id)


async def has_received(tx: Tx, user_id: UUID) -> bool:
    """Tell whether anything was ever handed over to this person."""
    return await queries.has_received(tx, user_id)


async def erase(tx: Tx, user_id: UUID) -> None:
    """Erase what nobody must keep of the orders of somebody who left: notes, and addresses that nothing went to."""
    await queries.erase(tx, user_id)
