"""HTTP for staff: what automatic dispatch decided, and why."""

from typing import Annotated

from fastapi import APIRouter, Query

from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.delivery.schemas.dispatch import DispatchDecisionsAnswer, present_decision
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

router = APIRouter(
    prefix="/api/admin/dispatch", tags=["staff"], dependencies=needs_token, responses=needs_role
)


@router.get("/decisions", response_model=DispatchDecisionsAnswer)
async def list_decisions(
    _: SignedIn,
    db: Db,
    order_id: Annotated[Id | None, Query(alias="orderId", description="Only on this order.")] = None,
    driver_id: Annotated[Id | None, Query(alias="driverId", description="Only for this driver.")] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """What dispatch decided in the last thirty days, the latest first; without a driver the order waits."""
    found, total = await delivery.list_decisions(
        db, order_id=order_id, driver_id=driver_id, limit=limit, offset=offset
    )
    return Json(page("decisions", [present_decision(one) for one in found], total=total, offset=offset))
