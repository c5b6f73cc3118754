"""HTTP for staff: lots, holds, recalls, and packing by scan."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query

from faded_skies.backoffice.lot_schemas import (
    AdjustLot,
    DestroyUnits,
    EnterLab,
    LotAnswer,
    LotsAnswer,
    LotStoryAnswer,
    PackagesAnswer,
    PackedAnswer,
    PackOrder,
    RecallAnswer,
    ReceiveLot,
    Why,
    present_lot,
    present_movement,
    present_package,
    present_traced,
)
from faded_skies.domains.catalog import service as catalog
from faded_skies.domains.catalog.errors import ProductNotFound
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.inventory.service import Lot, LotStatus
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.schemas import present_order
from faded_skies.domains.orders.service import Order
from faded_skies.platform import clock
from faded_skies.platform.db import Tx
from faded_skies.platform.errors import Refused
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db, provided
from faded_skies.platform.idempotency import Answer, Call, KeyHeader, once
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

TheLaw = Annotated[Law, provided(Law)]

router = APIRouter(prefix="/api/admin/lots", tags=["staff"], dependencies=needs_token, responses=needs_role)
packing = APIRouter(
    prefix="/api/admin/orders", tags=["staff"], dependencies=needs_token, responses=needs_role
)


@router.get("", response_model=LotsAnswer)
async def list_lots(
    _: SignedIn,
    db: Db,
    product_id: Annotated[Id | None, Query(alias="productId", description="Only of this product.")] = None,
    status: Annotated[LotStatus | None, Query(description="Only lots in this state.")] = None,
    tag: Annotated[str | None, Query(max_length=30, description="Only the lot with this tag.")] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """Lots, the latest received first."""
    found, total = await inventory.list_lots(
        db, product_id=product_id, status=status, tag=tag, limit=limit, offset=offset
    )
    return Json(page("lots", [present_lot(lot) for lot in found], total=total, offset=offset))


@router.post("", response_model=LotAnswer, status_code=201)
async def receive(body: ReceiveLot, actor: SignedIn, db: Db, law: TheLaw, key: KeyHeader = None) -> Json:
    """Take a lot in; it is on sale at once when its test is passed and its last day not over.

    404 for an unknown product, 409 TAG_TAKEN, 422 ALREADY_COUNTED.
    """

    async def work(tx: Tx) -> Answer:
        if body.product_id not in await catalog.find_products(tx, [body.product_id]):
            raise ProductNotFound
        lot = await inventory.receive(tx, body.lot(), actor_id=actor.id, today=_today(law))
        return Answer(201, {"lot": present_lot(lot)})

    call = Call.of(actor.id, key, what="receive lot", body=body.model_dump(mode="json"))
    return await once(db, call, work)


@router.get("/{lot_id}", response_model=LotStoryAnswer)
async def look_at_lot(lot_id: Id, _: SignedIn, db: Db) -> Json:
    """A lot, why its units changed, and the orders that have units of it."""
    lot = await inventory.get_lot(db, lot_id)
    return Json(
        {
            "lot": present_lot(lot),
            "movements": [present_movement(one) for one in await inventory.list_lot_movements(db, lot_id)],
            "orders": [present_traced(one) for one in await inventory.trace(db, lot_id)],
        }
    )


@router.post("/{lot_id}/lab", response_model=LotAnswer)
async def enter_lab(
    lot_id: Id, body: EnterLab, actor: SignedIn, db: Db, law: TheLaw, key: KeyHeader = None
) -> Json:
    """Enter what the laboratory found: passed puts the lot on sale, anything else takes it off."""

    async def work(tx: Tx) -> Answer:
        lot = await inventory.set_lab(tx, lot_id, body.lab(), actor_id=actor.id, today=_today(law))
        return _lot(lot)

    call = Call.of(actor.id, key, what=f"lab of lot {lot_id}", body=body.model_dump(mode="json"))
    return await once(db, call, work)


@router.post("/{lot_id}/hold", response_model=LotAnswer)
async def hold(lot_id: Id, body: Why, actor: SignedIn, db: Db, law: TheLaw, key: KeyHeader = None) -> Json:
    """Stop the sale of a lot at once; orders that count on it are packed from other lots, or changed."""
    return await _turn(lot_id, "held", body, actor, db, law, key)


@router.post("/{lot_id}/release", response_model=LotAnswer)
async def release(lot_id: Id, body: Why, actor: SignedIn, db: Db, law: TheLaw, key: KeyHeader = None) -> Json:
    """End a hold. A recalled lot stays recalled, an expired one expired."""
    return await _turn(lot_id, "active", body, actor, db, law, key)


@router.post("/{lot_id}/recall", response_model=RecallAnswer)
async def recall(lot_id: Id, body: Why, actor: SignedIn, db: Db, law: TheLaw, key: KeyHeader = None) -> Json:
    """Stop the sale of a lot for good; answers every order that has units of it, delivered ones too."""

    async def work(tx: Tx) -> Answer:
        lot = await inventory.set_status(
            tx, lot_id, "recalled", reason=body.reason, actor_id=actor.id, today=_today(law)
        )
        traced = await inventory.trace(tx, lot_id)
        return Answer(200, {"lot": present_lot(lot), "orders": [present_traced(one) for one in traced]})

    call = Call.of(actor.id, key, what=f"recall lot {lot_id}", body=body.reason)
    return await once(db, call, work)


@router.post("/{lot_id}/adjust", response_model=LotAnswer)
async def adjust(lot_id: Id, body: AdjustLot, actor: SignedIn, db: Db, key: KeyHeader = None) -> Json:
    """Write units off, or enter found ones. 409 TOO_FEW_UNITS."""
    if body.change == 0:
        raise Refused("change", "Say how many units were found or lost.")
    return await _adjust(lot_id, body.change, body.reason, actor, db, key, destroyed=False)


@router.post("/{lot_id}/destroy", response_model=LotAnswer)
async def destroy(lot_id: Id, body: DestroyUnits, actor: SignedIn, db: Db, key: KeyHeader = None) -> Json:
    """Write units off as destroyed waste. 409 TOO_FEW_UNITS."""
    return await _adjust(lot_id, -body.quantity, body.reason, actor, db, key, destroyed=True)


@packing.get("/{order_id}/packages", response_model=PackagesAnswer)
async def list_packages(order_id: Id, actor: SignedIn, db: Db) -> Json:
    """Which units of which lots lie in an order."""
    order = await orders.get_order_for(db, actor, order_id)
    return Json({"packages": [present_package(one) for one in await inventory.list_packages(db, order.id)]})


@packing.post("/{order_id}/pack", response_model=PackedAnswer)
async def pack(
    order_id: Id, body: PackOrder, actor: SignedIn, db: Db, law: TheLaw, key: KeyHeader = None
) -> Json:
    """Bind scanned units to an order that is being packed; all of the scans or none.

    Packing ends when all units of products with lots are bound. 409 INVALID_STATE for an order that is not being
    packed, for a lot that may not be sold, and while a change of the order waits; 422 WRONG_LOT, 409 TOO_FEW_UNITS.
    """

    async def work(tx: Tx) -> Answer:
        order = await orders.lock_order_for(tx, actor, order_id)
        packed = await orders.pack(
            tx, order, scans=body.scans(), actor_id=actor.id, today=_today(law), now=clock.now()
        )
        return await _packed(tx, packed)

    call = Call.of(actor.id, key, what=f"pack {order_id}", body=body.model_dump(mode="json"))
    return await once(db, call, work)


@packing.delete("/{order_id}/pack/{tag}", response_model=PackedAnswer)
async def unpack(
    order_id: Id,
    tag: Annotated[str, Path(description="The lot's package tag.")],
    actor: SignedIn,
    db: Db,
) -> Json:
    """Take a lot's units out of an order that is being packed; 404 when none of it is in there."""
    async with db.transaction() as tx:
        order = await orders.lock_order_for(tx, actor, order_id)
        unpacked = await orders.unpack(tx, order, tag=tag, actor_id=actor.id)
        return (await _packed(tx, unpacked)).response()


async def _packed(tx: Tx, order: Order) -> Answer:
    items = (await orders.list_items(tx, [order.id]))[order.id]
    packages = await orders.list_packages(tx, order)
    return Answer(
        200,
        {
            "order": present_order(order, items, now=clock.now()),
            "packages": [present_package(package) for package in packages],
            "packed": order.packed_at is not None,
        },
    )


async def _turn(
    lot_id: Id, status: LotStatus, body: Why, actor: SignedIn, db: Db, law: Law, key: str | None
) -> Json:
    async def work(tx: Tx) -> Answer:
        return _lot(
            await inventory.set_status(
                tx, lot_id, status, reason=body.reason, actor_id=actor.id, today=_today(law)
            )
        )

    call = Call.of(actor.id, key, what=f"{status} lot {lot_id}", body=body.reason)
    return await once(db, call, work)


async def _adjust(
    lot_id: Id, change: int, reason: str, actor: SignedIn, db: Db, key: str | None, *, destroyed: bool
) -> Json:
    async def work(tx: Tx) -> Answer:
        return _lot(
            await inventory.adjust(
                tx,
                lot_id,
                change=change,
                destroyed=destroyed,
                reason=reason,
                actor_id=actor.id,
                now=clock.now(),
            )
        )

    what = f"{'destroy' if destroyed else 'adjust'} lot {lot_id}"
    return await once(db, Call.of(actor.id, key, what=what, body=[change, reason]), work)


def _lot(lot: Lot) -> Answer:
    return Answer(200, {"lot": present_lot(lot)})


def _today(law: Law) -> date:
    now = clock.now()
    return compliance.business_day(law.at(now), now)
