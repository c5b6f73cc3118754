"""HTTP for staff: how much there is, why it changed, and what is running out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from faded_skies.domains.catalog import service as catalog
from faded_skies.domains.inventory import service as inventory
from faded_skies.platform.db import Tx
from faded_skies.platform.errors import Refused
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import MOST_TEXT, Body, ErrorShape, Id, Line, Shape
from faded_skies.platform.http.provide import Db
from faded_skies.platform.idempotency import Answer, Call, KeyHeader, once
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, has_more

router = APIRouter(
    prefix="/api/admin/products", tags=["staff"], dependencies=needs_token, responses=needs_role
)
low = APIRouter(prefix="/api/admin/stock", tags=["staff"], dependencies=needs_token, responses=needs_role)


class CorrectStock(Body, json_schema_extra={"examples": [{"change": -1, "reason": "A grinder was broken."}]}):
    """Units found (above zero) or lost, and why."""

    change: Annotated[
        int, Field(strict=True, ge=-1_000_000, le=1_000_000, description="Units, below zero for lost ones.")
    ]
    reason: Annotated[Line, Field(max_length=MOST_TEXT)]


class StockShape(Shape):
    """`owed` units are sold, but went off sale since."""

    product_id: UUID
    quantity: int
    owed: int


class StockAnswer(Shape):
    stock: StockShape


class StockMovementShape(Shape):
    """`reason` says what kind of change it was; `note` is what staff wrote."""

    id: UUID
    change: int
    reason: str
    note: str | None
    order_id: UUID | None
    actor_id: UUID | None
    actor_name: str | None
    created_at: datetime


class StockStoryAnswer(Shape):
    stock: StockShape
    movements: list[StockMovementShape]
    total: int
    has_more: bool


class LowStockShape(StockShape):
    """A product on sale; `category` is a slug."""

    name: str
    category: str


class LowStockAnswer(Shape):
    products: list[LowStockShape]
    total: int
    has_more: bool


@router.get("/{product_id}/stock", response_model=StockStoryAnswer)
async def look_at_stock(
    product_id: Id, _: SignedIn, db: Db, limit: Limit = DEFAULT_ROWS, offset: Offset = 0
) -> Json:
    """How much there is of a product, and every change of it, the newest first."""
    await catalog.get_for_staff(db, product_id)
    level = await inventory.get_level(db, product_id)
    found, total = await inventory.list_movements(db, product_id, limit=limit, offset=offset)
    return Json(
        {
            "stock": _stock(product_id, level),
            "movements": [
                {
                    "id": one.id,
                    "change": one.change,
                    "reason": one.reason,
                    "note": one.note,
                    "orderId": one.order_id,
                    "actorId": one.actor_id,
                    "actorName": one.actor_name,
                    "createdAt": one.created_at,
                }
                for one in found
            ],
            "total": total,
            "hasMore": has_more(total=total, offset=offset, rows=len(found)),
        }
    )


@router.post(
    "/{product_id}/stock",
    response_model=StockAnswer,
    responses={409: {"model": ErrorShape, "description": "TOO_FEW_UNITS, or INVALID_STATE: kept by lots."}},
)
async def correct_stock(
    product_id: Id, body: CorrectStock, actor: SignedIn, db: Db, key: KeyHeader = None
) -> Json:
    """Enter found or lost units of a product without lots; lots have calls of their own."""
    if body.change == 0:
        raise Refused("change", "Say how many units were found or lost.")

    async def work(tx: Tx) -> Answer:
        await catalog.get_for_staff(tx, product_id)
        level = await inventory.correct(
            tx, product_id, change=body.change, reason=body.reason, actor_id=actor.id
        )
        return Answer(200, {"stock": _stock(product_id, level)})

    call = Call.of(actor.id, key, what=f"correct stock {product_id}", body=body.model_dump())
    return await once(db, call, work)


@low.get("/low", response_model=LowStockAnswer)
async def list_low_stock(
    _: SignedIn,
    db: Db,
    below: Annotated[
        int, Query(ge=1, le=1_000_000, description="With fewer units than this; 10 if left out.")
    ] = 10,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """Products on sale of which little is left, the least first."""
    found, total = await inventory.list_low(db, below=below, limit=limit, offset=offset)
    return Json(
        {
            "products": [
                {
                    "productId": one.product_id,
                    "name": one.name,
                    "category": one.category,
                    "quantity": one.quantity,
                    "owed": one.owed,
                }
                for one in found
            ],
            "total": total,
            "hasMore": has_more(total=total, offset=offset, rows=len(found)),
        }
    )


def _stock(product_id: UUID, level: inventory.StockLevel) -> dict[str, object]:
    return {"productId": product_id, "quantity": level.quantity, "owed": level.owed}
