"""SQL of vehicles, drivers and their papers."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

import asyncpg

from faded_skies.domains.delivery.errors import PlateTaken
from faded_skies.domains.delivery.models.trips import DriverPapers, HeldPaper, Vehicle
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

_COLUMNS = "id, make, model, plate, vin, enclosed, is_active, max_orders"
_INSERT = f"""
INSERT INTO vehicles (id, make, model, plate, vin, enclosed, max_orders)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {_COLUMNS}
"""
_COUNT = "SELECT count(*) FROM vehicles"
_LIST = f"SELECT {_COLUMNS}, count(*) OVER ()::int AS total FROM vehicles ORDER BY plate LIMIT $1 OFFSET $2"
_FIND = f"SELECT {_COLUMNS} FROM vehicles WHERE id = $1"
_LOCK = _FIND + " FOR NO KEY UPDATE"
_UPDATE = f"""
UPDATE vehicles SET make = $2, model = $3, plate = $4, vin = $5, enclosed = $6, is_active = $7, max_orders = $8
WHERE id = $1
RETURNING {_COLUMNS}
"""
_HAS_VEHICLE = "SELECT EXISTS (SELECT FROM vehicles WHERE id = $1 AND is_active)"
_IS_ON_SHIFT = "SELECT EXISTS (SELECT FROM driver_shifts WHERE vehicle_id = $1 AND ended_at IS NULL)"
# Who departs lets nobody of the staff end the shift meanwhile (queries/road.py); dispatch and the driver go on.
_ON_SHIFT_OF = "SELECT vehicle_id FROM driver_shifts WHERE driver_id = $1 AND ended_at IS NULL FOR KEY SHARE"
_VEHICLE_PAPERS = "SELECT kind, expires_on FROM vehicle_papers WHERE vehicle_id = $1 ORDER BY kind"
_DROP_VEHICLE_PAPERS = "DELETE FROM vehicle_papers WHERE vehicle_id = $1"
_ADD_VEHICLE_PAPERS = """
INSERT INTO vehicle_papers (vehicle_id, kind, expires_on)
SELECT $1, kind, expires_on FROM unnest($2::text[], $3::date[]) AS n (kind, expires_on)
"""
_DRIVER = """
SELECT u.id, u.full_name, u.date_of_birth, u.employee_no, p.license_wrapped
FROM users u LEFT JOIN driver_profiles p ON p.driver_id = u.id WHERE u.id = $1 AND u.role = 'driver'
"""
_LOCK_DRIVER = "SELECT id FROM users WHERE id = $1 AND role = 'driver' FOR NO KEY UPDATE"
_DRIVER_PAPERS = "SELECT kind, expires_on FROM driver_papers WHERE driver_id = $1 ORDER BY kind"
_DROP_DRIVER_PAPERS = "DELETE FROM driver_papers WHERE driver_id = $1"
_ADD_DRIVER_PAPERS = """
INSERT INTO driver_papers (driver_id, kind, expires_on)
SELECT $1, kind, expires_on FROM unnest($2::text[], $3::date[]) AS n (kind, expires_on)
"""
_PUT_LICENSE = """
INSERT INTO driver_profiles (driver_id, license_wrapped) VALUES ($1, $2)
ON CONFLICT (driver_id) DO UPDATE SET license_wrapped = EXCLUDED.license_wrapped
"""


async def insert_vehicle(
    tx: Tx, *, make: str, model: str, plate: str, vin: str | None, enclosed: bool, max_orders: int | None
) -> Vehicle:
    """Raises PlateTaken."""
    return await _written(tx, _INSERT, new_id(), make, model, plate, vin, enclosed, max_orders)


async def update_vehicle(tx: Tx, vehicle: Vehicle) -> Vehicle:
    """Raises PlateTaken."""
    return await _written(
        tx,
        _UPDATE,
        vehicle.id,
        vehicle.make,
        vehicle.model,
        vehicle.plate,
        vehicle.vin,
        vehicle.enclosed,
        vehicle.is_active,
        vehicle.max_orders,
    )


async def _written(tx: Tx, statement: str, *values: object) -> Vehicle:
    try:
        row = await tx.fetchrow(statement, *values)
    except asyncpg.UniqueViolationError:
        raise PlateTaken from None
    return Vehicle(*cast("Row", row))


async def list_vehicles(db: Database, *, limit: int, offset: int) -> tuple[list[Vehicle], int]:
    rows = await db.fetch(_LIST, limit, offset)
    total = rows[0]["total"] if rows else await db.fetchval(_COUNT)
    return [Vehicle(*tuple(row)[:-1]) for row in rows], total


async def find_vehicle(source: Database | Tx, vehicle_id: UUID) -> Vehicle | None:
    row = await source.fetchrow(_FIND, vehicle_id)
    return None if row is None else Vehicle(*row)


async def lock_vehicle(tx: Tx, vehicle_id: UUID) -> Vehicle | None:
    row = await tx.fetchrow(_LOCK, vehicle_id)
    return None if row is None else Vehicle(*row)


async def has_vehicle(tx: Tx, vehicle_id: UUID) -> bool:
    found: bool = await tx.fetchval(_HAS_VEHICLE, vehicle_id)
    return found


async def is_on_shift(tx: Tx, vehicle_id: UUID) -> bool:
    found: bool = await tx.fetchval(_IS_ON_SHIFT, vehicle_id)
    return found


async def find_vehicle_of_shift(tx: Tx, driver_id: UUID) -> UUID | None:
    """Return the vehicle of the driver's open shift."""
    found: UUID | None = await tx.fetchval(_ON_SHIFT_OF, driver_id)
    return found


async def list_vehicle_papers(source: Database | Tx, vehicle_id: UUID) -> list[HeldPaper]:
    return [HeldPaper(*row) for row in await source.fetch(_VEHICLE_PAPERS, vehicle_id)]


async def put_vehicle_papers(tx: Tx, vehicle_id: UUID, papers: Sequence[HeldPaper]) -> None:
    await tx.execute(_DROP_VEHICLE_PAPERS, vehicle_id)
    await tx.execute(
        _ADD_VEHICLE_PAPERS, vehicle_id, [one.kind for one in papers], [one.expires_on for one in papers]
    )


async def find_driver(source: Database | Tx, driver_id: UUID) -> DriverPapers | None:
    row = await source.fetchrow(_DRIVER, driver_id)
    if row is None:
        return None
    papers = [HeldPaper(*one) for one in await source.fetch(_DRIVER_PAPERS, driver_id)]
    return DriverPapers(
        row["id"], row["full_name"], row["date_of_birth"], row["employee_no"], row["license_wrapped"], papers
    )


async def lock_driver(tx: Tx, driver_id: UUID) -> bool:
    """Hold the driver's row; False when there is no such driver."""
    return await tx.fetchval(_LOCK_DRIVER, driver_id) is not None


async def put_driver_papers(tx: Tx, driver_id: UUID, papers: Sequence[HeldPaper]) -> None:
    await tx.execute(_DROP_DRIVER_PAPERS, driver_id)
    await tx.execute(
        _ADD_DRIVER_PAPERS, driver_id, [one.kind for one in papers], [one.expires_on for one in papers]
    )


async def put_license(tx: Tx, driver_id: UUID, license_wrapped: bytes | None) -> None:
    await tx.execute(_PUT_LICENSE, driver_id, license_wrapped)
