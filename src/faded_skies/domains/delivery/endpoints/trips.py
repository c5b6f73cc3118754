"""HTTP: a driver's trips."""

from fastapi import APIRouter, Response

from faded_skies.domains.delivery import service
from faded_skies.domains.delivery.endpoints.needs import (
    AboutToLeave,
    Connected,
    Gated,
    Keys,
    Printer,
    Rules,
    judged,
)
from faded_skies.domains.delivery.schemas.papers import PAPER, ManifestAnswer, answer_manifest
from faded_skies.domains.delivery.schemas.trips import NoteStop, PlanTrip, TripAnswer, present_trip
from faded_skies.domains.delivery.service import Trip, TripStop
from faded_skies.platform import clock
from faded_skies.platform.db import Tx
from faded_skies.platform.http.accepting import Accepted
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import Db
from faded_skies.platform.idempotency import Answer, Call, KeyHeader, once

router = APIRouter(
    prefix="/api/driver/trips", tags=["driver"], dependencies=needs_token, responses=needs_role
)


def _told(found: tuple[Trip, list[TripStop]]) -> dict[str, object]:
    return {"trip": present_trip(*found)}


@router.post(
    "",
    response_model=TripAnswer,
    status_code=201,
    responses={409: {"model": ErrorShape, "description": "INVALID_STATE"}},
)
async def plan_trip(body: PlanTrip, actor: SignedIn, db: Db, key: KeyHeader = None) -> Json:
    """Plan the next trip with these packed orders of one's own, in this order; again, it replaces the plan.

    404 for an order of another driver, 409 INVALID_STATE with `orderNumbers` for orders that are not ready, and while
    one is on a trip.
    """

    async def work(tx: Tx) -> Answer:
        return Answer(
            201,
            _told(await service.plan(tx, actor=actor, order_ids=body.order_ids, people=body.people)),
        )

    call = Call.of(actor.id, key, what="plan trip", body=body.model_dump(mode="json"))
    return await once(db, call, work)


@router.get("/{trip_id}", response_model=TripAnswer)
async def get_trip(trip_id: Id, actor: SignedIn, db: Db) -> Json:
    """One's own trip; those of others read as absent (404)."""
    return Json(_told(await service.get_trip(db, trip_id, driver_id=actor.id)))


@router.post(
    "/{trip_id}/depart",
    response_model=TripAnswer,
    responses={
        409: {"model": ErrorShape, "description": "DEPARTURE_REFUSED, INVALID_STATE"},
        422: {"model": ErrorShape, "description": "DEPARTURE_REFUSED"},
    },
)
async def depart(
    trip_id: Id,
    actor: SignedIn,
    db: Db,
    gateways: Connected,
    gate: Gated,
    leaving: AboutToLeave,
    key: KeyHeader = None,
) -> Json:
    """Leave the shop with all orders of the trip, once the law allows it; their money is taken before.

    422 DEPARTURE_REFUSED with `reasons` (`rule`, `reason`) when the law refuses, 409 DEPARTURE_REFUSED when orders were
    cancelled, given to another driver or not paid. A trip that left already is answered as it is. 503 while the
    state's track and trace does not know of it yet, where the operator lets departures wait for that.
    """
    await service.take_money_of_trip(db, gateways, actor=actor, trip_id=trip_id)
    await gate.before_departure(trip_id)

    async def work(tx: Tx) -> Answer:
        return Answer(200, _told(await service.depart(tx, actor=actor, trip_id=trip_id, leaving=leaving)))

    return await judged(db, Call.of(actor.id, key, what=f"depart {trip_id}"), work)


@router.post("/{trip_id}/stops", response_model=TripAnswer)
async def note_stop(trip_id: Id, body: NoteStop, actor: SignedIn, db: Db, key: KeyHeader = None) -> Json:
    """Write a stop that is no delivery into the trip's log. 409 INVALID_STATE unless the trip is under way."""

    async def work(tx: Tx) -> Answer:
        await service.note_stop(tx, actor=actor, trip_id=trip_id, kind=body.kind, note=body.note)
        return Answer(200, _told(await service.get_trip(tx, trip_id, driver_id=actor.id)))

    call = Call.of(actor.id, key, what=f"stop {trip_id}", body=body.model_dump(mode="json"))
    return await once(db, call, work)


@router.post("/{trip_id}/end", response_model=TripAnswer)
async def end_trip(trip_id: Id, actor: SignedIn, db: Db, key: KeyHeader = None) -> Json:
    """End the trip, or give a planned one up; `goodsToReceive` lists what came back.

    409 INVALID_STATE with `orderNumbers` while orders are on board. Again, it changes nothing.
    """

    async def work(tx: Tx) -> Answer:
        return Answer(200, _told(await service.end(tx, actor=actor, trip_id=trip_id, now=clock.now())))

    return await once(db, Call.of(actor.id, key, what=f"end {trip_id}"), work)


@router.get("/{trip_id}/manifest", response_model=ManifestAnswer, responses=PAPER)
async def get_manifest(
    trip_id: Id,
    actor: SignedIn,
    db: Db,
    law: Rules,
    keyring: Keys,
    printer: Printer,
    accept: Accepted = None,
) -> Response:
    """The newest manifest of one's own trip: JSON, or a page to print as `Accept` asks (PDF, HTML).

    404 before departure; 406 NOT_ACCEPTABLE for another format.
    """
    await service.get_trip(db, trip_id, driver_id=actor.id)
    manifest = await service.get_manifest(db, keyring, trip_id, version=None)
    return await answer_manifest(manifest, law.at(manifest.made_at), printer, accept=accept)
