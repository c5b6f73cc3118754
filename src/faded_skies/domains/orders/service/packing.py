"""Packing an order by scanning tags; once all is in, it can only depart, be unpacked or be cancelled."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.inventory.service import Package, Scan
from faded_skies.domains.orders.errors import IllegalMove, NotAmendable
from faded_skies.domains.orders.models import Item, Order
from faded_skies.domains.orders.queries import amendments, reading, writing
from faded_skies.domains.orders.rules import Status
from faded_skies.domains.orders.service.amending import check_none_waits
from faded_skies.domains.orders.service.finding import (
    lock_order,
)
from faded_skies.domains.orders.service.life import (
    close_amendments,
    quantities,
    reserved_by,
)
from faded_skies.platform.db import Tx


async def pack(
    tx: Tx, order: Order, *, scans: Sequence[Scan], actor_id: UUID, today: date, now: datetime
) -> Order:
    """Bind scanned units to the order. Its packing ends when all units of products with lots are bound.

    Without scans it ends where nothing of it has a lot, and a change that waits for its answer is closed. Raises
    IllegalMove unless it is being packed, AmendmentWaits, WrongLot, LotNotSellable, TooFewUnits.
    """
    _check_packing(order)
    if scans:
        await check_none_waits(tx, order, now=now)
    wanted = quantities((await reading.list_items(tx, [order.id]))[order.id])
    await inventory.pack(tx, order_id=order.id, wanted=wanted, scans=scans, actor_id=actor_id, today=today)
    if await inventory.missing_units(tx, order_id=order.id, wanted=wanted):
        return order
    await close_amendments(tx, order, actor_id=actor_id)
    await writing.set_packed(tx, order.id, is_packed=True)
    if order.packed_at is None:
        tx.audit("order.packed", object_type="order", object_id=order.id, actor_id=actor_id)
    return await lock_order(tx, order.id)


async def unpack(tx: Tx, order: Order, *, tag: str, actor_id: UUID) -> Order:
    """Take a lot's units out again, so that the order is not packed any more. Raises IllegalMove, LotNotFound."""
    _check_packing(order)
    await inventory.unpack(tx, order_id=order.id, tag=tag, actor_id=actor_id)
    await writing.set_packed(tx, order.id, is_packed=False)
    tx.audit("order.unpacked", object_type="order", object_id=order.id, actor_id=actor_id, tag=tag)
    return await lock_order(tx, order.id)


async def list_packages(tx: Tx, order: Order) -> list[Package]:
    """Return which units of which lots lie in the order."""
    return await inventory.list_packages(tx, order.id)


async def lock_goods(tx: Tx, leaving: Sequence[Order]) -> None:
    """Hold the goods of orders that leave together: vehicles that leave at one moment would wait for each other.

    First the stock levels to which a change that waits for its money gives back, then the lots. The caller holds the
    orders.
    """
    given_back: set[UUID] = set()
    for order in leaving:
        waiting = await amendments.find_waiting_amendment(tx, order.id)
        if waiting is not None and waiting.status == "paying":
            given_back |= set(await reserved_by(tx, order, waiting))
    await inventory.lock_goods(tx, product_ids=given_back, order_ids=[order.id for order in leaving])


async def check_packages_fit(tx: Tx, order: Order, items: Sequence[Item]) -> None:
    """Raise NotAmendable when more of a product is packed already than other lines would have."""
    wanted = quantities(items)
    packed: dict[UUID, int] = {}
    for package in await inventory.list_packages(tx, order.id):
        packed[package.product_id] = packed.get(package.product_id, 0) + package.quantity
    if any(count > wanted.get(product_id, 0) for product_id, count in packed.items()):
        raise NotAmendable("Some of these goods are packed already. Take them out of the package first.")


def _check_packing(order: Order) -> None:
    if order.status is not Status.PREPARING:
        raise IllegalMove("Only an order that is being packed can be packed or unpacked.")
