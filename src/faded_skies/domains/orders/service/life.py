"""An order's life after checkout: moving it, telling of it.

Locks are always taken in this order: person, order, stock, coins, payment intent.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.ledger import service as ledger
from faded_skies.domains.ledger.service import TAXES, Account, Fact
from faded_skies.domains.orders import rules
from faded_skies.domains.orders.errors import AmendmentOver, IllegalMove
from faded_skies.domains.orders.events import AmendmentMoved, OrderMoved, OrderNoted
from faded_skies.domains.orders.models import (
    Amendment,
    Item,
    NewOrder,
    Order,
)
from faded_skies.domains.orders.queries import amendments, held, reading, writing
from faded_skies.domains.orders.rules import ASSIGNABLE, BEFORE_DEPARTURE, HOLD, Status
from faded_skies.domains.orders.service.finding import lock_order
from faded_skies.domains.payments import service as payments
from faded_skies.domains.rewards import service as rewards
from faded_skies.platform.db import Row, Tx
from faded_skies.platform.ids import new_id

FIRST_ESTIMATE = timedelta(minutes=60)


async def place(tx: Tx, order: NewOrder, *, settled: bool, now: datetime) -> Order:
    """Make an order and return it. `settled`: nothing is to be charged now, so it is confirmed at once.

    Otherwise it is pending and holds its stock and coins for 15 minutes.
    """
    status = Status.CONFIRMED if settled else Status.PENDING
    unpaid = "unpaid" if order.amount_due_cents else "paid"
    placed = await writing.insert_order(
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

    Raises NotPacked at departure.
    Writes the tracking line, the audit entry and the events in the same transaction.
    """
    rules.check_move(order.status, to)
    if order.status in BEFORE_DEPARTURE and to not in BEFORE_DEPARTURE:
        await close_amendments(tx, order, actor_id=actor_id)
    if to is Status.OUT_FOR_DELIVERY:
        wanted = quantities((await reading.list_items(tx, [order.id]))[order.id])
        await inventory.check_packed(tx, order_id=order.id, wanted=wanted)
    text = message or rules.MESSAGES[to]
    moved = await writing.move_order(
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


def check_may_depart(order: Order) -> None:
    """Raise IllegalMove unless the order's state lets it leave the shop."""
    rules.check_move(order.status, Status.OUT_FOR_DELIVERY)


async def close_amendments(tx: Tx, order: Order, *, actor_id: UUID | None) -> None:
    """End a change that waits for its answer or its money, because packing ends; the caller holds the order's row.

    An order that departs or is cancelled does it by itself.
    """
    waiting = await amendments.find_waiting_amendment(tx, order.id)
    if waiting is not None:
        await end_amendment(tx, order, waiting, "closed", actor_id=actor_id)


async def end_amendment(
    tx: Tx, order: Order, amendment: Amendment, status: str, *, actor_id: UUID | None
) -> Amendment:
    """End a change that is not applied: what it had reserved goes back, and a charge for it is stopped."""
    ended = await amendments.settle_amendment(tx, amendment.id, status)
    if ended is None:
        raise AmendmentOver(rules.OVER[status])
    if amendment.status == "paying":
        await _release_reserved(tx, order, amendment)
        await payments.let_go(tx, order_id=order.id)
    tell_amendment(tx, order, ended, actor_id=actor_id)
    return ended


async def _release_reserved(tx: Tx, order: Order, amendment: Amendment) -> None:
    fewer = await reserved_by(tx, order, amendment)
    await inventory.exchange(tx, order_id=order.id, change_id=new_id(), more=[], fewer=fewer)


async def reserved_by(tx: Tx, order: Order, amendment: Amendment) -> dict[UUID, int]:
    """Return what a change that waits for its money has taken of each product beyond what the order has."""
    before = (await reading.list_items(tx, [order.id]))[order.id]
    more, _ = rules.difference(quantities(before), quantities(amendment.revision.items))
    return more


def quantities(items: Sequence[Item]) -> dict[UUID, int]:
    """Return how many of each product."""
    return {item.product_id: item.quantity for item in items}


def tell_amendment(tx: Tx, order: Order, amendment: Amendment, *, actor_id: UUID | None) -> None:
    """Write to the audit log and tell the customer that a change was proposed or ended."""
    tx.audit(
        f"order.amendment_{'proposed' if amendment.status == 'open' else amendment.status}",
        object_type="order",
        object_id=order.id,
        actor_id=actor_id,
        reason=amendment.reason,
        amendmentId=amendment.id,
        **({"before": amendment.before, "after": amendment.after} if amendment.status == "open" else {}),
    )
    emit_amendment(tx, order, amendment)


def emit_amendment(tx: Tx, order: Order, amendment: Amendment) -> None:
    tx.emit(
        AmendmentMoved(
            amendment_id=amendment.id,
            order_id=order.id,
            user_id=order.user_id,
            order_number=order.order_number,
            status=amendment.status,
            by_customer=amendment.by_customer,
            reason=amendment.reason,
            total_before_cents=amendment.before["totalCents"],
            total_after_cents=amendment.after["totalCents"],
            moved_at=amendment.settled_at or amendment.created_at,
        )
    )


async def note(
    tx: Tx, order: Order, *, message: str, latitude: float | None = None, longitude: float | None = None
) -> None:
    """Add a line to the order's story without moving it; who watches the order is told."""
    noted_at = await writing.insert_note(
        tx, order.id, message=message, latitude=latitude, longitude=longitude
    )
    tx.emit(
        OrderNoted(
            order_id=order.id,
            user_id=order.user_id,
            status=order.status.value,
            message=message,
            noted_at=noted_at,
        )
    )


async def change_method(tx: Tx, order: Order, *, method_id: UUID, tender: str) -> Order:
    """Let an unpaid order be paid another way."""
    await writing.set_method(tx, order.id, method_id=method_id, tender=tender)
    return await lock_order(tx, order.id)


async def complete(tx: Tx, order: Order, *, actor_id: UUID, cash_received_cents: int | None) -> Order:
    """Hand an order over: cash counts as paid, the sale is posted, and the coins it earned are credited.

    The caller has checked that the cash covers what is due, and has posted it.
    """
    paid = order.amount_due_cents if cash_received_cents is not None else order.paid_cents
    delivered = await move(
        tx, order, to=Status.DELIVERED, actor_id=actor_id, paid_cents=paid, payment_status="paid"
    )
    kept = paid - await give_excess_back(tx, delivered)
    await _post_sale(tx, delivered, deposit_cents=kept + order.coins_left)
    await rewards.credit(
        tx,
        user_id=order.user_id,
        order_id=order.id,
        points=rules.points_earned(money_cents=kept, tip_cents=order.tip_cents),
    )
    return delivered


async def give_excess_back(tx: Tx, order: Order) -> int:
    """Ask back for the customer what was paid beyond the order's total; return all the money that goes back, in cents.

    So much was paid where an order became cheaper before its money came, or where the refund of that had failed.
    """
    asked_back = await reading.find_asked_back(tx, order.id)
    excess = min(
        order.paid_cents - asked_back, order.paid_cents - asked_back + order.coins_left - order.total_cents
    )
    if excess <= 0:
        return asked_back
    await payments.refund_order(
        tx,
        order_id=order.id,
        amount_cents=excess,
        debits=[(Account.DEPOSITS, excess)],
        reason="The order was changed.",
        requested_by=None,
    )
    return asked_back + excess


async def _post_sale(tx: Tx, order: Order, *, deposit_cents: int) -> None:
    """Post the sale; what was given back before the handover is an allowance on it."""
    taxes = {kind: round(Decimal(str(order.taxes.get(kind, 0))) * 100) for kind in TAXES}
    await ledger.post_entry(
        tx,
        Fact.SALE,
        order.id,
        debits=[
            (Account.DEPOSITS, deposit_cents),
            (Account.ALLOWANCES, order.total_cents - deposit_cents),
        ],
        credits=[
            (Account.SALES, order.subtotal_cents),
            *((TAXES[kind], cents) for kind, cents in taxes.items()),
            (Account.DELIVERY_FEES, order.delivery_fee_cents),
            (Account.TIPS, order.tip_cents),
        ],
        order_id=order.id,
        party_id=order.driver_id,
    )


async def assign(tx: Tx, order: Order, *, driver_id: UUID, actor_id: UUID | None) -> Order:
    """Give an order to a driver, also in place of another.

    Raises IllegalMove before payment and after the end.
    """
    _check_assignable(order)
    await writing.set_driver(tx, order.id, driver_id)
    _audit_assigned(tx, order, driver_id=driver_id, actor_id=actor_id)
    return await lock_order(tx, order.id)


async def assign_together(tx: Tx, orders: Sequence[Order], *, driver_id: UUID) -> None:
    """Give a driver several orders at once, as dispatch does. The caller holds them. Raises IllegalMove as `assign`."""
    for order in orders:
        _check_assignable(order)
    await writing.set_driver_of(tx, [order.id for order in orders], driver_id)
    for order in orders:
        _audit_assigned(tx, order, driver_id=driver_id, actor_id=None)


def _check_assignable(order: Order) -> None:
    if order.status not in ASSIGNABLE:
        raise IllegalMove(
            f"An order that is {order.status.value.replace('_', ' ')} cannot be given to a driver."
        )


def _audit_assigned(tx: Tx, order: Order, *, driver_id: UUID, actor_id: UUID | None) -> None:
    tx.audit(
        "order.assigned",
        object_type="order",
        object_id=order.id,
        actor_id=actor_id,
        driver_id=driver_id,
        instead_of=order.driver_id,
    )


async def unassign(tx: Tx, order: Order, *, actor_id: UUID | None, reason: str) -> None:
    """Take an order from its driver before departure; `actor_id` is None where time did it. The caller holds it."""
    await writing.set_driver(tx, order.id, None)
    tx.audit(
        "order.unassigned",
        object_type="order",
        object_id=order.id,
        actor_id=actor_id,
        reason=reason,
        driver_id=order.driver_id,
    )


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return a person's orders, each with its lines and its story."""
    return {"orders": held.stream_orders_of(tx, user_id)}


async def list_open(tx: Tx, user_id: UUID) -> list[str]:
    """Return the numbers of a person's orders that are not over, the oldest first."""
    return await reading.list_open(tx, user_id)


async def has_received(tx: Tx, user_id: UUID) -> bool:
    """Tell whether anything was ever handed over to this person."""
    return await reading.has_received(tx, user_id)


async def erase(tx: Tx, user_id: UUID) -> None:
    """Erase what nobody must keep of the orders of somebody who left: notes, and addresses that nothing went to."""
    await held.erase(tx, user_id)


async def skip_numbers(tx: Tx, count: int) -> None:
    """Leave so many order numbers unused: after a restore, those of lost orders are on receipts."""
    await writing.skip_numbers(tx, count)
