"""The edge of places: a person's addresses, and finding one on the map while it is typed."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from faded_skies.domains.places import schemas, service
from faded_skies.domains.places.ports import AddressFinder, Geocoder, TownLaw
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id, Line, Text
from faded_skies.platform.http.provide import Db, provided

router = APIRouter(prefix="/api/users/addresses", tags=["addresses"], dependencies=needs_token)

maps = APIRouter(prefix="/api/maps", tags=["addresses"], dependencies=needs_token)

Map = Annotated[Geocoder, provided(Geocoder)]
Finder = Annotated[AddressFinder, provided(AddressFinder)]
Law = Annotated[TownLaw, provided(TownLaw)]

Typed = Annotated[
    Line,
    Query(
        alias="input",
        min_length=1,
        max_length=200,
        description="What was typed so far.",
        examples=["2417 Kinney Ave, Aus"],
    ),
]
PlaceId = Annotated[
    Line, Query(alias="placeId", min_length=1, max_length=2000, description="Of a prediction.")
]
# What Google takes: URL-safe base64 of at most 36 characters, a UUID for example.
SessionToken = Annotated[
    Text | None,
    Query(
        alias="sessionToken",
        pattern="^[A-Za-z0-9_=-]{1,36}$",
        description="The same for all calls from the first key to the choice, then a new one: a random UUID.",
    ),
]

Responses = dict[int | str, dict[str, Any]]

_ABSENT: Responses = {404: {"model": ErrorShape, "description": "NOT_FOUND: you have no such address."}}
_WRONG: Responses = {
    422: {
        "model": ErrorShape,
        "description": (
            "VALIDATION_ERROR, also for a ZIP code of another city or a street that the map does not know; "
            "TOO_MANY_ADDRESSES."
        ),
    }
}


@router.get("", response_model=schemas.AddressesAnswer)
async def list_addresses(actor: SignedIn, db: Db, law: Law) -> Json:
    """List your addresses, the primary one first."""
    addresses = await service.addresses_of(db, actor.id)
    areas = await service.areas(db)
    return Json({"addresses": [schemas.present(address, areas, law) for address in addresses]})


@router.post("", status_code=201, response_model=schemas.AddressAnswer, responses=_WRONG)
async def add_address(body: schemas.AddAddress, actor: SignedIn, db: Db, geocoder: Map, law: Law) -> Json:
    """Add an address; your first one becomes primary."""
    position = await service.locate(geocoder, body.fields.place, body.point)
    async with db.transaction() as tx:
        address = await service.add_address(tx, user_id=actor.id, fields=body.fields, position=position)
    return Json({"address": schemas.present(address, await service.areas(db), law)}, status_code=201)


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
    address_id: Id, body: schemas.ChangeAddress, actor: SignedIn, db: Db, geocoder: Map, law: Law
) -> Json:
    """Change an address; a field that is absent stays as it is."""
    seen = await service.get_address_for(db, actor.id, address_id)
    position = await service.locate_change(geocoder, seen, body.changes)
    async with db.transaction() as tx:
        address = await service.change_address(tx, seen=seen, changes=body.changes, position=position)
    return Json({"address": schemas.present(address, await service.areas(db), law)})


@router.delete("/{address_id}", status_code=204, responses=_ABSENT)
async def remove_address(address_id: Id, actor: SignedIn, db: Db) -> Response:
    """Delete an address; if it was primary, your newest other one takes its place."""
    async with db.transaction() as tx:
        await service.remove_address(tx, user_id=actor.id, address_id=address_id)
    return Response(status_code=204)


@maps.get("/autocomplete", response_model=schemas.PredictionsAnswer)
async def autocomplete(
    _: SignedIn, db: Db, finder: Finder, typed: Typed, session: SessionToken = None
) -> Json:
    """Suggest addresses while one is typed."""
    found = await service.suggest(db, finder, typed, session=session)
    return Json({"predictions": [schemas.present_suggestion(one) for one in found]})


@maps.get(
    "/place",
    response_model=schemas.FoundAddressAnswer,
    responses={
        404: {"model": ErrorShape, "description": "NOT_FOUND: there is no such place."},
        503: {"model": ErrorShape, "description": "UNAVAILABLE: the map does not answer."},
    },
)
async def look_up(_: SignedIn, finder: Finder, place_id: PlaceId, session: SessionToken = None) -> Json:
    """The address of a suggestion, in the keys of an address body."""
    return Json({"address": schemas.present_found(await service.find(finder, place_id, session=session))})
