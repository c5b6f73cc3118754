"""HTTP for staff: what was written to whom, and what became of it."""

from typing import Annotated

from fastapi import APIRouter, Query

from faded_skies.domains.notifications import service
from faded_skies.domains.notifications.schemas import SentMessageAnswer, SentMessagesAnswer, present_message
from faded_skies.domains.notifications.service import MessageState
from faded_skies.platform import clock
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

router = APIRouter(
    prefix="/api/admin/messages", tags=["staff"], dependencies=needs_token, responses=needs_role
)


@router.get("", response_model=SentMessagesAnswer)
async def list_messages(
    _: SignedIn,
    db: Db,
    state: Annotated[
        MessageState | None,
        Query(
            description="failed: nobody takes it; delayed: tried again later; "
            "dropped: must not go any more, or has no device to go to."
        ),
    ] = None,
    user_id: Annotated[Id | None, Query(alias="userId", description="Only to this person.")] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """Mails and pushes, the newest first: what became of each and why; none of their words but the subject."""
    rows, total = await service.list_messages(db, state=state, user_id=user_id, limit=limit, offset=offset)
    return Json(page("messages", [present_message(row) for row in rows], total=total, offset=offset))


@router.post("/{message_id}/resend", response_model=SentMessageAnswer)
async def resend(message_id: Id, actor: SignedIn, db: Db) -> Json:
    """Try a failed message again; 404 when there is none, 409 INVALID_STATE when it has not failed or is a week old."""
    async with db.transaction() as tx:
        record = await service.resend(tx, message_id, actor_id=actor.id, now=clock.now())
    return Json({"message": present_message(record)})
