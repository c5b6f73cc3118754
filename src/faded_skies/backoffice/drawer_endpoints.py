"""HTTP for staff: drivers' cash, counted once more and signed off."""

from typing import Annotated

from fastapi import APIRouter, Query

from faded_skies.backoffice.drawer_schemas import DrawerAnswer, DrawersAnswer, SignOff, present_drawer
from faded_skies.domains.cash import service as cash
from faded_skies.domains.cash.service import DrawerStatus
from faded_skies.platform.db import Tx
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import Db
from faded_skies.platform.idempotency import Answer, Call, KeyHeader, once
from faded_skies.platform.money import cents_of
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

router = APIRouter(
    prefix="/api/admin/drawers", tags=["staff"], dependencies=needs_token, responses=needs_role
)


@router.get("", response_model=DrawersAnswer)
async def list_drawers(
    _: SignedIn,
    db: Db,
    status: Annotated[DrawerStatus | None, Query(description="Only drawers in this state.")] = None,
    driver_id: Annotated[Id | None, Query(alias="driverId", description="Only this driver's.")] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """Drivers' drawers with what should be in them, the latest opened first."""
    found, total = await cash.list_drawers(db, status=status, driver_id=driver_id, limit=limit, offset=offset)
    return Json(page("drawers", [present_drawer(drawer) for drawer in found], total=total, offset=offset))


@router.post(
    "/{drawer_id}/sign-off",
    response_model=DrawerAnswer,
    responses={
        409: {"model": ErrorShape, "description": "INVALID_STATE: not counted yet, or signed off already."}
    },
)
async def sign_off(drawer_id: Id, body: SignOff, actor: SignedIn, db: Db, key: KeyHeader = None) -> Json:
    """Take a counted drawer's cash into the safe with one's own count.

    422 without a note where that differs from what should be there or from the driver's count; 403 for one's own
    drawer.
    """

    async def work(tx: Tx) -> Answer:
        drawer = await cash.sign_off(
            tx,
            drawer_id,
            actor_id=actor.id,
            received_cents=cents_of(body.received_cash),
            note=body.note,
        )
        return Answer(200, {"drawer": present_drawer(drawer)})

    call = Call.of(actor.id, key, what=f"sign off {drawer_id}", body=body.model_dump(mode="json"))
    return await once(db, call, work)
