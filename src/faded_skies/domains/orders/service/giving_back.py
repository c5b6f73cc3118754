"""Ending an order before its handover, and giving back what was paid for it. Money goes back first, then coins."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.ledger import service as ledger
from faded_skies.domains.ledger.service import TAXES, Account, Fact
from faded_skies.domains.orders import rules
from faded_skies.domains.orders.errors import (
    IllegalMove,
    NothingToRefund,
    NotInOrder,
    TooManyUnits,
)
from faded_skies.domains.orders.events import OrderDied, SaleChanged
from faded_skies.domains.orders.models import Item, Order
from faded_skies.domains.orders.queries import reading, writing
from faded_skies.domains.orders.rules import Status
from faded_skies.domains.orders.service.finding import (
    lock_order,
)
from faded_skies.domains.orders.service.life import (
    close_amendments,
    move,
    note,
)
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.errors import RefundTooLarge
from faded_skies.domains.rewards import service as rewards
from faded_skies.platform import clock
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id
from faded_skies.platform.money import to_dollars

Debits = Sequence[tuple[Account, int]]


async def cancel(tx: Tx, order: Order, *, actor_id: UUID | None, reason: str | None = None) -> Order:
    """End an order before it leaves: stock, coins and money go back. Raises IllegalMove later on."""
    rules.check_move(order.status, Status.CANCELLED)
    await close_amendments(tx, order, actor_id=actor_id)
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
    rules.check_move(order.status, to)
    to_refund = order.paid_cents - await reading.find_asked_back(tx, order.id)
    await _give_coins_back(tx, order, order.coins_left, [(Account.DEPOSITS, order.coins_left)])
    ended = await move(
        tx,
        order,
        to=to,
        actor_id=actor_id,
        message=message,
        payment_status="refund_pending" if to_refund else _after_end(order),
    )
    if to_refund:
        await payments.refund_order(
            tx,
            order_id=order.id,
            amount_cents=to_refund,
            debits=[(Account.DEPOSITS, to_refund)],
            reason=f"order {to.value}",
            requested_by=actor_id,
        )
    tx.emit(OrderDied(order_id=order.id))
    return ended


def _after_end(order: Order) -> str:
    return order.payment_status if order.paid_cents else "cancelled"


async def _give_coins_back(tx: Tx, order: Order, coins: int, debits: Debits) -> None:
    if coins:
        await writing.count_coins_back(tx, order.id, coins)
        await rewards.give_back(tx, user_id=order.user_id, order_id=order.id, coins=coins, debits=debits)


async def receive_goods(tx: Tx, order: Order, *, actor_id: UUID) -> None:
    """Take the goods of a returned order back into stock. Raises IllegalMove unless it was returned."""
    if order.status is not Status.RETURNED:
        raise IllegalMove("Only a returned order's goods can be received back.")
    await inventory.restock(tx, order_id=order.id, actor_id=actor_id)
    tx.audit("order.goods_received", object_type="order", object_id=order.id, actor_id=actor_id)


async def refund_amount(tx: Tx, order: Order, *, amount_cents: int, reason: str, actor_id: UUID) -> Order:
    """Give an amount back, as a favour or to mend a mistake; the taxes stay as they were.

    Raises NothingToRefund, RefundTooLarge.
    """
    account = Account.ALLOWANCES if order.status is Status.DELIVERED else Account.DEPOSITS
    await _refund(tx, order, debits=[(account, amount_cents)], reason=reason, actor_id=actor_id, units={})
    return await lock_order(tx, order.id)


async def refund_units(
    tx: Tx,
    order: Order,
    *,
    units: dict[UUID, int],
    restock: bool,
    reason: str,
    actor_id: UUID,
) -> Order:
    """Give units of products back with their share of each tax; `restock` puts them on the shelf again.

    Raises IllegalMove before the handover, NotInOrder, TooManyUnits, NothingToRefund, RefundTooLarge.
    """
    if order.status is not Status.DELIVERED:
        raise IllegalMove(
            "Goods go back after they were handed over. Before that, cancel the order or give an amount back."
        )
    items = {item.product_id: item for item in (await reading.list_items(tx, [order.id]))[order.id]}
    debits = _worth(items, units)
    if restock:
        # Before the coins: locks are taken in one order.
        await inventory.restock_part(
            tx, order_id=order.id, return_id=new_id(), quantities=units, actor_id=actor_id
        )
    await writing.count_units_back(tx, order.id, units)
    await _refund(tx, order, debits=debits, reason=reason, actor_id=actor_id, units=units)
    tx.emit(SaleChanged(order_id=order.id, at=clock.now()))
    return await lock_order(tx, order.id)


def _worth(items: dict[UUID, Item], units: dict[UUID, int]) -> list[tuple[Account, int]]:
    """Return what the units take out of sales and out of each tax."""
    worth = dict.fromkeys((Account.SALES_RETURNS, *TAXES.values()), 0)
    for product_id, count in units.items():
        item = items.get(product_id)
        if item is None:
            raise NotInOrder
        if count > item.quantity - item.refunded_quantity:
            raise TooManyUnits(
                f"Of {item.name} only {item.quantity - item.refunded_quantity} can still be given back."
            )
        parts = {Account.SALES_RETURNS: item.total_price_cents}
        parts |= {TAXES[kind]: cents for kind, cents in item.taxes.items()}
        for account, cents in parts.items():
            worth[account] += rules.share_of_units(
                cents, quantity=item.quantity, before=item.refunded_quantity, units=count
            )
    return list(worth.items())


async def _refund(
    tx: Tx,
    order: Order,
    *,
    debits: Debits,
    reason: str,
    actor_id: UUID,
    units: dict[UUID, int],
) -> None:
    """Give back what the debits add up to, by money first and then by coins."""
    worth = sum(cents for _, cents in debits)
    money_left = order.paid_cents - await reading.find_asked_back(tx, order.id)
    if money_left + order.coins_left == 0:
        raise NothingToRefund
    if worth > money_left + order.coins_left:
        raise RefundTooLarge(
            f"At most ${to_dollars(money_left + order.coins_left):,.2f} can still be given back of this order.",
            refundable=to_dollars(money_left + order.coins_left),
        )
    money = min(worth, money_left)
    by_money, by_coins = ledger.part(debits, money)
    await _give_coins_back(tx, order, worth - money, by_coins)
    amount = f"${to_dollars(worth):,.2f}"
    await note(tx, order, message=f"We gave {amount} back. Reason: {reason}")
    tx.audit(
        "order.refunded",
        object_type="order",
        object_id=order.id,
        actor_id=actor_id,
        reason=reason,
        moneyCents=money,
        coins=worth - money,
    )
    if money == 0:
        return
    lines = [{"productId": product_id, "quantity": count} for product_id, count in units.items()]
    pay = payments.refund_cash if order.tender == "cash" else payments.refund_order
    await pay(
        tx,
        order_id=order.id,
        amount_cents=money,
        debits=by_money,
        reason=reason,
        requested_by=actor_id,
        lines=lines,
    )


async def note_refund(tx: Tx, *, order_id: UUID, refund_id: UUID, ok: bool) -> None:
    """Bring what became of a refund onto its order; hearing of one twice changes nothing.

    Of a delivered order the coins that it earned for that money are taken back.
    """
    order = await lock_order(tx, order_id)
    await writing.count_refunded(tx, order_id)
    if not ok:
        units = await writing.take_lines_of_refund(tx, refund_id)
        if units:
            await writing.count_units_back(tx, order_id, {one: -count for one, count in units.items()})
            tx.emit(SaleChanged(order_id=order_id, at=clock.now()))
        if order.status is Status.DELIVERED:
            await _keep_until_asked_again(tx, order, refund_id)
        return
    if order.status is Status.DELIVERED:
        await _take_coins_back(tx, await lock_order(tx, order_id), refund_id)


async def _keep_until_asked_again(tx: Tx, order: Order, refund_id: UUID) -> None:
    """Take what came back for an order that is handed over out of its deposits; a new refund takes it from there."""
    kept = await ledger.held_for(tx, Account.DEPOSITS, order_id=order.id)
    await ledger.post(
        tx,
        Fact.REFUND_KEPT,
        refund_id,
        debit=Account.DEPOSITS,
        credit=Account.ALLOWANCES,
        amount_cents=kept,
        order_id=order.id,
    )


async def _take_coins_back(tx: Tx, order: Order, refund_id: UUID) -> None:
    earned = await reading.find_earned(tx, order.id)
    kept = rules.points_earned(money_cents=order.paid_cents - order.refunded_cents, tip_cents=order.tip_cents)
    reversed_so_far = await ledger.total_of(tx, Fact.COINS_REVERSED, order_id=order.id)
    points = earned - reversed_so_far - kept
    if points > 0:
        await rewards.reverse(
            tx, user_id=order.user_id, order_id=order.id, refund_id=refund_id, points=points
        )


async def book_found_refund(
    tx: Tx, *, order_id: UUID, intent_id: UUID, external_id: str, amount_cents: int
) -> UUID:
    """Write down a refund that somebody made at the gateway itself, and return its id; twice is once.

    Raises RefundTooLarge where our own refunds took the same money: staff must look at both.
    """
    order = await lock_order(tx, order_id)
    known = await payments.find_refund_id(tx, external_id)
    if known is not None:
        return known
    account = Account.ALLOWANCES if order.status is Status.DELIVERED else Account.DEPOSITS
    return await payments.request_refund(
        tx,
        intent_id=intent_id,
        amount_cents=amount_cents,
        debits=[(account, amount_cents)],
        reason="Made at the payment provider.",
        requested_by=None,
        external_id=external_id,
    )


async def expire_holds(db: Database, *, now: datetime) -> int:
    """Cancel the orders whose 15 minutes are over, each in its own transaction; return how many."""
    expired = await reading.list_expired(db, now)
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
