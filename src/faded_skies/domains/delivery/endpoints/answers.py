"""HTTP: drivers take what they were given, or give it back."""

from fastapi import APIRouter

from faded_skies.domains.delivery import service
from faded_skies.domains.delivery.schemas.answers import AnsweredAnswer, DeclineBody, present_answer
from faded_skies.platform.db import Tx
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db
from faded_skies.platform.idempotency import Answer, Call, KeyHeader, once

router = APIRouter(
    prefix="/api/driver/orders", tags=["driver"], dependencies=needs_token, responses=needs_role
)


@router.post("/{order_id}/accept", response_model=AnsweredAnswer)
async def accept(order_id: Id, actor: SignedIn, db: Db, key: KeyHeader = None) -> Json:
    """Take an order that was given to one; the same again changes nothing.

    Planning a trip with it and picking it up say so too. 404 for another driver's, 409 INVALID_STATE for one that is
    over.
    """

    async def work(tx: Tx) -> Answer:
        return Answer(200, present_answer(await service.accept(tx, actor=actor, order_id=order_id)))

    return await once(db, Call.of(actor.id, key, what=f"accept {order_id}"), work)


@router.post("/{order_id}/decline", response_model=AnsweredAnswer)
async def decline(order_id: Id, body: DeclineBody, actor: SignedIn, db: Db, key: KeyHeader = None) -> Json:
    """Give an order back before departure; the same again changes nothing.

    It is nobody's then, and dispatch does not offer it to this driver again. 404 for another driver's, 409
    INVALID_STATE once it has left, and while it is on a planned trip.
    """

    async def work(tx: Tx) -> Answer:
        answer = await service.decline(tx, actor=actor, order_id=order_id, reason=body.reason)
        return Answer(200, present_answer(answer))

    return await once(db, Call.of(actor.id, key, what=f"decline {order_id}", body=body.reason), work)
