"""A vendor's callbacks: they carry no signature, so their address is checked, and they are believed in nothing.

What happened is asked of the vendor, by the ids that we stored.
"""

from ipaddress import ip_address
from typing import Annotated

from fastapi import APIRouter, Request

from faded_skies.domains.verification.ports import VendorVerifier
from faded_skies.domains.verification.schemas import CallbackAnswer, VendorCallback
from faded_skies.platform import inbox
from faded_skies.platform.errors import Absent
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.fields import ErrorShape
from faded_skies.platform.http.limits import client_address
from faded_skies.platform.http.provide import Db, provided

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


@router.post(
    "/jumio",
    response_model=CallbackAnswer,
    responses={
        404: {"model": ErrorShape, "description": "NOT_FOUND: from an address that is not the vendor's."}
    },
)
async def receive_jumio(
    body: VendorCallback,
    request: Request,
    db: Db,
    vendor: Annotated[VendorVerifier | None, provided(VendorVerifier)],
) -> Json:
    """Take the news that a check has moved on; it is kept, and worked afterwards."""
    if vendor is None or not _is_from(vendor, client_address(request.scope)):
        raise Absent("There is nothing at this address.")
    execution = body.workflow_execution
    async with db.transaction() as tx:
        await inbox.store(
            tx,
            source=vendor.method,
            external_id=f"{execution.id}:{execution.status}:{body.callback_sent_at}",
            kind=execution.status,
            payload={"accountId": body.account.id, "executionId": execution.id},
        )
    return Json({"received": True})


def _is_from(vendor: VendorVerifier, address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in vendor.callback_networks)
