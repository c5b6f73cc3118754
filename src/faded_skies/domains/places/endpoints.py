"""The edge of places: a person's addresses."""

from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from faded_skies.domains.places import schemas, service
from faded_skies.domains.places.ports import Geocoder
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import Db, provided

router = APIRouter(prefix="/api/users/addresses", tags=["addresses"], dependencies=needs_token)

Map = Annotated[Geocoder, provided(Geocoder)]

Responses = dict[int | str, dict[str, Any]]

_ABSENT: Responses = {404: {"model": ErrorShape, "description": "NOT_FOUND: you have no such address."}}
_WRONG: Responses = {
    422: {
        "model": ErrorShape,
        "description": "VALIDATION_ERROR, also for a ZIP code of another city; TOO_MANY_ADDRESSES.",
    }
}


@router.get("", response_model=schemas.AddressesAnswer)
async def list_addresses(actor: SignedIn, db: Db) -> Json:
    """List your addresses, the primary one first."""
    addresses = await service.addresses_of(db, actor.id)
    areas = await service.areas(db)
    return Json({"addresses": [schemas.present(address, areas) for address in addresses]})


@router.post("", status_code=201, response_model=schemas.AddressAnswer, responses=_WRONG)
async def add_address(body: schemas.AddAddress, actor: SignedIn, db: Db, geocoder: Map) -> Json:
    """Add an address; your first one becomes primary."""
    position = await service.locate(geocoder, body.fields.place, body.point)
    async with db.transaction() as tx:
        address = await service.add_address(tx, user_id=actor.id, fields=body.fields, position=position)
    return Json({"address": schemas.present(address, await service.areas(db))}, status_code=201)


@router.put(
    "/{address_id}",
    response_model=schemas.AddressAnswer,
    responses={
        **_ABSENT,
        **_WRONG,
        409: {"model": ErrorShape, "description": "INVALID_STATE: it was changed elsewhere just now."},
    },
)
async def change_address(
    address_id: Id, body: schemas.ChangeAddress, actor: SignedIn, db: Db, geocoder: Map
) -> Json:
    """Change an address; a field that is absent stays as it is."""
    seen = await service.get_address_for(db, actor.id, address_id)
    position = await service.locate_change(geocoder, seen, body.changes)
    async with db.transaction() as tx:
        address = await service.change_address(tx, seen=seen, changes=body.changes, position=position)
    return Json({"address": schemas.present(address, await service.areas(db))})


@router.delete("/{address_id}", status_code=204, responses=_ABSENT)
async def remove_address(address_id: Id, actor: SignedIn, db: Db) -> Response:
    """Delete an address; if it was primary, your newest other one takes its place."""
    async with db.transaction() as tx:
        await service.remove_address(tx, user_id=actor.id, address_id=address_id)
    return Response(status_code=204)
