"""HTTP for staff: the orders board."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from faded_skies.backoffice.schemas import AssignOrder, BoardAnswer, MoveOrder
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.delivery.schemas.answers import present_assignment, present_refusal
from faded_skies.domains.delivery.service import Leaving
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.schemas import OrderAnswer, present_order
from faded_skies.domains.orders.service import Order, Status
from faded_skies.platform import clock
from faded_skies.platform.db import Tx
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db, ports_of, provided
from faded_skies.platform.idempotency import Answer, Call, KeyHeader, once
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

router = APIRouter(prefix="/api/admin/orders", tags=["staff"], dependencies=needs_token, responses=needs_role)


async def _leaving(request: Request, law: Annotated[Law, provided(Law)]) -> Leaving:
    return Leaving(law, ports_of(request).keyring, clock.now())


@router.get("", response_model=BoardAnswer)
async def list_board(
    _: SignedIn,
    db: Db,
    status: Annotated[Status | None, Query(description="Only orders in this state.")] = None,
    driver_id: Annotated[Id | None, Query(alias="driverId", description="Only this driver's orders.")] = None,
    order_number: Annotated[
        str | None,
        Query(alias="orderNumber", max_length=50, pattern=r"^[\w-]+$", description="Only this order."),
    ] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """All orders, newest first, each with its driver's answer and who gave it back."""
    found, total = await orders.list_board(
        db, status=status, driver_id=driver_id, order_number=order_number, limit=limit, offset=offset
    )
    ids = [order.id for order in found]
    items = await orders.list_items(db, ids)
    given = await delivery.list_assignments(db, ids)
    refused = await delivery.list_refusals(db, ids)
    now = clock.now()
    return Json(
        page(
            "orders",
            [
                {
                    **present_order(order, items[order.id], now=now),
                    "assignment": present_assignment(given.get(order.id)),
                    "refusals": [present_refusal(one) for one in refused[order.id]],
                }
                for order in found
            ],
            total=total,
            offset=offset,
        )
    )


@router.patch("/{order_id}/status", response_model=OrderAnswer)
async def move_order(order_id: Id, body: MoveOrder, actor: SignedIn, db: Db, key: KeyHeader = None) -> Json:
    """Start packing an order, or cancel it; 409 INVALID_STATE when its state does not allow that."""

    async def work(tx: Tx) -> Answer:
        order = await orders.lock_order_for(tx, actor, order_id)
        if body.status == "cancelled":
            moved = await orders.cancel(tx, order, actor_id=actor.id, reason=body.reason)
        else:
            moved = await orders.move(tx, order, to=Status.PREPARING, actor_id=actor.id)
        return Answer(200, await _present(tx, moved))

    return await once(db, Call.of(actor.id, key, what=f"move {order_id}", body=body.model_dump()), work)


@router.post("/{order_id}/assign", response_model=OrderAnswer)
async def assign_order(
    order_id: Id,
    body: AssignOrder,
    actor: SignedIn,
    db: Db,
    leaving: Annotated[Leaving, Depends(_leaving)],
    key: KeyHeader = None,
) -> Json:
    """Give an order to a driver, also in place of another one while it is on its way."""

    async def work(tx: Tx) -> Answer:
        order = await delivery.assign(
            tx, order_id=order_id, driver_id=body.driver_id, actor_id=actor.id, leaving=leaving
        )
        return Answer(200, await _present(tx, order))

    return await once(db, Call.of(actor.id, key, what=f"assign {order_id}", body=str(body.driver_id)), work)


@router.post("/{order_id}/receive-goods", response_model=OrderAnswer)
async def receive_goods(order_id: Id, actor: SignedIn, db: Db, key: KeyHeader = None) -> Json:
    """Take the goods of a returned order back into stock, once they are back in the shop."""

    async def work(tx: Tx) -> Answer:
        order = await orders.lock_order_for(tx, actor, order_id)
        await orders.receive_goods(tx, order, actor_id=actor.id)
        return Answer(200, await _present(tx, order))

    return await once(db, Call.of(actor.id, key, what=f"receive {order_id}"), work)


async def _present(tx: Tx, order: Order) -> dict[str, object]:
    items = await orders.list_items(tx, [order.id])
    return {"order": present_order(order, items[order.id], now=clock.now())}
