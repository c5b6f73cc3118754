"""HTTP for staff: the orders board."""

from datetime import datetime, time, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from faded_skies.backoffice.schemas import (
    AssignOrder,
    BoardAnswer,
    CountsAnswer,
    MoveOrder,
    Need,
    PaymentStatus,
    present_customer,
)
from faded_skies.backoffice.searching import Search, like
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.delivery.schemas.answers import present_assignment, present_refusal
from faded_skies.domains.delivery.service import Leaving
from faded_skies.domains.identity import service as identity
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.schemas import OrderAnswer, present_order
from faded_skies.domains.orders.service import BoardFilter, Order, Status
from faded_skies.domains.payments.service import Tender
from faded_skies.domains.places import service as places
from faded_skies.domains.places.service import Circle
from faded_skies.platform import clock
from faded_skies.platform.db import Tx
from faded_skies.platform.errors import Refused
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import BookedDay, Id
from faded_skies.platform.http.provide import Db, ports_of, provided
from faded_skies.platform.idempotency import Answer, Call, KeyHeader, once
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

router = APIRouter(prefix="/api/admin/orders", tags=["staff"], dependencies=needs_token, responses=needs_role)


TheLaw = Annotated[Law, provided(Law)]


async def _leaving(request: Request, law: TheLaw) -> Leaving:
    return Leaving(law, ports_of(request).keyring, clock.now())


async def _wanted(
    db: Db,
    law: TheLaw,
    status: Annotated[
        list[Status] | None, Query(description="Only orders in these states; repeat it.")
    ] = None,
    driver_id: Annotated[Id | None, Query(alias="driverId", description="Only this driver's orders.")] = None,
    order_number: Annotated[
        str | None,
        Query(alias="orderNumber", max_length=50, pattern=r"^[\w-]+$", description="Only this order."),
    ] = None,
    search: Search = None,
    needs: Annotated[
        list[Need] | None,
        Query(
            description="Only what waits for all of these: payment, the customer's id, pack, assign; repeat it."
        ),
    ] = None,
    payment_status: Annotated[
        list[PaymentStatus] | None,
        Query(alias="paymentStatus", description="Only orders whose payment stands so; repeat it."),
    ] = None,
    tender: Annotated[Tender | None, Query(description="Only what is paid this way.")] = None,
    since: Annotated[
        BookedDay | None, Query(alias="from", description="Placed on this day at the shop, or after.")
    ] = (None),
    until: Annotated[
        BookedDay | None, Query(alias="to", description="Placed on this day at the shop, or before.")
    ] = (None),
    area_id: Annotated[
        Id | None, Query(alias="areaId", description="Only to addresses in this service area.")
    ] = None,
    zip_code: Annotated[
        str | None, Query(alias="zipCode", pattern=r"^[0-9]{5}$", description="Only to this ZIP code.")
    ] = None,
) -> BoardFilter:
    rings, circle = None, None
    if area_id is not None:
        rings, circle = await _place_of(db, area_id)
    now = clock.now()
    book = law.at(now)
    zone = book.timezone
    return BoardFilter(
        today=compliance.business_day(book, now),
        statuses=None if status is None else [one.value for one in status],
        driver_id=driver_id,
        order_number=order_number,
        payment_statuses=payment_status,
        tender=tender,
        since=None if since is None else datetime.combine(since, time.min, tzinfo=zone),
        until=None if until is None else datetime.combine(until + timedelta(days=1), time.min, tzinfo=zone),
        zip_code=zip_code,
        words=like(search),
        rings=rings,
        circle=circle,
        needs=frozenset(needs or ()),
    )


async def _place_of(db: Db, area_id: UUID) -> tuple[list[str] | None, list[float] | None]:
    """Return the area's rings or circle as BoardFilter has them. Raises Refused for an unknown area."""
    area = next((one for one in await places.list_all_areas(db) if one.id == area_id), None)
    if area is None:
        raise Refused("areaId", "There is no area of this id.")
    if isinstance(area.shape, Circle):
        return None, [area.shape.latitude, area.shape.longitude, area.shape.radius_m]
    return [
        ",".join(f"({longitude!r},{latitude!r})" for latitude, longitude in ring) for ring in area.shape.rings
    ], None


Wanted = Annotated[BoardFilter, Depends(_wanted)]


@router.get("", response_model=BoardAnswer)
async def list_board(
    _: SignedIn, db: Db, wanted: Wanted, limit: Limit = DEFAULT_ROWS, offset: Offset = 0
) -> Json:
    """All orders, newest first, each with its customer, its driver's answer and who gave it back."""
    found, total = await orders.list_board(db, wanted, limit=limit, offset=offset)
    ids = [order.id for order in found]
    items = await orders.list_items(db, ids)
    given = await delivery.list_assignments(db, ids)
    refused = await delivery.list_refusals(db, ids)
    customers = await identity.find_people(db, list({order.user_id for order in found}))
    now = clock.now()
    return Json(
        page(
            "orders",
            [
                {
                    **present_order(order, items[order.id], now=now),
                    "customer": present_customer(customers[order.user_id]),
                    "driverId": order.driver_id,
                    "packedAt": order.packed_at,
                    "assignment": present_assignment(given.get(order.id)),
                    "refusals": [present_refusal(one) for one in refused[order.id]],
                }
                for order in found
            ],
            total=total,
            offset=offset,
        )
    )


@router.get("/counts", response_model=CountsAnswer)
async def count_board(_: SignedIn, db: Db, law: TheLaw, wanted: Wanted) -> Json:
    """How many orders of these stand in each state and wait for what; of those that are over, today's."""
    now = clock.now()
    today = compliance.day_start(law.at(now), now)
    counts = await orders.count_board(db, wanted, over_since=today)
    return Json(
        {
            "counts": {status.value: count for status, count in counts.by_status.items()},
            "needs": counts.by_need,
        }
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
