"""HTTP of notifications: the devices that pushes go to."""

from typing import Annotated

from fastapi import APIRouter, Query

from faded_skies.domains.notifications import service
from faded_skies.domains.notifications.errors import TokenMissing
from faded_skies.domains.notifications.schemas import DeviceToken, RegisterToken, SuccessShape
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.provide import Db

router = APIRouter(prefix="/api/notifications", tags=["notifications"], dependencies=needs_token)


@router.post("/register-token", response_model=SuccessShape)
async def register_token(body: RegisterToken, actor: SignedIn, db: Db) -> Json:
    """Push to this device from now on; a device belongs to whoever registered it last."""
    async with db.transaction() as tx:
        await service.register_device(tx, user_id=actor.id, token=body.token)
    return Json({"success": True})


@router.delete("/register-token", response_model=SuccessShape)
async def unregister_token(
    actor: SignedIn,
    db: Db,
    body: RegisterToken | None = None,
    token: Annotated[DeviceToken | None, Query(description="Instead of a body.")] = None,
) -> Json:
    """Push to this device no longer. A device that is not registered is no error."""
    named = body.token if body is not None else token
    if named is None:
        raise TokenMissing
    async with db.transaction() as tx:
        await service.unregister_device(tx, user_id=actor.id, token=named)
    return Json({"success": True})
