"""HTTP: a driver's shift, list and steps at the door; and where an order is."""

from typing import Annotated

from fastapi import APIRouter

from faded_skies.domains.cash.service import Drawer
from faded_skies.domains.delivery import service
from faded_skies.domains.delivery.endpoints.needs import (
    AboutToLeave,
    Agreed,
    Connected,
    Gated,
    Rules,
    judged,
)
from faded_skies.domains.delivery.models.road import Shift
from faded_skies.domains.delivery.schemas.door import DeliverBody, DeliveredAnswer, ReturnBody
from faded_skies.domains.delivery.schemas.shifts import (
    ShiftAnswer,
    ShiftBody,
    StopsAnswer,
    present_cash,
    present_shift,
    present_stops,
)
from faded_skies.domains.delivery.schemas.tracking import (
    LocationBody,
    ReceivedAnswer,
    TrackingAnswer,
    present_story,
)
from faded_skies.domains.delivery.service import PositionDesk
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.schemas import OrderAnswer, present_order
from faded_skies.domains.orders.service import Order
from faded_skies.platform import clock
from faded_skies.platform.db import Tx
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db, Store, provided
from faded_skies.platform.idempotency import Answer, Call, KeyHeader, once
from faded_skies.platform.money import cents_of, to_dollars

router = APIRouter(prefix="/api/driver", tags=["driver"], dependencies=needs_token, responses=needs_role)
tracking_router = APIRouter(prefix="/api/orders", tags=["orders"], dependencies=needs_token)


Positions = Annotated[PositionDesk, provided(PositionDesk)]


async def _answer(tx: Tx, order: Order, **more: object) -> Answer:
    items = await orders.list_items(tx, [order.id])
    return Answer(200, {"order": present_order(order, items[order.id], now=clock.now()), **more})


@router.post("/location", response_model=ReceivedAnswer)
async def record_location(body: LocationBody, actor: SignedIn, desk: Positions) -> Json:
    """Tell where the driver is or was, one position or up to 100; each may name the order it is brought for.

    404 for an order of another driver, 409 INVALID_STATE for one that is not out for delivery.
    """
    positions = body.read(clock.now())
    await desk.take(driver_id=actor.id, positions=positions)
    return Json({"received": len(positions)})


@router.post("/shift", response_model=ShiftAnswer)
async def set_shift(body: ShiftBody, actor: SignedIn, db: Db) -> Json:
    """Start the driver's shift with a float, or end it with what they count; the same again changes nothing.

    Dispatch plans nothing that would not be over by `plannedEndAt`; another one takes its place during the shift.
    409 VEHICLE_IN_USE; 409 INVALID_STATE for another float or count than the first, and while a cash order is on the
    road; 422 without a count at the end where there is cash to count.
    """
    cents = body.cash()
    shift: Shift | None
    drawer: Drawer | None
    async with db.transaction() as tx:
        if body.online:
            shift, drawer = await service.start_shift(
                tx,
                driver_id=actor.id,
                vehicle_id=body.vehicle_id,
                opening_cents=cents,
                planned_end_at=body.planned_end(clock.now()),
            )
        else:
            shift, drawer = await service.end_shift(tx, driver_id=actor.id, closing_cents=cents)
    return Json({"shift": present_shift(shift), "cash": present_cash(drawer)})


@router.get("/orders", response_model=StopsAnswer)
async def list_stops(actor: SignedIn, db: Db, law: Rules, terms: Agreed) -> Json:
    """The orders that the driver has to bring, first assigned first, with what the door needs."""
    stops = await service.list_stops(db, actor.id)
    min_age = law.at(clock.now()).min_age
    return Json({"orders": present_stops(stops, min_age=min_age, terms=terms)})


@router.post("/orders/{order_id}/pickup", response_model=OrderAnswer)
async def pick_up(
    order_id: Id,
    actor: SignedIn,
    db: Db,
    gateways: Connected,
    gate: Gated,
    leaving: AboutToLeave,
    key: KeyHeader = None,
) -> Json:
    """Take a packed order on the road; money that was authorised is taken now.

    It joins the trip that the driver is on, or has one of its own, which is over with it. 409 INVALID_STATE unless the
    order is being packed, or while another trip is planned; 402 PAYMENT_FAILED when the bank did not pay; 422
    DEPARTURE_REFUSED with `reasons` when the law does not let it leave. 503 while the state's track and trace does not
    know of it yet, where the operator lets departures wait for that; its trip stays planned.
    """
    await service.take_money(db, gateways, actor=actor, order_id=order_id)
    if gate.is_asked:
        async with db.transaction() as tx:
            trip_id = await service.prepare_pick_up(tx, actor=actor, order_id=order_id, now=leaving.now)
        if trip_id is not None:
            await gate.before_departure(trip_id, joining=order_id)

    async def work(tx: Tx) -> Answer:
        return await _answer(tx, await service.pick_up(tx, actor=actor, order_id=order_id, leaving=leaving))

    return await judged(db, Call.of(actor.id, key, what=f"pickup {order_id}"), work)


@router.post("/orders/{order_id}/arrive", response_model=OrderAnswer)
async def arrive(order_id: Id, actor: SignedIn, db: Db, key: KeyHeader = None) -> Json:
    """Tell the customer, once, that the driver is at the door. 409 INVALID_STATE unless on the road."""

    async def work(tx: Tx) -> Answer:
        return await _answer(tx, await service.arrive(tx, actor=actor, order_id=order_id))

    return await once(db, Call.of(actor.id, key, what=f"arrive {order_id}"), work)


@router.post("/orders/{order_id}/deliver", response_model=DeliveredAnswer)
async def deliver(
    order_id: Id,
    body: DeliverBody,
    actor: SignedIn,
    db: Db,
    leaving: AboutToLeave,
    key: KeyHeader = None,
) -> Json:
    """Hand the order to the one who ordered it, after checking their ID by eye or by its barcode.

    422 ID_CHECK_FAILED with a `reason` (underage, document_type, document_expired, another_person), 422
    NOT_A_LICENCE or UNREADABLE_LICENCE for a barcode, 422 SIGNATURE_REQUIRED, DELIVERED_TODAY, OUTSIDE_DELIVERY_HOURS,
    OUTSIDE_DELIVERY_AREA or HANDOVER_REFUSED where the law says so, 422 CASH_MISSING with `amountDue`, 409
    INVALID_STATE unless the order is on the road, for goods of a lot that was held or recalled meanwhile, and for cash
    outside of a shift.
    """
    check = body.id_check.read()
    received = None if body.cash_received is None else cents_of(body.cash_received)

    async def work(tx: Tx) -> Answer:
        order, change = await service.hand_over(
            tx,
            actor=actor,
            order_id=order_id,
            check=check,
            signature=body.signature,
            cash_received=received,
            leaving=leaving,
        )
        return await _answer(tx, order, change=None if change is None else to_dollars(change))

    what = f"deliver {order_id}"
    return await judged(db, Call.of(actor.id, key, what=what, body=body.model_dump(mode="json")), work)


@router.post("/orders/{order_id}/return", response_model=OrderAnswer)
async def bring_back(
    order_id: Id,
    body: ReturnBody,
    actor: SignedIn,
    db: Db,
    leaving: AboutToLeave,
    terms: Agreed,
    key: KeyHeader = None,
) -> Json:
    """Take back an order that could not be handed over. 409 INVALID_STATE unless it is on the road.

    The code `nobody_there` needs an arrival and a wait: 409 INVALID_STATE without the one, NO_SHOW_TOO_EARLY with
    `waitUntil` and `waitSeconds` before the other.
    """

    async def work(tx: Tx) -> Answer:
        returned = await service.bring_back(
            tx,
            actor=actor,
            order_id=order_id,
            reason=body.reason,
            code=body.code,
            leaving=leaving,
            no_show_after=terms.no_show_after,
        )
        return await _answer(tx, returned)

    what = f"return {order_id}"
    return await once(db, Call.of(actor.id, key, what=what, body=body.model_dump(mode="json")), work)


@tracking_router.get("/{order_id}/tracking", response_model=TrackingAnswer)
async def track_order(order_id: Id, actor: SignedIn, db: Db, store: Store, law: Rules) -> Json:
    """Where an order stands, how it came there, and where its driver is while it is their next stop.

    Where the law hides the driver from customers, only staff see them.

    The customer's own, a driver's assigned one, any for staff; others read as absent (404).
    """
    order = await orders.get_order_for(db, actor, order_id)
    lines = await orders.list_tracking(db, order_id)
    now = clock.now()
    position = await service.find_driver_position(store, db, law, actor, order, now=now)
    return Json(present_story(order, lines, position, now=now))
