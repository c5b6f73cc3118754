"""HTTP for staff: proposing other goods to a customer before their order is packed."""

from typing import Annotated

from fastapi import APIRouter, Response

from faded_skies.backoffice.amendment_schemas import ProposeAmendment
from faded_skies.domains.checkout.ports import Checkout
from faded_skies.domains.checkout.service import amending
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.orders.schemas import AmendmentAnswer, present_amendment
from faded_skies.platform.db import Tx
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import provided
from faded_skies.platform.idempotency import Answer, Call, KeyHeader

router = APIRouter(
    prefix="/api/admin/orders/{order_id}/amendments",
    tags=["staff"],
    dependencies=needs_token,
    responses=needs_role,
)

Wired = Annotated[Checkout, provided(Checkout)]


@router.post(
    "",
    response_model=AmendmentAnswer,
    status_code=201,
    responses={
        409: {
            "model": ErrorShape,
            "description": "INVALID_STATE: packed already, or a proposal waits; OUT_OF_STOCK.",
        }
    },
)
async def propose_amendment(
    order_id: Id, body: ProposeAmendment, actor: SignedIn, checkout: Wired, key: KeyHeader = None
) -> Json:
    """Propose other goods or quantities; the order changes when its customer consents within 30 minutes.

    422 AMENDMENT_NOT_DEARER unless it is paid in cash at the door: offer it at the old price (`unitPrice`).
    """
    lines = body.wishes()

    async def work(tx: Tx) -> Answer:
        amendment = await amending.propose(
            tx, checkout, actor, order_id, lines, reason=body.reason, restock=body.restock
        )
        return Answer(201, {"amendment": present_amendment(amendment)})

    call = Call.of(actor.id, key, what=f"propose {order_id}", body=body.model_dump(mode="json"))
    return (await compliance.judged_once(checkout.db, call, work)).response()


@router.delete("/{amendment_id}", status_code=204, response_class=Response)
async def withdraw_amendment(order_id: Id, amendment_id: Id, actor: SignedIn, checkout: Wired) -> Response:
    """Take a proposal back that was not answered. 409 INVALID_STATE when it is over."""
    async with checkout.db.transaction() as tx:
        await amending.withdraw(tx, actor, order_id, amendment_id)
    return Response(status_code=204)
