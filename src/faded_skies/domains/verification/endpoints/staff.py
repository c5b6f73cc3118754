"""HTTP of the staff's queue of identity papers."""

from typing import Annotated

from fastapi import APIRouter, Query

from faded_skies.domains.identity.ports import Adulthood
from faded_skies.domains.verification import service
from faded_skies.domains.verification.schemas import (
    Approve,
    LinksAnswer,
    QueueAnswer,
    QueueEntryAnswer,
    Reject,
    present_entry,
)
from faded_skies.domains.verification.service import DocumentNumbers, VerificationStatus
from faded_skies.platform import clock
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import Configured, Db, provided
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

router = APIRouter(
    prefix="/api/admin/id-verifications", tags=["staff"], dependencies=needs_token, responses=needs_role
)

Numbers = Annotated[DocumentNumbers, provided(DocumentNumbers)]
OfAge = Annotated[Adulthood, provided(Adulthood)]


@router.get("", response_model=QueueAnswer)
async def list_queue(
    _: SignedIn,
    db: Db,
    status: Annotated[VerificationStatus | None, Query(description="Only those in this state.")] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """Papers that people handed in; those that wait for staff first, the longest waiting on top."""
    entries, total = await service.list_queue(db, status=status, limit=limit, offset=offset)
    return Json(
        page("verifications", [present_entry(entry) for entry in entries], total=total, offset=offset)
    )


@router.post(
    "/{verification_id}/approve",
    response_model=QueueEntryAnswer,
    responses={409: {"model": ErrorShape, "description": "INVALID_STATE or DUPLICATE_DOCUMENT."}},
)
async def approve(
    verification_id: Id,
    actor: SignedIn,
    db: Db,
    numbers: Numbers,
    adulthood: OfAge,
    body: Approve | None = None,
) -> Json:
    """Approve. Type the number, its issuer and the last day where the barcode did not tell them.

    Without a number nobody notices when the same document is shown for a second account.
    """
    read = (body or Approve()).read
    async with db.transaction() as tx:
        today = adulthood.day(clock.now())
        await service.approve(tx, actor, verification_id, read, numbers=numbers, today=today)
        entry = await service.get_entry(tx, verification_id)
    return Json({"verification": present_entry(entry)})


@router.post(
    "/{verification_id}/reject",
    response_model=QueueEntryAnswer,
    responses={409: {"model": ErrorShape, "description": "INVALID_STATE: it is decided already."}},
)
async def reject(verification_id: Id, body: Reject, actor: SignedIn, db: Db, numbers: Numbers) -> Json:
    """Reject, with a reason that the person is told; the document may be blocked for good."""
    async with db.transaction() as tx:
        await service.reject(
            tx, actor, verification_id, body.read, numbers=numbers, reason=body.reason, block=body.block
        )
        entry = await service.get_entry(tx, verification_id)
    return Json({"verification": present_entry(entry)})


@router.post("/{verification_id}/document-link", response_model=LinksAnswer)
async def issue_links(verification_id: Id, actor: SignedIn, db: Db, settings: Configured) -> Json:
    """Make a link to each picture, good once within two minutes; making and opening them is logged."""
    async with db.transaction() as tx:
        links = await service.issue_links(tx, actor, verification_id)
    return Json(
        {
            "links": [
                {
                    "side": link.side,
                    "url": f"{settings.api_url.rstrip('/')}/api/id-documents/{link.token}",
                    "expiresAt": link.expires_at,
                }
                for link in links
            ]
        }
    )
