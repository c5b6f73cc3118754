"""Vehicles, and the papers of vehicles and drivers."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from faded_skies.domains.compliance.service import Paper
from faded_skies.domains.delivery.errors import DriverNotFound, VehicleNotFound, VehicleOnShift
from faded_skies.domains.delivery.models.trips import DriverPapers, HeldPaper, Vehicle
from faded_skies.domains.delivery.queries import fleet as queries
from faded_skies.domains.identity import service as identity
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.keyring import Keyring

KEEP = object()
"""Leaves a field of a driver as it is."""


def license_context(driver_id: UUID) -> str:
    """Return what a wrapped licence number is bound to."""
    return f"driver_license:{driver_id}"


def as_law_asks(papers: Sequence[HeldPaper]) -> list[Paper]:
    """Return papers as the facts that the law judges."""
    return [Paper(paper.kind, paper.expires_on) for paper in papers]


async def add_vehicle(
    tx: Tx,
    *,
    make: str,
    model: str,
    plate: str,
    vin: str | None = None,
    enclosed: bool = True,
    max_orders: int | None = None,
    actor_id: UUID | None = None,
) -> Vehicle:
    """Put a vehicle into use. Raises PlateTaken."""
    vehicle = await queries.insert_vehicle(
        tx, make=make, model=model, plate=plate, vin=vin, enclosed=enclosed, max_orders=max_orders
    )
    tx.audit("vehicle.added", object_type="vehicle", object_id=vehicle.id, actor_id=actor_id, plate=plate)
    return vehicle


async def list_vehicles(db: Database, *, limit: int, offset: int) -> tuple[list[Vehicle], int]:
    """Return a page of vehicles by plate, those out of use too, and how many there are."""
    return await queries.list_vehicles(db, limit=limit, offset=offset)


async def change_vehicle(tx: Tx, vehicle_id: UUID, *, actor_id: UUID, **changes: object) -> Vehicle:
    """Change what is given. Raises VehicleNotFound, PlateTaken, VehicleOnShift for one taken out of use on a shift."""
    vehicle = await queries.lock_vehicle(tx, vehicle_id)
    if vehicle is None:
        raise VehicleNotFound
    if changes.get("is_active") is False and await queries.is_on_shift(tx, vehicle_id):
        raise VehicleOnShift
    changed = await queries.update_vehicle(tx, replace(vehicle, **changes))  # type: ignore[arg-type]  # the schema names them
    tx.audit(
        "vehicle.changed",
        object_type="vehicle",
        object_id=vehicle_id,
        actor_id=actor_id,
        fields=sorted(changes),
    )
    return changed


async def get_vehicle_papers(source: Database | Tx, vehicle_id: UUID) -> tuple[Vehicle, list[HeldPaper]]:
    """Return a vehicle with its papers. Raises VehicleNotFound."""
    vehicle = await queries.find_vehicle(source, vehicle_id)
    if vehicle is None:
        raise VehicleNotFound
    return vehicle, await queries.list_vehicle_papers(source, vehicle_id)


async def set_vehicle_papers(
    tx: Tx, vehicle_id: UUID, papers: Sequence[HeldPaper], *, actor_id: UUID
) -> tuple[Vehicle, list[HeldPaper]]:
    """Make these the papers of a vehicle. Raises VehicleNotFound."""
    if await queries.lock_vehicle(tx, vehicle_id) is None:
        raise VehicleNotFound
    await queries.put_vehicle_papers(tx, vehicle_id, papers)
    tx.audit(
        "vehicle.papers_set",
        object_type="vehicle",
        object_id=vehicle_id,
        actor_id=actor_id,
        papers=_told(papers),
    )
    return await get_vehicle_papers(tx, vehicle_id)


async def get_driver_papers(source: Database | Tx, driver_id: UUID) -> DriverPapers:
    """Return a driver with their papers. Raises DriverNotFound."""
    driver = await queries.find_driver(source, driver_id)
    if driver is None:
        raise DriverNotFound("There is no such driver.")
    return driver


async def set_driver_papers(
    tx: Tx,
    keyring: Keyring,
    driver_id: UUID,
    papers: Sequence[HeldPaper],
    *,
    employee_no: object = KEEP,
    license_number: object = KEEP,
    actor_id: UUID,
) -> DriverPapers:
    """Make these the papers of a driver; the numbers stay unless they are given, None takes one out.

    Raises DriverNotFound.
    """
    if not await queries.lock_driver(tx, driver_id):
        raise DriverNotFound("There is no such driver.")
    await queries.put_driver_papers(tx, driver_id, papers)
    if license_number is not KEEP:
        wrapped = (
            None
            if license_number is None
            else keyring.wrap(str(license_number).encode(), context=license_context(driver_id))
        )
        await queries.put_license(tx, driver_id, wrapped)
    if employee_no is not KEEP:
        number = None if employee_no is None else str(employee_no)
        await identity.set_employee_no(tx, driver_id, employee_no=number, actor_id=actor_id)
    tx.audit(
        "driver.papers_set",
        object_type="user",
        object_id=driver_id,
        actor_id=actor_id,
        papers=_told(papers),
        license_number="kept" if license_number is KEEP else "removed" if license_number is None else "set",
    )
    return await get_driver_papers(tx, driver_id)


def _told(papers: Sequence[HeldPaper]) -> list[dict[str, object]]:
    return [
        {"kind": one.kind, "expiresOn": None if one.expires_on is None else one.expires_on.isoformat()}
        for one in papers
    ]
