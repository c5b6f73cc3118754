"""HTTP for staff: the rules in force and who answers for them, what was decided, and barred places."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from faded_skies.backoffice.law_schemas import (
    Acknowledge,
    AcknowledgedAnswer,
    BarPlace,
    BarredPlaceAnswer,
    BarredPlacesAnswer,
    DecisionsAnswer,
    RulesAnswer,
    present_barred,
    present_decision,
    present_rule,
)
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.places import service as places
from faded_skies.domains.places.service import BarredPlace
from faded_skies.platform import clock
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db, provided
from faded_skies.platform.ids import new_id
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

TheLaw = Annotated[Law, provided(Law)]

router = APIRouter(prefix="/api/admin", tags=["staff"], dependencies=needs_token, responses=needs_role)


@router.get("/rules", response_model=RulesAnswer)
async def list_rules(_: SignedIn, db: Db, law: TheLaw) -> Json:
    """The rules in force, each with its source and grade, and who answers for those that are not verified."""
    now = clock.now()
    book = law.at(now)
    today = compliance.business_day(book, now)
    return Json(
        {
            "jurisdiction": book.id,
            "name": book.name,
            "fictional": book.fictional,
            "effectiveFrom": book.effective_from,
            "reviewBy": book.review_by,
            "reviewOverdue": book.review_by is not None and today > book.review_by,
            "rulesHash": book.digest,
            "rules": [present_rule(state) for state in await compliance.list_rules(db, law, now=now)],
        }
    )


@router.post("/rules/acknowledgements", response_model=AcknowledgedAnswer, status_code=201)
async def acknowledge(body: Acknowledge, actor: SignedIn, db: Db, law: TheLaw) -> Json:
    """Let the operator answer, by name, for a rule that is not verified; from then on it counts as it stands.

    The same again changes nothing; 404 for a rule that is not in force.
    """
    async with db.transaction() as tx:
        states = await compliance.acknowledge(
            tx, law, rule_id=body.rule, operator=body.operator, actor_id=actor.id, now=clock.now()
        )
    return Json({"rules": [present_rule(state) for state in states]}, status_code=201)


@router.get("/rules/decisions", response_model=DecisionsAnswer)
async def list_decisions(
    _: SignedIn,
    db: Db,
    order_id: Annotated[Id | None, Query(alias="orderId", description="Only of this order.")] = None,
    trip_id: Annotated[Id | None, Query(alias="tripId", description="Only of this trip.")] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """What the law was asked and what it answered, the newest first."""
    found, total = await compliance.list_decisions(
        db, order_id=order_id, trip_id=trip_id, limit=limit, offset=offset
    )
    return Json(page("decisions", [present_decision(record) for record in found], total=total, offset=offset))


@router.get("/barred-places", response_model=BarredPlacesAnswer)
async def list_barred(_: SignedIn, db: Db, law: TheLaw) -> Json:
    """Schools, hotels, campuses and the like, as the shop has entered them."""
    kinds = law.at(clock.now()).places.barred_kinds
    return Json({"places": [present_barred(place, kinds) for place in await places.list_barred(db)]})


@router.post("/barred-places", response_model=BarredPlaceAnswer, status_code=201)
async def bar_place(body: BarPlace, actor: SignedIn, db: Db, law: TheLaw) -> Json:
    """Enter a place; no order goes there from now on where the rules bar its kind."""
    place = BarredPlace(new_id(), body.name, body.kind, body.latitude, body.longitude, body.radius_metres)
    async with db.transaction() as tx:
        await places.bar(tx, place, actor_id=actor.id)
    kinds = law.at(clock.now()).places.barred_kinds
    return Json({"place": present_barred(place, kinds)}, status_code=201)


@router.delete("/barred-places/{place_id}", status_code=204)
async def unbar_place(place_id: Id, actor: SignedIn, db: Db) -> Response:
    """Take a place out; 404 when there is none."""
    async with db.transaction() as tx:
        await places.unbar(tx, place_id, actor_id=actor.id)
    return Response(status_code=204)
