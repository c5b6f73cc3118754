"""Stock: taken by an order in its transaction, given back once, never below zero."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from faded_skies.domains.inventory import queries
from faded_skies.domains.inventory.errors import OutOfStock
from faded_skies.domains.inventory.models import Wanted
from faded_skies.platform.db import Tx

__all__ = [
    "Wanted",
    "exchange",
    "open_stock",
    "out_of_stock",
    "release",
    "reserve",
    "restock",
    "restock_part",
    "write_off",
]


async def reserve(tx: Tx, *, order_id: UUID, wanted: Sequence[Wanted]) -> None:
    """Take the stock of an order. Raises OutOfStock naming everything that is short; then nothing is taken."""
    levels = await queries.lock_levels(tx, [line.product_id for line in wanted])
    _check_levels(levels, wanted)
    await queries.move_stock(
        tx,
        {line.product_id: -line.quantity for line in wanted},
        reason="ordered",
        order_id=order_id,
        actor_id=None,
    )


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
    levels = await queries.lock_levels(tx, [*(line.product_id for line in more), *fewer])
    _check_levels(levels, more)
    taken = {line.product_id: -line.quantity for line in more}
    for reason, changes in (("ordered", taken), ("released", dict(fewer))):
        if changes:
            await queries.move_stock(
                tx, changes, reason=reason, order_id=order_id, actor_id=None, return_id=change_id
            )


async def write_off(tx: Tx, quantities: Mapping[UUID, int], *, actor_id: UUID) -> None:
    """Take units off the books of the shelf that are missing or damaged; the caller holds their levels."""
    if quantities:
        await queries.move_stock(
            tx,
            {product_id: -count for product_id, count in quantities.items()},
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
    await queries.lock_levels(tx, list(quantities))
    await queries.move_stock(
        tx, quantities, reason="restocked", order_id=order_id, actor_id=actor_id, return_id=return_id
    )


async def _give_back(tx: Tx, *, order_id: UUID, reason: str, actor_id: UUID | None) -> None:
    taken = await queries.list_taken(tx, order_id)
    if taken:
        await queries.lock_levels(tx, list(taken))
        await queries.move_stock(tx, taken, reason=reason, order_id=order_id, actor_id=actor_id)


async def open_stock(tx: Tx, levels: dict[UUID, int]) -> None:
    """Record the opening stock of new products."""
    await queries.open_levels(tx, levels)
