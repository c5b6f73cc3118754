"""SQL of the shop, its areas and people's addresses."""

from collections.abc import AsyncIterator, Collection
from dataclasses import astuple
from datetime import date
from typing import cast
from uuid import UUID

from faded_skies.domains.places.errors import AddressNotFound
from faded_skies.domains.places.models import Address, AddressFields, BarredPlace, Position, ServiceArea, Shop
from faded_skies.domains.places.rules.shapes import Circle, Polygon, geojson_of, polygon_of
from faded_skies.platform.db import Database, Row, Tx

Reader = Database | Tx

_COLUMNS = """
    id, user_id, name, address_line1, address_line2, city, state, zip_code, address_type, delivery_instructions,
    is_primary, latitude, longitude, precision, formatted_address, created_at
"""

# One writer a person: which address is primary and how many there are is decided one after the other.
_LOCK_OWNER = "SELECT pg_advisory_xact_lock(hashtextextended('addresses of ' || $1::uuid, 0))"

_LIST = f"""
SELECT {_COLUMNS} FROM delivery_addresses
WHERE user_id = $1 AND deleted_at IS NULL
ORDER BY is_primary DESC, created_at DESC, id DESC
"""
_FIND = f"SELECT {_COLUMNS} FROM delivery_addresses WHERE id = $2 AND user_id = $1 AND deleted_at IS NULL"
_COUNT = "SELECT count(*) FROM delivery_addresses WHERE user_id = $1 AND deleted_at IS NULL"

_INSERT = f"""
INSERT INTO delivery_addresses (
    id, user_id, name, address_line1, address_line2, city, state, zip_code, address_type, delivery_instructions,
    is_primary, latitude, longitude, precision, formatted_address
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
RETURNING {_COLUMNS}
"""
_UPDATE = f"""
UPDATE delivery_addresses SET
    name = $2, address_line1 = $3, address_line2 = $4, city = $5, state = $6, zip_code = $7, address_type = $8,
    delivery_instructions = $9, is_primary = $10, latitude = $11, longitude = $12, precision = $13,
    formatted_address = $14
WHERE id = $1
RETURNING {_COLUMNS}
"""
_DELETE = "UPDATE delivery_addresses SET deleted_at = now(), is_primary = false WHERE id = $1"
_DEMOTE = "UPDATE delivery_addresses SET is_primary = false WHERE user_id = $1 AND is_primary"
_PROMOTE_NEWEST = """
UPDATE delivery_addresses SET is_primary = true
WHERE id = (
    SELECT id FROM delivery_addresses WHERE user_id = $1 AND deleted_at IS NULL AND id <> $2
    ORDER BY created_at DESC, id DESC LIMIT 1
)
"""

_AREA_COLUMNS = """
    a.id, a.name, a.latitude, a.longitude, a.radius_m, a.boundary, a.fee_cents, a.minimum_cents, a.opens_minute,
    a.closes_minute, a.is_active
"""
_AREAS = f"SELECT {_AREA_COLUMNS} FROM service_areas a WHERE a.is_active ORDER BY a.name"
_ALL_AREAS = f"SELECT {_AREA_COLUMNS} FROM service_areas a ORDER BY a.name"
# Whoever changes areas waits for the others: names and shapes are judged together.
_LOCK_AREAS = "SELECT pg_advisory_xact_lock(hashtextextended('service areas', 0))"
_OFFER = f"""
SELECT s.paused, s.tenders, s.license_expires_on, {_AREA_COLUMNS}
FROM shop s LEFT JOIN service_areas a ON a.is_active ORDER BY a.name
"""
_INSERT_AREA = """
INSERT INTO service_areas (
    id, name, latitude, longitude, radius_m, boundary, fee_cents, minimum_cents, opens_minute, closes_minute, is_active
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_UPDATE_AREA = """
UPDATE service_areas SET name = $2, latitude = $3, longitude = $4, radius_m = $5, boundary = $6, fee_cents = $7,
    minimum_cents = $8, opens_minute = $9, closes_minute = $10, is_active = $11
WHERE id = $1
"""

_BARRED_COLUMNS = "id, name, kind, latitude, longitude, radius_m"
# A degree of latitude is 111 km; one of longitude is shorter the farther north, so its box is widened by the cosine.
_BARRED_NEAR = f"""
SELECT {_BARRED_COLUMNS} FROM barred_places
WHERE kind = ANY($1::text[]) AND abs(latitude - $2) * 110000 <= radius_m
  AND abs(longitude - $3) * 110000 * cos(radians($2)) <= radius_m * 1.1
"""
_BARRED = f"SELECT {_BARRED_COLUMNS} FROM barred_places ORDER BY name, id"
_INSERT_BARRED = f"INSERT INTO barred_places ({_BARRED_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)"
_DELETE_BARRED = "DELETE FROM barred_places WHERE id = $1"

_SHOP_COLUMNS = """
    name, license_number, license_type, license_issuer, license_issued_on, license_expires_on, latitude, longitude,
    paused, tenders, legal_name, address, phone, automatic_dispatch, coins_expire_days
"""
_SHOP = f"SELECT {_SHOP_COLUMNS} FROM shop"
_LOCK_SHOP = f"{_SHOP} FOR NO KEY UPDATE"
_SET_SHOP = f"""
INSERT INTO shop ({_SHOP_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (singleton) DO UPDATE SET ({_SHOP_COLUMNS})
    = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""


async def lock_owner(tx: Tx, user_id: UUID) -> None:
    """Let no other transaction write the person's addresses until this one ends. Taken first."""
    await tx.execute(_LOCK_OWNER, user_id)


async def list_addresses(db: Reader, user_id: UUID) -> list[Address]:
    """Return the person's addresses, the primary one first, then the newest."""
    return [Address(**dict(row)) for row in await db.fetch(_LIST, user_id)]


async def get_address_for(db: Reader, user_id: UUID, address_id: UUID) -> Address:
    """Return the person's own address. Raises AddressNotFound."""
    row = await db.fetchrow(_FIND, user_id, address_id)
    if row is None:
        raise AddressNotFound
    return Address(**dict(row))


async def count_addresses(tx: Tx, user_id: UUID) -> int:
    return int(await tx.fetchval(_COUNT, user_id))


async def insert_address(
    tx: Tx, *, address_id: UUID, user_id: UUID, fields: AddressFields, position: Position
) -> Address:
    row = await tx.fetchrow(_INSERT, address_id, user_id, *astuple(fields), *astuple(position))
    return Address(**dict(cast("Row", row)))


async def update_address(tx: Tx, *, address_id: UUID, fields: AddressFields, position: Position) -> Address:
    """Write an address that the caller has found under the owner's lock."""
    row = await tx.fetchrow(_UPDATE, address_id, *astuple(fields), *astuple(position))
    return Address(**dict(cast("Row", row)))


async def delete_address(tx: Tx, address_id: UUID) -> None:
    await tx.execute(_DELETE, address_id)


async def demote_primary(tx: Tx, user_id: UUID) -> None:
    await tx.execute(_DEMOTE, user_id)


async def promote_newest(tx: Tx, user_id: UUID, *, but: UUID) -> bool:
    """Make the newest other address primary; False when there is none."""
    return await tx.execute(_PROMOTE_NEWEST, user_id, but) > 0


async def list_areas(db: Reader) -> list[ServiceArea]:
    return [_area(row) for row in await db.fetch(_AREAS)]


async def find_offer(db: Reader) -> tuple[bool, frozenset[str], date, list[ServiceArea]] | None:
    """Return whether the shop is paused, its ways to pay, its licence's last day, and its areas.

    None before it is set up.
    """
    rows = await db.fetch(_OFFER)
    if not rows:
        return None
    among = [_area(row) for row in rows if row["id"] is not None]
    first = rows[0]
    return first["paused"], frozenset(first["tenders"]), first["license_expires_on"], among


async def list_barred_near(
    db: Reader, kinds: Collection[str], *, latitude: float, longitude: float
) -> list[BarredPlace]:
    """Return barred places of these kinds that may reach this far: those within a box around the point."""
    return [
        BarredPlace(**dict(row)) for row in await db.fetch(_BARRED_NEAR, list(kinds), latitude, longitude)
    ]


async def list_barred(db: Reader) -> list[BarredPlace]:
    return [BarredPlace(**dict(row)) for row in await db.fetch(_BARRED)]


async def insert_barred(tx: Tx, place: BarredPlace) -> None:
    await tx.execute(_INSERT_BARRED, *astuple(place))


async def delete_barred(tx: Tx, place_id: UUID) -> bool:
    """Remove a barred place; False when there is none."""
    return bool(await tx.execute(_DELETE_BARRED, place_id))


async def list_all_areas(db: Reader) -> list[ServiceArea]:
    """Return the areas, those that are not served at the moment too."""
    return [_area(row) for row in await db.fetch(_ALL_AREAS)]


async def lock_areas(tx: Tx) -> list[ServiceArea]:
    """Hold all areas against changes of others, and return them."""
    await tx.execute(_LOCK_AREAS)
    return await list_all_areas(tx)


async def insert_area(tx: Tx, area: ServiceArea) -> None:
    await _write_area(tx, _INSERT_AREA, area)


async def update_area(tx: Tx, area: ServiceArea) -> None:
    await _write_area(tx, _UPDATE_AREA, area)


async def _write_area(tx: Tx, statement: str, area: ServiceArea) -> None:
    shape = area.shape
    radius_m = shape.radius_m if isinstance(shape, Circle) else None
    boundary = geojson_of(shape) if isinstance(shape, Polygon) else None
    await tx.execute(
        statement,
        area.id,
        area.name,
        *shape.middle,
        radius_m,
        boundary,
        area.fee_cents,
        area.minimum_cents,
        area.opens_minute,
        area.closes_minute,
        area.is_active,
    )


def _area(row: Row) -> ServiceArea:
    boundary = row["boundary"]
    shape = (
        Circle(row["latitude"], row["longitude"], row["radius_m"])
        if boundary is None
        else polygon_of(boundary["coordinates"])
    )
    return ServiceArea(
        id=row["id"],
        name=row["name"],
        shape=shape,
        fee_cents=row["fee_cents"],
        minimum_cents=row["minimum_cents"],
        opens_minute=row["opens_minute"],
        closes_minute=row["closes_minute"],
        is_active=row["is_active"],
    )


async def find_shop(db: Reader, *, lock: bool = False) -> Shop | None:
    row = await db.fetchrow(_LOCK_SHOP if lock else _SHOP)
    return None if row is None else Shop(**{**dict(row), "tenders": tuple(row["tenders"])})


async def set_shop(tx: Tx, shop: Shop) -> None:
    await tx.execute(_SET_SHOP, *astuple(shop))


_HELD = """
SELECT id, name, address_line1 AS "addressLine1", address_line2 AS "addressLine2", city, state, zip_code AS "zipCode",
       address_type AS "addressType", delivery_instructions AS "deliveryInstructions", is_primary AS "isPrimary",
       latitude, longitude, precision, formatted_address AS "formattedAddress", created_at AS "createdAt",
       deleted_at AS "deletedAt"
FROM delivery_addresses WHERE user_id = $1 ORDER BY created_at, id
"""
# Old orders refer to the rows and hold their own copy, so what is left of a row is its state.
_ERASE = """
UPDATE delivery_addresses SET
    name = 'Erased', address_line1 = 'Erased', address_line2 = NULL, city = 'Erased', zip_code = '00000',
    delivery_instructions = NULL, is_primary = false, latitude = 0, longitude = 0, precision = 'zip',
    formatted_address = 'Erased', deleted_at = coalesce(deleted_at, now())
WHERE user_id = $1
"""


def stream_addresses_of(tx: Tx, user_id: UUID) -> AsyncIterator[Row]:
    return tx.stream(_HELD, user_id)


async def erase_addresses(tx: Tx, user_id: UUID) -> None:
    await tx.execute(_ERASE, user_id)
