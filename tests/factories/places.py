"""The shop in the middle of Austin, its areas, and people's addresses, through the service."""

from datetime import date
from typing import Any
from uuid import UUID

from faded_skies.domains.places import service
from faded_skies.domains.places.service import Address, BarredPlace, Circle, Polygon, ServiceArea, Shop
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id

AUSTIN = (30.2672, -97.7431)
ROUND_ROCK = (30.5083, -97.6789)


async def open_shop(db: Database, **fields: Any) -> Shop:
    shop = Shop(
        **{
            "name": "Faded Skies",
            "license_number": "TX-TEST-0001",
            "license_type": "retail delivery",
            "license_issuer": "Example Agency",
            "license_issued_on": date(2025, 1, 1),
            "license_expires_on": date(2030, 1, 1),
            "latitude": AUSTIN[0],
            "longitude": AUSTIN[1],
            **fields,
        }
    )
    async with db.transaction() as tx:
        await service.open_shop(tx, shop)
    return shop


async def make_area(
    db: Database,
    name: str = "Austin",
    *,
    middle: tuple[float, float] = AUSTIN,
    radius_m: int = 40_000,
    boundary: Polygon | None = None,
    **fields: Any,
) -> ServiceArea:
    """Make a circle of 40 km or a polygon, open round the clock, for $5 and from $20 on."""
    area = ServiceArea(
        **{
            "id": new_id(),
            "name": name,
            "shape": boundary or Circle(*middle, radius_m),
            "fee_cents": 500,
            "minimum_cents": 2000,
            "opens_minute": 0,
            "closes_minute": 1440,
            **fields,
        }
    )
    async with db.transaction() as tx:
        await service.add_area(tx, area)
    return area


async def make_address(
    db: Database, user_id: UUID, *, position: tuple[float, float] = AUSTIN, **fields: Any
) -> Address:
    """Add an address to a person; the first is primary."""
    said = service.AddressFields(
        **{
            "name": "Home",
            "address_line1": "2417 Kinney Ave",
            "city": "Austin",
            "state": "TX",
            "zip_code": "78704",
            "address_type": "home",
            **fields,
        }
    )
    async with db.transaction() as tx:
        return await service.add_address(
            tx,
            user_id=user_id,
            fields=said,
            position=service.Position(*position, "zip", f"{said.address_line1}, {said.city}, {said.state}"),
        )


async def make_barred_place(
    db: Database,
    *,
    actor_id: UUID,
    kind: str = "school",
    at: tuple[float, float] = (0.0, 0.0),
    radius_m: int = 200,
) -> UUID:
    place = BarredPlace(new_id(), "A place", kind, *at, radius_m)
    async with db.transaction() as tx:
        await service.bar(tx, place, actor_id=actor_id)
    return place.id
