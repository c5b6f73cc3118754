"""HTTP for staff: giving money and coins back, coins as a favour, and disputes."""

from typing import Annotated

from fastapi import APIRouter, Query

from faded_skies.backoffice.schemas import (
    DisputesAnswer,
    GrantCoins,
    GrantedAnswer,
    RefundOrder,
    present_dispute,
)
from faded_skies.domains.identity import service as identity
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.schemas import OrderAnswer, present_order
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.ports import DisputeStatus
from faded_skies.domains.rewards import service as rewards
from faded_skies.platform import clock
from faded_skies.platform.db import Tx
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import Db
from faded_skies.platform.idempotency import Answer, Call, KeyHeader, once
from faded_skies.platform.money import cents_of
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

router = APIRouter(prefix="/api/admin", tags=["staff"], dependencies=needs_token, responses=needs_role)


@router.post(
    "/orders/{order_id}/refund",
    response_model=OrderAnswer,
    responses={
        409: {
            "model": ErrorShape,
            "description": "More than is left of the order, or its state does not allow it.",
        }
    },
)
async def refund_order(
    order_id: Id, body: RefundOrder, actor: SignedIn, db: Db, key: KeyHeader = None
) -> Json:
    """Give back items of a delivered order with their taxes, or an amount; never more than was paid.

    Money goes back first, the way it came (cash out of the safe, at once), then coins. The coins that the order had
    earned are taken back with it.
    """
    units = body.units()

    async def work(tx: Tx) -> Answer:
        order = await orders.lock_order_for(tx, actor, order_id)
        if units is not None:
            refunded = await orders.refund_units(
                tx, order, units=units, restock=body.restock, reason=body.reason, actor_id=actor.id
            )
        else:
            refunded = await orders.refund_amount(
                tx,
                order,
                amount_cents=0 if body.amount is None else cents_of(body.amount),
                reason=body.reason,
                actor_id=actor.id,
            )
        items = await orders.list_items(tx, [order_id])
        return Answer(200, {"order": present_order(refunded, items[order_id], now=clock.now())})

    call = Call.of(actor.id, key, what=f"refund {order_id}", body=body.model_dump(mode="json"))
    return await once(db, call, work)


@router.post("/users/{user_id}/coins", response_model=GrantedAnswer)
async def grant_coins(user_id: Id, body: GrantCoins, actor: SignedIn, db: Db, key: KeyHeader = None) -> Json:
    """Give a customer FS coins as a favour. 404 for who is no customer or has left."""

    async def work(tx: Tx) -> Answer:
        await identity.lock_customer(tx, user_id)
        await rewards.grant(tx, user_id=user_id, coins=body.coins, description=body.reason, actor_id=actor.id)
        holding = await rewards.get_account(tx, user_id)
        return Answer(200, {"balance": holding.balance, "debt": holding.debt})

    call = Call.of(actor.id, key, what=f"grant coins {user_id}", body=body.model_dump(mode="json"))
    return await once(db, call, work)


@router.get("/disputes", response_model=DisputesAnswer)
async def list_disputes(
    _: SignedIn,
    db: Db,
    status: Annotated[DisputeStatus | None, Query(description="Only disputes in this state.")] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """Charges that a customer's bank asks back, the newest first."""
    found, total = await payments.list_disputes(db, status=status, limit=limit, offset=offset)
    return Json(page("disputes", [present_dispute(dispute) for dispute in found], total=total, offset=offset))
