"""HTTP of the app's own list of what a person was told."""

from typing import Annotated

from fastapi import APIRouter, Query

from faded_skies.domains.notifications import service
from faded_skies.domains.notifications.schemas import (
    NotificationAnswer,
    NotificationsAnswer,
    UnreadAnswer,
    present_notice,
)
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

router = APIRouter(prefix="/api/notifications", tags=["notifications"], dependencies=needs_token)


@router.get("", response_model=NotificationsAnswer)
async def list_notifications(
    actor: SignedIn,
    db: Db,
    unread: Annotated[bool, Query(description="true: only what is not read yet.")] = False,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """What you were told, the newest first, whatever you switched off elsewhere; `unread` counts all of it."""
    rows, total, number = await service.list_notices(
        db, actor.id, only_unread=unread, limit=limit, offset=offset
    )
    shown = page("notifications", [present_notice(row) for row in rows], total=total, offset=offset)
    return Json(shown | {"unread": number})


@router.post("/read-all", response_model=UnreadAnswer)
async def mark_all_read(actor: SignedIn, db: Db) -> Json:
    """Mark everything as read that came until now."""
    async with db.transaction() as tx:
        await service.mark_all_read(tx, actor.id)
    _, _, unread = await service.list_notices(db, actor.id, only_unread=True, limit=1, offset=0)
    return Json({"unread": unread})


@router.post("/{notification_id}/read", response_model=NotificationAnswer)
async def mark_read(notification_id: Id, actor: SignedIn, db: Db) -> Json:
    """Mark one as read; 404 when it is not yours. A second time changes nothing."""
    async with db.transaction() as tx:
        row = await service.mark_read(tx, notification_id, user_id=actor.id)
    return Json({"notification": present_notice(row)})
