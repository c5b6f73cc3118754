"""HTTP for staff: the areas we deliver in, as GeoJSON."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from faded_skies.backoffice.area_schemas import (
    AreaCollection,
    AreaFeature,
    AreaFeatureShape,
    AreasAnswer,
    AreasTakenAnswer,
    ChangeArea,
    present_area,
)
from faded_skies.domains.places import service as places
from faded_skies.domains.places.errors import AreasRefused
from faded_skies.domains.places.service import DrawnArea
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db

router = APIRouter(
    prefix="/api/admin/service-areas", tags=["staff"], dependencies=needs_token, responses=needs_role
)


@router.get("", response_model=AreasAnswer)
async def list_areas(_: SignedIn, db: Db) -> Json:
    """All areas as a GeoJSON FeatureCollection, those that are not served too."""
    return Json(
        {
            "type": "FeatureCollection",
            "features": [present_area(area) for area in await places.list_all_areas(db)],
        }
    )


@router.post("", response_model=AreaFeatureShape, status_code=201)
async def add_area(body: AreaFeature, actor: SignedIn, db: Db) -> Json:
    """Deliver in one more area: a GeoJSON Feature, without an id. 422 says where it is drawn wrongly."""
    problems: list[tuple[str, str]] = []
    drawn = body.drawn("", problems)
    if body.id is not None:
        problems.append(("id", "A new area has no id yet. Leave it out, or PATCH the one that has it."))
    await _check([drawn], problems)
    async with db.transaction() as tx:
        made = await places.draw_area(tx, drawn, actor_id=actor.id)
    return Json(present_area(made), status_code=201)


@router.post("/import", response_model=AreasTakenAnswer)
async def import_areas(
    body: AreaCollection,
    actor: SignedIn,
    db: Db,
    dry_run: Annotated[
        bool, Query(alias="dryRun", description="Only say what the file would do, or what is wrong in it.")
    ] = False,
) -> Json:
    """Take areas of a GeoJSON FeatureCollection: all of it, or nothing; 422 names every wrong place.

    Areas are found by id, else by name; others stay as they are. The same file twice changes nothing.
    """
    problems: list[tuple[str, str]] = []
    drawn = [feature.drawn(f"features.{at}.", problems) for at, feature in enumerate(body.features)]
    await _check(drawn, problems)
    async with db.transaction() as tx:
        created, changed, unchanged = await places.take_areas(tx, drawn, actor_id=actor.id, dry_run=dry_run)
    return Json({"dryRun": dry_run, "created": created, "changed": changed, "unchanged": unchanged})


@router.get("/{area_id}", response_model=AreaFeatureShape)
async def get_area(area_id: Id, _: SignedIn, db: Db) -> Json:
    """An area as a GeoJSON Feature; 404 when there is none."""
    return Json(present_area(await places.get_area(db, area_id)))


@router.patch("/{area_id}", response_model=AreaFeatureShape)
async def change_area(area_id: Id, body: ChangeArea, actor: SignedIn, db: Db) -> Json:
    """Change an area; orders keep the fee they were placed with."""
    problems: list[tuple[str, str]] = []
    drawn = body.drawn(problems)
    await _check([drawn], problems)
    async with db.transaction() as tx:
        return Json(present_area(await places.change_area(tx, area_id, drawn.given, actor_id=actor.id)))


@router.delete("/{area_id}", response_model=AreaFeatureShape)
async def stop_serving(area_id: Id, actor: SignedIn, db: Db) -> Json:
    """Deliver there no more. PATCH `isActive` brings it back."""
    async with db.transaction() as tx:
        return Json(
            present_area(await places.change_area(tx, area_id, {"is_active": False}, actor_id=actor.id))
        )


async def _check(drawn: Sequence[DrawnArea], problems: list[tuple[str, str]]) -> None:
    found = [*problems, *await asyncio.to_thread(places.wrong_shapes, drawn)]
    if found:
        raise _refusal(found)


def _refusal(problems: Sequence[tuple[str, str]]) -> AreasRefused:
    return AreasRefused(
        f"Nothing was taken. {problems[0][1]}",
        details=[{"field": field, "message": message} for field, message in problems],
    )
