"""Stock as staff counts it: corrected with a reason where there are no lots, and what is running out."""

from uuid import UUID

from faded_skies.domains.inventory.errors import KeptByLots, TooFewUnits
from faded_skies.domains.inventory.models import LowStock, StockLevel, StockMovement
from faded_skies.domains.inventory.queries import lots, stock
from faded_skies.platform.db import Database, Tx


async def correct(tx: Tx, product_id: UUID, *, change: int, reason: str, actor_id: UUID) -> StockLevel:
    """Add found units to a product without lots, or take lost ones off. Raises KeptByLots, TooFewUnits."""
    level = (await stock.lock_levels(tx, [product_id])).get(product_id, 0)
    if await lots.find_tracked(tx, [product_id]):
        raise KeptByLots
    if level + change < 0:
        raise TooFewUnits(f"There are {level} units left; {-change} cannot be taken off.")
    await stock.move_stock(
        tx, {product_id: change}, reason="adjusted", order_id=None, actor_id=actor_id, note=reason
    )
    tx.audit(
        "stock.corrected",
        object_type="product",
        object_id=product_id,
        actor_id=actor_id,
        reason=reason,
        change=change,
    )
    return await get_level(tx, product_id)


async def get_level(source: Database | Tx, product_id: UUID) -> StockLevel:
    """Return what there is of a product; nothing of one that was never counted."""
    return await stock.find_level(source, product_id) or StockLevel(0, 0)


async def list_movements(
    source: Database | Tx, product_id: UUID, *, limit: int, offset: int
) -> tuple[list[StockMovement], int]:
    """Return why a product's stock changed, the newest first, and how many movements there are."""
    return await stock.list_movements(source, product_id, limit=limit, offset=offset)


async def list_low(db: Database, *, below: int, limit: int, offset: int) -> tuple[list[LowStock], int]:
    """Return products on sale with fewer units than this, the fewest first, and how many there are."""
    return await stock.list_low(db, below=below, limit=limit, offset=offset)
