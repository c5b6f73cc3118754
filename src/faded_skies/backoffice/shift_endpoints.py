"""HTTP for staff: ending the shift of a driver who does not, and counting their cash."""

from fastapi import APIRouter

from faded_skies.backoffice.shift_schemas import EndedShiftAnswer, EndShift, present_ended
from faded_skies.domains.delivery import service as delivery
from faded_skies.platform import clock
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import Db

router = APIRouter(
    prefix="/api/admin/drivers", tags=["staff"], dependencies=needs_token, responses=needs_role
)


@router.post(
    "/{driver_id}/end-shift",
    response_model=EndedShiftAnswer,
    responses={
        409: {
            "model": ErrorShape,
            "description": "DRIVER_ON_THE_ROAD; INVALID_STATE: another count than before, or no drawer.",
        }
    },
)
async def end_shift(driver_id: Id, body: EndShift, actor: SignedIn, db: Db) -> Json:
    """End a driver's shift, also a suspended one's, with what staff counted for them; the same again changes nothing.

    409 DRIVER_ON_THE_ROAD with `orderNumbers` while orders are in the vehicle; a trip without any ends with the shift.
    Without a count a drawer with cash in it stays open: the driver counts it, or the same call does. 403 for one's own.
    """
    async with db.transaction() as tx:
        shift, drawer = await delivery.end_shift_of(
            tx,
            driver_id=driver_id,
            actor_id=actor.id,
            reason=body.reason,
            closing_cents=body.cash(),
            now=clock.now(),
        )
    return Json(present_ended(shift, drawer))
