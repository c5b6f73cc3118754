"""HTTP: the receipt of an order."""

from fastapi import APIRouter, Response

from faded_skies.domains.delivery import service
from faded_skies.domains.delivery.endpoints.needs import Printer, Rules, Towns
from faded_skies.domains.delivery.schemas.papers import PAPER, ReceiptAnswer, answer_receipt
from faded_skies.platform.http.accepting import Accepted
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db

router = APIRouter(prefix="/api/orders", tags=["orders"], dependencies=needs_token)


@router.get("/{order_id}/receipt", response_model=ReceiptAnswer, responses=PAPER)
async def get_receipt(
    order_id: Id,
    actor: SignedIn,
    db: Db,
    law: Rules,
    printer: Printer,
    gazetteer: Towns,
    accept: Accepted = None,
) -> Response:
    """The receipt as JSON, or as a page to print, as `Accept` asks (PDF, HTML); `missing` is what the law misses on it.

    The customer's own, a driver's assigned one, any for staff; others read as absent (404). 409 INVALID_STATE before
    the order is confirmed, 406 NOT_ACCEPTABLE for another format.
    """
    content, missing, title = await service.get_paper(
        db, law, gazetteer, kind="receipt", actor=actor, order_id=order_id
    )
    return await answer_receipt(content, missing, title, law.timezone, printer, accept=accept)
