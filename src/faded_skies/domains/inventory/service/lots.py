"""Lots: received, tested, held, recalled, expired, adjusted. What goes off sale leaves the stock level at once."""

from datetime import date, datetime
from uuid import UUID

from faded_skies.domains.inventory import rules
from faded_skies.domains.inventory.errors import AlreadyCounted, LotNotFound, TagTaken, TooFewUnits
from faded_skies.domains.inventory.events import LotAdjusted, LotReceived
from faded_skies.domains.inventory.models import Lab, Lot, LotMovement, NewLot, Traced
from faded_skies.domains.inventory.queries import lots, stock
from faded_skies.domains.inventory.rules import LotStatus
from faded_skies.platform.db import Database, Tx


async def receive(tx: Tx, lot: NewLot, *, actor_id: UUID | None, today: date) -> Lot:
    """Take a lot in; what may be sold of it is in the stock level at once.

    Units that the stock level counts already, from before lots were kept, are not counted again. Raises TagTaken,
    AlreadyCounted.
    """
    await stock.lock_levels(tx, [lot.product_id])
    on_sale = rules.is_sellable("active", lot.lab.result, lot.expires_on, today=today)
    if lot.already_counted:
        known = await lots.count_untracked_units(tx, lot.product_id)
        if lot.already_counted > min(known, lot.quantity):
            raise AlreadyCounted(
                f"Of this product {known} units are counted without a lot, and the lot has {lot.quantity}. "
                "Lower alreadyCounted."
            )
    if not await lots.insert_lot(tx, lot, on_sale=on_sale):
        raise TagTaken("There is a lot with this tag already. Check the tag.")
    await lots.move_units(
        tx, {lot.id: lot.quantity}, reason="received", order_id=None, actor_id=actor_id, note=lot.note
    )
    await _shift(tx, lot.product_id, -lot.already_counted, reason="taken_off_sale", actor_id=actor_id)
    if on_sale:
        await _shift(tx, lot.product_id, lot.quantity, reason="received", actor_id=actor_id)
    tx.audit(
        "lot.received",
        object_type="lot",
        object_id=lot.id,
        actor_id=actor_id,
        tag=lot.tag,
        quantity=lot.quantity,
    )
    made = await get_lot(tx, lot.id)
    tx.emit(
        LotReceived(
            lot_id=made.id,
            product_id=made.product_id,
            tag=made.tag,
            quantity=made.received,
            at=made.received_at,
        )
    )
    return made


async def set_status(
    tx: Tx, lot_id: UUID, status: LotStatus, *, reason: str, actor_id: UUID | None, today: date
) -> Lot:
    """Hold, recall or release a lot: its units in the shop are off or on sale with the commit.

    Saying the same again changes nothing. A recall is for good, and an expired lot is not released. Raises LotNotFound.
    """
    lot = await _lock(tx, lot_id)
    if lot.status in {status, "recalled"} or (lot.status, status) == ("expired", "active"):
        return lot
    on_sale = rules.is_sellable(status, lot.lab_result, lot.expires_on, today=today)
    await lots.set_status(tx, lot_id, status, on_sale=on_sale)
    await _turn(tx, lot, on_sale=on_sale, actor_id=actor_id)
    tx.audit(
        f"lot.{status}",
        object_type="lot",
        object_id=lot_id,
        actor_id=actor_id,
        reason=reason,
        tag=lot.tag,
        was=lot.status,
    )
    return await get_lot(tx, lot_id)


async def set_lab(tx: Tx, lot_id: UUID, lab: Lab, *, actor_id: UUID, today: date) -> Lot:
    """Enter what the laboratory found. Raises LotNotFound."""
    lot = await _lock(tx, lot_id)
    on_sale = rules.is_sellable(lot.status, lab.result, lot.expires_on, today=today)
    await lots.set_lab(tx, lot_id, lab, on_sale=on_sale)
    await _turn(tx, lot, on_sale=on_sale, actor_id=actor_id)
    tx.audit(
        "lot.tested", object_type="lot", object_id=lot_id, actor_id=actor_id, tag=lot.tag, result=lab.result
    )
    return await get_lot(tx, lot_id)


async def adjust(
    tx: Tx, lot_id: UUID, *, change: int, destroyed: bool, reason: str, actor_id: UUID, now: datetime
) -> Lot:
    """Write units off or find some again; `destroyed` ones are told to the state as waste.

    Raises LotNotFound, TooFewUnits.
    """
    lot = await _lock(tx, lot_id)
    if lot.quantity + change < 0:
        raise TooFewUnits(
            f"Lot {lot.tag} has {lot.quantity} units in the shop; {-change} cannot be taken off."
        )
    kind = "destroyed" if destroyed else "adjusted"
    await lots.move_units(tx, {lot_id: change}, reason=kind, order_id=None, actor_id=actor_id, note=reason)
    if lot.on_sale:
        await _shift(tx, lot.product_id, change, reason="adjusted", actor_id=actor_id)
    tx.audit(
        f"lot.{kind}",
        object_type="lot",
        object_id=lot_id,
        actor_id=actor_id,
        reason=reason,
        tag=lot.tag,
        change=change,
    )
    tx.emit(
        LotAdjusted(
            lot_id=lot_id,
            product_id=lot.product_id,
            tag=lot.tag,
            change=change,
            reason=kind,
            note=reason,
            at=now,
        )
    )
    return await get_lot(tx, lot_id)


async def expire(db: Database, *, today: date) -> int:
    """Take lots off sale whose last day is over; returns how many."""
    count = 0
    for lot_id in await lots.list_expired(db, today):
        async with db.transaction() as tx:
            lot = await set_status(
                tx, lot_id, "expired", reason="Its last day is over.", actor_id=None, today=today
            )
            count += lot.status == "expired"
    return count


async def list_lots(
    db: Database, *, product_id: UUID | None, status: str | None, tag: str | None, limit: int, offset: int
) -> tuple[list[Lot], int]:
    """Return a page of lots, the newest first, and how many there are."""
    return await lots.list_lots(db, product_id=product_id, status=status, tag=tag, limit=limit, offset=offset)


async def get_lot(source: Database | Tx, lot_id: UUID) -> Lot:
    """Return a lot. Raises LotNotFound."""
    lot = await lots.find_lot(source, lot_id)
    if lot is None:
        raise LotNotFound
    return lot


async def list_lot_movements(db: Database, lot_id: UUID) -> list[LotMovement]:
    """Return why a lot's units changed, the newest first, a thousand at most."""
    return await lots.list_movements(db, lot_id)


async def trace(source: Database | Tx, lot_id: UUID) -> list[Traced]:
    """Return the orders that have units of a lot: whom a recall concerns."""
    return await lots.list_traced(source, lot_id)


async def _lock(tx: Tx, lot_id: UUID) -> Lot:
    """Hold a lot and the stock level of its product, the level first. Raises LotNotFound."""
    product_id = await lots.find_product_of(tx, lot_id)
    if product_id is None:
        raise LotNotFound
    await stock.lock_levels(tx, [product_id])
    (lot,) = await lots.lock_lots(tx, [lot_id])
    return lot


async def _turn(tx: Tx, lot: Lot, *, on_sale: bool, actor_id: UUID | None) -> None:
    if on_sale == lot.on_sale:
        return
    change, reason = (lot.quantity, "put_on_sale") if on_sale else (-lot.quantity, "taken_off_sale")
    await _shift(tx, lot.product_id, change, reason=reason, actor_id=actor_id)


async def _shift(tx: Tx, product_id: UUID, change: int, *, reason: str, actor_id: UUID | None) -> None:
    if change:
        await stock.move_stock(
            tx, {product_id: change}, reason=reason, order_id=None, actor_id=actor_id, may_owe=True
        )
