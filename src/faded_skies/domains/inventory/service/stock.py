"""Stock: taken by an order in its transaction, given back once, never below zero."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from faded_skies.domains.inventory import rules
from faded_skies.domains.inventory.errors import OutOfStock
from faded_skies.domains.inventory.models import Wanted
from faded_skies.domains.inventory.queries import lots, stock
from faded_skies.domains.inventory.service.lots import expire_of
from faded_skies.platform.db import Tx


async def reserve(tx: Tx, *, order_id: UUID, wanted: Sequence[Wanted], today: date) -> None:
    """Take the stock of an order, of which no lot counts whose last day is over.

    Raises OutOfStock naming everything that is short; then nothing is taken.
    """
    product_ids = [line.product_id for line in wanted]
    levels = await stock.lock_levels(tx, product_ids)
    if await expire_of(tx, product_ids, today=today):
        levels = await stock.lock_levels(tx, product_ids)
    _check_levels(levels, wanted)
    await stock.move_stock(
        tx,
        {line.product_id: -line.quantity for line in wanted},
        reason="ordered",
        order_id=order_id,
        actor_id=None,
    )


async def expire_lots_of(tx: Tx, product_ids: Sequence[UUID], *, today: date) -> None:
    """Take lots of these products off sale whose last day is over; holds the products' stock levels."""
    await stock.lock_levels(tx, product_ids)
    await expire_of(tx, product_ids, today=today)


def _check_levels(levels: Mapping[UUID, int], wanted: Sequence[Wanted]) -> None:
    short = [line for line in wanted if levels.get(line.product_id, 0) < line.quantity]
    if short:
        raise out_of_stock([(line, levels.get(line.product_id, 0)) for line in short])


async def exchange(
    tx: Tx, *, order_id: UUID, change_id: UUID, more: Sequence[Wanted], fewer: Mapping[UUID, int]
) -> None:
    """Take what an order wants more and give back what it wants less; `change_id` is new for each time.

    Raises OutOfStock naming everything that is short; then nothing moves.
    """
    levels = await stock.lock_levels(tx, [*(line.product_id for line in more), *fewer])
    _check_levels(levels, more)
    taken = {line.product_id: -line.quantity for line in more}
    for reason, changes in (("ordered", taken), ("released", dict(fewer))):
        if changes:
            await stock.move_stock(
                tx, changes, reason=reason, order_id=order_id, actor_id=None, return_id=change_id
            )


async def write_off(tx: Tx, quantities: Mapping[UUID, int], *, actor_id: UUID) -> None:
    """Take units off the books of the shelf that are missing or damaged; the caller holds their levels.

    Those of products with lots are written off their lot, where somebody says which.
    """
    tracked = await lots.find_tracked(tx, list(quantities))
    gone = {product_id: -count for product_id, count in quantities.items() if product_id not in tracked}
    if gone:
        await stock.move_stock(
            tx,
            gone,
            reason="adjusted",
            order_id=None,
            actor_id=actor_id,
        )


def out_of_stock(short: Sequence[tuple[Wanted, int]]) -> OutOfStock:
    """Return the refusal for lines that want more than is left."""
    line, left = short[0]
    rest = f" and {len(short) - 1} more" if len(short) > 1 else ""
    return OutOfStock(
        f"There {'is' if left == 1 else 'are'} only {left} left of {line.name}{rest}. Lower the quantity and try again."
        if left
        else f"{line.name}{rest} is sold out. Take it out of the cart and try again.",
        items=[
            {
                "productId": str(item.product_id),
                "name": item.name,
                "requested": item.quantity,
                "available": available,
            }
            for item, available in short
        ],
    )


async def release(tx: Tx, *, order_id: UUID) -> None:
    """Give back what an order that will not be delivered had taken; a second call changes nothing."""
    await _give_back(tx, order_id=order_id, reason="released", actor_id=None)


async def restock(tx: Tx, *, order_id: UUID, actor_id: UUID) -> None:
    """Take returned goods back into stock, once staff has received them."""
    await _give_back(tx, order_id=order_id, reason="restocked", actor_id=actor_id)


async def restock_part(
    tx: Tx, *, order_id: UUID, return_id: UUID, quantities: dict[UUID, int], actor_id: UUID
) -> None:
    """Take units that a customer brought back into stock; `return_id` is new for each time."""
    await stock.lock_levels(tx, list(quantities))
    await stock.move_stock(
        tx, quantities, reason="restocked", order_id=order_id, actor_id=actor_id, return_id=return_id
    )
    units = rules.spread_over(await lots.list_packages(tx, order_id), quantities)
    await put_back(tx, units, order_id=order_id, actor_id=actor_id)


async def _give_back(tx: Tx, *, order_id: UUID, reason: str, actor_id: UUID | None) -> None:
    taken = await stock.list_taken(tx, order_id)
    if taken:
        await stock.lock_levels(tx, list(taken))
        await stock.move_stock(tx, taken, reason=reason, order_id=order_id, actor_id=actor_id)
        packed = [package for package in await lots.list_packages(tx, order_id) if package.left]
        await put_back(
            tx, {package.lot_id: package.left for package in packed}, order_id=order_id, actor_id=actor_id
        )


async def open_stock(tx: Tx, levels: dict[UUID, int]) -> None:
    """Record the opening stock of new products."""
    await stock.open_levels(tx, levels)


async def put_back(tx: Tx, units: Mapping[UUID, int], *, order_id: UUID, actor_id: UUID | None) -> None:
    """Put packed units into their lots again; those of a lot that is off sale do not count as stock.

    The caller holds the stock levels, and has counted all of the units into them.
    """
    if not units:
        return
    held = await lots.lock_lots(tx, list(units))
    await lots.count_returned(tx, order_id, units)
    await lots.move_units(tx, units, reason="returned", order_id=order_id, actor_id=actor_id)
    off_sale: dict[UUID, int] = {}
    for lot in held:
        if not lot.on_sale:
            off_sale[lot.product_id] = off_sale.get(lot.product_id, 0) - units[lot.id]
    if off_sale:
        await stock.move_stock(
            tx, off_sale, reason="taken_off_sale", order_id=None, actor_id=actor_id, may_owe=True
        )
