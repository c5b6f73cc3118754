"""HTTP for staff: vehicles, and the papers of vehicles and drivers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.delivery.schemas.fleet import (
    AddVehicle,
    ChangeVehicle,
    DriverPapersAnswer,
    DriverPapersBody,
    VehicleAnswer,
    VehiclePapersAnswer,
    VehiclePapersBody,
    VehiclesAnswer,
    present_driver,
    present_papers,
    present_vehicle,
)
from faded_skies.domains.delivery.service import HeldPaper, Vehicle
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import Db, ports_of
from faded_skies.platform.keyring import Keyring
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

router = APIRouter(prefix="/api/admin", tags=["staff"], dependencies=needs_token, responses=needs_role)


async def _keyring(request: Request) -> Keyring:
    return ports_of(request).keyring


Keys = Annotated[Keyring, Depends(_keyring)]


@router.get("/vehicles", response_model=VehiclesAnswer)
async def list_vehicles(_: SignedIn, db: Db, limit: Limit = DEFAULT_ROWS, offset: Offset = 0) -> Json:
    """All vehicles by their plates, those out of use too."""
    found, total = await delivery.list_vehicles(db, limit=limit, offset=offset)
    return Json(page("vehicles", [present_vehicle(vehicle) for vehicle in found], total=total, offset=offset))


@router.post(
    "/vehicles",
    response_model=VehicleAnswer,
    status_code=201,
    responses={409: {"model": ErrorShape, "description": "PLATE_TAKEN"}},
)
async def add_vehicle(body: AddVehicle, actor: SignedIn, db: Db) -> Json:
    """Put a vehicle into use. 409 PLATE_TAKEN."""
    async with db.transaction() as tx:
        vehicle = await delivery.add_vehicle(tx, actor_id=actor.id, **body.model_dump())
    return Json({"vehicle": present_vehicle(vehicle)}, status_code=201)


@router.patch(
    "/vehicles/{vehicle_id}",
    response_model=VehicleAnswer,
    responses={409: {"model": ErrorShape, "description": "PLATE_TAKEN, INVALID_STATE"}},
)
async def change_vehicle(vehicle_id: Id, body: ChangeVehicle, actor: SignedIn, db: Db) -> Json:
    """Change what is sent. 409 PLATE_TAKEN, and INVALID_STATE for taking one out of use that is on a shift."""
    async with db.transaction() as tx:
        vehicle = await delivery.change_vehicle(tx, vehicle_id, actor_id=actor.id, **body.changes())
    return Json({"vehicle": present_vehicle(vehicle)})


@router.get("/vehicles/{vehicle_id}/papers", response_model=VehiclePapersAnswer)
async def get_vehicle_papers(vehicle_id: Id, _: SignedIn, db: Db) -> Json:
    """A vehicle's papers with their last days."""
    return _told(*await delivery.get_vehicle_papers(db, vehicle_id))


@router.put("/vehicles/{vehicle_id}/papers", response_model=VehiclePapersAnswer)
async def set_vehicle_papers(vehicle_id: Id, body: VehiclePapersBody, actor: SignedIn, db: Db) -> Json:
    """Make these the vehicle's papers; departures are judged by them."""
    async with db.transaction() as tx:
        vehicle, papers = await delivery.set_vehicle_papers(tx, vehicle_id, body.read(), actor_id=actor.id)
    return _told(vehicle, papers)


def _told(vehicle: Vehicle, papers: list[HeldPaper]) -> Json:
    return Json({"vehicle": present_vehicle(vehicle), "papers": present_papers(papers)})


@router.get("/drivers/{driver_id}/papers", response_model=DriverPapersAnswer)
async def get_driver_papers(driver_id: Id, _: SignedIn, db: Db) -> Json:
    """A driver's papers with their last days; the licence's number is not told."""
    return Json(present_driver(await delivery.get_driver_papers(db, driver_id)))


@router.put("/drivers/{driver_id}/papers", response_model=DriverPapersAnswer)
async def set_driver_papers(
    driver_id: Id, body: DriverPapersBody, actor: SignedIn, db: Db, keyring: Keys
) -> Json:
    """Make these the driver's papers; the licence's number is kept wrapped, for manifests only."""
    async with db.transaction() as tx:
        driver = await delivery.set_driver_papers(
            tx, keyring, driver_id, body.read(), actor_id=actor.id, **body.numbers()
        )
    return Json(present_driver(driver))
