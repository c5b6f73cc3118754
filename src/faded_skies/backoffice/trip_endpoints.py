"""HTTP for staff: trips, their logs and manifests, and the records of handovers."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from faded_skies.domains.compliance.service import Law
from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.delivery.ports import PaperPrinter
from faded_skies.domains.delivery.schemas.papers import (
    PAPER,
    ManifestAnswer,
    ReceiptAnswer,
    answer_manifest,
    answer_receipt,
)
from faded_skies.domains.delivery.schemas.trips import (
    TripsAnswer,
    WatchedTripAnswer,
    present_trip_line,
    present_watched,
)
from faded_skies.domains.places.ports import Gazetteer
from faded_skies.platform.http.accepting import Accepted
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import BookedDay, Id
from faded_skies.platform.http.provide import Db, ports_of, provided
from faded_skies.platform.keyring import Keyring
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

router = APIRouter(prefix="/api/admin/trips", tags=["staff"], dependencies=needs_token, responses=needs_role)

Rules = Annotated[Law, provided(Law)]
Printer = Annotated[PaperPrinter, provided(PaperPrinter)]
Towns = Annotated[Gazetteer, provided(Gazetteer)]

completions = APIRouter(
    prefix="/api/admin/orders", tags=["staff"], dependencies=needs_token, responses=needs_role
)


async def _keyring(request: Request) -> Keyring:
    return ports_of(request).keyring


@router.get("", response_model=TripsAnswer)
async def list_trips(
    _: SignedIn,
    db: Db,
    law: Rules,
    driver_id: Annotated[Id | None, Query(alias="driverId", description="Only this driver's.")] = None,
    day: Annotated[BookedDay | None, Query(description="Only those planned on this day at the shop.")] = None,
    is_open: Annotated[
        bool | None, Query(alias="open", description="Only open ones, or only ended ones.")
    ] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """Trips, the latest first."""
    since = None if day is None else datetime.combine(day, datetime.min.time(), tzinfo=law.timezone)
    until = (
        None
        if day is None
        else datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=law.timezone)
    )
    found, total = await delivery.list_trips(
        db, driver_id=driver_id, is_open=is_open, since=since, until=until, limit=limit, offset=offset
    )
    return Json(
        page("trips", [present_trip_line(trip, name) for trip, name in found], total=total, offset=offset)
    )


@router.get("/{trip_id}", response_model=WatchedTripAnswer)
async def get_trip(trip_id: Id, _: SignedIn, db: Db) -> Json:
    """A trip with its stops and its log."""
    return Json({"trip": present_watched(await delivery.get_overview(db, trip_id))})


@router.get("/{trip_id}/manifest", response_model=ManifestAnswer, responses=PAPER)
async def get_manifest(
    trip_id: Id,
    _: SignedIn,
    db: Db,
    law: Rules,
    keyring: Annotated[Keyring, Depends(_keyring)],
    printer: Printer,
    version: Annotated[
        int | None, Query(ge=1, le=100_000, description="Which version; the newest if left out.")
    ] = None,
    accept: Accepted = None,
) -> Response:
    """A version of the trip's manifest: JSON, or a page to print as `Accept` asks (PDF, HTML). 404 before departure."""
    await delivery.get_trip(db, trip_id, driver_id=None)
    manifest = await delivery.get_manifest(db, keyring, trip_id, version=version)
    return await answer_manifest(manifest, law.at(manifest.made_at), printer, accept=accept)


@completions.get("/{order_id}/completion", response_model=ReceiptAnswer, responses=PAPER)
async def get_completion(
    order_id: Id,
    actor: SignedIn,
    db: Db,
    law: Rules,
    towns: Towns,
    printer: Printer,
    accept: Accepted = None,
) -> Response:
    """The record of a handover, as the law wants it: JSON, or a page to print; `missing` is what the law misses on it.

    409 INVALID_STATE before the order is delivered.
    """
    content, missing, title = await delivery.get_paper(
        db, law, towns, kind="completion", actor=actor, order_id=order_id
    )
    return await answer_receipt(content, missing, title, law.timezone, printer, accept=accept)
