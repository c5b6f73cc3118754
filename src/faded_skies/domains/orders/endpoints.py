"""HTTP: a customer's orders."""

from typing import Annotated

from fastapi import APIRouter, Query

from faded_skies.domains.orders import service
from faded_skies.domains.orders.queries import reading
from faded_skies.domains.orders.rules import Status
from faded_skies.domains.orders.schemas import (
    AmendmentsAnswer,
    OrderAnswer,
    OrdersAnswer,
    present_amendment,
    present_order,
)
from faded_skies.platform import clock
from faded_skies.platform.db import Tx
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db
from faded_skies.platform.idempotency import Answer, Call, KeyHeader, once
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

router = APIRouter(prefix="/api/orders", tags=["orders"], dependencies=needs_token)


@router.get("", response_model=OrdersAnswer)
async def list_orders(
    actor: SignedIn,
    db: Db,
    status: Annotated[Status | None, Query(description="Only orders in this state.")] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """The caller's own orders, newest first."""
    orders, total = await reading.list_orders(db, actor.id, status=status, limit=limit, offset=offset)
    items = await service.list_items(db, [order.id for order in orders])
    now = clock.now()
    return Json(
        page(
            "orders",
            [present_order(order, items[order.id], now=now) for order in orders],
            total=total,
            offset=offset,
        )
    )


@router.get("/{order_id}", response_model=OrderAnswer)
async def get_order(order_id: Id, actor: SignedIn, db: Db) -> Json:
    """One order: the customer's own, a driver's assigned one, any for staff; others read as absent (404)."""
    order = await service.get_order_for(db, actor, order_id)
    items = await service.list_items(db, [order.id])
    return Json({"order": present_order(order, items[order.id], now=clock.now())})


@router.get("/{order_id}/amendments", response_model=AmendmentsAnswer)
async def list_amendments(order_id: Id, actor: SignedIn, db: Db) -> Json:
    """Changes of the order's goods, the newest first: what the shop proposes, and what was made of it."""
    order = await service.get_order_for(db, actor, order_id)
    found = await service.list_amendments(db, order.id)
    return Json({"amendments": [present_amendment(amendment) for amendment in found]})


@router.post("/{order_id}/cancel", response_model=OrderAnswer)
async def cancel_order(order_id: Id, actor: SignedIn, db: Db, key: KeyHeader = None) -> Json:
    """Cancel an order that has not left yet: stock, coins and money go back. Later: 409 INVALID_STATE."""

    async def work(tx: Tx) -> Answer:
        order = await service.lock_order_for(tx, actor, order_id)
        cancelled = await service.cancel(tx, order, actor_id=actor.id)
        items = await service.list_items(tx, [order_id])
        return Answer(200, {"order": present_order(cancelled, items[order_id], now=clock.now())})

    return await once(db, Call.of(actor.id, key, what=f"cancel {order_id}"), work)
