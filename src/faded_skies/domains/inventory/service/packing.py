"""Packing by scan: units of lots are bound to the lines of an order."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from faded_skies.domains.inventory import rules
from faded_skies.domains.inventory.errors import LotNotFound, LotNotSellable, NotPacked, TooFewUnits, WrongLot
from faded_skies.domains.inventory.models import Lot, Package, Scan
from faded_skies.domains.inventory.queries import lots, stock
from faded_skies.platform.db import Database, Tx


async def pack(
    tx: Tx,
    *,
    order_id: UUID,
    wanted: Mapping[UUID, int],
    scans: Sequence[Scan],
    actor_id: UUID,
    today: date,
) -> None:
    """Bind scanned units to an order that wants so many of each product; all of them or none.

    The caller holds the order. Raises WrongLot, LotNotSellable, TooFewUnits.
    """
    units: Counter[str] = Counter()
    for scan in scans:
        units[scan.tag] += scan.quantity
    products = await lots.find_ids_of_tags(tx, list(units))
    await stock.lock_levels(tx, sorted(set(products.values())))
    held = {lot.tag: lot for lot in await lots.lock_lots(tx, list(products))}
    unknown = sorted(set(units) - set(held))
    if unknown:
        raise WrongLot(f"There is no lot with the tag {unknown[0]}. Scan it again, or receive the lot first.")
    packed = await _packed(tx, order_id)
    for tag, count in units.items():
        _check(held[tag], count, today=today)
        packed[held[tag].product_id] += count
    for product_id in {lot.product_id for lot in held.values()}:
        name = next(lot.product_name for lot in held.values() if lot.product_id == product_id)
        _check_wanted(name, wanted.get(product_id, 0), packed[product_id])
    by_lot = {held[tag].id: count for tag, count in units.items()}
    if by_lot:
        await lots.insert_packages(tx, order_id, products, by_lot, actor_id=actor_id)
        taken = {lot_id: -count for lot_id, count in by_lot.items()}
        await lots.move_units(tx, taken, reason="packed", order_id=order_id, actor_id=actor_id)


def _check(lot: Lot, count: int, *, today: date) -> None:
    if not rules.is_sellable(lot.status, lot.lab_result, lot.expires_on, today=today):
        raise LotNotSellable(rules.why_not_sellable(lot.tag, lot.status, lot.lab_result, lot.expires_on))
    if lot.quantity < count:
        raise TooFewUnits(
            f"Lot {lot.tag} has {lot.quantity} units left, and {count} were scanned. Take the rest from another lot."
        )


def _check_wanted(name: str, wanted: int, packed: int) -> None:
    if not wanted:
        raise WrongLot(f"{name} is not in this order. Put it back and scan what was ordered.")
    if packed > wanted:
        raise WrongLot(
            f"The order has {wanted} of {name}; with this scan it would be {packed}. Put some back."
        )


async def unpack(tx: Tx, *, order_id: UUID, tag: str, actor_id: UUID | None) -> None:
    """Take a lot's units out of an order again. Raises LotNotFound when none of it is in there."""
    package = next((one for one in await lots.list_packages(tx, order_id) if one.tag == tag), None)
    if package is None:
        raise LotNotFound("None of this lot is in the order.")
    await stock.lock_levels(tx, [package.product_id])
    (lot,) = await lots.lock_lots(tx, [package.lot_id])
    await lots.delete_package(tx, order_id, package.lot_id)
    await lots.move_units(
        tx, {package.lot_id: package.quantity}, reason="unpacked", order_id=order_id, actor_id=actor_id
    )
    if not lot.on_sale:
        # The order counts on units of this product again, and these are not for sale any more.
        await stock.move_stock(
            tx,
            {package.product_id: -package.quantity},
            reason="taken_off_sale",
            order_id=None,
            actor_id=actor_id,
            may_owe=True,
        )


async def list_packages(source: Database | Tx, *order_ids: UUID) -> list[Package]:
    """Return which units of which lots lie in orders, the first packed first."""
    return await lots.list_packages(source, *order_ids)


async def lock_packed(tx: Tx, order_ids: Sequence[UUID]) -> None:
    """Hold the lots behind several orders, all at once: vehicles that leave together would wait for each other."""
    await lots.lock_lots(tx, [package.lot_id for package in await lots.list_packages(tx, *order_ids)])


async def check_packed(tx: Tx, *, order_id: UUID, wanted: Mapping[UUID, int]) -> None:
    """Raise NotPacked unless all units of products with lots are bound to tags, LotNotSellable for one off sale.

    The lots are held until the commit: a hold or a recall at the same moment comes before the departure, or after it.
    """
    missing = await missing_units(tx, order_id=order_id, wanted=wanted)
    if missing:
        raise NotPacked(
            "This order is not packed yet: scan the tags of all its goods first.",
            missing=[
                {"productId": str(product_id), "quantity": count} for product_id, count in missing.items()
            ],
        )
    for lot in await _off_sale(tx, order_id):
        raise LotNotSellable(
            rules.why_not_sellable(lot.tag, lot.status, lot.lab_result, lot.expires_on)
            + " It is packed in this order: take it out."
        )


async def check_may_hand_over(tx: Tx, *, order_id: UUID) -> None:
    """Raise LotNotSellable when a lot was held, recalled or has expired while its units were on the road."""
    for lot in await _off_sale(tx, order_id):
        word = lot.status if lot.status != "active" else "not for sale"
        raise LotNotSellable(
            f"Lot {lot.tag} in this order is {word}. Do not hand over: return the order to the shop."
        )


async def _off_sale(tx: Tx, order_id: UUID) -> list[Lot]:
    packed = [package.lot_id for package in await lots.list_packages(tx, order_id)]
    return [lot for lot in await lots.lock_lots(tx, packed) if not lot.on_sale]


async def missing_units(tx: Tx, *, order_id: UUID, wanted: Mapping[UUID, int]) -> dict[UUID, int]:
    """Return how many units of products with lots are not bound to tags yet."""
    packed = await _packed(tx, order_id)
    tracked = await lots.find_tracked(tx, list(wanted))
    return {
        product_id: count - packed[product_id]
        for product_id, count in wanted.items()
        if product_id in tracked and count > packed[product_id]
    }


async def _packed(tx: Tx, order_id: UUID) -> Counter[UUID]:
    packed: Counter[UUID] = Counter()
    for package in await lots.list_packages(tx, order_id):
        packed[package.product_id] += package.quantity
    return packed
